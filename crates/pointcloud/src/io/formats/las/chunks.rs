//! The chunks of a LAZ file: each is decompressed on its own, by `laz`.

use std::io::{self, Cursor, ErrorKind};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use laz::record::RecordDecompressor;
use laz::{LazItem, LazItemType, LazVlr, laszip};

use super::fields::SIZES;
use super::header::Header;
use super::records::{Layered, Sequential, begin_chunk, layer_lengths};
use crate::error::{Error, Position, Result};
use crate::io::blocks::Block;
use crate::io::input::Input;
use crate::io::number::Number;
use crate::io::panic::guard;
use crate::scalar::ScalarType;

/// Files claim no more points than so many times their own bytes hold; real LAZ reaches about 20.
pub(super) const LARGEST_RATIO: usize = 1000;

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
    if layers > 0 && vlr.items().first().is_none_or(|item| item.item_type() != LazItemType::Point14) {
        let found = "compressed items that do not begin with the point".to_owned();
        return Err(refuse(header.data, found, "POINT14 as the first"));
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
    let layers = layers_of(header);
    if layers > 0 && !layers_fit(header, &block.bytes) {
        return Err(refuse("a chunk whose layers are longer than the chunk", "LASzip data"));
    }
    let bytes = block.bytes.as_slice();
    let data = block.at..block.at + bytes.len();
    let mut records = vec![0; block.points * header.size];
    let mut fill = |next: &mut dyn FnMut(&mut [u8]) -> io::Result<()>| {
        fill(path, header, &mut records, block.row, &data, next)
    };
    let unknown = |error: laz::LasZipError| refuse(&error.to_string(), "LASzip data");
    if layers > 0 {
        let mut points = Layered::open(bytes, header.size, layers, vlr.items()).map_err(unknown)?;
        fill(&mut |record| points.next(record))?;
    } else {
        let mut points = Sequential::new(Cursor::new(bytes));
        begin_chunk(&mut points, vlr.items()).map_err(unknown)?;
        fill(&mut |record| points.decompress_next(record))?;
    }
    Ok(records)
}

/// Fills `records`, from the point `row` on, with the points that `next` takes from the bytes `data` of the file. Damaged data drives `laz`
/// over the ends of its tables, where it panics.
pub(super) fn fill(
    path: &Path,
    header: &Header,
    records: &mut [u8],
    row: usize,
    data: &Range<usize>,
    mut next: impl FnMut(&mut [u8]) -> io::Result<()>,
) -> Result<()> {
    let mut complete = 0;
    let run =
        || records.chunks_exact_mut(header.size).try_for_each(|record| next(record).map(|()| complete += 1));
    match guard(path, "laz", || Ok(catch_unwind(AssertUnwindSafe(run))))? {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) if error.kind() == ErrorKind::UnexpectedEof => {
            Err(header.truncated(path, Position::Byte(data.end), row + complete))
        }
        _ => {
            let at = Position::Byte(data.start);
            Err(Error::malformed(path, at, "damaged compressed points", "LASzip data"))
        }
    }
}

/// Whether the layers of a chunk end inside it.
fn layers_fit(header: &Header, chunk: &[u8]) -> bool {
    let layers = layers_of(header);
    let start = header.size + 4 + 4 * layers;
    let sum: usize = layer_lengths(chunk, header.size, layers).iter().sum();
    start <= chunk.len() && sum <= chunk.len() - start
}
