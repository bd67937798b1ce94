//! The points of a PCD file.

use std::path::Path;
use std::sync::Arc;

use super::super::binary::Field;
use super::super::parts::{PartLayout, Parts};
use super::decode::Decoder;
use super::header::{Header, fields_of};
use super::lzf;
use crate::error::{Error, Position, Result};
use crate::io::beyond::{bytes_beyond, rows_beyond};
use crate::io::blocks::{Rest, sort_all};
use crate::io::contents::{Contents, Source};
use crate::io::input::Input;
use crate::io::lines::{Lines, quote};
use crate::io::number::Number;
use crate::io::spool::Unpacked;
use crate::scalar::ScalarType;

const ENCODINGS: &str = "'ascii', 'binary' or 'binary_compressed'";

/// What is left out where there is a viewpoint.
const VIEWPOINT: &str = "the viewpoint, which is not applied";

/// Reads a PCD file, ascii, `binary` or `binary_compressed`.
///
/// `rgb` and `rgba` become colours, the opacity of `rgba` the column `alpha` unless it is 0 or 255 everywhere, fields of several numbers become `name_0` and so on, padding
/// (`_`) is left out. The viewpoint is not applied.
pub(super) fn read(source: &Source<'_>) -> Result<Contents> {
    let Source { path, bytes, .. } = *source;
    let header = Header::parse(path, bytes)?;
    if header.encoding != "ascii" {
        return binary_parts(Input::of_bytes(path, bytes), header)?.read();
    }
    let mut lines = Lines::new(bytes, header.body, header.line + 1);
    let decoder = Decoder::new(path, header, Vec::new());
    let columns = decoder.ascii_columns(&mut lines, 0..decoder.header.points)?;
    let rest = rest_of(&decoder.header, std::iter::from_fn(|| lines.next_row()).count());
    let mut contents = sort_all(path, &decoder, columns)?;
    contents.left_out.extend(rest.left_out.into_iter().chain(decoder.colors_left_out()));
    contents.notes.extend(rest.notes);
    Ok(contents)
}

/// What the file has beside its points, of which one is `surplus` rows.
pub(super) fn rest_of(header: &Header, surplus: usize) -> Rest {
    let viewpoint = header.moved.then(|| VIEWPOINT.to_owned());
    let rows = rows_beyond(surplus, "rows", header.points);
    let grid = header.grid.filter(|[_, height]| *height > 1);
    let grid = grid.map(|[width, height]| format!("the grid of {width} x {height} points"));
    let differs = header.grid.filter(|[width, height]| width.saturating_mul(*height) != header.points);
    let note = differs.map(|[width, height]| {
        format!("the {} points of POINTS are read, WIDTH x HEIGHT is {width} x {height}", header.points)
    });
    let notes = note.into_iter().collect();
    Rest { notes, left_out: viewpoint.into_iter().chain(grid).chain(rows).collect(), ..Rest::default() }
}

/// Bytes of all points.
fn length_of(path: &Path, header: &Header) -> Result<usize> {
    let (points, size) = (header.points, header.size());
    points.checked_mul(size).ok_or_else(|| {
        let found = format!("{points} points of {size} bytes");
        Error::malformed(path, Position::Line(header.line), found, "a size that fits the file")
    })
}

/// The points of a file that is not ascii.
pub(super) fn binary_parts<'a>(input: Input<'a>, header: Header) -> Result<Parts<'a>> {
    match header.encoding.as_str() {
        "binary" => {}
        "binary_compressed" => return compressed_parts(input, header),
        other => {
            let (place, found) = (Position::Line(header.line), quote(other.as_bytes()));
            return Err(Error::malformed(input.path(), place, found, ENCODINGS));
        }
    }
    let (wanted, size, length) = (length_of(input.path(), &header)?, header.size(), input.length());
    let body = input.part(header.body as u64, wanted as u64);
    if body.length() < wanted {
        let complete = body.length() / size.max(1);
        let end = Position::Byte(length);
        return Err(Error::truncated(input.path(), end, "points", complete, header.points));
    }
    let fields: Vec<Field> =
        header.layouts.iter().flat_map(|layout| fields_of(layout, layout.offset)).collect();
    let (points, columns, mut rest) = (header.points, fields.len(), rest_of(&header, 0));
    rest.left_out.extend(bytes_beyond(&input, header.body + wanted, size, "rows", points)?);
    let layouts = vec![PartLayout { size, fields, big: false }];
    let decoder = Arc::new(Decoder::new(input.path(), header, layouts));
    Ok(Parts::new(input.path(), vec![(body, size)], points, columns, decoder).with_rest(rest))
}

/// Two lengths, and LZF data in which all values of a field lie one after the other.
fn compressed_parts<'a>(mut input: Input<'_>, header: Header) -> Result<Parts<'a>> {
    let path = input.path().to_owned();
    let refuse = |at: usize, found: String, expected: &str| {
        Error::malformed(&path, Position::Byte(at), found, expected)
    };
    let (start, points, length) = (header.body, header.points, input.length());
    let truncated = || Error::truncated(&path, Position::Byte(length), "points", 0, points);
    let wanted = length_of(&path, &header)?;
    input.seek(start as u64)?;
    let lengths = input.take(8)?;
    let word = |at: usize| {
        let raw = lengths.get(at..at + 4).ok_or_else(truncated)?;
        Ok::<_, Error>(Number::Scalar(ScalarType::U32).read(raw, false) as usize)
    };
    let (compressed, uncompressed) = (word(0)?, word(4)?);
    if uncompressed != wanted {
        let found = format!("{uncompressed} bytes uncompressed");
        return Err(refuse(start + 4, found, &format!("{wanted}, all {points} points")));
    }
    if compressed > length - start - 8 {
        return Err(truncated());
    }
    if wanted / lzf::RATIO > compressed {
        let found = format!("{compressed} bytes compressed");
        return Err(refuse(start, found, &format!("enough for {wanted} bytes")));
    }
    let mut data = input.part(start as u64 + 8, compressed as u64);
    let mut output = Unpacked::new(&path);
    lzf::decompress(&mut data, wanted as u64, &mut output).map_err(|failure| match failure {
        lzf::Failure::At(byte) => {
            refuse(start + 8 + byte as usize, "data that is not LZF".into(), "compressed points")
        }
        lzf::Failure::Io(source) => Error::io(&path, "read", source),
    })?;
    let output = output.into_input()?;
    let (mut inputs, mut layouts) = (Vec::new(), Vec::new());
    for layout in &header.layouts {
        let size = layout.number.size() * layout.count;
        let fields = fields_of(layout, 0);
        // Padding is in a part of its own.
        if !fields.is_empty() {
            inputs.push((output.part((layout.offset * points) as u64, (size * points) as u64), size));
            layouts.push(PartLayout { size, fields, big: false });
        }
    }
    let columns = layouts.iter().map(|layout| layout.fields.len()).sum();
    let mut rest = rest_of(&header, 0);
    rest.left_out.extend(bytes_beyond(&input, start + 8 + compressed, usize::MAX, "rows", points)?);
    let decoder = Arc::new(Decoder::new(&path, header, layouts));
    Ok(Parts::new(&path, inputs, points, columns, decoder).with_rest(rest))
}
