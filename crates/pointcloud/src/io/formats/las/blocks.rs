//! LAS and LAZ files read block by block.

use std::path::Path;
use std::sync::Arc;

use super::chunks::{Chunks, decompress};
use super::fields::{bits, fields};
use super::header::Header;
use super::layout::off;
use super::read::{columns, keep_used};
use super::unpack::Stream;
use crate::error::{Position, Result};
use crate::io::block_rows::Records;
use crate::io::blocks::{Ask, Block, Blocks, Decode, Keep, Rest, Table};
use crate::io::input::Input;
use crate::io::raw::Raw;
use crate::metadata::LasMetadata;

/// Opens a file.
pub(super) fn open(mut input: Input<'static>, ask: &Ask<'_>) -> Result<Option<Box<dyn Blocks>>> {
    let header = Header::read(&mut input, ask.convert)?;
    let path = input.path().to_owned();
    let points = if header.compressed && header.points > 0 {
        match Chunks::open(&mut input, &header)? {
            Some(chunks) => Points::Chunks(chunks),
            None => Points::Stream(Box::new(Stream::open(input.again(), &header)?)),
        }
    } else {
        input.seek(header.data as u64)?;
        Points::Records(Records::new(header.size, header.points, 16 + header.extra.len(), "points"))
    };
    let chunked = match &points {
        Points::Chunks(chunks) => Some(chunks.vlr().clone()),
        Points::Records(_) | Points::Stream(_) => None,
    };
    let decoder = Arc::new(Decoder { path: path.into(), header, chunked });
    Ok(Some(Box::new(LasBlocks { input, points, decoder })))
}

enum Points {
    Records(Records),
    Chunks(Chunks),
    /// Of a compressed file that cannot be divided into chunks.
    Stream(Box<Stream<'static>>),
}

struct LasBlocks {
    input: Input<'static>,
    points: Points,
    decoder: Arc<Decoder>,
}

struct Decoder {
    path: Box<Path>,
    header: Header,
    /// The compression, where there is one.
    chunked: Option<laz::LazVlr>,
}

impl Blocks for LasBlocks {
    fn decoder(&self) -> Arc<dyn Decode> {
        self.decoder.clone()
    }

    fn next(&mut self) -> Result<Option<Block>> {
        match &mut self.points {
            Points::Records(records) => records.next(&mut self.input),
            Points::Chunks(chunks) => chunks.next(&mut self.input),
            Points::Stream(stream) => stream.next(&self.decoder.header),
        }
    }

    fn rest(&mut self) -> Result<Rest> {
        Ok(Rest { left_out: self.decoder.header.left_out(), ..Rest::default() })
    }
}

impl Decode for Decoder {
    fn place(&self) -> Position {
        Position::Byte(0)
    }

    fn keep(&self) -> Keep {
        if self.header.compressed { Keep::Bytes } else { Keep::Nothing }
    }

    /// A chunk has 50,000 points in most files, whatever the number of their columns is.
    fn bytes_of(&self, block: &Block) -> usize {
        let header = &self.header;
        let columns = 3 + fields(header.format).len() + bits(header.format).len() + header.extra.len();
        block.points.saturating_mul(8 * columns + header.size)
    }

    fn unpack(&self, block: Block) -> Result<Block> {
        match &self.chunked {
            Some(vlr) => {
                let bytes = decompress(&self.path, &self.header, vlr, &block)?;
                Ok(Block { bytes, ..block })
            }
            None => Ok(block),
        }
    }

    fn columns(&self, block: &Block) -> Result<Vec<Raw>> {
        Ok(columns(&block.bytes, &self.header))
    }

    fn arrange(&self, table: &mut Table) -> std::result::Result<(), (String, String)> {
        keep_used(table, &self.header);
        Ok(())
    }

    fn off_steps(&self, points: &mut dyn Iterator<Item = [f64; 3]>) -> f64 {
        off(points, self.header.scale, self.header.offset)
    }

    fn las(&self) -> Option<LasMetadata> {
        Some(self.header.metadata.clone())
    }
}
