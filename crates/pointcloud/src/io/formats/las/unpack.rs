//! The points of a LAZ file, decompressed by `laz`.

use std::io;
use std::path::Path;

use laz::record::RecordDecompressor;
use laz::{LazVlr, laszip};
use rayon::prelude::*;

use super::chunks::{self, Chunks};
use super::header::Header;
use super::records::{Layered, Sequential, begin_chunk, layer_lengths};
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
    vlr: LazVlr,
    row: usize,
    /// The row that the next chunk begins at.
    chunk: usize,
    points: Points<'a>,
}

enum Points<'a> {
    Sequential(Sequential<'a, Input<'a>>),
    /// The file, and the chunk that is decompressed.
    Layered(Input<'a>, Option<Layered<Vec<u8>>>),
}

impl<'a> Stream<'a> {
    pub(super) fn open(mut input: Input<'a>, header: &Header) -> Result<Self> {
        let (path, length) = (Box::from(input.path()), input.length());
        let vlr = chunks::compression_of(&path, header, length)?;
        if let Some((at, found)) = odd_chunks(&mut input, header)? {
            return Err(Error::malformed(&path, Position::Byte(at), found, "chunks that fit the file"));
        }
        // Where the points are not one whole, the place of the table of chunks comes before them.
        let before = if compressor(header) == ONE_CHUNK { 0 } else { laszip::ChunkTable::OFFSET_SIZE };
        input.seek((header.data + before) as u64)?;
        let points = if header.format < 6 {
            if compressor(header) != ONE_CHUNK && vlr.uses_variable_size_chunks() {
                let found = "chunks of different sizes without a table that fits".to_owned();
                return Err(Error::malformed(&path, Position::Byte(header.data), found, "their table"));
            }
            Points::Sequential(Sequential::new(input))
        } else {
            Points::Layered(input, None)
        };
        Ok(Self { path, length, vlr, row: 0, chunk: 0, points })
    }

    /// The next points.
    pub(super) fn next(&mut self, header: &Header) -> Result<Option<Block>> {
        let (row, points) = (self.row, BLOCK.min(header.points - self.row));
        if points == 0 {
            return Ok(None);
        }
        let mut bytes = vec![0; points * header.size];
        let (path, data) = (self.path.clone(), header.data..self.length);
        chunks::fill(&path, header, &mut bytes, row, &data, |record| self.next_point(header, record))?;
        Ok(Some(Block { bytes, row, points, at: header.data, ..Block::default() }))
    }

    fn next_point(&mut self, header: &Header, record: &mut [u8]) -> io::Result<()> {
        if self.row == self.chunk {
            self.begin_chunk(header)?;
        }
        self.row += 1;
        match &mut self.points {
            Points::Sequential(points) => points.decompress_next(record),
            Points::Layered(_, Some(points)) => points.next(record),
            Points::Layered(_, None) => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }

    fn begin_chunk(&mut self, header: &Header) -> io::Result<()> {
        match &mut self.points {
            Points::Sequential(points) => {
                begin_chunk(points, self.vlr.items()).map_err(io::Error::other)?;
                let one = compressor(header) == ONE_CHUNK || self.vlr.chunk_size() == 0;
                self.chunk += if one { header.points } else { self.vlr.chunk_size() as usize };
            }
            Points::Layered(input, current) => {
                let layers = chunks::layers_of(header);
                let mut chunk = input.take(header.size + 4 + 4 * layers).map_err(io::Error::other)?;
                let lengths = layer_lengths(&chunk, header.size, layers).iter().sum();
                self.chunk += word(chunk.get(header.size..).unwrap_or_default());
                chunk.extend(input.take(lengths).map_err(io::Error::other)?);
                *current = Some(
                    Layered::open(chunk, header.size, layers, self.vlr.items()).map_err(io::Error::other)?,
                );
            }
        }
        Ok(())
    }
}

/// The compressor of a file whose points are not divided into chunks.
const ONE_CHUNK: usize = 1;

/// The compressor, as the record of the compression says.
fn compressor(header: &Header) -> usize {
    Number::Scalar(ScalarType::U16).read(&header.laz, false) as usize
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
