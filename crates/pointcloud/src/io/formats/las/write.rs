//! Clouds into LAS and LAZ files.

use std::io::{self, Seek};
use std::path::Path;

use super::header::{MAGIC, SIZES};
use super::layout::Layout;
use crate::cloud::PointCloud;
use crate::error::{Error, Result};
use crate::io::columns::distinct_columns_of;
use crate::io::replace::replace_file;
use crate::metadata::{LasMetadata, LasRecord};

/// Bytes of the header of version 1.4.
const HEADER: usize = 375;

/// Writes all columns of `cloud` as a LAS file, compressed (LAZ) where asked for.
///
/// Labels from 0 to 255 are the classification, properties with the name and range of a LAS field
/// such as `intensity` are that field, everything else, such as normals, is in described extra
/// bytes. A cloud that came from a LAS file has its version, point format, scale, offset and records, as far as they hold
/// the columns; else the file has version 1.4 and the finest steps that reach over the cloud.
///
/// # Errors
/// As [`write`](crate::io::write()), and [`Error::NotFinite`].
pub(super) fn write_las(path: &Path, cloud: &PointCloud, compressed: bool) -> Result<()> {
    cloud.check_finite().map_err(|error| error.in_file(path))?;
    let columns = distinct_columns_of(cloud)?;
    let layout = Layout::of(cloud, &columns);
    let fail = |source| Error::io(path, "write", source);
    let packs = compressed && !cloud.is_empty();
    let mut data = header(cloud, &layout, packs).map_err(fail)?;
    let start = data.len();
    let record = |i: usize| layout.record(&columns, i);
    if packs {
        let mut out = io::Cursor::new(data);
        let refuse = |error: laz::LasZipError| fail(io::Error::other(error));
        out.seek(io::SeekFrom::Start(start as u64)).map_err(fail)?;
        let mut compressor =
            laz::LasZipCompressor::new(&mut out, vlr(&layout).map_err(refuse)?).map_err(refuse)?;
        for i in 0..cloud.len() {
            compressor.compress_one(&record(i)).map_err(fail)?;
        }
        compressor.done().map_err(fail)?;
        drop(compressor);
        data = out.into_inner();
    }
    let points = if packs { 0 } else { cloud.len() };
    let end = data.len() + points * layout.size;
    let extended = cloud.las().map_or(&[][..], |las| &las.extended);
    if data.len() >= HEADER && data[25] >= 4 {
        let first = if extended.is_empty() { 0 } else { end as u64 };
        data[235..243].copy_from_slice(&first.to_le_bytes());
        data[243..247].copy_from_slice(&(extended.len() as u32).to_le_bytes());
    }
    replace_file(path, |out| {
        out.write_all(&data)?;
        (0..points).try_for_each(|i| out.write_all(&record(i)))?;
        for LasRecord { head, description, body } in extended {
            out.write_all(head)?;
            out.write_all(&(body.len() as u64).to_le_bytes())?;
            out.write_all(description)?;
            out.write_all(body)?;
        }
        Ok(())
    })
}

fn vlr(layout: &Layout) -> laz::Result<laz::LazVlr> {
    let extra = (layout.size - SIZES[layout.format]) as u16;
    let items = laz::LazItemRecordBuilder::default_for_point_format_id(layout.format as u8, extra)?;
    Ok(laz::LazVlrBuilder::new(items).build())
}

/// Everything before the points.
fn header(cloud: &PointCloud, layout: &Layout, packs: bool) -> io::Result<Vec<u8>> {
    let extra = layout.extra.concat();
    if u16::try_from(layout.size).is_err() || extra.len() > usize::from(u16::MAX) {
        return Err(io::Error::other(format!(
            "{} extra columns are more than LAS holds",
            layout.extra.len()
        )));
    }
    let mut records: Vec<LasRecord> = cloud.las().map(|las| las.records.clone()).unwrap_or_default();
    if !extra.is_empty() {
        records.push(record("LASF_Spec", 4, extra));
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
    let bounds = cloud.bounds();
    for axis in 0..3 {
        set(131 + 8 * axis, &layout.scale[axis].to_le_bytes());
        set(155 + 8 * axis, &layout.offset[axis].to_le_bytes());
        let [low, high] = bounds.map_or([0.0; 2], |bounds| [bounds.min[axis], bounds.max[axis]]);
        set(179 + 16 * axis, &high.to_le_bytes());
        set(187 + 16 * axis, &low.to_le_bytes());
    }
    set_counts(&mut header, cloud, layout.format);
    for LasRecord { head, description, body } in &records {
        header.extend(head);
        header.extend((body.len() as u16).to_le_bytes());
        header.extend(description);
        header.extend(body);
    }
    Ok(header)
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
fn set_counts(header: &mut [u8], cloud: &PointCloud, format: usize) {
    let mut by_return = [0_u64; 15];
    for &number in cloud.property("return_number").iter().flat_map(|property| &property.values) {
        // Returns are counted from 1.
        if let Some(count) = (number as usize).checked_sub(1).and_then(|index| by_return.get_mut(index)) {
            *count += 1;
        }
    }
    let count = cloud.len() as u64;
    // Fields of version 1.0 to 1.3, which are 0 for point formats that these do not know.
    let legacy = if format < 6 { count } else { 0 };
    header[107..111].copy_from_slice(&u32::try_from(legacy).unwrap_or(0).to_le_bytes());
    for (index, &number) in by_return.iter().take(5).enumerate() {
        let number = if format < 6 { u32::try_from(number).unwrap_or(0) } else { 0 };
        header[111 + 4 * index..115 + 4 * index].copy_from_slice(&number.to_le_bytes());
    }
    if header.len() >= HEADER && header[25] >= 4 {
        header[247..255].copy_from_slice(&count.to_le_bytes());
        for (index, number) in by_return.iter().enumerate() {
            header[255 + 8 * index..263 + 8 * index].copy_from_slice(&number.to_le_bytes());
        }
    }
}

fn record(user: &str, id: u16, body: Vec<u8>) -> LasRecord {
    let mut head = [0; 20];
    head[2..2 + user.len()].copy_from_slice(user.as_bytes());
    head[18..].copy_from_slice(&id.to_le_bytes());
    LasRecord { head, description: [0; 32], body }
}
