//! PCD, the format of the Point Cloud Library.
//!
//! Written here rather than with `pcd-rs`, which allocates what a header claims before it looks at
//! the file, and whose errors carry no place.

use std::path::Path;

use super::binary::{Field, Number, put, read_records};
use crate::cloud::{PointCloud, ScalarProperty};
use crate::error::{Error, Malformed, Position, Result};
use crate::io::columns::{cloud_of_table, distinct_columns_of};
use crate::io::contents::{Contents, Source};
use crate::io::format::Format;
use crate::io::lines::{Lines, quote};
use crate::io::replace::replace_file;
use crate::io::summary::inspect_contents;
use crate::scalar::ScalarType;

/// A byte of LZF output takes at least this share of a byte of input: 3 bytes make at most 264.
const LZF_RATIO: usize = 88;

#[derive(Debug, Default)]
struct Header {
    fields: Vec<String>,
    sizes: Vec<usize>,
    kinds: Vec<String>,
    counts: Vec<usize>,
    grid: Option<usize>,
    points: Option<usize>,
}

/// One field of the header: its numbers lie one after the other.
struct Layout {
    name: String,
    number: Number,
    count: usize,
    offset: usize,
}

pub(super) const FORMAT: Format = Format {
    name: "pcd",
    extensions: &["pcd"],
    sniff: |head| head.bytes.trim_ascii_start().starts_with(b"# .PCD") || head.begins_with_word(b"VERSION"),
    plausible: None,
    read,
    inspect: |source| inspect_contents(source, &FORMAT, false),
    write: Some(write_pcd),
};

/// Reads a PCD file, ascii, `binary` or `binary_compressed`.
///
/// `rgb` and `rgba` become colours, fields of several numbers become `name_0` and so on, padding
/// (`_`) is left out. The viewpoint is not applied.
fn read(source: &Source<'_>) -> Result<Contents> {
    let Source { path, bytes, .. } = *source;
    let refuse =
        |position: Position, found: String, expected: &str| Error::malformed(path, position, found, expected);
    let mut lines = Lines::new(bytes, 0, 1);
    let mut header = Header::default();
    let (data_line, encoding) = loop {
        let Some((line, text)) = lines.next_line(false) else {
            return Err(refuse(Position::Line(lines.line), "the end of the file".into(), "'DATA'"));
        };
        let at = Position::Line(line);
        let text = String::from_utf8_lossy(text);
        let mut words = text.split_ascii_whitespace();
        let Some(key) = words.next() else { continue };
        let words: Vec<&str> = words.collect();
        let numbers = || -> Result<Vec<usize>> {
            let parse = |word: &&str| {
                word.parse()
                    .map_err(|_| refuse(at, quote(word.as_bytes()), &format!("a whole number for {key}")))
            };
            words.iter().map(parse).collect()
        };
        match key {
            "FIELDS" | "COLUMNS" => header.fields = words.iter().map(|&word| word.to_owned()).collect(),
            "TYPE" => header.kinds = words.iter().map(|&word| word.to_owned()).collect(),
            "SIZE" => header.sizes = numbers()?,
            "COUNT" => header.counts = numbers()?,
            "WIDTH" | "HEIGHT" => {
                let factor = numbers()?.first().copied().unwrap_or(0);
                header.grid = Some(header.grid.unwrap_or(1).saturating_mul(factor));
            }
            "POINTS" => header.points = numbers()?.first().copied(),
            "DATA" => break (line, words.first().map(|&word| word.to_owned()).unwrap_or_default()),
            "VERSION" | "VIEWPOINT" => {}
            _ if key.starts_with('#') => {}
            _ => {
                let expected = "VERSION, FIELDS, SIZE, TYPE, COUNT, WIDTH, HEIGHT, VIEWPOINT, POINTS or DATA";
                return Err(refuse(at, quote(key.as_bytes()), expected));
            }
        }
    };
    let at = Position::Line(data_line);
    let points = header.points.or(header.grid);
    let points = points.ok_or_else(|| refuse(at, "no POINTS".into(), "POINTS, or WIDTH and HEIGHT"))?;
    let layouts = layouts(&header).map_err(|found| {
        refuse(at, found, "FIELDS with as many SIZE (1, 2, 4, 8), TYPE (I, U, F) and COUNT")
    })?;
    let size = layouts.last().map_or(0, |last| last.offset + last.number.size() * last.count);
    let body = &bytes[lines.offset.min(bytes.len())..];
    let truncated = |position, row| Error::truncated(path, position, "points", row, points);
    let too_large = || refuse(at, format!("{points} points of {size} bytes"), "a size that fits the file");

    let columns = match encoding.as_str() {
        "ascii" => read_ascii(path, &mut lines, &layouts, points)?,
        "binary" => {
            let wanted = points.checked_mul(size).ok_or_else(too_large)?;
            let Some(records) = body.get(..wanted) else {
                return Err(truncated(Position::Byte(bytes.len()), body.len() / size.max(1)));
            };
            let fields = |layout: &Layout| fields_of(layout, layout.offset);
            read_records(records, size, &layouts.iter().flat_map(fields).collect::<Vec<_>>(), false)
        }
        "binary_compressed" => {
            let wanted = points.checked_mul(size).ok_or_else(too_large)?;
            let start = lines.offset;
            let word = |at: usize| {
                let raw = body.get(at..at + 4).ok_or_else(|| truncated(Position::Byte(bytes.len()), 0))?;
                Ok::<_, Error>(Number::Scalar(ScalarType::U32).read(raw, false) as usize)
            };
            let (compressed, uncompressed) = (word(0)?, word(4)?);
            if uncompressed != wanted {
                let found = format!("{uncompressed} bytes uncompressed");
                return Err(refuse(
                    Position::Byte(start + 4),
                    found,
                    &format!("{wanted}, all {points} points"),
                ));
            }
            let Some(input) = body.get(8..8 + compressed) else {
                return Err(truncated(Position::Byte(bytes.len()), 0));
            };
            if wanted / LZF_RATIO > input.len() {
                let found = format!("{compressed} bytes compressed");
                return Err(refuse(Position::Byte(start), found, &format!("enough for {wanted} bytes")));
            }
            let output = decompress_lzf(input, wanted).map_err(|byte| {
                refuse(Position::Byte(start + 8 + byte), "data that is not LZF".into(), "compressed points")
            })?;
            // Each field stands for all points before the next one.
            let mut columns = Vec::new();
            for layout in &layouts {
                let width = layout.number.size() * layout.count;
                let part = &output[layout.offset * points..(layout.offset + width) * points];
                columns.extend(read_records(part, width, &fields_of(layout, 0), false));
            }
            columns
        }
        other => {
            let expected = "'ascii', 'binary' or 'binary_compressed'";
            return Err(refuse(at, quote(other.as_bytes()), expected));
        }
    };
    let cloud =
        cloud_of_table(unpack_colors(columns)).map_err(|found| refuse(at, found, "columns x, y and z"))?;
    Ok(cloud.into())
}

