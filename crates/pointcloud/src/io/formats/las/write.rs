//! Clouds into LAS and LAZ files.

use std::io::{self, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use super::fields::SIZES;
use super::header::MAGIC;
use super::layout::Layout;
use super::pack::Packer;
use crate::cloud::PointCloud;
use crate::error::{Error, Result};
use crate::io::columns::{Outline, columns_of, distinct_columns_of};
use crate::io::encode::{Encode, Out};
use crate::metadata::{LasMetadata, LasRecord};

/// Bytes of the header of version 1.4.
const HEADER: usize = 375;

/// Bytes of the header of version 1.3, the first that says where waveforms are.
const WITH_WAVES: usize = 235;

/// The writer of a LAS file with all columns, compressed (LAZ) where asked for.
///
/// Labels from 0 to 255 are the classification, properties with the name and range of a LAS field
/// such as `intensity` are that field, everything else, such as normals, is in described extra
/// bytes. A cloud that came from a LAS file has its version, point format, scale, offset and records, as far as they hold
/// the columns; else the file has version 1.4 and the finest steps that reach over the cloud.
///
/// # Errors
/// As [`write`](crate::io::write()), and [`Error::NotFinite`].
pub(super) fn encoder(path: &Path, outline: &Outline<'_>, compressed: bool) -> Result<Box<dyn Encode>> {
    outline.cloud.check_finite().map_err(|error| error.in_file(path))?;
    let columns = distinct_columns_of(outline.cloud)?;
    let layout = Layout::of(outline, &columns);
    let packs = compressed && outline.points > 0;
    let fail = |source| Error::io(path, "write", source);
    let header = header(outline, &layout, packs).map_err(fail)?;
    let refuse = |error: laz::LasZipError| fail(io::Error::other(error));
    let packer = if packs { Some(Packer::new(vlr(&layout).map_err(refuse)?, layout.size)) } else { None };
    Ok(Box::new(LasEncoder {
        header,
        packer,
        extended: outline.cloud.las().map(|las| las.extended.clone()).unwrap_or_default(),
        points: 0,
        by_return: [0; 15],
        off: AtomicU64::new(0),
        wide: outline.cloud.has_wide_coordinates(),
        layout,
    }))
}

struct LasEncoder {
    layout: Layout,
    /// Everything before the points.
    header: Vec<u8>,
    packer: Option<Packer>,
    extended: Vec<LasRecord>,
    points: u64,
    /// Points of every return.
    by_return: [u64; 15],
    /// The bits of the largest distance of a coordinate from its step.
    off: AtomicU64,
    /// Whether the coordinates are in double precision.
    wide: bool,
}

impl Encode for LasEncoder {
    fn rows(&self, cloud: &PointCloud, rows: Range<usize>) -> Vec<u8> {
        // Positive doubles are in the order of their bits.
        self.off.fetch_max(self.layout.off(cloud, rows.clone()).to_bits(), Ordering::Relaxed);
        let columns = columns_of(cloud);
        let (mut records, mut stored) = (vec![0; rows.len() * self.layout.size], Vec::new());
        for (i, record) in rows.zip(records.chunks_exact_mut(self.layout.size)) {
            self.layout.put(&columns, i, record, &mut stored);
        }
        records
    }

    fn begin(&mut self, out: &mut Out) -> io::Result<()> {
        out.write_all(&self.header)?;
        self.packer.as_mut().map_or(Ok(()), |packer| packer.begin(out))
    }

    fn put(&mut self, out: &mut Out, rows: Vec<u8>) -> io::Result<()> {
        let most = if self.layout.format < 6 { 7 } else { 15 };
        for record in rows.chunks_exact(self.layout.size) {
            self.points += 1;
            // Returns are counted from 1.
            let index = usize::from(record[14] & most).checked_sub(1);
            if let Some(count) = index.and_then(|index| self.by_return.get_mut(index)) {
                *count += 1;
            }
        }
        match &mut self.packer {
            Some(packer) => packer.put(out, &rows),
            None => out.write_all(&rows),
        }
    }

    fn end(&mut self, out: &mut Out) -> io::Result<()> {
        if let Some(packer) = &mut self.packer {
            packer.end(out)?;
        }
        let end = out.stream_position()?;
        let mut waves = None;
        for record in &self.extended {
            if record.key() == (b"LASF_Spec".as_slice(), 65535) {
                waves = Some(out.stream_position()?);
            }
            let LasRecord { head, description, body } = record;
            out.write_all(head)?;
            out.write_all(&(body.len() as u64).to_le_bytes())?;
            out.write_all(description)?;
            out.write_all(body)?;
        }
        let header = &mut self.header;
        if header_size(header) >= WITH_WAVES && header[25] >= 3 {
            header[227..235].copy_from_slice(&waves.unwrap_or(0).to_le_bytes());
        }
        if header_size(header) >= HEADER && header[25] >= 4 {
            let first = if self.extended.is_empty() { 0 } else { end };
            header[235..243].copy_from_slice(&first.to_le_bytes());
            header[243..247].copy_from_slice(&(self.extended.len() as u32).to_le_bytes());
        }
        set_counts(header, self.points, &self.by_return, self.layout.format);
        out.seek(SeekFrom::Start(0))?;
        out.write_all(header)
    }

    fn lost(&self) -> Vec<String> {
        self.layout.lost(f64::from_bits(self.off.load(Ordering::Relaxed)), self.wide)
    }
}

fn vlr(layout: &Layout) -> laz::Result<laz::LazVlr> {
    let extra = (layout.size - SIZES[layout.format]) as u16;
    let items = laz::LazItemRecordBuilder::default_for_point_format_id(layout.format as u8, extra)?;
    Ok(laz::LazVlrBuilder::new(items).build())
}

/// Everything before the points.
fn header(outline: &Outline<'_>, layout: &Layout, packs: bool) -> io::Result<Vec<u8>> {
    let cloud = outline.cloud;
    let extra = layout.extra.concat();
    if u16::try_from(layout.size).is_err() || extra.len() > usize::from(u16::MAX) {
        return Err(io::Error::other(format!(
            "{} extra columns are more than LAS holds",
            layout.extra.len()
        )));
    }
    let mut records: Vec<LasRecord> = cloud.las().map(|las| las.records.clone()).unwrap_or_default();
    let description = records.iter().position(|record| record.key() == (b"LASF_Spec".as_slice(), 4));
    match description {
        Some(index) if extra.is_empty() => drop(records.remove(index)),
        Some(index) => records[index].body = extra,
        None if extra.is_empty() => {}
        None => records.push(record("LASF_Spec", 4, extra)),
    }
    if packs {
        let mut body = Vec::new();
        vlr(layout).map_err(io::Error::other)?.write_to(&mut body).map_err(io::Error::other)?;
        records.push(record(laz::LazVlr::USER_ID, laz::LazVlr::RECORD_ID, body));
    }
    let mut header = match cloud.las() {
        // A point format of version 1.4 needs its header.
        Some(las) if layout.format < 6 || las.header.len() >= HEADER => las.header.clone(),
        las => fresh(las),
    };
    let start = header.len();
    let length: usize = records.iter().map(|record| 54 + record.body.len()).sum();
    let mut set = |at: usize, raw: &[u8]| header[at..at + raw.len()].copy_from_slice(raw);
    set(94, &(start as u16).to_le_bytes());
    set(96, &((start + length) as u32).to_le_bytes());
    set(100, &(records.len() as u32).to_le_bytes());
    set(104, &[layout.format as u8 | if packs { 0x80 } else { 0 }]);
    set(105, &(layout.size as u16).to_le_bytes());
    let bounds = outline.bounds;
    for axis in 0..3 {
        set(131 + 8 * axis, &layout.scale[axis].to_le_bytes());
        set(155 + 8 * axis, &layout.offset[axis].to_le_bytes());
        let [low, high] = bounds.map_or([0.0; 2], |bounds| [bounds.min[axis], bounds.max[axis]]);
        // The product of steps and scale may differ from the decimal in its last bit: the file keeps its own.
        let near = |at: usize, value: f64| match stored_bounds(cloud.las(), at) {
            Some(stored) if (stored - value).abs() < 1e-3 * layout.scale[axis] => stored,
            // Without the sign of a zero.
            _ => value + 0.0,
        };
        let (low, high) = (near(187 + 16 * axis, low), near(179 + 16 * axis, high));
        set(179 + 16 * axis, &high.to_le_bytes());
        set(187 + 16 * axis, &low.to_le_bytes());
    }
    for LasRecord { head, description, body } in &records {
        header.extend(head);
        header.extend((body.len() as u16).to_le_bytes());
        header.extend(description);
        header.extend(body);
    }
    Ok(header)
}

/// A number of the bounds in the header of the file that the cloud came from.
fn stored_bounds(las: Option<&LasMetadata>, at: usize) -> Option<f64> {
    las?.header.get(at..)?.first_chunk().copied().map(f64::from_le_bytes)
}

/// A header of version 1.4, with what is known of another version.
fn fresh(las: Option<&LasMetadata>) -> Vec<u8> {
    let mut header = vec![0; HEADER];
    header[..4].copy_from_slice(MAGIC);
    header[58..67].copy_from_slice(b"pointwise");
    if let Some(las) = las {
        // Identifiers, software, dates and the bits of the encoding.
        header[4..94].copy_from_slice(&las.header[4..94]);
    }
    // Version 1.4 demands the flag for WKT, although the reference system of the coordinates is not known.
    if !las.is_some_and(|las| {
        las.records.iter().any(|record| matches!(record.key(), (b"LASF_Projection", 34735)))
    }) {
        header[6] |= 16;
    }
    header[24..26].copy_from_slice(&[1, 4]);
    header
}

/// The number of points, in all and by return, where the points have returns.
fn set_counts(header: &mut [u8], count: u64, by_return: &[u64; 15], format: usize) {
    // Fields of version 1.0 to 1.3: they are 0 for point formats that these versions do not know, and may be 0 in version 1.4.
    let counts = format < 6 && (header[25] < 4 || header[107..111] != [0; 4]);
    let legacy = if counts { count } else { 0 };
    header[107..111].copy_from_slice(&u32::try_from(legacy).unwrap_or(0).to_le_bytes());
    for (index, &number) in by_return.iter().take(5).enumerate() {
        let number = if counts { u32::try_from(number).unwrap_or(0) } else { 0 };
        header[111 + 4 * index..115 + 4 * index].copy_from_slice(&number.to_le_bytes());
    }
    if header_size(header) >= HEADER && header[25] >= 4 {
        header[247..255].copy_from_slice(&count.to_le_bytes());
        for (index, number) in by_return.iter().enumerate() {
            header[255 + 8 * index..263 + 8 * index].copy_from_slice(&number.to_le_bytes());
        }
    }
}

/// Bytes of the header, without the records after it.
fn header_size(header: &[u8]) -> usize {
    usize::from(u16::from_le_bytes([header[94], header[95]]))
}

fn record(user: &str, id: u16, body: Vec<u8>) -> LasRecord {
    let mut head = [0; 20];
    head[2..2 + user.len()].copy_from_slice(user.as_bytes());
    head[18..].copy_from_slice(&id.to_le_bytes());
    LasRecord { head, description: [0; 32], body }
}
