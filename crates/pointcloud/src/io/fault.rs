//! Writes that fail on purpose: with the variable `POINTWISE_FAIL_WRITE=N`, the N-th write of the program fails as on a full disk.
//!
//! Every file that a training writes goes through here, so that a test can let each write fail once.

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// Writes that are left until one fails; 0 when none is to fail.
static LEFT: LazyLock<AtomicU64> = LazyLock::new(|| {
    let wanted = std::env::var("POINTWISE_FAIL_WRITE").ok().and_then(|text| text.parse().ok());
    AtomicU64::new(wanted.unwrap_or(0))
});

/// Counts a write; an error if it is the one that is to fail.
pub(super) fn count_write() -> io::Result<()> {
    let before = LEFT.try_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
    if before == Ok(1) { Err(io::Error::from(io::ErrorKind::StorageFull)) } else { Ok(()) }
}

/// A file whose writes are counted.
#[derive(Debug)]
pub(crate) struct CountedFile(pub(super) File);

impl Write for CountedFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Err(error) = count_write() {
            // A full disk takes what it has room for.
            let _ = self.0.write_all(&bytes[..bytes.len() / 2]);
            return Err(error);
        }
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Seek for CountedFile {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.0.seek(to)
    }
}

/// Appends to a file that is written bit by bit, such as a log. After an error the end of the file may be torn.
///
/// # Errors
/// As [`Write::write_all`].
pub fn append(file: &mut File, bytes: &[u8]) -> io::Result<()> {
    let file = file.try_clone()?;
    CountedFile(file).write_all(bytes)
}
