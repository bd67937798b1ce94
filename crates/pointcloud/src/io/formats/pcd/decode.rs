//! What makes columns of the points of a PCD file.

use std::path::Path;

use super::super::parts::{PartLayout, columns_of_parts};
use super::ascii::read_ascii;
use super::header::{Header, is_packed};
use crate::error::{Position, Result};
use crate::io::blocks::{Block, Decode, Keep};
use crate::io::lines::Lines;
use crate::io::number::Number;
use crate::io::raw::{Raw, Stored};
use crate::scalar::ScalarType;

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
}

/// Three columns in place of a packed colour.
pub(super) fn unpack_color(column: Raw) -> Vec<Raw> {
    if !is_packed(&column.name) || column.stored != Stored::Number(Number::Scalar(ScalarType::U32)) {
        return vec![column];
    }
    let channel = |(name, shift): (&str, u32)| {
        let values = column.values.iter().map(|&v| f64::from(v as u32 >> shift & 255)).collect();
        Raw::numbers(name, Number::Scalar(ScalarType::U8), values)
    };
    [("red", 16), ("green", 8), ("blue", 0)].map(channel).into()
}
