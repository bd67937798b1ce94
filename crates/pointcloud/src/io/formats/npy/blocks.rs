//! NPY files read block by block.

use std::sync::Arc;

use super::super::binary::raw_records;
use super::super::naming::rename_by;
use super::array::{Array, ROWS};
use crate::error::{Position, Result};
use crate::io::block_rows::Records;
use crate::io::blocks::{Ask, Block, Blocks, Decode, Table};
use crate::io::input::{BLOCK_BYTES, Input};
use crate::io::raw::Raw;

/// Opens an array that has one point after the other; `None` for one that has one column after the other.
pub(super) fn open(mut input: Input<'static>, ask: &Ask<'_>) -> Result<Option<Box<dyn Blocks>>> {
    let start = input.take(BLOCK_BYTES)?;
    let array = Array::parse(input.path(), &start, "positions")?;
    if array.by_column {
        return Ok(None);
    }
    input.seek(array.start as u64)?;
    let records = Records::new(array.size, array.rows, array.fields().len(), ROWS);
    let decoder = Arc::new(Decoder { array, given: ask.columns.map(<[String]>::to_vec) });
    Ok(Some(Box::new(NpyBlocks { input, records, decoder })))
}

struct NpyBlocks {
    input: Input<'static>,
    records: Records,
    decoder: Arc<Decoder>,
}

struct Decoder {
    array: Array,
    /// Names that the caller gives.
    given: Option<Vec<String>>,
}

impl Blocks for NpyBlocks {
    fn decoder(&self) -> Arc<dyn Decode> {
        self.decoder.clone()
    }

    fn next(&mut self) -> Result<Option<Block>> {
        self.records.next(&mut self.input)
    }
}

impl Decode for Decoder {
    fn place(&self) -> Position {
        Position::Byte(10)
    }

    fn columns(&self, block: Block) -> Result<Vec<Raw>> {
        Ok(raw_records(&block.bytes, self.array.size, &self.array.fields(), self.array.big))
    }

    fn arrange(&self, table: &mut Table) -> std::result::Result<(), (String, String)> {
        table.notes = table.with_columns(|columns, shape| self.array.name(columns, shape));
        if let Some(given) = &self.given {
            table.notes.clear();
            rename_by(&mut table.entries, given, |entry| &mut entry.column.name)?;
        }
        Ok(())
    }

    fn expected(&self) -> &'static str {
        "an array [N, 3+] or fields x, y, z"
    }
}
