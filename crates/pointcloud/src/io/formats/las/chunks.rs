//! The chunks of a LAZ file: each is decompressed on its own, by `laz`.

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::thread;

use laz::record::{LayeredPointRecordDecompressor, RecordDecompressor, SequentialPointRecordDecompressor};
use laz::{LazItem, LazItemType, LazVlr, laszip};

use super::fields::SIZES;
use super::header::Header;
use crate::error::{Error, Position, Result};
use crate::io::blocks::Block;
use crate::io::input::Input;
use crate::io::number::Number;
use crate::io::panic::guard;
use crate::scalar::ScalarType;

/// Files claim no more points than so many times their own bytes hold; real LAZ reaches about 20.
pub(super) const LARGEST_RATIO: usize = 1000;

/// Bytes of the stack of a decompressor. Of it, only what is used takes memory.
const STACK: usize = 1 << 29;

/// A larger chunk is not decompressed on its own.
const MOST_BYTES: u64 = 1 << 26;

/// The compression of a file, if it is one that fits its points.
pub(super) fn compression_of(path: &Path, header: &Header, length: usize) -> Result<LazVlr> {
    let refuse = |at: usize, found: String, expected: &str| {
        Error::malformed(path, Position::Byte(at), found, expected)
    };
    let vlr = LazVlr::from_buffer(&header.laz)
        .map_err(|error| refuse(header.data, format!("compression that is not known ({error})"), "LASzip"))?;
    // The library adds in 16 bits.
    let items: usize = vlr.items().iter().map(|item| usize::from(item.size())).sum();
    if items != header.size {
        let found = format!("compressed items of {items} bytes");
        return Err(refuse(header.data, found, &format!("{}, the size of a point", header.size)));
    }
    // The lengths of the layers are checked by the point format.
    let layers: usize = vlr.items().iter().map(layers_of_item).sum();
    if layers != layers_of(header) {
        let found = format!("compressed items of {layers} layers");
        return Err(refuse(header.data, found, &layers_of(header).to_string()));
    }
    let limit = length.saturating_mul(LARGEST_RATIO);
    if header.points > limit / header.size {
        let found = format!("{} compressed points", header.points);
        return Err(refuse(107, found, &format!("{} at most in this file", limit / header.size)));
    }
    Ok(vlr)
}

/// Layers of a compressed point: those of the fields of its format, and one for each extra byte. Older formats have none.
pub(super) fn layers_of(header: &Header) -> usize {
    let fields = header.format.checked_sub(6).and_then(|index| [9, 10, 11, 10, 12].get(index));
    fields.map_or(0, |fields| header.size - SIZES[header.format] + fields)
}

fn layers_of_item(item: &LazItem) -> usize {
    match item.item_type() {
        LazItemType::Point14 => 9,
        LazItemType::RGB14 | LazItemType::WavePacket14 => 1,
        LazItemType::RGBNIR14 => 2,
        LazItemType::Byte14(bytes) => bytes.into(),
        _ => 0,
    }
}

/// The chunks of a file in their order.
pub(super) struct Chunks {
    vlr: LazVlr,
    /// Points and bytes of every chunk that is not read yet, the last one first.
    left: Vec<(usize, usize)>,
    row: usize,
}

impl Chunks {
    /// The chunks of a file; `None` where it has no table of chunks that fits, which is read as a whole.
    pub(super) fn open(input: &mut Input<'_>, header: &Header) -> Result<Option<Self>> {
        let vlr = compression_of(input.path(), header, input.length())?;
        let Some(table) = table_of(input, header)? else { return Ok(None) };
        let variable = vlr.uses_variable_size_chunks();
        let Ok(table) = laszip::ChunkTable::read(&mut Cursor::new(table), variable) else { return Ok(None) };
        let mut left = Vec::new();
        let (mut points, mut bytes) = (0_u64, 0_u64);
        for entry in table.as_ref() {
            let wanted = if variable { entry.point_count } else { vlr.chunk_size().into() };
            let count = wanted.min((header.points as u64).saturating_sub(points));
            let records = count.saturating_mul(header.size as u64);
            if entry.byte_count > MOST_BYTES || records > 4 * MOST_BYTES {
                return Ok(None);
            }
            if count > 0 {
                left.push((count as usize, entry.byte_count as usize));
            }
            (points, bytes) = (points + count, bytes + entry.byte_count);
        }
        let start = header.data as u64 + laszip::ChunkTable::OFFSET_SIZE as u64;
        if points < header.points as u64 || start.saturating_add(bytes) > input.length() as u64 {
            return Ok(None);
        }
        input.seek(start)?;
        left.reverse();
        Ok(Some(Self { vlr, left, row: 0 }))
    }

