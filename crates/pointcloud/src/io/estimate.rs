//! [`ReadEstimate`]: the memory that reading a file takes, before it is read.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use super::blocks::{Ask, threads_of_blocks};
use super::compression;
use super::extent::{Extent, GROWTH, Start};
use super::format::{Format, HEAD};
use super::formats::{LabelFile, label_files_of};
use super::gather::LARGE;
use super::input::{BLOCK_BYTES, Input};
use super::lines::is_utf16;
use super::panic::guard;
use super::reader::Reader;
use crate::error::{Error, Result};
use crate::transform::Sampling;

/// Bytes of the start of a compressed file that are unpacked.
const PACKED: u64 = 1 << 19;

/// Bytes that the start of a compressed file is unpacked to, at most.
const MOST_UNPACKED: u64 = 1 << 25;

/// Bytes of the blocks of a large file that are in memory at once: some, and some for every thread; measured on files of every
/// format.
const BLOCKS: u64 = 12 << 20;
const BLOCK_OF_THREAD: u64 = 8 << 20;

/// Pieces of a file that are looked at, and their length.
const PIECES: u64 = 32;
const PIECE: u64 = 1 << 14;

/// The memory that reading a file as a whole takes, from its header and its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReadEstimate {
    /// Name of the format.
    pub format: &'static str,
    /// Points or vertices; 0 where neither header nor length tell.
    pub points: u64,
    /// Bytes at the peak.
    pub bytes: u64,
    /// Whether [`Reader::inspect`], and [`Reader::convert`] without a choice of points, read this file block by block, which takes
    /// little memory.
    pub in_blocks: bool,
}

impl Reader {
    /// Estimates the memory that reading the file at `path` takes. Only its header and a few pieces of it are read.
    ///
    /// Of a damaged file, or one that claims more than its length can hold, the estimate is that of what it can hold: reading it
    /// gives the error.
    ///
    /// ```
    /// use pointcloud::io::{Reader, write};
    /// use pointcloud::PointCloud;
    ///
    /// let file = std::env::temp_dir().join("pointcloud-estimate.ply");
    /// write(&file, &PointCloud::new(vec![[0.5; 3]; 1000]))?;
    /// let estimate = Reader::new().estimate(&file)?;
    /// assert_eq!((estimate.format, estimate.points, estimate.in_blocks), ("ply", 1000, true));
    /// // The file, columns of doubles, and positions.
    /// assert!(estimate.bytes >= 1000 * (12 + 24 + 12));
    /// # std::fs::remove_file(file).unwrap();
    /// # Ok::<(), pointcloud::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Extension`] for a file of no known format.
    pub fn estimate(&self, path: impl AsRef<Path>) -> Result<ReadEstimate> {
        let path = path.as_ref();
        let fail = |source| Error::io(path, "read", source);
        let mut file = File::open(path).map_err(fail)?;
        let stored = file.metadata().map_err(fail)?.len();
        let head = piece(&mut file, 0, HEAD as u64).map_err(fail)?;
        let is_compressed = compression::of(&head).is_some();
        let (inner, start, pieces, length) = if is_compressed {
            let packed = piece(&mut file, 0, PACKED).map_err(fail)?;
            let unpacked = guard(path, "of the compression", || {
                compression::unpack(path, &packed, Some(MOST_UNPACKED))
            })?;
            let (inner, unpacked) = unpacked.unwrap_or_else(|| (path.to_owned(), Vec::new()));
            // The rest of the file is expected to be packed as well as its start.
            let ratio = unpacked.len() as f64 / packed.len().max(1) as f64;
            (inner, unpacked.clone(), vec![unpacked], (stored as f64 * ratio) as u64)
        } else {
            let start = piece(&mut file, 0, BLOCK_BYTES as u64).map_err(fail)?;
            (path.to_owned(), start, pieces(&mut file, stored).map_err(fail)?, stored)
        };
        let format = Format::of_head(&inner, &start[..start.len().min(HEAD)], length)?;
        let start =
            Start { path, bytes: &start, pieces: &pieces, length, is_compressed, columns: self.names() };
        // What is wrong with the file is told when it is read.
        let extent = guard(path, format.library, || Ok((format.extent)(&start))).ok().flatten();
        let extent = extent.unwrap_or_default().and_columns(label_columns(path)?);
        let unpacked = if is_compressed { (GROWTH * length as f64) as u64 } else { 0 };
        let in_blocks = !is_utf16(start.bytes) && self.reads_in_blocks(format, path, file, is_compressed);
        let bytes = match in_blocks && stored >= LARGE {
            true => self.of_blocks(&extent, threads_of_blocks() as u64),
            false => extent.bytes.saturating_add(stored).saturating_add(unpacked),
        };
        Ok(ReadEstimate { format: format.name(), points: extent.points, bytes, in_blocks })
    }

    /// Bytes of reading a file block by block, of which so many threads have one each.
    fn of_blocks(&self, extent: &Extent, threads: u64) -> u64 {
        let extent = &match self.only_columns() {
            Some(only) => extent.of_columns_that_are_kept(only.bytes()),
            None => *extent,
        };
        let all = extent.of_all().saturating_add(BLOCKS + BLOCK_OF_THREAD * threads);
        let draws = extent.faces > 0 && self.draws_from_surfaces();
        let Some(chosen) = self.wanted().filter(|_| !draws) else { return all };
        let farthest = self.sampling_of_points() == Sampling::Farthest;
        // Blocks take turns in the same memory.
        let blocks = extent.of_block() * threads + if extent.kept > 0 { BLOCKS } else { 0 };
        // More points than the file has are repeats.
        all.min(extent.of_chosen(chosen as u64, farthest).saturating_add(blocks))
    }

    /// Whether the points are read block by block, unless some are chosen.
    fn reads_in_blocks(&self, format: &Format, path: &Path, file: File, is_compressed: bool) -> bool {
        // What is compressed is unpacked into a file first.
        if is_compressed || !format.some_whole {
            return true;
        }
        let ask = Ask { columns: self.names(), convert: false, faces: false };
        let opened = guard(path, format.library, || (format.open)(Input::new(path, file, 0)?, &ask));
        // A damaged file is refused before its points are read.
        !matches!(opened, Ok(None))
    }
}

/// Number of columns of the labels that are in a file of their own.
fn label_columns(path: &Path) -> Result<usize> {
    let file = label_files_of(path)?.into_iter().next();
    // What is wrong with the file is told when it is read.
    Ok(file.and_then(|file| LabelFile::open(&file, Vec::new()).ok()).map_or(0, |labels| labels.columns()))
}

/// Bytes of a file from `at` on.
fn piece(file: &mut File, at: u64, length: u64) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(at))?;
    file.take(length).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Pieces from all over a file, of whole lines as far as it has lines; the whole of a short one.
fn pieces(file: &mut File, length: u64) -> std::io::Result<Vec<Vec<u8>>> {
    if length <= PIECES * PIECE {
        return Ok(vec![piece(file, 0, length)?]);
    }
    let mut pieces = Vec::new();
    for index in 0..PIECES {
        let mut bytes = piece(file, index * (length - PIECE) / (PIECES - 1), PIECE)?;
        // Pieces begin in the middle of a line.
        if index > 0
            && let Some(end) = bytes.iter().position(|&b| b == b'\n')
        {
            bytes.drain(..=end);
        }
        pieces.push(bytes);
    }
    Ok(pieces)
}
