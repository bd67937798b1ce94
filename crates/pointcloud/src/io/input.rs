//! [`Input`]: a file that is read from its start, block by block.

use std::fs::File;
use std::io::{BufReader, Cursor, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// Bytes of a block of text.
pub(crate) const BLOCK_BYTES: usize = 1 << 20;

/// What an input reads from.
trait ReadSeek: Read + Seek {}
impl<T: Read + Seek> ReadSeek for T {}

/// A file of which only a block is in memory.
pub(crate) struct Input<'a> {
    path: PathBuf,
    reader: Box<dyn ReadSeek + 'a>,
    /// Bytes before the first one that counts, those of a byte order mark.
    start: u64,
    /// Bytes from there to the end.
    length: u64,
    /// Where the next byte is.
    at: u64,
}

impl<'a> Input<'a> {
    /// A file that is in memory.
    pub(crate) fn of_bytes(path: &Path, bytes: &'a [u8]) -> Self {
        let (path, length) = (path.to_owned(), bytes.len() as u64);
        Self { path, reader: Box::new(Cursor::new(bytes)), start: 0, length, at: 0 }
    }

    pub(crate) fn new(path: &Path, file: File, start: u64) -> Result<Self> {
        let fail = |source| Error::io(path, "read", source);
        let length = file.metadata().map_err(fail)?.len().saturating_sub(start);
        let reader = Box::new(BufReader::with_capacity(1 << 16, file));
        let mut input = Self { path: path.to_owned(), reader, start, length, at: 0 };
        input.seek(0)?;
        Ok(input)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Bytes of the file.
    pub(crate) fn length(&self) -> usize {
        self.length as usize
    }

    /// The byte that is read next.
    pub(crate) fn at(&self) -> usize {
        self.at as usize
    }

    pub(crate) fn seek(&mut self, at: u64) -> Result<()> {
        self.at = at;
        let sought = self.reader.seek(SeekFrom::Start(self.start.saturating_add(at)));
        sought.map(|_| ()).map_err(|source| Error::io(&self.path, "read", source))
    }

    /// The next `most` bytes, fewer only at the end of the file.
    pub(crate) fn take(&mut self, most: usize) -> Result<Vec<u8>> {
        let left = self.length.saturating_sub(self.at) as usize;
        let mut bytes = Vec::with_capacity(most.min(left));
        let read = (&mut self.reader).take(most as u64).read_to_end(&mut bytes);
        read.map_err(|source| Error::io(&self.path, "read", source))?;
        self.at += bytes.len() as u64;
        Ok(bytes)
    }

    /// About a block of whole lines; empty at the end of the file.
    pub(crate) fn take_lines(&mut self) -> Result<Vec<u8>> {
        let mut bytes = self.take(BLOCK_BYTES)?;
        // A file that ends its lines with CR alone has none of the other line ends in a block.
        let end = if bytes.contains(&b'\n') { b'\n' } else { b'\r' };
        loop {
            if let Some(last) = bytes.iter().rposition(|&b| b == end)
                && self.at < self.length
            {
                self.seek(self.at - (bytes.len() - last - 1) as u64)?;
                bytes.truncate(last + 1);
                return Ok(bytes);
            }
            let more = self.take(BLOCK_BYTES)?;
            if more.is_empty() {
                return Ok(bytes);
            }
            bytes.extend(more);
        }
    }
}

/// Reads bytes of the file; those of a header, or of rows of no fixed size.
impl Read for Input<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.reader.read(buffer)?;
        self.at += count as u64;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_whole() {
        let folder = tempfile::tempdir().unwrap();
        for end in ["\n", "\r\n", "\r"] {
            let text: String = (0..200_000).map(|i| format!("{i} {} 3{end}", i * i)).collect();
            let path = folder.path().join("a.xyz");
            std::fs::write(&path, format!("#{text}last")).unwrap();
            let mut input = Input::new(&path, File::open(&path).unwrap(), 1).unwrap();
            let (mut blocks, mut all) = (0, Vec::new());
            loop {
                let block = input.take_lines().unwrap();
                if block.is_empty() {
                    break;
                }
                blocks += 1;
                assert!(all.is_empty() || all.ends_with(end.as_bytes()), "{end:?}");
                all.extend(block);
            }
            assert!(blocks > 1 && all == format!("{text}last").into_bytes());
        }
    }
}
