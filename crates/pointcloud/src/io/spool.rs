//! [`Spool`]: rows of numbers that come in one after the other, of which only the first are in memory.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use tempfile::{SpooledData, SpooledTempFile};

use super::input::Input;
use crate::error::{Error, Result};

/// Bytes that are kept in memory before a temporary file is made.
const MOST: usize = 1 << 23;

/// Bytes that are written to the file at once.
const PIECE: usize = 1 << 20;

/// Rows of doubles, as many numbers in each.
#[derive(Debug)]
pub(crate) struct Spool {
    /// The file that the rows come from, for messages.
    path: PathBuf,
    columns: usize,
    rows: usize,
    /// Rows that are not in the file.
    bytes: Vec<u8>,
    file: Option<File>,
}

impl Spool {
    pub(crate) fn new(path: &Path, columns: usize) -> Self {
        Self { path: path.to_owned(), columns, rows: 0, bytes: Vec::new(), file: None }
    }

    /// Numbers of a row.
    pub(crate) fn columns(&self) -> usize {
        self.columns
    }

    /// Number of rows.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// Adds a row.
    ///
    /// # Errors
    /// [`Error::Io`] where the temporary file cannot be written.
    pub(crate) fn push(&mut self, row: &[f64]) -> Result<()> {
        debug_assert_eq!(row.len(), self.columns);
        row.iter().for_each(|v| self.bytes.extend(v.to_le_bytes()));
        self.rows += 1;
        let most = if self.file.is_some() { PIECE } else { MOST };
        if self.bytes.len() >= most { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<()> {
        let fail = |source| Error::io(&self.path, "write a temporary file", source);
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(tempfile::tempfile().map_err(fail)?),
        };
        file.write_all(&self.bytes).map_err(fail)?;
        self.bytes = Vec::with_capacity(PIECE + 8 * self.columns);
        Ok(())
    }

    /// The rows as records.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    pub(crate) fn into_input(mut self) -> Result<Input<'static>> {
        if self.file.is_some() {
            self.flush()?;
        }
        match self.file {
            Some(file) => Input::new(&self.path, file, 0),
            None => Ok(Input::of_vec(&self.path, self.bytes)),
        }
    }
}

/// Bytes that are unpacked: first in memory, then in a temporary file.
pub(crate) struct Unpacked {
    path: PathBuf,
    bytes: SpooledTempFile,
}

impl Unpacked {
    pub(crate) fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), bytes: SpooledTempFile::new(MOST) }
    }

    /// What was written.
    pub(crate) fn into_input(self) -> Result<Input<'static>> {
        match self.bytes.into_inner() {
            SpooledData::InMemory(bytes) => Ok(Input::of_vec(&self.path, bytes.into_inner())),
            SpooledData::OnDisk(file) => Input::new(&self.path, file, 0),
        }
    }
}

impl Write for Unpacked {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.bytes.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.bytes.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_in_memory_and_in_a_file() {
        for rows in [0, 3, MOST / 24, MOST / 12] {
            let mut spool = Spool::new(Path::new("a.off"), 3);
            for i in 0..rows {
                spool.push(&[i as f64, 0.1, f64::NAN]).unwrap();
            }
            assert_eq!((spool.rows(), spool.columns(), spool.file.is_some()), (rows, 3, 24 * rows >= MOST));
            let mut input = spool.into_input().unwrap();
            assert_eq!(input.length(), 24 * rows);
            if let Some(last) = rows.checked_sub(1) {
                input.seek(24 * last as u64).unwrap();
                assert_eq!(input.take(99).unwrap()[..8], (last as f64).to_le_bytes());
            }
        }
    }
}
