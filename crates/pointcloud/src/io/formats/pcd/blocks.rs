//! PCD files read block by block.

use std::sync::Arc;

use super::decode::Decoder;
use super::header::Header;
use super::read::{binary_parts, rest_of};
use crate::error::{Error, Position, Result};
use crate::io::beyond::lines_beyond;
use crate::io::blocks::{Ask, Block, Blocks, Decode, Rest};
use crate::io::input::{BLOCK_BYTES, Input};
use crate::io::lines::Lines;

/// Opens a file. The points of a compressed one are unpacked into a temporary file where they are many: all numbers of a field
/// come before those of the next.
pub(super) fn open(mut input: Input<'static>, _: &Ask<'_>) -> Result<Option<Box<dyn Blocks>>> {
    let start = input.take(BLOCK_BYTES)?;
    let header = Header::parse(input.path(), &start)?;
    if header.encoding != "ascii" {
        return Ok(Some(Box::new(binary_parts(input, header)?)));
    }
    input.seek(header.body as u64)?;
    let line = header.line + 1;
    let decoder = Arc::new(Decoder::new(input.path(), header, Vec::new()));
    Ok(Some(Box::new(AsciiBlocks { input, line, row: 0, surplus: 0, decoder })))
}

struct AsciiBlocks {
    input: Input<'static>,
    /// Number of the next line.
    line: usize,
    /// The next point.
    row: usize,
    /// Rows after the last point.
    surplus: usize,
    decoder: Arc<Decoder>,
}

impl Blocks for AsciiBlocks {
    fn decoder(&self) -> Arc<dyn Decode> {
        self.decoder.clone()
    }

    fn next(&mut self) -> Result<Option<Block>> {
        let (row, at, all) = (self.row, self.line, self.decoder.header.points);
        if row == all {
            return Ok(None);
        }
        let bytes = self.input.take_lines()?;
        if bytes.is_empty() {
            return Err(Error::truncated(&self.decoder.path, Position::Line(at), "points", row, all));
        }
        let mut lines = Lines::new(&bytes, 0, at);
        let points = std::iter::from_fn(|| lines.next_row()).take(all - row).count();
        (self.row, self.line) = (row + points, lines.line);
        if self.row == all {
            self.surplus += std::iter::from_fn(|| lines.next_row()).count();
        }
        Ok(Some(Block { bytes, row, points, at, ..Block::default() }))
    }

    fn rest(&mut self) -> Result<Rest> {
        self.surplus += lines_beyond(&mut self.input, self.line)?;
        let mut rest = rest_of(&self.decoder.header, self.surplus);
        rest.left_out.extend(self.decoder.colors_left_out());
        Ok(rest)
    }
}
