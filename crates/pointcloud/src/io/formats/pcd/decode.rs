//! What makes columns of the points of a PCD file.

use std::path::Path;

use super::super::parts::{PartLayout, columns_of_parts};
use super::ascii::read_ascii;
use super::header::{Header, is_packed, packs_opacity};
use crate::error::{Position, Result};
use crate::io::blocks::{Block, Decode, Keep, Table};
use crate::io::columns::Entry;
use crate::io::facts::Facts;
use crate::io::lines::Lines;
use crate::io::number::Number;
use crate::io::raw::{Raw, Stored};
use crate::scalar::ScalarType;

/// The column of the opacity.
const ALPHA: &str = "alpha";

/// The column before it.
const BLUE: &str = "blue";

pub(super) struct Decoder {
    pub(super) path: Box<Path>,
    pub(super) header: Header,
    /// Where the fields of a file are that is not ascii.
    pub(super) layouts: Vec<PartLayout>,
}

impl Decode for Decoder {
    fn place(&self) -> Position {
        Position::Line(self.header.line)
    }

    fn keep(&self) -> Keep {
        if self.header.encoding == "ascii" { Keep::Columns } else { Keep::Nothing }
    }

    fn columns(&self, block: &Block) -> Result<Vec<Raw>> {
        let columns = if self.header.encoding == "ascii" {
            let mut lines = Lines::new(&block.bytes, 0, block.at);
            read_ascii(&self.path, &mut lines, &self.header, block.row..block.row + block.points)?
        } else {
            columns_of_parts(block, &self.layouts)
        };
        Ok(columns.into_iter().flat_map(unpack_color).collect())
    }

    /// The Point Cloud Library writes 0 or 255 where nothing sets the opacity.
    fn arrange(&self, table: &mut Table) -> std::result::Result<(), (String, String)> {
        let unset = |facts: &Facts| facts.within(0.0, 0.0) || facts.within(255.0, 255.0);
        let entries = &mut table.entries;
        let follows = |pair: &[Entry]| pair[0].column.name == BLUE && pair[1].column.name == ALPHA;
        if self.header.packs_opacity()
            && let Some(blue) = entries.windows(2).position(follows)
            && unset(&entries[blue + 1].facts)
        {
            entries.remove(blue + 1);
        }
        Ok(())
    }
}

/// Three columns in place of a packed colour, four of a colour with opacity.
pub(super) fn unpack_color(column: Raw) -> Vec<Raw> {
    if !is_packed(&column.name) || column.stored != Stored::Number(Number::Scalar(ScalarType::U32)) {
        return vec![column];
    }
    let channel = |(name, shift): (&str, u32)| {
        let values = column.values.iter().map(|&v| f64::from(v as u32 >> shift & 255)).collect();
        Raw::numbers(name, Number::Scalar(ScalarType::U8), values)
    };
    let channels = [("red", 16), ("green", 8), (BLUE, 0), (ALPHA, 24)];
    channels.into_iter().take(if packs_opacity(&column.name) { 4 } else { 3 }).map(channel).collect()
}
