//! [`Blocks`]: files whose points are read block by block, so that only a few blocks are in memory.

use std::path::Path;
use std::sync::Arc;

use rayon::prelude::*;

use super::columns::{Entry, Sorted, axes_of, cloud_of_entries};
use super::contents::Contents;
use super::faces::Faces;
use super::facts::Facts;
use super::input::Input;
use super::panic::guard;
use super::raw::{Raw, RawFacts, words_of};
use super::shape::Shape;
use super::summary::Summary;
use crate::error::{Error, Position, Result};
use crate::metadata::LasMetadata;
use crate::scalar::ScalarProperty;

/// Blocks that are in memory at once. More threads than this wait.
const MOST_AT_ONCE: usize = 8;

/// No further block is read before these have so many bytes, see [`Decode::bytes_of`].
const MOST_BYTES: usize = 20 << 20;

/// What is asked of a file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ask<'a> {
    /// Names of the columns, for a format that does not name them.
    pub(crate) columns: Option<&'a [String]>,
    /// Whether the points are to be written: then everything is read that is no point.
    pub(crate) convert: bool,
    /// Whether the faces are wanted.
    pub(crate) faces: bool,
}

/// Opens a file; `None` for a file of a kind that is read as a whole.
pub(crate) type Open = fn(Input<'static>, &Ask<'_>) -> Result<Option<Box<dyn Blocks>>>;

/// Points that lie one after the other in a file.
#[derive(Debug, Default)]
pub(crate) struct Block {
    pub(crate) bytes: Vec<u8>,
    /// The first point.
    pub(crate) row: usize,
    /// The number of points, where the file declares it.
    pub(crate) points: usize,
    /// Byte or line of the first point.
    pub(crate) at: usize,
    /// The first point and the bytes of its label and those of the others, where these are in a file of their own.
    pub(crate) labels: Option<(usize, Vec<u8>)>,
}

/// A file that is open.
pub(crate) trait Blocks {
    /// What makes columns of a block.
    fn decoder(&self) -> Arc<dyn Decode>;

    /// The next points; `None` after the last.
    fn next(&mut self) -> Result<Option<Block>>;

    /// The faces of a mesh, where they are wanted, once.
    fn faces(&mut self) -> Faces {
        Faces::default()
    }

    /// Reads what comes after the points.
    fn rest(&mut self) -> Result<Rest> {
        Ok(Rest::default())
    }

    /// The points from the first one on, where opening the file again would take more work.
    fn again(&self) -> Option<Box<dyn Blocks>> {
        None
    }
}

/// What of a block is kept between looking at the points and reading them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Keep {
    /// Nothing: the block is read again.
    #[default]
    Nothing,
    /// Its bytes, unpacked.
    Bytes,
    /// Its columns.
    Columns,
}

/// What makes columns of blocks, on any thread.
pub(crate) trait Decode: Send + Sync {
    /// What takes the least time and memory to keep of a block that is needed twice.
    fn keep(&self) -> Keep {
        Keep::Nothing
    }

    /// Bytes of a block while its columns are made, for blocks that are larger than those of most formats.
    fn bytes_of(&self, block: &Block) -> usize {
        block.bytes.len()
    }

    /// The number of points of a block.
    fn points_of(&self, block: &Block) -> usize {
        block.points
    }

    /// A block without its compression.
    fn unpack(&self, block: Block) -> Result<Block> {
        Ok(block)
    }

    /// The columns of an unpacked block, as they are stored.
    fn columns(&self, block: &Block) -> Result<Vec<Raw>>;

    /// How far points are from the coordinates that the file would store of them, for a format that stores steps.
    fn off_steps(&self, _points: &mut dyn Iterator<Item = [f64; 3]>) -> f64 {
        0.0
    }

    /// Names columns and leaves some out.
    fn arrange(&self, _table: &mut Table) -> std::result::Result<(), (String, String)> {
        Ok(())
    }

