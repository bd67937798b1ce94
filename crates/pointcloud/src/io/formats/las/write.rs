//! Clouds into LAS and LAZ files.

use std::io::{self, Seek};
use std::path::Path;

use super::super::binary::{Number, put};
use super::read::{EXTRA_TYPES, MAGIC, SIZES, bits, fields};
use crate::cloud::PointCloud;
use crate::error::{Error, Result};
use crate::io::columns::{Column, distinct_columns_of};
use crate::io::replace::replace_file;
use crate::scalar::ScalarType;

/// Bytes of the header of version 1.4.
const HEADER: usize = 375;

/// Steps that a 32-bit coordinate can tell apart on each side of the offset, with some room.
const STEPS: f64 = 2e9;

/// Finest step of a coordinate.
const FINEST: f64 = 1e-9;

/// Writes all columns of `cloud` as a LAS file of version 1.4, compressed (LAZ) where asked for.
///
/// Labels from 0 to 255 are the classification, properties with the name and range of a LAS field
/// such as `intensity` are that field, everything else, such as normals, is in described extra
/// bytes. Coordinates are whole multiples of a power of ten, the finest that holds all of them.
///
/// # Errors
/// As [`write`](crate::io::write()), [`Error::NotFinite`], and [`Error::PropertyName`] for a
/// property whose name has more than 32 bytes.
pub(super) fn write_las(path: &Path, cloud: &PointCloud, compressed: bool) -> Result<()> {
    cloud.check_finite().map_err(|error| error.in_file(path))?;
    let columns = distinct_columns_of(cloud)?;
    let layout = Layout::of(cloud, &columns)?;
    let mut data = layout.header(cloud, compressed).map_err(|source| Error::io(path, "write", source))?;
    let start = data.len();
    let record = |i: usize| layout.record(&columns, i);
    if compressed && !cloud.is_empty() {
        let mut out = io::Cursor::new(data);
        let fail = |error: laz::LasZipError| Error::io(path, "write", io::Error::other(error));
        out.seek(io::SeekFrom::Start(start as u64)).map_err(|source| Error::io(path, "write", source))?;
        let mut compressor =
            laz::LasZipCompressor::new(&mut out, layout.vlr().map_err(fail)?).map_err(fail)?;
        for i in 0..cloud.len() {
            compressor.compress_one(&record(i)).map_err(|source| Error::io(path, "write", source))?;
        }
        compressor.done().map_err(|source| Error::io(path, "write", source))?;
        drop(compressor);
        data = out.into_inner();
        return replace_file(path, |out| out.write_all(&data));
    }
    replace_file(path, |out| {
        out.write_all(&data)?;
        (0..cloud.len()).try_for_each(|i| out.write_all(&record(i)))
    })
}

/// Where a column goes.
enum Target {
    Coordinate(usize),
    Field { offset: usize, scalar: ScalarType, factor: f64 },
    Bits { byte: usize, first: u32 },
}

struct Layout<'a> {
    format: usize,
    targets: Vec<Target>,
    extra: Vec<(&'a str, ScalarType)>,
    scale: [f64; 3],
    offset: [f64; 3],
    size: usize,
}

