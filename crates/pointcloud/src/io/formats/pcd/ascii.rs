//! The lines of an ascii PCD file.

use std::ops::Range;
use std::path::Path;

use super::super::binary::Field;
use super::header::{Header, Layout, fields_of, is_packed};
use crate::error::{Error, Malformed, Position, Result};
use crate::io::facts::LARGEST_WHOLE;
use crate::io::lines::{Lines, quote};
use crate::io::number::Number;
use crate::io::raw::Raw;
use crate::scalar::parse_float;

/// The points `rows`, one in a line, and whether a colour was NaN, which is black here.
pub(super) fn read_ascii(
    path: &Path,
    lines: &mut Lines<'_>,
    header: &Header,
    rows: Range<usize>,
) -> Result<(Vec<Raw>, bool)> {
    let (layouts, points) = (&header.layouts, header.points);
    let fields: Vec<(Option<Field>, &Layout)> = layouts
        .iter()
        .flat_map(|layout| {
            let named = fields_of(layout, 0).into_iter().map(Some);
            let padding = if layout.name == "_" { layout.count } else { 0 };
            named.chain((0..padding).map(|_| None)).map(move |field| (field, layout)).collect::<Vec<_>>()
        })
        .collect();
    let mut nan_color = false;
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
                    let color = parse_float(token);
                    nan_color |= color.is_some_and(f64::is_nan);
                    color.map(|v| if v.is_nan() { 0.0 } else { f64::from((v as f32).to_bits()) })
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
    Ok((columns.collect(), nan_color))
}
