//! Header and variable length records of a LAS file.

use std::path::Path;

use super::extra::{Described, Extra};
use super::fields::{SIZES, has_waves};
use crate::error::{Error, Position, Result};
use crate::io::beyond::records_beyond;
use crate::io::input::Input;
use crate::io::number::Number;
use crate::metadata::{LasMetadata, LasRecord};
use crate::scalar::ScalarType;

pub(super) const MAGIC: &[u8] = b"LASF";

/// Bytes of the header of version 1.2, the smallest, and of version 1.4, the largest.
const SMALLEST: usize = 227;
const LARGEST: usize = 375;

/// The bit of the encoding that says that waveforms are in a file of their own.
const WAVES_OUTSIDE: u8 = 4;

#[derive(Debug)]
pub(super) struct Header {
    pub(super) format: usize,
    pub(super) compressed: bool,
    /// Bytes of a point.
    pub(super) size: usize,
    pub(super) points: usize,
    /// First byte of the points.
    pub(super) data: usize,
    pub(super) scale: [f64; 3],
    pub(super) offset: [f64; 3],
    pub(super) extra: Vec<Extra>,
    /// What the points of a cloud have not.
    left_out: Vec<String>,
    /// The record of the compression.
    pub(super) laz: Vec<u8>,
    /// First byte and number of the records after the points, where there are any.
    extended: Option<(usize, usize)>,
    pub(super) metadata: LasMetadata,
}

/// A number of the file; 0 beyond its end.
fn number(bytes: &[u8], at: usize, scalar: ScalarType) -> f64 {
    Number::Scalar(scalar).read(bytes.get(at..).unwrap_or_default(), false)
}

fn whole(bytes: &[u8], at: usize, scalar: ScalarType) -> usize {
    number(bytes, at, scalar) as usize
}

fn wide(bytes: &[u8], at: usize) -> usize {
    Number::U64.read(bytes.get(at..).unwrap_or_default(), false) as usize
}

impl Header {
    /// Reads the header of a file in memory.
    pub(super) fn parse(path: &Path, bytes: &[u8]) -> Result<Self> {
        let mut header = Self::parse_start(path, bytes, bytes.len())?;
        if let Some((at, count)) = header.extended {
            header.read_extended(bytes.get(at..).unwrap_or_default(), count);
        }
        Ok(header)
    }

    /// Reads the header of a file; `all`: with the records after the points.
    pub(super) fn read(input: &mut Input<'_>, all: bool) -> Result<Self> {
        let length = input.length();
        let fixed = input.take(LARGEST)?;
        let data = whole(&fixed, 96, ScalarType::U32);
        input.seek(0)?;
        let start = input.take(data.clamp(SMALLEST, length.max(SMALLEST)))?;
        let mut header = Self::parse_start(input.path(), &start, length)?;
        if let Some((at, count)) = header.extended.filter(|(at, _)| all && *at < length) {
            input.seek(at as u64)?;
            header.read_extended(&input.take(length - at)?, count);
        }
        Ok(header)
    }