impl<'a> Layout<'a> {
    fn of(cloud: &PointCloud, columns: &[Column<'a>]) -> Result<Self> {
        let format = if cloud.colors().is_some() { 7 } else { 6 };
        let bounds = cloud.bounds();
        let offset = bounds.map_or([0.0; 3], |bounds| bounds.center().map(f64::round));
        let scale = [0, 1, 2].map(|axis| {
            let reach = bounds.map_or(0.0, |b| (b.max[axis] - offset[axis]).max(offset[axis] - b.min[axis]));
            10.0_f64.powf((reach / STEPS).max(FINEST).log10().ceil())
        });
        let known = fields(format);
        let (mut targets, mut extra) = (Vec::new(), Vec::new());
        let mut size = SIZES[format];
        for (number, column) in columns.iter().enumerate() {
            let range = || (0..cloud.len()).map(|i| (column.value)(i));
            let name = if Some(column.name) == cloud.label_name() { "classification" } else { column.name };
            let is_color = cloud.colors().is_some() && matches!(name, "red" | "green" | "blue");
            let field = known.iter().find(|field| field.name == name).and_then(|field| match field.number {
                Number::Scalar(scalar) if range().all(|v| scalar.round(v).to_bits() == v.to_bits()) => {
                    let factor = if is_color { 257.0 } else { 1.0 };
                    Some(Target::Field { offset: field.offset, scalar, factor })
                }
                _ => None,
            });
            let bit = bits(format).iter().find(|(other, ..)| *other == name).and_then(
                |&(_, byte, first, count)| {
                    let most = f64::from((1_u32 << count) - 1);
                    range()
                        .all(|v| v.fract() == 0.0 && (0.0..=most).contains(&v))
                        .then_some(Target::Bits { byte, first })
                },
            );
            targets.push(match field.or(bit) {
                _ if number < 3 => Target::Coordinate(number),
                Some(target) => target,
                None => {
                    if column.name.len() > 32 {
                        return Err(Error::PropertyName { name: column.name.to_owned() });
                    }
                    extra.push((column.name, column.scalar_type));
                    let offset = size;
                    size += column.scalar_type.size();
                    Target::Field { offset, scalar: column.scalar_type, factor: 1.0 }
                }
            });
        }
        Ok(Self { format, targets, extra, scale, offset, size })
    }

    fn record(&self, columns: &[Column<'_>], i: usize) -> Vec<u8> {
        let mut record = vec![0; self.size];
        for (column, target) in columns.iter().zip(&self.targets) {
            let value = (column.value)(i);
            let (offset, scalar, value) = match *target {
                Target::Coordinate(axis) => {
                    let steps = ((value - self.offset[axis]) / self.scale[axis]).round();
                    (4 * axis, ScalarType::I32, steps)
                }
                Target::Field { offset, scalar, factor } => (offset, scalar, value * factor),
                Target::Bits { byte, first } => {
                    record[byte] |= (value as u8) << first;
                    continue;
                }
            };
            let mut stored = Vec::new();
            put(&mut stored, scalar, value);
            record[offset..offset + stored.len()].copy_from_slice(&stored);
        }
        record
    }

    fn vlr(&self) -> laz::Result<laz::LazVlr> {
        let extra = (self.size - SIZES[self.format]) as u16;
        let items = laz::LazItemRecordBuilder::default_for_point_format_id(self.format as u8, extra)?;
        Ok(laz::LazVlrBuilder::new(items).build())
    }

    /// Everything before the points.
    fn header(&self, cloud: &PointCloud, compressed: bool) -> io::Result<Vec<u8>> {
        if u16::try_from(self.size).is_err() || self.extra.len() * 192 > usize::from(u16::MAX) {
            return Err(io::Error::other(format!("{} columns are more than LAS holds", self.targets.len())));
        }
        let mut records = Vec::new();
        let mut record = |user: &str, id: u16, body: &[u8]| {
            records.extend([0, 0]);
            let mut name = user.as_bytes().to_vec();
            name.resize(16, 0);
            records.extend(name);
            records.extend(id.to_le_bytes());
            records.extend((body.len() as u16).to_le_bytes());
            records.extend([0; 32]);
            records.extend(body);
        };
        let mut count = 0_u32;
        if !self.extra.is_empty() {
            let mut body = Vec::new();
            for &(name, scalar) in &self.extra {
                let mut entry = [0; 192];
                let kind = EXTRA_TYPES.iter().position(|&t| t == scalar).map(|at| at + 1);
                entry[2] = kind.unwrap_or(if scalar == ScalarType::F32 { 9 } else { 10 }) as u8;
                entry[4..4 + name.len()].copy_from_slice(name.as_bytes());
                body.extend(entry);
            }
            record("LASF_Spec", 4, &body);
            count += 1;
        }
        let packs = compressed && !cloud.is_empty();
        if packs {
            let mut body = Vec::new();
            let vlr = self.vlr().map_err(io::Error::other)?;
            vlr.write_to(&mut body).map_err(io::Error::other)?;
            record(laz::LazVlr::USER_ID, laz::LazVlr::RECORD_ID, &body);
            count += 1;
        }
        let mut header = vec![0; HEADER];
        let mut set = |at: usize, raw: &[u8]| header[at..at + raw.len()].copy_from_slice(raw);
        set(0, MAGIC);
        // Version 1.4 demands the flag for WKT, although the reference system of the coordinates is not known.
        set(6, &16_u16.to_le_bytes());
        set(24, &[1, 4]);
        set(58, b"pointwise");
        set(94, &(HEADER as u16).to_le_bytes());
        set(96, &((HEADER + records.len()) as u32).to_le_bytes());
        set(100, &count.to_le_bytes());
        set(104, &[self.format as u8 | if packs { 0x80 } else { 0 }]);
        set(105, &(self.size as u16).to_le_bytes());
        let bounds = cloud.bounds();
        for axis in 0..3 {
            set(131 + 8 * axis, &self.scale[axis].to_le_bytes());
            set(155 + 8 * axis, &self.offset[axis].to_le_bytes());
            let [low, high] = bounds.map_or([0.0; 2], |bounds| [bounds.min[axis], bounds.max[axis]]);
            set(179 + 16 * axis, &high.to_le_bytes());
            set(187 + 16 * axis, &low.to_le_bytes());
        }
        set(247, &(cloud.len() as u64).to_le_bytes());
        header.extend(records);
        Ok(header)
    }
}