    pub(super) fn vlr(&self) -> &LazVlr {
        &self.vlr
    }

    pub(super) fn next(&mut self, input: &mut Input<'_>) -> Result<Option<Block>> {
        let Some((points, length)) = self.left.pop() else { return Ok(None) };
        let (row, at) = (self.row, input.at());
        self.row += points;
        Ok(Some(Block { bytes: input.take(length)?, row, points, at, ..Block::default() }))
    }
}

/// The bytes of the table of chunks, if it claims no more chunks than the file can have.
fn table_of(input: &mut Input<'_>, header: &Header) -> Result<Option<Vec<u8>>> {
    let (data, length) = (header.data as u64, input.length() as u64);
    let mut offset = |at: u64| -> Result<u64> {
        input.seek(at)?;
        Ok(Number::U64.read(&input.take(8)?, false) as u64)
    };
    let mut table = offset(data)?;
    if table <= data || table >= length {
        table = offset(length.saturating_sub(8))?;
    }
    if table <= data || table >= length {
        return Ok(None);
    }
    input.seek(table)?;
    let bytes = input.take(MOST_BYTES as usize)?;
    let chunks = Number::Scalar(ScalarType::U32).read(bytes.get(4..).unwrap_or_default(), false) as usize;
    Ok((chunks <= input.length() / header.size + 1).then_some(bytes))
}

/// The records of a chunk.
pub(super) fn decompress(path: &Path, header: &Header, vlr: &LazVlr, block: &Block) -> Result<Vec<u8>> {
    let refuse =
        |found: &str, expected: &str| Error::malformed(path, Position::Byte(block.at), found, expected);
    if block.points == 0 {
        return Ok(Vec::new());
    }
    let layered = vlr.items().first().is_some_and(|item| item.version() >= 3);
    if layered && !layers_fit(header, &block.bytes) {
        return Err(refuse("a chunk whose layers are longer than the chunk", "LASzip data"));
    }
    let bytes = Cursor::new(block.bytes.as_slice());
    let run = || {
        let mut decompressor: Box<dyn RecordDecompressor<Cursor<&[u8]>>> = if layered {
            Box::new(LayeredPointRecordDecompressor::new(bytes))
        } else {
            Box::new(SequentialPointRecordDecompressor::new(bytes))
        };
        decompressor.set_fields_from(vlr.items()).map_err(|error| (0, error.to_string()))?;
        let mut records = vec![0; block.points * header.size];
        for (row, point) in records.chunks_exact_mut(header.size).enumerate() {
            decompressor.decompress_next(point).map_err(|error| (row, error.to_string()))?;
        }
        Ok(records)
    };
    match contained(path, run)? {
        Some(Ok(records)) => Ok(records),
        Some(Err((row, _))) => {
            let end = Position::Byte(block.at + block.bytes.len());
            Err(header.truncated(path, end, block.row + row))
        }
        None => Err(refuse("damaged compressed points", "LASzip data")),
    }
}

/// Runs the decompressor; `None` where it panics: damaged data drives it over the ends of its tables. It calls itself as often as the
/// data says, so it has a large stack.
pub(super) fn contained<T: Send>(path: &Path, run: impl FnOnce() -> T + Send) -> Result<Option<T>> {
    let caught = || guard(path, "laz", || Ok(catch_unwind(AssertUnwindSafe(run)).ok()));
    thread::scope(|scope| {
        let spawned = thread::Builder::new().stack_size(STACK).spawn_scoped(scope, caught);
        let thread = spawned.map_err(|source| Error::io(path, "start a thread to read", source))?;
        thread.join().unwrap_or(Ok(None))
    })
}

/// Whether the layers of a chunk end inside it: it is its first point, the number of points, the length of every layer, and
/// the layers.
fn layers_fit(header: &Header, chunk: &[u8]) -> bool {
    let word =
        |at: usize| Number::Scalar(ScalarType::U32).read(chunk.get(at..).unwrap_or_default(), false) as usize;
    let layers = layers_of(header);
    let lengths = header.size + 4;
    let sum: usize = (0..layers).map(|layer| word(lengths + 4 * layer)).sum();
    lengths + 4 * layers <= chunk.len() && sum <= chunk.len() - lengths - 4 * layers
}
