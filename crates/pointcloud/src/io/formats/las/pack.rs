//! The points of a LAZ file, compressed by `laz` chunk by chunk on all threads.

use std::io::{self, Cursor, Seek, SeekFrom, Write};

use laz::record::{LayeredPointRecordCompressor, RecordCompressor, SequentialPointRecordCompressor};
use laz::{LazVlr, laszip};
use rayon::prelude::*;

use crate::io::encode::Out;

/// Takes records and writes chunks.
pub(super) struct Packer {
    vlr: LazVlr,
    /// Bytes of a record.
    size: usize,
    /// Records that fill no chunk yet.
    waiting: Vec<u8>,
    table: laszip::ChunkTable,
    /// Where the file says where the table is.
    start: u64,
}

impl Packer {
    pub(super) fn new(vlr: LazVlr, size: usize) -> Self {
        Self { vlr, size, waiting: Vec::new(), table: laszip::ChunkTable::with_capacity(0), start: 0 }
    }

    pub(super) fn begin(&mut self, out: &mut Out) -> io::Result<()> {
        self.start = out.stream_position()?;
        out.write_all(&[0; laszip::ChunkTable::OFFSET_SIZE])
    }

    pub(super) fn put(&mut self, out: &mut Out, records: &[u8]) -> io::Result<()> {
        self.waiting.extend_from_slice(records);
        let chunk = self.chunk();
        // One chunk per thread at least, else threads would have nothing to do.
        if self.waiting.len() >= chunk * rayon::current_num_threads() {
            let whole = self.waiting.len() / chunk * chunk;
            self.pack(out, whole)?;
        }
        Ok(())
    }

    pub(super) fn end(&mut self, out: &mut Out) -> io::Result<()> {
        self.pack(out, self.waiting.len())?;
        let table = out.stream_position()?;
        self.table.write_to(&mut *out, &self.vlr)?;
        let end = out.stream_position()?;
        out.seek(SeekFrom::Start(self.start))?;
        out.write_all(&table.to_le_bytes())?;
        out.seek(SeekFrom::Start(end)).map(|_| ())
    }

    /// Bytes of the records of a chunk.
    fn chunk(&self) -> usize {
        self.vlr.chunk_size() as usize * self.size
    }

    /// Compresses the first `length` bytes that wait.
    fn pack(&mut self, out: &mut Out, length: usize) -> io::Result<()> {
        let chunks: Vec<(usize, io::Result<Vec<u8>>)> = self.waiting[..length]
            .par_chunks(self.chunk())
            .map(|records| (records.len() / self.size, compress(&self.vlr, records)))
            .collect();
        for (points, chunk) in chunks {
            let chunk = chunk?;
            out.write_all(&chunk)?;
            let (point_count, byte_count) = (points as u64, chunk.len() as u64);
            self.table.push(laszip::ChunkTableEntry { point_count, byte_count });
        }
        self.waiting.drain(..length);
        Ok(())
    }
}

/// The bytes of one chunk.
fn compress(vlr: &LazVlr, records: &[u8]) -> io::Result<Vec<u8>> {
    let layered = vlr.items().first().is_some_and(|item| item.version() >= 3);
    let out = Cursor::new(Vec::new());
    let mut compressor: Box<dyn RecordCompressor<Cursor<Vec<u8>>>> = if layered {
        Box::new(LayeredPointRecordCompressor::new(out))
    } else {
        Box::new(SequentialPointRecordCompressor::new(out))
    };
    compressor.set_fields_from(vlr.items()).map_err(io::Error::other)?;
    for record in records.chunks_exact(vlr.items_size() as usize) {
        compressor.compress_next(record)?;
    }
    compressor.done()?;
    Ok(compressor.box_into_inner().into_inner())
}
