//! Files inside gzip and Zstandard.

use std::borrow::Cow;
use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use flate2::bufread::GzDecoder;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use crate::error::{Error, Position, Result};

/// A file may be this much larger than its compressed form, and this many bytes more.
const LARGER: u64 = 1032;
const MORE: u64 = 1 << 26;

/// Begins to unpack a file.
type Open = for<'a> fn(Box<dyn BufRead + 'a>) -> Box<dyn Read + 'a>;

/// A compression: its name, its extension, the first bytes of a file, and its reader.
#[derive(Debug)]
pub(super) struct Compression {
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
        open: |bytes| Box::new(Members { decoder: Some(GzDecoder::new(bytes)) }),
    },
    Compression {
        name: "zstd",
        extension: "zst",
        magic: &[0x28, 0xb5, 0x2f, 0xfd],
        open: |bytes| Box::new(Frames { bytes, decoder: FrameDecoder::new() }),
    },
];

/// The path without the extension of a compression: `a.ply.gz` is `a.ply`.
pub(crate) fn inner_path(path: &Path) -> Cow<'_, Path> {
    let extension = path.extension().unwrap_or_default();
    let compressed =
        COMPRESSIONS.iter().any(|compression| extension.eq_ignore_ascii_case(compression.extension));
    if compressed { Cow::Owned(path.with_extension("")) } else { Cow::Borrowed(path) }
}

/// The compression of a file that begins so.
pub(super) fn of(head: &[u8]) -> Option<&'static Compression> {
    COMPRESSIONS.iter().find(|compression| head.starts_with(compression.magic))
}

/// What is inside a compressed file, and its path without the extension of the compression; `None` for other files.
/// At most `most` bytes are unpacked, where that is given: then a file that goes on is no error.
pub(super) fn unpack(path: &Path, bytes: &[u8], most: Option<u64>) -> Result<Option<(PathBuf, Vec<u8>)>> {
    let Some(compression) = of(bytes) else { return Ok(None) };
    let mut unpacked = Vec::new();
    match most {
        Some(most) => {
            // The start of a file ends anywhere.
            let _ = (compression.open)(Box::new(bytes)).take(most).read_to_end(&mut unpacked);
        }
        None => compression.unpack(path, Box::new(bytes), bytes.len() as u64, &mut unpacked)?,
    }
    Ok(Some((inner_path(path).into_owned(), unpacked)))
}

impl Compression {
    /// Unpacks a file into another.
    pub(super) fn unpack_file(&self, path: &Path, from: File, to: &mut File) -> Result<()> {
        let length = from.metadata().map_err(|source| Error::io(path, "read", source))?.len();
        self.unpack(path, Box::new(BufReader::new(from)), length, to)
    }

    /// Unpacks `length` bytes.
    fn unpack(
        &self,
        path: &Path,
        bytes: Box<dyn BufRead + '_>,
        length: u64,
        to: &mut dyn Write,
    ) -> Result<()> {
        let refuse = |found: String| {
            let expected = format!("a {} file", self.name);
            Error::malformed(path, Position::Byte(0), found, expected)
        };
        let ended = Rc::new(Cell::new(false));
        let bytes = Box::new(Watched { bytes, ended: ended.clone() });
        let fail = |error: io::Error| {
            // After the last byte, a complete file asks for the next member or frame, and does not fail.
            if ended.get() {
                let found = format!("the end of the file inside the {} data", self.name);
                return Error::malformed(path, Position::Byte(length as usize), found, "the rest of them");
            }
            refuse(format!("what cannot be unpacked ({error})"))
        };
        let limit = length.saturating_mul(LARGER).saturating_add(MORE);
        let unpacked = std::io::copy(&mut (self.open)(bytes).take(limit + 1), to);
        match unpacked.map_err(fail)? {
            unpacked if unpacked > limit => Err(refuse(format!("more than {limit} bytes in {length}"))),
            _ => Ok(()),
        }
    }
}

/// Bytes, of which it is known whether more were asked for than there are.
struct Watched<'a> {
    bytes: Box<dyn BufRead + 'a>,
    ended: Rc<Cell<bool>>,
}

impl Read for Watched<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.bytes.read(buffer)?;
        self.ended.set(self.ended.get() || (count == 0 && !buffer.is_empty()));
        Ok(count)
    }
}

impl BufRead for Watched<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let ahead = self.bytes.fill_buf()?;
        self.ended.set(self.ended.get() || ahead.is_empty());
        Ok(ahead)
    }

    fn consume(&mut self, count: usize) {
        self.bytes.consume(count);
    }
}

/// Whether a compressed file has no further part. Zeros up to its end are padding, as `gzip` takes them.
fn is_at_end(bytes: &mut dyn BufRead) -> io::Result<bool> {
    let mut padded = false;
    loop {
        let ahead = bytes.fill_buf()?;
        let zeros = ahead.iter().take_while(|&&byte| byte == 0).count();
        match (ahead.is_empty(), zeros) {
            (true, _) => return Ok(true),
            (_, 0) if padded => return Err(io::Error::other("there is more data after zeros")),
            (_, 0) => return Ok(false),
            _ => bytes.consume(zeros),
        }
        padded = true;
    }
}

/// All members of a gzip file, one after the other.
struct Members<'a> {
    /// `None` at the end of the file.
    decoder: Option<GzDecoder<Box<dyn BufRead + 'a>>>,
}

impl Read for Members<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(decoder) = &mut self.decoder {
            let count = decoder.read(buffer)?;
            if count > 0 || buffer.is_empty() {
                return Ok(count);
            }
            if let Some(mut bytes) = self.decoder.take().map(GzDecoder::into_inner)
                && !is_at_end(&mut bytes)?
            {
                self.decoder = Some(GzDecoder::new(bytes));
            }
        }
        Ok(0)
    }
}

/// All frames of a Zstandard file, one after the other. Programs that compress on several threads write many.
struct Frames<'a> {
    bytes: Box<dyn BufRead + 'a>,
    decoder: FrameDecoder,
}

impl Frames<'_> {
    /// Begins the next frame; false at the end of the file. Frames of other data are passed over.
    fn begin(&mut self) -> io::Result<bool> {
        while !is_at_end(&mut self.bytes)? {
            match self.decoder.reset(&mut self.bytes) {
                Ok(()) => return Ok(true),
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                    length,
                    ..
                })) => {
                    io::copy(&mut (&mut self.bytes).take(length.into()), &mut io::sink())?;
                }
                Err(error) => return Err(io::Error::other(error.to_string())),
            }
        }
        Ok(false)
    }

    /// Compares the checksum of a frame that is unpacked with the one in the file, where it has one.
    fn check(&self) -> io::Result<()> {
        let (stored, found) = (self.decoder.get_checksum_from_data(), self.decoder.get_calculated_checksum());
        match (stored, found) {
            (Some(stored), Some(found)) if stored != found => Err(io::Error::other(format!(
                "the data have the checksum {found:08x}, the file says {stored:08x}"
            ))),
            _ => Ok(()),
        }
    }
}

impl Read for Frames<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            while self.decoder.can_collect() < buffer.len() && !self.decoder.is_finished() {
                let wanted = BlockDecodingStrategy::UptoBytes(buffer.len() - self.decoder.can_collect());
                let decoded = self.decoder.decode_blocks(&mut self.bytes, wanted);
                decoded.map_err(|error| io::Error::other(error.to_string()))?;
            }
            let count = self.decoder.read(buffer)?;
            if count > 0 || buffer.is_empty() {
                return Ok(count);
            }
            self.check()?;
            if !self.begin()? {
                return Ok(0);
            }
        }
    }
}