    /// Line or byte where the columns are named.
    fn place(&self) -> Position;

    /// What a file without coordinates lacks.
    fn expected(&self) -> &'static str {
        "columns x, y and z"
    }

    /// Header and records of a LAS file.
    fn las(&self) -> Option<LasMetadata> {
        None
    }

    /// Comments of a PLY file, each a line of its header.
    fn comments(&self) -> Vec<Vec<u8>> {
        Vec::new()
    }

    /// Adds what the file says beside its points.
    fn describe(&self, _summary: &mut Summary) {}
}

/// What a file has beside its points.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rest {
    /// Number of triangles.
    pub(crate) triangles: usize,
    /// Number of faces as the file has them.
    pub(crate) faces: usize,
    /// Whether the format is one of meshes, also without faces.
    pub(crate) mesh: bool,
    /// What the file has and the points have not.
    pub(crate) left_out: Vec<String>,
    /// What the reader assumed.
    pub(crate) notes: Vec<String>,
}

impl Rest {
    /// The faces of a mesh, and what was left out and assumed of the rest of the file.
    pub(crate) fn of_mesh(faces: &Faces, mut left_out: Vec<String>, mut notes: Vec<String>) -> Self {
        left_out.extend(faces.left_out());
        notes.extend(faces.note());
        Self { triangles: faces.len(), faces: faces.stored(), mesh: true, left_out, notes }
    }
}

/// The columns of a block, with their types.
#[derive(Debug, Default)]
pub(crate) struct Table {
    pub(crate) entries: Vec<Entry>,
    /// What columns without names could be.
    pub(crate) shape: Shape,
    /// Name and words of columns of words.
    pub(crate) words: Vec<(String, Vec<String>)>,
    /// Columns of the file with numbers that neither doubles hold nor a type of 64 bits.
    inexact: Vec<usize>,
    pub(crate) notes: Vec<String>,
    /// What the file has and the points have not.
    pub(crate) left_out: Vec<String>,
}

impl Table {
    /// The columns in types that hold all of the file, of which `facts` are known.
    fn of(columns: Vec<Raw>, facts: &[RawFacts], shape: &Shape) -> Self {
        let mut table = Self { shape: shape.clone(), ..Self::default() };
        for (stored, (raw, facts)) in columns.into_iter().zip(facts).enumerate() {
            table.words.extend(words_of(facts).map(|words| (raw.name.clone(), words)));
            let typed = raw.typed(facts);
            if facts.loses_digits(typed.len()) {
                table.inexact.push(stored);
            }
            table.shape.split(table.entries.len(), typed.len());
            let entry = |(column, facts)| Entry { column, facts, stored };
            table.entries.extend(typed.into_iter().map(entry));
        }
        table
    }

    /// The columns, for functions that name them.
    pub(crate) fn with_columns<T>(&mut self, change: impl FnOnce(&mut [ScalarProperty], &Shape) -> T) -> T {
        let take = |entry: &mut Entry| std::mem::replace(&mut entry.column, ScalarProperty::empty());
        let mut columns: Vec<ScalarProperty> = self.entries.iter_mut().map(take).collect();
        let result = change(&mut columns, &self.shape);
        self.entries.iter_mut().zip(columns).for_each(|(entry, column)| entry.column = column);
        result
    }
}

/// What all blocks together say about the columns.
#[derive(Debug)]
pub(crate) struct Known {
    facts: Vec<RawFacts>,
    shape: Shape,
}

impl Known {
    /// Of one block.
    pub(crate) fn of(columns: &[Raw]) -> Self {
        let values: Vec<&[f64]> = columns.iter().map(|column| column.values.as_slice()).collect();
        let facts: Vec<RawFacts> = columns.iter().map(Raw::facts).collect();
        let numbers: Vec<Facts> = facts.iter().map(RawFacts::numbers).collect();
        Self { shape: Shape::with_facts(&values, &numbers), facts }
    }

