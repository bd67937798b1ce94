//! LAS point clouds and their compressed form LAZ.
//!
//! The `laz` crate decompresses; records are taken apart here. The `las` crate would read the chunk
//! table unchecked, whose length field alone can ask for 64 GB, and turns every point into a struct
//! before columns could be made of it.

use std::io::Cursor;
use std::path::Path;

use super::super::binary::{Field, Number, read_records};
use crate::error::{Error, Position, Result};
use crate::io::columns::cloud_of_table;
use crate::io::contents::{Contents, Source};
use crate::scalar::{ScalarProperty, ScalarType};

pub(super) const MAGIC: &[u8] = b"LASF";

/// Bytes of a point of each format, without extra bytes.
pub(super) const SIZES: [usize; 11] = [20, 28, 26, 34, 57, 63, 30, 36, 38, 59, 67];

/// Files claim no more points than so many times their own bytes hold; real LAZ reaches about 20.
const LARGEST_RATIO: usize = 1000;

/// Points that are decompressed at once.
const BLOCK: usize = 4096;

/// Reads points with what is known of them.
///
/// `classification` becomes the labels, colours of 16 bits become their upper 8, everything else
/// becomes properties: `intensity`, `return_number`, `number_of_returns`, `gps_time` and so on, and
/// the extra bytes that the file describes. What is 0 for all points is left out, since LAS cannot
/// say otherwise that it was not recorded.
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
    let mut columns: Vec<ScalarProperty> = Vec::new();
    for (axis, name) in ["x", "y", "z"].into_iter().enumerate() {
        let field = Field { name: name.into(), number: Number::Scalar(ScalarType::I32), offset: 4 * axis };
        let mut stored = read_records(records, size, &[field], false);
        for column in &mut stored {
            column.scalar_type = ScalarType::F64;
            column.values.iter_mut().for_each(|v| *v = *v * header.scale[axis] + header.offset[axis]);
        }
        columns.extend(stored);
    }
    let mut further = read_records(records, size, &fields(header.format), false);
    further.extend(bit_fields(records, size, header.format));
    further.retain(|column| column.values.iter().any(|&v| v != 0.0));
    to_bytes(&mut further);
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
    cloud_of_table(columns).map_err(|found| Error::malformed(path, Position::Byte(0), found, "x, y and z"))
}

/// Colours are 16 bits wide, but some programs write 0 to 255.
fn to_bytes(columns: &mut Vec<ScalarProperty>) {
    let is_color = |column: &ScalarProperty| matches!(column.name.as_str(), "red" | "green" | "blue");
    let Some(n) = columns.iter().find(|column| is_color(column)).map(|column| column.values.len()) else {
        return;
    };
    let wide = columns.iter().filter(|c| is_color(c)).any(|c| c.values.iter().any(|&v| v > 255.0));
    for name in ["red", "green", "blue"] {
        if !columns.iter().any(|column| column.name == name) {
            let values = vec![0.0; n];
            columns.push(ScalarProperty { name: name.into(), scalar_type: ScalarType::U8, values });
        }
    }
    for column in columns.iter_mut().filter(|column| is_color(column)) {
        column.scalar_type = ScalarType::U8;
        if wide {
            column.values.iter_mut().for_each(|v| *v = (*v / 256.0).floor());
        }
    }
}

/// Whole-byte fields of a point format.
pub(super) fn fields(format: usize) -> Vec<Field> {
    use ScalarType::{F64, I8, I16, U8, U16};
    let field =
        |name: &str, scalar, offset| Field { name: name.into(), number: Number::Scalar(scalar), offset };
    let mut fields = vec![field("intensity", U16, 12)];
    if format >= 6 {
        fields.push(field("classification", U8, 16));
        fields.push(field("user_data", U8, 17));
        fields.push(field("scan_angle", I16, 18));
        fields.push(field("point_source_id", U16, 20));
        fields.push(field("gps_time", F64, 22));
    } else {
        fields.push(field("scan_angle_rank", I8, 16));
        fields.push(field("user_data", U8, 17));
        fields.push(field("point_source_id", U16, 18));
        if matches!(format, 1 | 3 | 4 | 5) {
            fields.push(field("gps_time", F64, 20));
        }
    }
    let color = match format {
        2 => Some(20),
        3 | 5 => Some(28),
        7 | 8 | 10 => Some(30),
        _ => None,
    };
    for (channel, name) in ["red", "green", "blue"].into_iter().enumerate() {
        fields.extend(color.map(|start| field(name, U16, start + 2 * channel)));
    }
    if matches!(format, 8 | 10) {
        fields.push(field("nir", U16, 36));
    }
    fields
}

