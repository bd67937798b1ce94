//! What makes columns of the points of a PCD file.

use std::ops::Range;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

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
    layouts: Vec<PartLayout>,
    /// Whether a colour of an ascii file was NaN.
    nan_color: AtomicBool,
}

impl Decoder {
    pub(super) fn new(path: &Path, header: Header, layouts: Vec<PartLayout>) -> Self {
        Self { path: path.into(), header, layouts, nan_color: AtomicBool::new(false) }
    }

    /// The columns of the points `rows` of an ascii file.
    pub(super) fn ascii_columns(&self, lines: &mut Lines<'_>, rows: Range<usize>) -> Result<Vec<Raw>> {
        let (columns, nan_color) = read_ascii(&self.path, lines, &self.header, rows)?;
        self.nan_color.fetch_or(nan_color, Ordering::Relaxed);
        Ok(columns.into_iter().flat_map(unpack_color).collect())
    }

    /// What is lost of the colours of the points that were read so far.
    pub(super) fn colors_left_out(&self) -> Option<String> {
        let nan = self.nan_color.load(Ordering::Relaxed);
        nan.then(|| "colours that are NaN, which are read as black".to_owned())
    }
}

impl Decode for Decoder {
    fn place(&self) -> Position {
        Position::Line(self.header.line)
    }

    fn keep(&self) -> Keep {
        if self.header.encoding == "ascii" { Keep::Columns } else { Keep::Nothing }
    }

    fn columns(&self, block: &Block) -> Result<Vec<Raw>> {
        if self.header.encoding == "ascii" {
            let mut lines = Lines::new(&block.bytes, 0, block.at);
            return self.ascii_columns(&mut lines, block.row..block.row + block.points);
        }
        Ok(columns_of_parts(block, &self.layouts).into_iter().flat_map(unpack_color).collect())
    }

    /// Leaves out an opacity that is 0, or 255, in every point, and does not tell it: the Point Cloud Library writes these where
    /// nothing sets the opacity, so they say no more than `rgb` does, which such a colour is written as.
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
fn unpack_color(column: Raw) -> Vec<Raw> {
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