    /// Of two parts of a file.
    pub(crate) fn join(self, other: Self) -> Self {
        let facts = self.facts.into_iter().zip(other.facts).map(|(a, b)| a.join(b)).collect();
        Self { facts, shape: self.shape.join(&other.shape) }
    }

    /// The columns sorted into a cloud.
    pub(crate) fn sort(&self, path: &Path, decoder: &dyn Decode, columns: Vec<Raw>) -> Result<Sorted> {
        let refuse =
            |(found, expected): (String, String)| Error::malformed(path, decoder.place(), found, expected);
        let mut table = Table::of(columns, &self.facts, &self.shape);
        decoder.arrange(&mut table).map_err(refuse)?;
        let named = |stored: &usize| table.entries.iter().find(|entry| entry.stored == *stored);
        let inexact: Vec<String> =
            table.inexact.iter().filter_map(named).map(|entry| entry.column.name.clone()).collect();
        let expected = || decoder.expected().to_owned();
        let mut sorted = cloud_of_entries(table.entries).map_err(|found| refuse((found, expected())))?;
        for (name, words) in table.words {
            if sorted.contents.cloud.label_name() == Some(name.as_str()) {
                sorted.contents.cloud.set_label_words(words);
            }
        }
        let digits = |name| format!("digits of '{name}' beyond double precision");
        sorted.contents.left_out.extend(inexact.into_iter().map(digits));
        sorted.contents.notes.extend(table.notes);
        sorted.contents.left_out.extend(table.left_out);
        Ok(sorted)
    }

    /// The columns without points.
    pub(crate) fn without_rows(&self, names: &[String]) -> Vec<Raw> {
        self.facts.iter().zip(names).map(|(facts, name)| facts.without_rows(name)).collect()
    }

    /// Which columns hold the coordinates; `None` where none do, which sorting them refuses.
    pub(crate) fn axes(&self, decoder: &dyn Decode, names: &[String]) -> Option<[usize; 3]> {
        let mut table = Table::of(self.without_rows(names), &self.facts, &self.shape);
        decoder.arrange(&mut table).ok()?;
        axes_of(&table.entries)
    }
}

/// The columns of a whole file, sorted.
pub(crate) fn sort_all(path: &Path, decoder: &dyn Decode, columns: Vec<Raw>) -> Result<Contents> {
    Ok(Known::of(&columns).sort(path, decoder, columns)?.contents)
}

/// How many blocks are in memory at once, one for every thread that has work.
pub(crate) fn threads_of_blocks() -> usize {
    rayon::current_num_threads().clamp(1, MOST_AT_ONCE)
}

/// Calls `work` for every block and its number, on all threads, and `take` with the results in the order of the file.
pub(crate) fn for_each_block<C: Sync, T: Send>(
    path: &Path,
    library: &'static str,
    blocks: &mut dyn Blocks,
    context: &mut C,
    work: impl Fn(&C, usize, Block) -> Result<T> + Sync,
    mut take: impl FnMut(&mut C, T) -> Result<()>,
) -> Result<()> {
    let (at_once, decoder) = (threads_of_blocks(), blocks.decoder());
    let mut before = 0;
    loop {
        let (mut batch, mut bytes) = (Vec::new(), 0);
        while batch.len() < at_once
            && bytes < MOST_BYTES
            && let Some(block) = guard(path, library, || blocks.next())?
        {
            bytes += decoder.bytes_of(&block);
            batch.push(block);
        }
        if batch.is_empty() {
            return Ok(());
        }
        // A panic of a library is caught on the thread where it happens.
        let shared = &*context;
        let numbered = batch.into_par_iter().enumerate();
        let results: Vec<Result<T>> = numbered
            .map(|(number, block)| guard(path, library, || work(shared, before + number, block)))
            .collect();
        before += results.len();
        for result in results {
            take(context, result?)?;
        }
    }
}