/// Names, byte, first bit and number of bits of what shares a byte.
pub(super) fn bits(format: usize) -> &'static [(&'static str, usize, u32, u32)] {
    if format >= 6 {
        &[
            ("return_number", 14, 0, 4),
            ("number_of_returns", 14, 4, 4),
            ("classification_flags", 15, 0, 4),
            ("scanner_channel", 15, 4, 2),
            ("scan_direction_flag", 15, 6, 1),
            ("edge_of_flight_line", 15, 7, 1),
        ]
    } else {
        &[
            ("return_number", 14, 0, 3),
            ("number_of_returns", 14, 3, 3),
            ("scan_direction_flag", 14, 6, 1),
            ("edge_of_flight_line", 14, 7, 1),
            ("classification", 15, 0, 5),
            ("classification_flags", 15, 5, 3),
        ]
    }
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

#[derive(Debug)]
struct Extra {
    field: Field,
    transform: Option<(f64, f64)>,
}

#[derive(Debug)]
struct Header {
    format: usize,
    compressed: bool,
    size: usize,
    points: usize,
    data: usize,
    scale: [f64; 3],
    offset: [f64; 3],
    extra: Vec<Extra>,
    laz: Vec<u8>,
}

impl Header {
    fn parse(path: &Path, bytes: &[u8]) -> Result<Self> {
        let refuse = |at: usize, found: String, expected: &str| {
            Error::malformed(path, Position::Byte(at), found, expected)
        };
        if bytes.len() < 227 || !bytes.starts_with(MAGIC) {
            return Err(refuse(
                0,
                format!("{} bytes", bytes.len()),
                "'LASF' and a header of 227 bytes or more",
            ));
        }
        let number =
            |at: usize, scalar| Number::Scalar(scalar).read(bytes.get(at..).unwrap_or_default(), false);
        let whole = |at: usize, scalar| number(at, scalar) as usize;
        let (u8_, u16_, u32_) = (ScalarType::U8, ScalarType::U16, ScalarType::U32);
        let minor = whole(25, u8_);
        let start = whole(94, u16_);
        let (stored, size) = (whole(104, u8_), whole(105, u16_));
        let (format, compressed) = (stored & 0x3f, stored & 0xc0 != 0);
        let Some(&smallest) = SIZES.get(format) else {
            return Err(refuse(104, format!("point format {format}"), "0 to 10"));
        };
        if size < smallest {
            return Err(refuse(105, format!("points of {size} bytes"), &format!("{smallest} or more")));
        }
        let mut points = whole(107, u32_);
        if minor >= 4 && start >= 375 {
            let wide = Number::U64.read(bytes.get(247..).unwrap_or_default(), false);
            points = if wide > 0.0 { wide as usize } else { points };
        }
        let axes = |at: usize| [0, 8, 16].map(|step| number(at + step, ScalarType::F64));
        let (scale, offset) = (axes(131), axes(155));
        if !scale.iter().chain(&offset).all(|v| v.is_finite()) {
            return Err(refuse(131, format!("scale {scale:?}, offset {offset:?}"), "finite numbers"));
        }
        let data = whole(96, u32_);
        if start < 227 || data < start || data > bytes.len() {
            let found = format!("a header of {start} bytes, points from byte {data}");
            return Err(refuse(94, found, &format!("227 or more, and at most {}", bytes.len())));
        }
        let (mut extra, mut laz) = (Vec::new(), Vec::new());
        let mut at = start;
        for _ in 0..whole(100, u32_) {
            let length = whole(at + 20, u16_);
            let Some(record) = bytes.get(at + 54..at + 54 + length) else {
                return Err(refuse(
                    at,
                    format!("a record of {length} bytes"),
                    "one that ends inside the file",
                ));
            };
            let user = bytes[at + 2..at + 18].split(|&b| b == 0).next().unwrap_or_default();
            match (user, whole(at + 18, u16_)) {
                (b"LASF_Spec", 4) => extra = extra_fields(record, smallest, size),
                (b"laszip encoded", 22204) => laz = record.to_vec(),
                _ => {}
            }
            at += 54 + length;
        }
        Ok(Self { format, compressed, size, points, data, scale, offset, extra, laz })
    }

    fn truncated(&self, path: &Path, position: Position, row: usize) -> Error {
        Error::truncated(path, position, "points", row, self.points)
    }
}

/// What the extra bytes of a point are; those of unknown type are passed over.
fn extra_fields(record: &[u8], start: usize, size: usize) -> Vec<Extra> {
    let mut offset = start;
    let mut extra = Vec::new();
    for entry in record.chunks_exact(192) {
        let (kind, options) = (entry[2], entry[3]);
        let number = match kind {
            1..=6 => Number::Scalar(EXTRA_TYPES[usize::from(kind) - 1]),
            7 => Number::U64,
            8 => Number::I64,
            9 => Number::Scalar(ScalarType::F32),
            10 => Number::Scalar(ScalarType::F64),
            // Undocumented bytes, their number in the options; the types of 2 and 3 parts are withdrawn.
            0 => {
                offset += usize::from(options);
                continue;
            }
            _ => break,
        };
        if offset + number.size() > size {
            break;
        }
        let name = entry[4..36].split(|&b| b == 0).next().unwrap_or_default();
        let field = Field { name: String::from_utf8_lossy(name).into_owned(), number, offset };
        let double = |at: usize| Number::Scalar(ScalarType::F64).read(&entry[at..], false);
        let scale = if options & 8 != 0 { double(112) } else { 1.0 };
        let shift = if options & 16 != 0 { double(136) } else { 0.0 };
        extra.push(Extra { field, transform: (options & 24 != 0).then_some((scale, shift)) });
        offset += number.size();
    }
    extra
}

/// Types 1 to 6 of extra bytes.
pub(super) const EXTRA_TYPES: [ScalarType; 6] =
    [ScalarType::U8, ScalarType::I8, ScalarType::U16, ScalarType::I16, ScalarType::U32, ScalarType::I32];

/// All records of a LAZ file.
fn decompress(path: &Path, bytes: &[u8], header: &Header) -> Result<Vec<u8>> {
    let refuse = |at: usize, found: String, expected: &str| {
        Error::malformed(path, Position::Byte(at), found, expected)
    };
    if header.points == 0 {
        return Ok(Vec::new());
    }
    let vlr = laz::LazVlr::from_buffer(&header.laz)
        .map_err(|error| refuse(header.data, format!("compression that is not known ({error})"), "LASzip"))?;
    if vlr.items_size() as usize != header.size {
        let found = format!("compressed items of {} bytes", vlr.items_size());
        return Err(refuse(header.data, found, &format!("{}, the size of a point", header.size)));
    }
    let limit = bytes.len().saturating_mul(LARGEST_RATIO);
    if header.points > limit / header.size {
        let found = format!("{} compressed points", header.points);
        return Err(refuse(107, found, &format!("{} at most in this file", limit / header.size)));
    }
    check_chunks(bytes, header).map_err(|(at, found)| refuse(at, found, "chunks that fit the file"))?;
    let mut source = Cursor::new(bytes);
    source.set_position(header.data as u64);
    // Damaged data drives the decompressor over the ends of its tables, which is a panic there.
    let run = std::panic::AssertUnwindSafe(|| {
        let mut decompressor =
            laz::LasZipDecompressor::new(source, vlr).map_err(|error| (0, error.to_string()))?;
        let mut records = Vec::new();
        let mut left = header.points;
        while left > 0 {
            let count = left.min(BLOCK);
            let from = records.len();
            records.resize(from + count * header.size, 0);
            for point in records[from..].chunks_exact_mut(header.size) {
                decompressor
                    .decompress_one(point)
                    .map_err(|error| (header.points - left, error.to_string()))?;
                left -= 1;
            }
        }
        Ok(records)
    });
    match std::panic::catch_unwind(run) {
        Ok(Ok(records)) => Ok(records),
        Ok(Err((row, _))) => Err(header.truncated(path, Position::Byte(bytes.len()), row)),
        Err(_) => Err(refuse(header.data, "damaged compressed points".into(), "LASzip data")),
    }
}

/// Refuses a chunk table or layers that claim more than the file has.
fn check_chunks(bytes: &[u8], header: &Header) -> std::result::Result<(), (usize, String)> {
    let word =
        |at: usize| Number::Scalar(ScalarType::U32).read(bytes.get(at..).unwrap_or_default(), false) as usize;
    let offset = |at: usize| Number::I64.read(bytes.get(at..).unwrap_or_default(), false);
    let mut table = offset(header.data);
    if table <= header.data as f64 {
        table = offset(bytes.len().saturating_sub(8));
    }
    if table > header.data as f64 && table < bytes.len() as f64 {
        let (at, most) = (table as usize, (bytes.len() - header.data) / header.size + 1);
        let chunks = word(at + 4);
        if chunks > most {
            return Err((at + 4, format!("{chunks} chunks")));
        }
    }
    if header.format < 6 {
        return Ok(());
    }
    // A chunk is its first point, the number of points, the length of every layer, and the layers.
    let extra = header.size - SIZES[header.format];
    let layers = extra + [9, 10, 11, 10, 12][header.format - 6];
    let (mut at, mut points) = (header.data + 8, 0_usize);
    while points < header.points {
        let lengths = at + header.size + 4;
        if lengths + 4 * layers > bytes.len() {
            return Err((at, "the end of the file".into()));
        }
        let count = word(at + header.size);
        let sum: usize = (0..layers).map(|layer| word(lengths + 4 * layer)).sum();
        if count == 0 || sum > bytes.len() - lengths - 4 * layers {
            return Err((lengths, format!("a chunk of {count} points in {sum} bytes")));
        }
        points += count;
        at = lengths + 4 * layers + sum;
    }
    Ok(())
}
