//! The points of a PCD file.

use std::ops::Range;
use std::path::Path;

use super::super::binary::{Field, read_records};
use super::header::{Header, Layout, fields_of, is_packed};
use super::lzf;
use crate::error::{Error, Malformed, Position, Result};
use crate::io::columns::cloud_of_table;
use crate::io::contents::{Contents, Source};
use crate::io::facts::LARGEST_WHOLE;
use crate::io::lines::{Lines, quote};
use crate::io::number::Number;
use crate::io::raw::Raw;
use crate::scalar::{ScalarProperty, ScalarType, parse_float};

/// What is left out where there is a viewpoint.
pub(super) const VIEWPOINT: &str = "the viewpoint, which is not applied";

/// Reads a PCD file, ascii, `binary` or `binary_compressed`.
///
/// `rgb` and `rgba` become colours, fields of several numbers become `name_0` and so on, padding
/// (`_`) is left out. The viewpoint is not applied.
pub(super) fn read(source: &Source<'_>) -> Result<Contents> {
    let Source { path, bytes, .. } = *source;
    let header = Header::parse(path, bytes)?;
    let at = Position::Line(header.line);
    let columns = match header.encoding.as_str() {
        "ascii" => {
            let mut lines = Lines::new(bytes, header.body, header.line + 1);
            let columns = read_ascii(path, &mut lines, &header, 0..header.points)?;
            columns.into_iter().flat_map(Raw::into_columns).collect()
        }
        "binary" => read_binary(path, bytes, &header)?,
        "binary_compressed" => read_compressed(path, bytes, &header)?,
        other => {
            let expected = "'ascii', 'binary' or 'binary_compressed'";
            return Err(Error::malformed(path, at, quote(other.as_bytes()), expected));
        }
    };
    let mut contents = cloud_of_table(unpack_colors(columns))
        .map_err(|found| Error::malformed(path, at, found, "columns x, y and z"))?;
    if header.moved {
        contents.left_out.push(VIEWPOINT.into());
    }
    Ok(contents)
}

/// Bytes of all points.
fn length_of(path: &Path, header: &Header) -> Result<usize> {
    let (points, size) = (header.points, header.size());
    points.checked_mul(size).ok_or_else(|| {
        let found = format!("{points} points of {size} bytes");
        Error::malformed(path, Position::Line(header.line), found, "a size that fits the file")
    })
}

fn read_binary(path: &Path, bytes: &[u8], header: &Header) -> Result<Vec<ScalarProperty>> {
    let (size, body) = (header.size(), &bytes[header.body..]);
    let Some(records) = body.get(..length_of(path, header)?) else {
        let complete = body.len() / size.max(1);
        return Err(Error::truncated(path, Position::Byte(bytes.len()), "points", complete, header.points));
    };
    let fields = |layout: &Layout| fields_of(layout, layout.offset);
    Ok(read_records(records, size, &header.layouts.iter().flat_map(fields).collect::<Vec<_>>(), false))
}

/// Two lengths, and LZF data in which all values of a field lie one after the other.
fn read_compressed(path: &Path, bytes: &[u8], header: &Header) -> Result<Vec<ScalarProperty>> {
    let refuse = |at: usize, found: String, expected: &str| {
        Error::malformed(path, Position::Byte(at), found, expected)
    };
    let (start, points, body) = (header.body, header.points, &bytes[header.body..]);
    let truncated = || Error::truncated(path, Position::Byte(bytes.len()), "points", 0, points);
    let wanted = length_of(path, header)?;
    let word = |at: usize| {
        let raw = body.get(at..at + 4).ok_or_else(truncated)?;
        Ok::<_, Error>(Number::Scalar(ScalarType::U32).read(raw, false) as usize)
    };
    let (compressed, uncompressed) = (word(0)?, word(4)?);
    if uncompressed != wanted {
        let found = format!("{uncompressed} bytes uncompressed");
        return Err(refuse(start + 4, found, &format!("{wanted}, all {points} points")));
    }
    let input = body.get(8..8 + compressed).ok_or_else(truncated)?;
    if wanted / lzf::RATIO > input.len() {
        let found = format!("{compressed} bytes compressed");
        return Err(refuse(start, found, &format!("enough for {wanted} bytes")));
    }
    let output = lzf::decompress(input, wanted)
        .map_err(|byte| refuse(start + 8 + byte, "data that is not LZF".into(), "compressed points"))?;
    let mut columns = Vec::new();
    for layout in &header.layouts {
        let width = layout.number.size() * layout.count;
        let part = &output[layout.offset * points..(layout.offset + width) * points];
        columns.extend(read_records(part, width, &fields_of(layout, 0), false));
    }
    Ok(columns)
}

