//! The points of a LAZ file, decompressed by `laz`.

use std::path::Path;

use laz::LasZipDecompressor;
use rayon::prelude::*;

use super::chunks::{self, Chunks};
use super::header::Header;
use crate::error::{Error, Position, Result};
use crate::io::blocks::Block;
use crate::io::input::Input;
use crate::io::number::Number;
use crate::io::panic::guard;
use crate::scalar::ScalarType;

/// Points that are decompressed at once.
const BLOCK: usize = 1 << 14;

/// All records of a LAZ file.
pub(super) fn decompress(path: &Path, bytes: &[u8], header: &Header) -> Result<Vec<u8>> {
    if header.points == 0 {
        return Ok(Vec::new());
    }
    let mut input = Input::of_bytes(path, bytes);
    if let Some(mut chunks) = Chunks::open(&mut input, header)? {
        let mut blocks = Vec::new();
        while let Some(block) = chunks.next(&mut input)? {
            blocks.push(block);
        }
        let vlr = chunks.vlr();
        let unpack = |block: Block| guard(path, "laz", || chunks::decompress(path, header, vlr, &block));
        let records: Result<Vec<Vec<u8>>> = blocks.into_par_iter().map(unpack).collect();
        return Ok(records?.concat());
    }
    let (mut stream, mut records) = (Stream::open(input, header)?, Vec::new());
    while let Some(block) = stream.next(header)? {
        records.extend(block.bytes);
    }
    Ok(records)
}

/// The points of a file that cannot be divided into chunks, one after the other.
pub(super) struct Stream<'a> {
    path: Box<Path>,
    /// Bytes of the file.
    length: usize,
    decompressor: LasZipDecompressor<'a, Input<'a>>,
    row: usize,
}

impl<'a> Stream<'a> {
    pub(super) fn open(mut input: Input<'a>, header: &Header) -> Result<Self> {
        let (path, length) = (Box::from(input.path()), input.length());
        let vlr = chunks::compression_of(&path, header, length)?;
        if let Some((at, found)) = odd_chunks(&mut input, header)? {
            return Err(Error::malformed(&path, Position::Byte(at), found, "chunks that fit the file"));
        }
        input.seek(header.data as u64)?;
        match chunks::contained(&path, || LasZipDecompressor::new(input, vlr))? {
            Some(Ok(decompressor)) => Ok(Self { path, length, decompressor, row: 0 }),
            Some(Err(_)) => Err(header.truncated(&path, Position::Byte(length), 0)),
            None => Err(damaged(&path, header)),
        }
    }

    /// The next points.
    pub(super) fn next(&mut self, header: &Header) -> Result<Option<Block>> {
        let (row, points) = (self.row, BLOCK.min(header.points - self.row));
        if points == 0 {
            return Ok(None);
        }
        let mut bytes = vec![0; points * header.size];
        let run = || {
            let mut points = bytes.chunks_exact_mut(header.size).enumerate();
            points.try_for_each(|(complete, point)| {
                self.decompressor.decompress_one(point).map_err(|_| complete)
            })
        };
        match chunks::contained(&self.path, run)? {
            Some(Ok(())) => {
                self.row += points;
                Ok(Some(Block { bytes, row, points, at: header.data, ..Block::default() }))
            }
            Some(Err(complete)) => {
                Err(header.truncated(&self.path, Position::Byte(self.length), row + complete))
            }
            None => Err(damaged(&self.path, header)),
        }
    }
}

fn damaged(path: &Path, header: &Header) -> Error {
    Error::malformed(path, Position::Byte(header.data), "damaged compressed points", "LASzip data")
}

/// Byte and description of a chunk table, or of layers, that claim more than the file has.
fn odd_chunks(input: &mut Input<'_>, header: &Header) -> Result<Option<(usize, String)>> {
    let length = input.length();
    let offset = |input: &mut Input<'_>, at: usize| -> Result<f64> {
        input.seek(at as u64)?;
        Ok(Number::I64.read(&input.take(8)?, false))
    };
    let mut table = offset(input, header.data)?;
    if table <= header.data as f64 {
        table = offset(input, length.saturating_sub(8))?;
    }
    if table > header.data as f64 && table < length as f64 {
        let (at, most) = (table as usize, (length - header.data) / header.size + 1);
        input.seek(at as u64 + 4)?;
        let chunks = word(&input.take(4)?);
        if chunks > most {
            return Ok(Some((at + 4, format!("{chunks} chunks"))));
        }
    }
    if header.format < 6 {
        return Ok(None);
    }
    // A chunk is its first point, the number of points, the length of every layer, and the layers.
    let layers = chunks::layers_of(header);
    let (mut at, mut points) = (header.data + 8, 0_usize);
    while points < header.points {
        let lengths = at + header.size + 4;
        let layers_at = lengths + 4 * layers;
        if layers_at > length {
            return Ok(Some((at, "the end of the file".into())));
        }
        input.seek((at + header.size) as u64)?;
        let words = input.take(4 + 4 * layers)?;
        let count = word(&words);
        let sum: usize = words[4..].chunks_exact(4).map(word).sum();
        if count == 0 || sum > length - layers_at {
            return Ok(Some((lengths, format!("a chunk of {count} points in {sum} bytes"))));
        }
        points += count;
        at = layers_at + sum;
    }
    Ok(None)
}

fn word(bytes: &[u8]) -> usize {
    Number::Scalar(ScalarType::U32).read(bytes, false) as usize
}
