//! The body: all rows of all elements in file order, for one visitor.

use std::io::ErrorKind;
use std::path::Path;

use ply_rs::parser::Parser;
use ply_rs::ply::PropertyAccess;

use super::header::{Element, Header, PlyFormat, PropertyKind};
use super::row::Row;
use crate::error::{Error, Malformed, Position, Result};
use crate::io::lines::{Lines, quote};

/// The position of a row, for errors about its values.
#[derive(Clone, Copy)]
pub(crate) struct RowAt<'a> {
    path: &'a Path,
    element: &'a Element,
    position: Position,
    /// Row inside the element, from 0.
    pub(crate) row: usize,
}

impl RowAt<'_> {
    pub(crate) fn refuse(&self, found: impl Into<Box<str>>, expected: impl Into<Box<str>>) -> Error {
        let Element { name, count, .. } = self.element;
        let part = format!("element '{name}' row {} of {count}", self.row);
        Malformed::new(self.path, found, expected).at(self.position).part(part).into()
    }

    fn truncated(&self) -> Error {
        let rows = format!("rows of element '{}'", self.element.name);
        Error::truncated(self.path, self.position, &rows, self.row, self.element.count)
    }
}

/// Calls `records(element index, bytes)` for elements of a binary file whose rows have one size, and
/// `visit(element index, position, row)` for every row of the others and of those for which `records` returns false.
///
/// An element that cannot fit in what is left of the file is refused before its first row, so a
/// header that declares billions of rows costs neither time nor memory. What is returned is what
/// comes after the last row.
pub(crate) fn read_rows<'a>(
    path: &Path,
    bytes: &'a [u8],
    header: &Header,
    mut records: impl FnMut(usize, &[u8]) -> bool,
    mut visit: impl FnMut(usize, RowAt<'_>, &Row) -> Result<()>,
) -> Result<Lines<'a>> {
    let mut cursor = Lines::new(bytes, header.body, header.body_line);
    for (index, element) in header.elements.iter().enumerate() {
        if element.properties.is_empty() {
            continue;
        }
        check_room(path, bytes, header.format, element, &cursor)?;
        if header.format != PlyFormat::Ascii
            && let Some(length) = element.fixed_size().map(|size| size * element.count)
            && let Some(rows) = bytes.get(cursor.offset..cursor.offset + length)
            && records(index, rows)
        {
            cursor.offset += length;
            continue;
        }
        for row in 0..element.count {
            let (position, values) = match header.format {
                PlyFormat::Ascii => ascii_row(path, element, row, &mut cursor)?,
                _ => binary_row(path, bytes, header.format, element, row, &mut cursor.offset)?,
            };
            visit(index, RowAt { path, element, position, row }, &values)?;
        }
    }
    Ok(cursor)
}

fn check_room(
    path: &Path,
    bytes: &[u8],
    format: PlyFormat,
    element: &Element,
    cursor: &Lines<'_>,
) -> Result<()> {
    let left = bytes.len().saturating_sub(cursor.offset);
    // The last line of an ascii file may lack its end.
    let room = if format == PlyFormat::Ascii { left + 1 } else { left };
    let smallest = element.smallest_row(format);
    if element.count <= room / smallest {
        return Ok(());
    }
    let has_list = element.properties.iter().any(|p| matches!(p.kind, PropertyKind::List { .. }));
    let (row, position) = match format {
        PlyFormat::Ascii => {
            let mut rest = cursor.clone();
            (std::iter::from_fn(|| rest.next_row()).count(), Position::Line(rest.line))
        }
        // Every row takes at least one byte, so the row reader soon finds where the file ends.
        _ if has_list => return Ok(()),
        _ => (left / smallest, Position::Byte(bytes.len())),
    };
    // A text file may also have its rows but lack values; then a row says so.
    if row >= element.count {
        return Ok(());
    }
    Err(RowAt { path, element, position, row }.truncated())
}

fn binary_row(
    path: &Path,
    bytes: &[u8],
    format: PlyFormat,
    element: &Element,
    row: usize,
    offset: &mut usize,
) -> Result<(Position, Row)> {
    let position = Position::Byte(*offset);
    let mut rest = &bytes[(*offset).min(bytes.len())..];
    let before = rest.len();
    let parser = Parser::<Row>::new();
    let read = match format {
        PlyFormat::BinaryBigEndian => parser.read_big_endian_element(&mut rest, &element.definition),
        _ => parser.read_little_endian_element(&mut rest, &element.definition),
    };
    *offset += before - rest.len();
    match read {
        Ok(values) => Ok((position, values)),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
            Err(RowAt { path, element, position: Position::Byte(bytes.len()), row }.truncated())
        }
        Err(error) => {
            let at = RowAt { path, element, position, row };
            Err(at.refuse(error.to_string(), "values of the declared types"))
        }
    }
}

pub(super) fn ascii_row(
    path: &Path,
    element: &Element,
    row: usize,
    lines: &mut Lines<'_>,
) -> Result<(Position, Row)> {
    let Some((line, text)) = lines.next_row() else {
        return Err(RowAt { path, element, position: Position::Line(lines.line), row }.truncated());
    };
    let at = RowAt { path, element, position: Position::Line(line), row };
    let Ok(text) = std::str::from_utf8(text) else {
        return Err(at.refuse(format!("stray bytes {}", quote(text)), "numbers"));
    };
    let mut tokens = text.split_ascii_whitespace();
    let mut values = Row::new();
    let mut read = 0_usize;
    for property in &element.properties {
        let mut next = |scalar: crate::scalar::ScalarType| {
            let Some(token) = tokens.next() else {
                let expected = format!("a value for property '{}' ({property})", property.name);
                return Err(at.refuse(format!("{read} values"), expected));
            };
            read += 1;
            scalar.parse(token).ok_or_else(|| {
                at.refuse(quote(token.as_bytes()), format!("{scalar} for property '{}'", property.name))
            })
        };
        match property.kind {
            PropertyKind::Scalar(scalar) => values.push_scalar(next(scalar)?),
            PropertyKind::List { count, item } => {
                let length = next(count)?;
                if length < 0.0 {
                    return Err(at.refuse(format!("list length {length}"), "a length of 0 or more"));
                }
                let mut list = Vec::new();
                for _ in 0..length as u64 {
                    list.push(next(item)?);
                }
                values.push_list(list);
            }
        }
    }
    let surplus = tokens.count();
    if surplus > 0 {
        return Err(at.refuse(format!("{} values", read + surplus), format!("{read}")));
    }
    Ok((at.position, values))
}