/// The points `rows`, one in a line.
pub(super) fn read_ascii(
    path: &Path,
    lines: &mut Lines<'_>,
    header: &Header,
    rows: Range<usize>,
) -> Result<Vec<Raw>> {
    let (layouts, points) = (&header.layouts, header.points);
    let fields: Vec<(Option<Field>, &Layout)> = layouts
        .iter()
        .flat_map(|layout| {
            let named = fields_of(layout, 0).into_iter().map(Some);
            let padding = if layout.name == "_" { layout.count } else { 0 };
            named.chain((0..padding).map(|_| None)).map(move |field| (field, layout)).collect::<Vec<_>>()
        })
        .collect();
    let mut values: Vec<Vec<f64>> = vec![Vec::new(); fields.len()];
    // Integers that `f64` does not hold.
    let mut large: Vec<Vec<(usize, i128)>> = vec![Vec::new(); fields.len()];
    for row in rows {
        let Some((line, text)) = lines.next_row() else {
            return Err(Error::truncated(path, Position::Line(lines.line), "points", row, points));
        };
        let text = String::from_utf8_lossy(text);
        let mut tokens = text.split_ascii_whitespace();
        for (((field, layout), column), large) in fields.iter().zip(&mut values).zip(&mut large) {
            let refuse = |found: String| {
                let name = field.as_ref().map_or("_", |field| &field.name);
                let malformed = Malformed::new(path, found, format!("a number for '{name}'"));
                Error::from(malformed.at(Position::Line(line)).part(format!("point {row} of {points}")))
            };
            let token = tokens.next().ok_or_else(|| refuse("the end of the line".into()))?;
            let packed = field.as_ref().is_some_and(|field| is_packed(&field.name)) && layout.count == 1;
            let value = match layout.number {
                // The colour is the bits of the float, however it is written.
                _ if packed && layout.float_color => {
                    parse_float(token).map(|v| if v.is_nan() { 0.0 } else { f64::from((v as f32).to_bits()) })
                }
                _ if packed => token.parse::<u32>().ok().map(f64::from),
                Number::Scalar(scalar) => scalar.parse(token),
                Number::F16 => parse_float(token),
                Number::I64 | Number::U64 => {
                    let whole = token.parse::<i128>().ok();
                    let whole =
                        whole.or_else(|| parse_float(token).filter(|v| v.fract() == 0.0).map(|v| v as i128));
                    let beyond = whole.filter(|v| v.unsigned_abs() > u128::from(LARGEST_WHOLE));
                    large.extend(beyond.map(|whole| (column.len(), whole)));
                    whole.map(|v| v as f64)
                }
            };
            column.push(value.ok_or_else(|| refuse(quote(token.as_bytes())))?);
        }
        if tokens.next().is_some() {
            let found = format!("more than {} values", fields.len());
            return Err(Error::malformed(path, Position::Line(line), found, fields.len().to_string()));
        }
    }
    let columns = fields.into_iter().zip(values).zip(large);
    let columns = columns.filter_map(|(((field, layout), values), large)| {
        Some(Raw { large, ..Raw::numbers(field?.name, layout.number, values) })
    });
    Ok(columns.collect())
}

/// Replaces packed colours by three columns.
fn unpack_colors(columns: Vec<ScalarProperty>) -> Vec<ScalarProperty> {
    let mut unpacked = Vec::new();
    for column in columns {
        if !is_packed(&column.name) || column.scalar_type != ScalarType::U32 {
            unpacked.push(column);
            continue;
        }
        for (name, shift) in [("red", 16), ("green", 8), ("blue", 0)] {
            let values = column.values.iter().map(|&v| f64::from(v as u32 >> shift & 255)).collect();
            unpacked.push(ScalarProperty { name: name.into(), scalar_type: ScalarType::U8, values });
        }
    }
    unpacked
}
