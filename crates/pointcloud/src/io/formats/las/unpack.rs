//! The points of a LAZ file, decompressed by `laz`.

use std::io::Cursor;
use std::path::Path;

use rayon::prelude::*;

use super::chunks::{self, Chunks};
use super::fields::SIZES;
use super::header::Header;
use crate::error::{Error, Position, Result};
use crate::io::blocks::Block;
use crate::io::input::Input;
use crate::io::number::Number;
use crate::io::panic::guard;
use crate::scalar::ScalarType;

/// Points that are decompressed at once.
const BLOCK: usize = 4096;

/// All records of a LAZ file.
pub(super) fn decompress(path: &Path, bytes: &[u8], header: &Header) -> Result<Vec<u8>> {
    let refuse = |at: usize, found: String, expected: &str| {
        Error::malformed(path, Position::Byte(at), found, expected)
    };
    if header.points == 0 {
        return Ok(Vec::new());
    }
    let vlr = chunks::compression_of(path, header, bytes.len())?;
    let mut input = Input::of_bytes(path, bytes);
    if let Some(mut chunks) = Chunks::open(&mut input, header)? {
        let mut blocks = Vec::new();
        while let Some(block) = chunks.next(&mut input)? {
            blocks.push(block);
        }
        let unpack = |block: Block| guard(path, "laz", || chunks::decompress(path, header, &vlr, &block));
        let records: Result<Vec<Vec<u8>>> = blocks.into_par_iter().map(unpack).collect();
        return Ok(records?.concat());
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
