//! Memory is asked for before it is taken: what reading a file needs, compared with what there is.

use std::fs;
use std::path::Path;

use anyhow::bail;
use pointcloud::io::Reader;
use train::available_memory;
use train::text::bytes;

use crate::allocator::give_back;

/// Program, threads and small things.
const PROGRAM: u64 = 20 << 20;

/// Files of at most so many bytes are read without a look at the memory, which would take longer than they do.
const SMALL: u64 = 1 << 18;

/// How the points of a file are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    /// To describe or convert all of them: block by block where the format allows it.
    All,
    /// To choose some of them.
    Some,
    /// To predict from them.
    Whole,
}

/// The memory that reading a file takes.
struct Need {
    bytes: u64,
    format: &'static str,
    /// Whether it would be read block by block, if all points were converted.
    in_blocks: bool,
}

/// `None` for a small file, one that is read block by block, and one that cannot be read, which is told when it is read.
fn need(path: &Path, reader: &Reader, reading: Reading) -> Option<Need> {
    if fs::metadata(path).ok()?.len() <= SMALL {
        return None;
    }
    let estimate = reader.estimate(path).ok()?;
    let need = Need { bytes: estimate.bytes, format: estimate.format, in_blocks: estimate.in_blocks };
    (reading != Reading::All || !need.in_blocks).then_some(need)
}

/// Refuses a file for which the memory does not suffice, before it is read.
///
/// # Errors
/// The memory that reading takes, that there is, and what to do.
pub(crate) fn ensure_readable(path: &Path, reader: &Reader, reading: Reading) -> anyhow::Result<()> {
    match why_unreadable(path, reader, reading) {
        Some(problem) => bail!("{}: {problem}", path.display()),
        None => Ok(()),
    }
}

/// Why a file is refused, if it is, without its name.
pub(crate) fn why_unreadable(path: &Path, reader: &Reader, reading: Reading) -> Option<String> {
    let Need { bytes, format, in_blocks } = need(path, reader, reading)?;
    let advice = match reading {
        Reading::Some if in_blocks => {
            "without --points it is converted block by block, which takes little memory"
        }
        Reading::Whole => "cut it into smaller files",
        _ => {
            "cut it into smaller files, or write it without lists in its vertices or as UTF-8 text, which is read block by block"
        }
    };
    let bytes = bytes.saturating_add(PROGRAM);
    refusal(bytes, &format!("reading this {format} file as a whole"), advice)
}

/// Refuses work that takes `needed` bytes more than there are; `what` is the work, `advice` a way out.
///
/// # Errors
/// As for [`ensure_readable`].
pub(crate) fn ensure(needed: u64, what: &str, advice: &str) -> anyhow::Result<()> {
    match refusal(needed, what, advice) {
        Some(refusal) => bail!(refusal),
        None => Ok(()),
    }
}

/// Bytes that a chosen point takes at least, while it is chosen and written.
const OF_A_POINT: u64 = 24;

/// Refuses to choose more points of a file than memory can hold.
///
/// # Errors
/// As for [`ensure_readable`].
pub(crate) fn ensure_points_fit(points: Option<usize>) -> anyhow::Result<()> {
    let Some(points) = points else { return Ok(()) };
    let needed = (points as u64).saturating_mul(OF_A_POINT);
    ensure(needed, &format!("choosing {points} points"), "lower --points")
}

/// Why work that takes `needed` bytes is refused, if it is.
pub(crate) fn refusal(needed: u64, what: &str, advice: &str) -> Option<String> {
    let too_little = || available_memory().filter(|available| needed > available.bytes);
    too_little()?;
    // What earlier files took is held for some seconds after they are done.
    give_back();
    let available = too_little()?;
    let (needed, left, limit) = (bytes(needed), bytes(available.bytes), available.limit);
    Some(format!(
        "{what} takes about {needed}, but {left} of memory are available ({limit}); {advice}, or go on in spite of it with --force"
    ))
}

/// Whether a file takes so much memory that no other may be read at the same time.
pub(crate) fn fills_memory(path: &Path, reader: &Reader, reading: Reading) -> bool {
    let Some(need) = need(path, reader, reading) else { return false };
    let share = |bytes: u64| bytes / rayon::current_num_threads() as u64;
    available_memory().is_some_and(|available| need.bytes > share(available.bytes))
}
