//! HDF5 files read block by block: all clouds together, one after the other.

use std::ops::Range;
use std::sync::Arc;

use super::super::binary::Field;
use super::super::naming::name_array;
use super::super::parts::{PartLayout, columns_of_parts};
use super::arrays::{Hdf5Dataset, Source, listed};
use super::channels::{Channel, Seen};
use super::layout::{EXPECTED, Layout, split};
use crate::error::{Position, Result};
use crate::io::block_rows::rows_of_block;
use crate::io::blocks::{Ask, Block, Blocks, Decode, Rest, Table, sort_all};
use crate::io::columns::Entry;
use crate::io::contents::{Contents, Source as Bytes};
use crate::io::input::Input;
use crate::io::number::Number;
use crate::io::raw::{Raw, Stored};
use crate::io::summary::{Element, Summary};
use crate::io::survey::Survey;
use crate::scalar::ScalarType;

/// Name of the format.
pub(super) const NAME: &str = "hdf5";

/// Opens a file; one that is to be converted must have one cloud.
pub(super) fn open(input: Input<'static>, ask: &Ask<'_>) -> Result<Option<Box<dyn Blocks>>> {
    Ok(Some(Box::new(CloudBlocks::of(Source::of_input(&input)?, ask.convert)?)))
}

/// Reads a file that holds one cloud.
pub(super) fn read(source: &Bytes<'_>) -> Result<Contents> {
    let mut blocks = CloudBlocks::of(Source::of_bytes(source.path, source.bytes)?, true)?;
    let block = match blocks.next_rows(usize::MAX) {
        Some(block) => blocks.decoder.unpack(block)?,
        None => Block::default(),
    };
    let columns = blocks.decoder.columns(&block)?;
    let mut contents = sort_all(source.path, blocks.decoder.as_ref(), columns)?;
    contents.left_out.extend(blocks.decoder.left_out());
    Ok(contents)
}

pub(super) fn inspect(source: &Bytes<'_>) -> Result<Summary> {
    let mut blocks = CloudBlocks::of(Source::of_bytes(source.path, source.bytes)?, false)?;
    Survey::of(source.path, super::FORMAT.library, &mut blocks)?.summary(&super::FORMAT)
}

struct CloudBlocks {
    /// The next point, of all clouds.
    row: usize,
    /// Points that are read at once.
    block: usize,
    decoder: Arc<Decoder>,
}

struct Decoder {
    source: Source,
    layout: Layout,
    layouts: Vec<PartLayout>,
    channels: Vec<Channel>,
    /// Names of the other arrays of the points, and how many numbers they have for each.
    others: Vec<(String, usize)>,
    listed: Vec<Hdf5Dataset>,
    classes: Option<Vec<i64>>,
}

impl CloudBlocks {
    fn of(source: Source, only: bool) -> Result<Self> {
        let layout = Layout::of(&source)?;
        if only {
            layout.check_only(&source)?;
        }
        let number = source.number(layout.positions)?;
        let mut layouts = vec![layout_of(number, layout.channels)];
        let mut others = Vec::new();
        for &(index, channels) in &layout.columns {
            layouts.push(layout_of(source.number(index)?, channels));
            others.push((split(&source.arrays[index].listed.name).1.to_owned(), channels));
        }
        let decoder = Decoder {
            layouts,
            channels: Vec::new(),
            others,
            listed: listed(&source),
            classes: layout.classes(&source)?,
            source,
            layout,
        };
        let seen = Seen::new(decoder.layout.channels, number, false);
        let block = rows_of_block(decoder.layouts.iter().map(|layout| layout.fields.len()).sum());
        let mut blocks = Self { row: 0, block, decoder: Arc::new(decoder) };
        let channels = blocks.name_channels(seen)?;
        if let Some(decoder) = Arc::get_mut(&mut blocks.decoder) {
            decoder.channels = channels;
        }
        Ok(blocks)
    }

    /// The channels of the positions, by all their numbers.
    fn name_channels(&mut self, mut seen: Seen) -> Result<Vec<Channel>> {
        while !seen.is_decided()
            && let Some(block) = self.next_rows(self.block)
        {
            let Decoder { source, layout, .. } = self.decoder.as_ref();
            seen.add(&source.read_slice(layout.positions, &layout.ranges(&block))?);
        }
        self.row = 0;
        Ok(seen.name())
    }

