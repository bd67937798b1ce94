//! Blocks of records of one size.

use super::blocks::Block;
use super::input::Input;
use crate::error::{Error, Position, Result};

/// Bytes of the columns of a block of records.
const COLUMN_BYTES: usize = 1 << 22;

/// Rows of a block of so many columns.
pub(crate) fn rows_of_block(columns: usize) -> usize {
    (COLUMN_BYTES / (8 * columns.max(1))).clamp(1024, 1 << 16)
}

/// Records of one size, one after the other.
#[derive(Debug)]
pub(crate) struct Records {
    /// Bytes of a record.
    pub(crate) size: usize,
    /// Number of records.
    pub(crate) count: usize,
    /// Records that are read.
    row: usize,
    /// Records of a block.
    block: usize,
    /// What the records are called in messages.
    rows: String,
}

impl Records {
    pub(crate) fn new(size: usize, count: usize, columns: usize, rows: &str) -> Self {
        let block = rows_of_block(columns);
        Self { size, count, row: 0, block, rows: rows.to_owned() }
    }

    /// The next records.
    ///
    /// # Errors
    /// [`Error::Malformed`] where the file ends before the last.
    pub(crate) fn next(&mut self, input: &mut Input<'_>) -> Result<Option<Block>> {
        let points = self.block.min(self.count - self.row);
        if points == 0 {
            return Ok(None);
        }
        let (row, at) = (self.row, input.at());
        let bytes = input.take(points * self.size)?;
        if bytes.len() < points * self.size {
            let complete = row + bytes.len() / self.size;
            let end = Position::Byte(input.length());
            return Err(Error::truncated(input.path(), end, &self.rows, complete, self.count));
        }
        self.row += points;
        Ok(Some(Block { bytes, row, points, at, ..Block::default() }))
    }
}