fn layouts(header: &Header) -> std::result::Result<Vec<Layout>, String> {
    let n = header.fields.len();
    let counts = if header.counts.is_empty() { vec![1; n] } else { header.counts.clone() };
    let lengths = [n, header.sizes.len(), header.kinds.len(), counts.len()];
    if n == 0 || lengths != [n; 4] {
        return Err(format!("{n} fields, {} sizes, {} types, {} counts", lengths[1], lengths[2], lengths[3]));
    }
    let mut offset = 0_usize;
    let mut layouts = Vec::new();
    for (((name, &size), kind), &count) in
        header.fields.iter().zip(&header.sizes).zip(&header.kinds).zip(&counts)
    {
        // Packed colours are bits, whatever type they are said to have.
        let number = match (kind.as_str(), size) {
            ("F" | "U" | "I", 4) if is_packed(name) && count == 1 => Number::Scalar(ScalarType::U32),
            ("I", 1) => Number::Scalar(ScalarType::I8),
            ("I", 2) => Number::Scalar(ScalarType::I16),
            ("I", 4) => Number::Scalar(ScalarType::I32),
            ("I", 8) => Number::I64,
            ("U", 1) => Number::Scalar(ScalarType::U8),
            ("U", 2) => Number::Scalar(ScalarType::U16),
            ("U", 4) => Number::Scalar(ScalarType::U32),
            ("U", 8) => Number::U64,
            ("F", 4) => Number::Scalar(ScalarType::F32),
            ("F", 8) => Number::Scalar(ScalarType::F64),
            _ => return Err(format!("field '{name}' of type {kind}{size}")),
        };
        if count > 1024 {
            return Err(format!("field '{name}' of {count} numbers"));
        }
        layouts.push(Layout { name: name.clone(), number, count, offset });
        offset += number.size() * count;
    }
    Ok(layouts)
}

fn is_packed(name: &str) -> bool {
    matches!(name, "rgb" | "rgba")
}

/// The numbers of a field that starts at `offset`, none for padding.
fn fields_of(layout: &Layout, offset: usize) -> Vec<Field> {
    let count = if layout.name == "_" { 0 } else { layout.count };
    let field = |i: usize| Field {
        name: if count == 1 { layout.name.clone() } else { format!("{}_{i}", layout.name) },
        number: layout.number,
        offset: offset + i * layout.number.size(),
    };
    (0..count).map(field).collect()
}