    /// The next points up to `most`, which are not read here: those of a cloud, or of several whole ones.
    fn next_rows(&mut self, most: usize) -> Option<Block> {
        let Layout { clouds, points, .. } = self.decoder.layout;
        let row = self.row;
        let (cloud, first) = (row.checked_div(points)?, row % points);
        if cloud >= clouds {
            return None;
        }
        let several = (most / points).min(clouds - cloud);
        let count = if first == 0 && several > 1 { several * points } else { most.min(points - first) };
        self.row += count;
        Some(Block { row, points: count, ..Block::default() })
    }
}

impl Layout {
    /// The part of the arrays that has the points of a block.
    fn ranges(&self, block: &Block) -> Vec<Range<usize>> {
        let (cloud, first) = (block.row / self.points, block.row % self.points);
        let clouds = block.points.div_ceil(self.points);
        let points = first..first + block.points / clouds;
        if self.flat { vec![points] } else { vec![cloud..cloud + clouds, points] }
    }
}

fn layout_of(number: Number, channels: usize) -> PartLayout {
    let field = |i: usize| Field { name: String::new(), number, offset: i * number.size() };
    PartLayout { size: channels * number.size(), fields: (0..channels).map(field).collect(), big: false }
}

impl Blocks for CloudBlocks {
    fn decoder(&self) -> Arc<dyn Decode> {
        self.decoder.clone()
    }

    fn next(&mut self) -> Result<Option<Block>> {
        Ok(self.next_rows(self.block))
    }

    fn rest(&mut self) -> Result<Rest> {
        Ok(Rest { left_out: self.decoder.left_out(), ..Rest::default() })
    }

    fn again(&self) -> Option<Box<dyn Blocks>> {
        Some(Box::new(Self { row: 0, block: self.block, decoder: self.decoder.clone() }))
    }
}

impl Decoder {
    /// What the file has that is no column of the points.
    fn left_out(&self) -> Vec<String> {
        self.layout.left_out(&self.source)
    }
}

impl Decode for Decoder {
    fn place(&self) -> Position {
        Position::Byte(0)
    }

    /// The block is empty before it is unpacked.
    fn bytes_of(&self, block: &Block) -> usize {
        let columns = |layout: &PartLayout| layout.size + 8 * layout.fields.len();
        block.points.saturating_mul(self.layouts.iter().map(columns).sum())
    }

    /// Reads the points of a block. What is compressed is unpacked by several threads this way.
    fn unpack(&self, block: Block) -> Result<Block> {
        let ranges = self.layout.ranges(&block);
        let mut bytes = self.source.read_slice(self.layout.positions, &ranges)?;
        for (index, _) in &self.layout.columns {
            bytes.extend(self.source.read_slice(*index, &ranges)?);
        }
        Ok(Block { bytes, ..block })
    }

    fn columns(&self, block: &Block) -> Result<Vec<Raw>> {
        let mut columns = columns_of_parts(block, &self.layouts);
        for (column, channel) in columns.iter_mut().zip(&self.channels) {
            column.name.clone_from(&channel.name);
            channel.scale(&mut column.values);
            if channel.byte {
                column.stored = Stored::Number(Number::Scalar(ScalarType::U8));
            }
        }
        Ok(columns)
    }

    fn arrange(&self, table: &mut Table) -> std::result::Result<(), (String, String)> {
        let mut stored = self.channels.len();
        for (name, channels) in &self.others {
            // A column of large integers has become two.
            let of_array = |entry: &Entry| (stored..stored + channels).contains(&entry.stored);
            let first = table.entries.iter().position(of_array).unwrap_or(table.entries.len());
            let count = table.entries.iter().filter(|entry| of_array(entry)).count();
            table.with_columns(|columns, shape| {
                name_array(name, &mut columns[first..first + count], &shape.from(first));
            });
            stored += channels;
        }
        Ok(())
    }

    fn expected(&self) -> &'static str {
        EXPECTED
    }

    fn describe(&self, summary: &mut Summary) {
        let elements = self.listed.iter().map(|array| {
            let of_one = format!("{} {:?}", array.kind, array.shape.get(1..).unwrap_or_default());
            Element::new(&array.name, array.shape.first().copied().unwrap_or(1), vec![of_one])
        });
        summary.elements = elements.collect();
        summary.comments = vec![format!("{} clouds of {} points", self.layout.clouds, self.layout.points)];
        if let Some(classes) = &self.classes {
            let (least, most) = (classes.iter().min(), classes.iter().max());
            let range = least.zip(most).map(|(least, most)| format!("classes {least} to {most}, by cloud"));
            summary.comments.extend(range);
        }
    }
}