    /// Reads everything before the points; `length` is that of the file.
    pub(super) fn parse_start(path: &Path, bytes: &[u8], length: usize) -> Result<Self> {
        let refuse = |at: usize, found: String, expected: &str| {
            Error::malformed(path, Position::Byte(at), found, expected)
        };
        if bytes.len() < SMALLEST || !bytes.starts_with(MAGIC) {
            let found = match bytes.get(..MAGIC.len()) {
                Some(start) if start != MAGIC => format!("'{}'", String::from_utf8_lossy(start)),
                _ => format!("{length} bytes"),
            };
            return Err(refuse(0, found, "'LASF' and a header of 227 bytes or more"));
        }
        let (u8_, u16_, u32_) = (ScalarType::U8, ScalarType::U16, ScalarType::U32);
        let minor = whole(bytes, 25, u8_);
        let start = whole(bytes, 94, u16_);
        let (stored, size) = (whole(bytes, 104, u8_), whole(bytes, 105, u16_));
        let (format, compressed) = (stored & 0x3f, stored & 0xc0 != 0);
        let Some(&smallest) = SIZES.get(format) else {
            return Err(refuse(104, format!("point format {format}"), "0 to 10"));
        };
        if size < smallest {
            return Err(refuse(105, format!("points of {size} bytes"), &format!("{smallest} or more")));
        }
        let mut points = whole(bytes, 107, u32_);
        if minor >= 4 && start >= 375 {
            let many = wide(bytes, 247);
            points = if many > 0 { many } else { points };
        }
        let axes = |at: usize| [0, 8, 16].map(|step| number(bytes, at + step, ScalarType::F64));
        let (scale, offset) = (axes(131), axes(155));
        if !scale.iter().chain(&offset).all(|v| v.is_finite()) {
            return Err(refuse(131, format!("scale {scale:?}, offset {offset:?}"), "finite numbers"));
        }
        let data = whole(bytes, 96, u32_);
        if start < SMALLEST || data < start || data > length {
            let found = format!("a header of {start} bytes, points from byte {data}");
            return Err(refuse(94, found, &format!("227 or more, and at most {length}")));
        }
        let metadata = LasMetadata { header: bytes[..start].to_vec(), ..LasMetadata::default() };
        let mut header = Self {
            format,
            compressed,
            size,
            points,
            data,
            scale,
            offset,
            extra: Vec::new(),
            left_out: Vec::new(),
            laz: Vec::new(),
            extended: None,
            metadata,
        };
        header.read_records(path, bytes, start)?;
        header.extended = match minor {
            4.. if start >= 375 => Some((wide(bytes, 235), whole(bytes, 243, u32_))),
            // Version 1.3 has one record after the points: the waveforms.
            3 if start >= 235 && has_waves(format) => Some((wide(bytes, 227), 1)),
            _ => None,
        };
        header.extended = header.extended.filter(|&(at, count)| at > 0 && count > 0);
        if has_waves(format) && bytes[6] & WAVES_OUTSIDE != 0 {
            header.left_out.push("waveforms in the file .wdp beside it".into());
        }
        header.left_out.extend(header.beyond(length));
        Ok(header)
    }

    fn read_records(&mut self, path: &Path, bytes: &[u8], start: usize) -> Result<()> {
        let mut at = start;
        let bytes = &bytes[..self.data.min(bytes.len())];
        let mut described = Vec::new();
        for _ in 0..whole(bytes, 100, ScalarType::U32) {
            let length = whole(bytes, at + 20, ScalarType::U16);
            let Some(body) = bytes.get(at + 54..at + 54 + length) else {
                let found = format!("a record of {length} bytes");
                return Err(Error::malformed(
                    path,
                    Position::Byte(at),
                    found,
                    "one that ends before the points",
                ));
            };
            let record = record_of(&bytes[at..at + 54], 22, body);
            match record.key() {
                // Several records describe the bytes one after the other.
                (b"LASF_Spec", 4) => {
                    if described.is_empty() {
                        self.metadata.records.push(LasRecord { body: Vec::new(), ..record });
                    }
                    described.extend_from_slice(body);
                }
                (b"laszip encoded", 22204) => self.laz = body.to_vec(),
                _ => self.metadata.records.push(record),
            }
            at += 54 + length;
        }
        let described = Described::of(&described, SIZES[self.format], self.size);
        (self.extra, self.metadata.extra, self.left_out) =
            (described.numbers, described.stored, described.left_out);
        Ok(())
    }

    /// Records after the points, in the bytes from the first one on; those that do not end inside the file are left out.
    fn read_extended(&mut self, bytes: &[u8], count: usize) {
        let mut at = 0_usize;
        for _ in 0..count {
            let Some(head) = at.checked_add(60).and_then(|end| bytes.get(at..end)) else { break };
            let length = wide(head, 20);
            let end = (at + 60).checked_add(length);
            let Some(body) = end.and_then(|end| bytes.get(at + 60..end)) else { break };
            self.metadata.extended.push(record_of(head, 28, body));
            at += 60 + length;
        }
    }

    /// What a file of this length has between its points and the records after them; compressed points end anywhere.
    fn beyond(&self, length: usize) -> Option<String> {
        let points = self.points.checked_mul(self.size).filter(|_| !self.compressed)?;
        let end = self.data.checked_add(points)?;
        let next = self.extended.map_or(length, |(at, _)| at.min(length));
        records_beyond(next.saturating_sub(end), self.size, "records", self.points)
    }

    /// What the points of a cloud have not.
    pub(super) fn left_out(&self) -> Vec<String> {
        self.left_out.clone()
    }

    pub(super) fn truncated(&self, path: &Path, position: Position, row: usize) -> Error {
        Error::truncated(path, position, "points", row, self.points)
    }
}

/// A record whose description begins at byte `description` of `head`.
fn record_of(head: &[u8], description: usize, body: &[u8]) -> LasRecord {
    let mut record = LasRecord { head: [0; 20], description: [0; 32], body: body.to_vec() };
    record.head.copy_from_slice(&head[..20]);
    record.description.copy_from_slice(&head[description..description + 32]);
    record
}
