//! The points of LAS and LAZ files.
//!
//! The `laz` crate decompresses; records are taken apart here. The `las` crate would read the chunk
//! table unchecked, whose length field alone can ask for 64 GB, and turns every point into a struct
//! before columns could be made of it.

use super::super::binary::raw_records;
use super::chunks::LARGEST_RATIO;
use super::fields::{bits, fields};
use super::header::Header;
use super::unpack::decompress;
use crate::error::{Position, Result};
use crate::io::blocks::{Block, Decode, Keep, Table, sort_all};
use crate::io::columns::Entry;
use crate::io::contents::{Contents, Source};
use crate::io::extent::{Extent, Start};
use crate::io::number::Number;
use crate::io::raw::{Raw, Stored};
use crate::scalar::ScalarType;

/// Reads points with what is known of them.
///
/// `classification` becomes the labels, everything else becomes properties: `intensity`, `return_number`,
/// `number_of_returns`, `gps_time` and so on, and the extra bytes that the file describes. What is 0 for all points is
/// left out, since LAS cannot say otherwise that it was not recorded. Header and records stay with the cloud, so that a
/// LAS file that is made of it has them, too.
pub(super) fn read(source: &Source<'_>) -> Result<Contents> {
    let Source { path, bytes, .. } = *source;
    let header = Header::parse(path, bytes)?;
    let size = header.size;
    let unpacked;
    let records = if header.compressed {
        unpacked = decompress(path, bytes, &header)?;
        unpacked.as_slice()
    } else {
        let body = bytes.get(header.data..).unwrap_or_default();
        match header.points.checked_mul(size).and_then(|wanted| body.get(..wanted)) {
            Some(records) => records,
            None => return Err(header.truncated(path, Position::Byte(bytes.len()), body.len() / size)),
        }
    };
    let mut contents = sort_all(path, &Memory { header: &header }, columns(records, &header))?;
    contents.left_out.extend(header.left_out());
    contents.cloud.set_las(header.metadata);
    Ok(contents)
}

/// The points that the header announces. Those of a compressed file are records before they are columns.
pub(super) fn extent(start: &Start<'_>) -> Option<Extent> {
    let header = Header::parse_start(start.path, start.bytes, start.length as usize).ok()?;
    let columns = 3 + fields(header.format).len() + bits(header.format).len() + header.extra.len();
    let (size, points) = (header.size as u64, header.points as u64);
    let limit = if header.compressed { LARGEST_RATIO as u64 } else { 1 };
    let extent = Extent::of_columns(points, columns, true, start.length.saturating_mul(limit) / size);
    let copies = if header.compressed { size } else { 0 };
    let extent = extent.keeping(Keep::Bytes, copies);
    Some(extent.and(extent.points.saturating_mul(copies)))
}

/// A file in memory.
struct Memory<'a> {
    header: &'a Header,
}

impl Decode for Memory<'_> {
    fn place(&self) -> Position {
        Position::Byte(0)
    }

    fn columns(&self, block: &Block) -> Result<Vec<Raw>> {
        Ok(columns(&block.bytes, self.header))
    }

    fn arrange(&self, table: &mut Table) -> std::result::Result<(), (String, String)> {
        keep_used(table, self.header);
        Ok(())
    }
}

/// The columns of records: coordinates, fields, bit fields, extra bytes.
pub(super) fn columns(records: &[u8], header: &Header) -> Vec<Raw> {
    let size = header.size;
    let mut columns = coordinates(records, header);
    columns.extend(raw_records(records, size, &fields(header.format), false));
    columns.extend(bit_fields(records, size, header.format));
    for extra in &header.extra {
        let mut stored = raw_records(records, size, std::slice::from_ref(&extra.field), false);
        if let Some((scale, offset)) = extra.transform {
            for column in &mut stored {
                column.stored = Stored::Number(Number::Scalar(ScalarType::F64));
                column.large.clear();
                column.values.iter_mut().for_each(|v| *v = *v * scale + offset);
            }
        }
        columns.extend(stored);
    }
    columns
}

/// Leaves out the fields that are 0 everywhere.
pub(super) fn keep_used(table: &mut Table, header: &Header) {
    let known = 3 + fields(header.format).len() + bits(header.format).len();
    // A colour is three channels, of which one may be 0 everywhere.
    let is_color = |entry: &Entry| matches!(entry.column.name.as_str(), "red" | "green" | "blue");
    let used = |entry: &Entry| !entry.facts.within(0.0, 0.0);
    // A field of 64 bits may be two columns.
    let is_field = |entry: &Entry| (3..known).contains(&entry.stored);
    let colored = table.entries.iter().any(|entry| is_field(entry) && is_color(entry) && used(entry));
    table.entries.retain(|entry| !is_field(entry) || used(entry) || (colored && is_color(entry)));
}

fn coordinates(records: &[u8], header: &Header) -> Vec<Raw> {
    let mut columns = Vec::new();
    for (axis, name) in ["x", "y", "z"].into_iter().enumerate() {
        let steps = Number::Scalar(ScalarType::I32).column(records, header.size, 4 * axis, false);
        let of = Grid::new(header.scale[axis], header.offset[axis]);
        let values = steps.into_iter().map(|steps| of.coordinate(steps)).collect();
        columns.push(Raw::numbers(name, Number::Scalar(ScalarType::F64), values));
    }
    columns
}

/// Where the steps of an axis are.
struct Grid {
    scale: f64,
    offset: f64,
    /// Steps of a unit and of the offset, where these are whole.
    decimal: Option<(f64, f64)>,
}

impl Grid {
    fn new(scale: f64, offset: f64) -> Self {
        let per_unit = (1.0 / scale).round();
        let shift = (offset * per_unit).round();
        let decimal = per_unit >= 1.0 && 1.0 / per_unit == scale && shift / per_unit == offset;
        let decimal = (decimal && shift.abs() < 4e15).then_some((per_unit, shift));
        Self { scale, offset, decimal }
    }

    fn coordinate(&self, steps: f64) -> f64 {
        match self.decimal {
            Some((per_unit, shift)) => (steps + shift) / per_unit,
            None => steps * self.scale + self.offset,
        }
    }
}

/// `steps · scale + offset`; for a scale such as 0.01 the double next to the decimal, which the sum may miss.
pub(super) fn coordinate(steps: f64, scale: f64, offset: f64) -> f64 {
    Grid::new(scale, offset).coordinate(steps)
}

fn bit_fields(records: &[u8], size: usize, format: usize) -> Vec<Raw> {
    let column = |&(name, byte, first, count): &(&str, usize, u32, u32)| {
        let bits = |record: &[u8]| f64::from(record[byte] >> first & ((1 << count) - 1));
        let values = records.chunks_exact(size).map(bits).collect();
        Raw::numbers(name, Number::Scalar(ScalarType::U8), values)
    };
    bits(format).iter().map(column).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coordinates_are_the_doubles_next_to_their_decimals() {
        assert_eq!(coordinate(63_717_798.0, 0.01, 0.0), 637_177.98);
        assert_eq!(coordinate(137_177_980.0, 0.001, 500_000.0), 637_177.98);
        assert_eq!(coordinate(-3.0, 0.001, 5_400_000.0), 5_399_999.997);
        assert_eq!(coordinate(3.0, 0.25, 0.125), 0.875);
        assert_eq!(coordinate(3.0, 2.0, 1.0), 7.0);
        assert_eq!(coordinate(7.0, 0.0, 1.5), 1.5);
    }
}