fn read_ascii(
    path: &Path,
    lines: &mut Lines<'_>,
    layouts: &[Layout],
    points: usize,
) -> Result<Vec<ScalarProperty>> {
    let fields: Vec<(Option<Field>, Number)> = layouts
        .iter()
        .flat_map(|layout| {
            let named = fields_of(layout, 0).into_iter().map(Some);
            let padding = if layout.name == "_" { layout.count } else { 0 };
            named.chain((0..padding).map(|_| None)).map(|field| (field, layout.number)).collect::<Vec<_>>()
        })
        .collect();
    let mut values: Vec<Vec<f64>> = vec![Vec::new(); fields.len()];
    for row in 0..points {
        let Some((line, text)) = lines.next_row() else {
            return Err(Error::truncated(path, Position::Line(lines.line), "points", row, points));
        };
        let text = String::from_utf8_lossy(text);
        let mut tokens = text.split_ascii_whitespace();
        for ((field, number), column) in fields.iter().zip(&mut values) {
            let refuse = |found: String| {
                let name = field.as_ref().map_or("_", |field| &field.name);
                let malformed = Malformed::new(path, found, format!("a number for '{name}'"));
                Error::from(malformed.at(Position::Line(line)).part(format!("point {row} of {points}")))
            };
            let token = tokens.next().ok_or_else(|| refuse("the end of the line".into()))?;
            let packed = field.as_ref().is_some_and(|field| is_packed(&field.name));
            let value = match number {
                // A float with the bits of the colour, or the colour as a whole number.
                _ if packed => token
                    .parse::<u32>()
                    .ok()
                    .or_else(|| token.parse::<f32>().ok().map(f32::to_bits))
                    .map(f64::from),
                Number::Scalar(scalar) => scalar.parse(token),
                Number::F16 | Number::I64 | Number::U64 => token.parse().ok(),
            };
            column.push(value.ok_or_else(|| refuse(quote(token.as_bytes())))?);
        }
        if tokens.next().is_some() {
            let found = format!("more than {} values", fields.len());
            return Err(Error::malformed(path, Position::Line(line), found, fields.len().to_string()));
        }
    }
    let columns = fields.into_iter().zip(values);
    Ok(columns.filter_map(|((field, number), values)| Some(number.column(field?.name, values))).collect())
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

/// Expands LZF (Lehmann's liblzf) to exactly `length` bytes; else the byte of `input` that is wrong.
fn decompress_lzf(input: &[u8], length: usize) -> std::result::Result<Vec<u8>, usize> {
    let mut output = Vec::with_capacity(length);
    let mut at = 0;
    while at < input.len() {
        let start = at;
        let control = usize::from(input[at]);
        at += 1;
        if control < 32 {
            output.extend(input.get(at..=at + control).ok_or(start)?);
            at += control + 1;
        } else {
            let mut run = control >> 5;
            if run == 7 {
                run += usize::from(*input.get(at).ok_or(start)?);
                at += 1;
            }
            let low = usize::from(*input.get(at).ok_or(start)?);
            at += 1;
            let from = output.len().checked_sub(((control & 31) << 8 | low) + 1).ok_or(start)?;
            // The copy may overlap what it writes.
            for i in from..from + run + 2 {
                output.push(output[i]);
            }
        }
        if output.len() > length {
            return Err(start);
        }
    }
    if output.len() == length { Ok(output) } else { Err(input.len()) }
}

/// Writes all columns of `cloud` as a PCD file of encoding `binary`.
///
/// Normals are `normal_x normal_y normal_z` and colours a packed `rgb`, as the Point Cloud Library
/// has them; everything else is as in [`write`](crate::io::write). Where the origin is not zero the
/// coordinates are of 8 bytes, which Open3D 0.20 reads as 0: move such a cloud to zero first for it.
///
/// # Errors
/// As [`write`](crate::io::write).
fn write_pcd(path: &Path, cloud: &PointCloud) -> Result<()> {
    let columns = distinct_columns_of(cloud)?;
    let mut lines = ["FIELDS", "SIZE", "TYPE", "COUNT"].map(str::to_owned);
    let packs = cloud.colors().is_some();
    for column in &columns {
        let (name, kind, size) = match column.name {
            "red" if packs => ("rgb", 'F', 4),
            "green" | "blue" if packs => continue,
            name => {
                let name = match name {
                    "nx" if cloud.normals().is_some() => "normal_x",
                    "ny" if cloud.normals().is_some() => "normal_y",
                    "nz" if cloud.normals().is_some() => "normal_z",
                    name => name,
                };
                let kind = match column.scalar_type {
                    ScalarType::F32 | ScalarType::F64 => 'F',
                    ScalarType::I8 | ScalarType::I16 | ScalarType::I32 => 'I',
                    ScalarType::U8 | ScalarType::U16 | ScalarType::U32 => 'U',
                };
                (name, kind, column.scalar_type.size())
            }
        };
        for (line, word) in lines.iter_mut().zip([name.to_owned(), size.to_string(), kind.into(), "1".into()])
        {
            line.push(' ');
            line.push_str(&word);
        }
    }
    replace_file(path, |out| {
        let n = cloud.len();
        writeln!(out, "# .PCD v0.7 - Point Cloud Data file format\nVERSION 0.7\n{}", lines.join("\n"))?;
        writeln!(out, "WIDTH {n}\nHEIGHT 1\nVIEWPOINT 0 0 0 1 0 0 0\nPOINTS {n}\nDATA binary")?;
        let mut record = Vec::new();
        for i in 0..n {
            record.clear();
            for column in &columns {
                match (column.name, cloud.colors()) {
                    ("red", Some(colors)) => {
                        let [r, g, b] = colors[i];
                        record.extend([b, g, r, 0]);
                    }
                    ("green" | "blue", Some(_)) => {}
                    _ => put(&mut record, column.scalar_type, (column.value)(i)),
                }
            }
            out.write_all(&record)?;
        }
        Ok(())
    })
}
