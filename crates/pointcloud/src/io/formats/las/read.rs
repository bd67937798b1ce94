//! The points of LAS and LAZ files.
//!
//! The `laz` crate decompresses; records are taken apart here. The `las` crate would read the chunk
//! table unchecked, whose length field alone can ask for 64 GB, and turns every point into a struct
//! before columns could be made of it.

use super::super::binary::{Field, Number, read_records};
use super::fields::{bits, fields, has_waves};
use super::header::Header;
use super::unpack::decompress;
use crate::error::{Error, Position, Result};
use crate::io::columns::cloud_of_table;
use crate::io::contents::{Contents, Source};
use crate::scalar::{ScalarProperty, ScalarType};

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
    let mut columns = coordinates(records, &header);
    let mut further = read_records(records, size, &fields(header.format), false);
    further.extend(bit_fields(records, size, header.format));
    // A colour is three channels, of which one may be 0 everywhere.
    let is_color = |name: &str| matches!(name, "red" | "green" | "blue");
    let used = |column: &ScalarProperty| column.values.iter().any(|&v| v != 0.0);
    let colored = further.iter().any(|column| is_color(&column.name) && used(column));
    further.retain(|column| used(column) || (colored && is_color(&column.name)));
    columns.extend(further);
    for extra in &header.extra {
        let mut stored = read_records(records, size, std::slice::from_ref(&extra.field), false);
        if let Some((scale, offset)) = extra.transform {
            for column in &mut stored {
                column.scalar_type = ScalarType::F64;
                column.values.iter_mut().for_each(|v| *v = *v * scale + offset);
            }
        }
        columns.extend(stored);
    }
    let mut contents = cloud_of_table(columns)
        .map_err(|found| Error::malformed(path, Position::Byte(0), found, "x, y and z"))?;
    contents.left_out = header.left_out;
    if has_waves(header.format) {
        contents.left_out.push("waveform packets".into());
    }
    contents.cloud.set_las(header.metadata);
    Ok(contents)
}

fn coordinates(records: &[u8], header: &Header) -> Vec<ScalarProperty> {
    let mut columns = Vec::new();
    for (axis, name) in ["x", "y", "z"].into_iter().enumerate() {
        let field = Field { name: name.into(), number: Number::Scalar(ScalarType::I32), offset: 4 * axis };
        let mut stored = read_records(records, header.size, &[field], false);
        let (scale, offset) = (header.scale[axis], header.offset[axis]);
        for column in &mut stored {
            column.scalar_type = ScalarType::F64;
            column.values.iter_mut().for_each(|v| *v = coordinate(*v, scale, offset));
        }
        columns.extend(stored);
    }
    columns
}

/// `steps · scale + offset`; for a scale such as 0.01 the double next to the decimal, which the sum may miss.
pub(super) fn coordinate(steps: f64, scale: f64, offset: f64) -> f64 {
    let per_unit = (1.0 / scale).round();
    let shift = (offset * per_unit).round();
    let decimal = per_unit >= 1.0 && 1.0 / per_unit == scale && shift / per_unit == offset;
    if decimal && shift.abs() < 4e15 { (steps + shift) / per_unit } else { steps * scale + offset }
}

fn bit_fields(records: &[u8], size: usize, format: usize) -> Vec<ScalarProperty> {
    let column = |&(name, byte, first, count): &(&str, usize, u32, u32)| ScalarProperty {
        name: name.to_owned(),
        scalar_type: ScalarType::U8,
        values: records
            .chunks_exact(size)
            .map(|r| f64::from(r[byte] >> first & ((1 << count) - 1)))
            .collect(),
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
