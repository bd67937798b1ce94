//! Files inside gzip and Zstandard.

use std::borrow::Cow;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::error::{Error, Position, Result};

/// A file may be this much larger than its compressed form, and this many bytes more.
const LARGER: u64 = 1032;
const MORE: u64 = 1 << 26;

/// Begins to unpack a file in memory.
type Open = for<'a> fn(&'a [u8]) -> std::result::Result<Box<dyn Read + 'a>, String>;

/// A compression: its name, its extension, the first bytes of a file, and its reader.
struct Compression {
    name: &'static str,
    extension: &'static str,
    magic: &'static [u8],
    open: Open,
}

const COMPRESSIONS: [Compression; 2] = [
    Compression {
        name: "gzip",
        extension: "gz",
        magic: &[0x1f, 0x8b, 8],
        open: |bytes| Ok(Box::new(flate2::read::MultiGzDecoder::new(bytes))),
    },
    Compression {
        name: "zstd",
        extension: "zst",
        magic: &[0x28, 0xb5, 0x2f, 0xfd],
        open: |bytes| {
            let decoder = ruzstd::decoding::StreamingDecoder::new(bytes);
            decoder.map(|decoder| Box::new(decoder) as Box<dyn Read>).map_err(|error| error.to_string())
        },
    },
];

/// The path without the extension of a compression: `a.ply.gz` is `a.ply`.
pub(super) fn inner_path(path: &Path) -> Cow<'_, Path> {
    let extension = path.extension().unwrap_or_default();
    let compressed =
        COMPRESSIONS.iter().any(|compression| extension.eq_ignore_ascii_case(compression.extension));
    if compressed { Cow::Owned(path.with_extension("")) } else { Cow::Borrowed(path) }
}

/// What is inside a compressed file, and its path without the extension of the compression; `None` for other files.
/// At most `most` bytes are unpacked, where that is given: then a file that goes on is no error.
pub(super) fn unpack(path: &Path, bytes: &[u8], most: Option<u64>) -> Result<Option<(PathBuf, Vec<u8>)>> {
    let Some(compression) = COMPRESSIONS.iter().find(|compression| bytes.starts_with(compression.magic))
    else {
        return Ok(None);
    };
    let refuse = |found: String| {
        let expected = format!("a {} file", compression.name);
        Error::malformed(path, Position::Byte(0), found, expected)
    };
    let limit = (bytes.len() as u64).saturating_mul(LARGER).saturating_add(MORE);
    let reader =
        (compression.open)(bytes).map_err(|error| refuse(format!("what cannot be unpacked ({error})")))?;
    let mut unpacked = Vec::new();
    let read = reader.take(most.unwrap_or(limit + 1)).read_to_end(&mut unpacked);
    if let Err(error) = read
        && most.is_none()
    {
        return Err(refuse(format!("what cannot be unpacked ({error})")));
    }
    if most.is_none() && unpacked.len() as u64 > limit {
        return Err(refuse(format!("more than {limit} bytes in {}", bytes.len())));
    }
    Ok(Some((inner_path(path).into_owned(), unpacked)))
}
