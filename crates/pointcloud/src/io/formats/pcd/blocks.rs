//! PCD files read block by block.

use std::path::Path;
use std::sync::Arc;

use super::super::binary::{Field, raw_records};
use super::header::{Header, fields_of, is_packed};
use super::read::{VIEWPOINT, read_ascii};
use crate::error::{Error, Position, Result};
use crate::io::block_rows::Records;
use crate::io::blocks::{Ask, Block, Blocks, Decode, Rest};
use crate::io::input::{BLOCK_BYTES, Input};
use crate::io::lines::Lines;
use crate::io::number::Number;
use crate::io::raw::{Raw, Stored};
use crate::scalar::ScalarType;

/// Opens a file of encoding `ascii` or `binary`; `None` for a compressed one, of which all points are one block.
pub(super) fn open(mut input: Input<'static>, _: &Ask<'_>) -> Result<Option<Box<dyn Blocks>>> {
    let start = input.take(BLOCK_BYTES)?;
    let header = Header::parse(input.path(), &start)?;
    let fields: Vec<Field> =
        header.layouts.iter().flat_map(|layout| fields_of(layout, layout.offset)).collect();
    let points = match header.encoding.as_str() {
        "ascii" => Points::Lines(header.line + 1),
        "binary" if header.size() > 0 => {
            Points::Records(Records::new(header.size(), header.points, fields.len(), "points"))
        }
        _ => return Ok(None),
    };
    input.seek(header.body as u64)?;
    let path = input.path().into();
    let decoder = Arc::new(Decoder { path, header, fields });
    Ok(Some(Box::new(PcdBlocks { input, points, row: 0, decoder })))
}

enum Points {
    Records(Records),
    /// Number of the next line.
    Lines(usize),
}

struct PcdBlocks {
    input: Input<'static>,
    points: Points,
    /// The next point.
    row: usize,
    decoder: Arc<Decoder>,
}

struct Decoder {
    path: Box<Path>,
    header: Header,
    fields: Vec<Field>,
}

impl Blocks for PcdBlocks {
    fn decoder(&self) -> Arc<dyn Decode> {
        self.decoder.clone()
    }

    fn next(&mut self) -> Result<Option<Block>> {
        let line = match &mut self.points {
            Points::Records(records) => return records.next(&mut self.input),
            Points::Lines(line) => line,
        };
        let (row, at, all) = (self.row, *line, self.decoder.header.points);
        if row == all {
            return Ok(None);
        }
        let bytes = self.input.take_lines()?;
        if bytes.is_empty() {
            return Err(Error::truncated(&self.decoder.path, Position::Line(at), "points", row, all));
        }
        let mut lines = Lines::new(&bytes, 0, at);
        let points = std::iter::from_fn(|| lines.next_row()).take(all - row).count();
        (self.row, *line) = (row + points, lines.line);
        Ok(Some(Block { bytes, row, points, at }))
    }

    fn rest(&mut self) -> Result<Rest> {
        let moved = self.decoder.header.moved.then(|| VIEWPOINT.to_owned());
        Ok(Rest { left_out: moved.into_iter().collect(), ..Rest::default() })
    }
}

impl Decode for Decoder {
    fn place(&self) -> Position {
        Position::Line(self.header.line)
    }

    fn columns(&self, block: Block) -> Result<Vec<Raw>> {
        let columns = if self.header.encoding == "ascii" {
            let mut lines = Lines::new(&block.bytes, 0, block.at);
            read_ascii(&self.path, &mut lines, &self.header, block.row..block.row + block.points)?
        } else {
            raw_records(&block.bytes, self.header.size(), &self.fields, false)
        };
        Ok(columns.into_iter().flat_map(unpack_color).collect())
    }
}

/// Three columns in place of a packed colour.
fn unpack_color(column: Raw) -> Vec<Raw> {
    if !is_packed(&column.name) || column.stored != Stored::Number(Number::Scalar(ScalarType::U32)) {
        return vec![column];
    }
    let channel = |(name, shift): (&str, u32)| {
        let values = column.values.iter().map(|&v| f64::from(v as u32 >> shift & 255)).collect();
        Raw::numbers(name, Number::Scalar(ScalarType::U8), values)
    };
    [("red", 16), ("green", 8), ("blue", 0)].map(channel).into()
}
