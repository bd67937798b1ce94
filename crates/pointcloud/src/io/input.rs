//! [`Input`]: a file that is read from its start, block by block.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::{Error, Result};

/// Bytes of a block of text.
pub(crate) const BLOCK_BYTES: usize = 1 << 20;

/// Bytes that are read ahead.
const AHEAD: usize = 1 << 16;

/// Where the bytes of an input are. Several inputs may read one file, each from its own place.
#[derive(Clone)]
enum Bytes<'a> {
    File(Arc<Mutex<File>>),
    Memory(&'a [u8]),
    Owned(Arc<Vec<u8>>),
}

/// A place in a file.
struct Place<'a> {
    bytes: Bytes<'a>,
    at: u64,
}

impl Read for Place<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let from = |bytes: &[u8]| usize::try_from(self.at).unwrap_or(usize::MAX).min(bytes.len());
        let count = match &self.bytes {
            Bytes::File(file) => {
                let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
                file.seek(SeekFrom::Start(self.at))?;
                // Libraries that read from here do not try again after an interruption.
                loop {
                    match file.read(buffer) {
                        Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                        result => break result?,
                    }
                }
            }
            Bytes::Memory(bytes) => (&bytes[from(bytes)..]).read(buffer)?,
            Bytes::Owned(bytes) => (&bytes[from(bytes)..]).read(buffer)?,
        };
        self.at += count as u64;
        Ok(count)
    }
}

impl Seek for Place<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let place = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
            SeekFrom::End(_) => None,
        };
        self.at = place.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}

/// A file, or a part of one, of which only a block is in memory.
pub(crate) struct Input<'a> {
    path: PathBuf,
    reader: BufReader<Place<'a>>,
    /// Bytes before the first one that counts, such as those of a byte order mark.
    start: u64,
    /// Bytes from there to the end.
    length: u64,
    /// Where the next byte is.
    at: u64,
}

impl<'a> Input<'a> {
    /// A file that is in memory.
    pub(crate) fn of_bytes(path: &Path, bytes: &'a [u8]) -> Self {
        Self::of(path, Bytes::Memory(bytes), 0, bytes.len() as u64)
    }

    /// Bytes that the input keeps.
    pub(crate) fn of_vec(path: &Path, bytes: Vec<u8>) -> Self {
        let length = bytes.len() as u64;
        Self::of(path, Bytes::Owned(Arc::new(bytes)), 0, length)
    }

    /// A file without its first `start` bytes.
    pub(crate) fn new(path: &Path, file: File, start: u64) -> Result<Self> {
        let length = file.metadata().map_err(|source| Error::io(path, "read", source))?.len();
        Ok(Self::of(path, Bytes::File(Arc::new(Mutex::new(file))), start, length.saturating_sub(start)))
    }

    fn of(path: &Path, bytes: Bytes<'a>, start: u64, length: u64) -> Self {
        let reader = BufReader::with_capacity(AHEAD, Place { bytes, at: start });
        Self { path: path.to_owned(), reader, start, length, at: 0 }
    }

    /// The `length` bytes from byte `start` on, as far as they are there, as an input of its own.
    pub(crate) fn part(&self, start: u64, length: u64) -> Self {
        let start = start.min(self.length);
        let length = length.min(self.length - start);
        Self::of(&self.path, self.reader.get_ref().bytes.clone(), self.start + start, length)
    }

    /// The same bytes from their start, as an input of its own.
    pub(crate) fn again(&self) -> Self {
        self.part(0, self.length)
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
        self.jump(at).map_err(|source| Error::io(&self.path, "read", source))
    }

    /// What was read ahead stays where the place is near.
    fn jump(&mut self, at: u64) -> io::Result<()> {
        let by = i64::try_from(i128::from(at) - i128::from(self.at));
        self.reader.seek_relative(by.map_err(|_| io::ErrorKind::InvalidInput)?)?;
        self.at = at;
        Ok(())
    }

    /// The next `most` bytes, fewer only at the end of the file.
    pub(crate) fn take(&mut self, most: usize) -> Result<Vec<u8>> {
        let most = most.min(self.length.saturating_sub(self.at) as usize);
        let mut bytes = Vec::with_capacity(most);
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

impl Read for Input<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.length.saturating_sub(self.at)).unwrap_or(usize::MAX);
        let most = buffer.len().min(left);
        let count = self.reader.read(&mut buffer[..most])?;
        self.at += count as u64;
        Ok(count)
    }
}

impl BufRead for Input<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let left = usize::try_from(self.length.saturating_sub(self.at)).unwrap_or(usize::MAX);
        let ahead = if left == 0 { &[] } else { self.reader.fill_buf()? };
        Ok(&ahead[..ahead.len().min(left)])
    }

    fn consume(&mut self, count: usize) {
        self.reader.consume(count);
        self.at += count as u64;
    }
}

impl Seek for Input<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let place = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
            SeekFrom::End(by) => self.length.checked_add_signed(by),
        };
        self.jump(place.ok_or(io::ErrorKind::InvalidInput)?)?;
        Ok(self.at)
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

    #[test]
    fn parts_of_one_file_are_read_each_from_its_own_place() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.bin");
        let bytes: Vec<u8> = (0..200_000_u32).map(|i| (i % 251) as u8).collect();
        std::fs::write(&path, &bytes).unwrap();
        let file = Input::new(&path, File::open(&path).unwrap(), 1).unwrap();
        for whole in [file, Input::of_bytes(&path, &bytes[1..])] {
            let (mut a, mut b) = (whole.part(9, 70_000), whole.part(99_999, 1 << 40));
            for _ in 0..2 {
                assert_eq!(Input::take(&mut a, 50_000).unwrap(), bytes[10 + a.at() - 50_000..10 + a.at()]);
                assert_eq!(Input::take(&mut b, 3).unwrap(), bytes[100_000 + b.at() - 3..100_000 + b.at()]);
                a.seek(20_000).unwrap();
            }
            assert_eq!((Input::take(&mut a, 60_000).unwrap().len(), b.length()), (50_000, 100_000));
            assert_eq!(io::Seek::seek(&mut b, SeekFrom::End(-2)).unwrap(), 99_998);
            assert_eq!(b.fill_buf().unwrap(), &bytes[199_998..]);
        }
    }
}
