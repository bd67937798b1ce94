//! The sizes and lists of one call, and the layout that the kernels read.

use std::ops::Range;

use neighbors::SubdomainLists;
use rayon::prelude::*;

use super::{Real, gather};
use crate::neighborhood::Index;
use crate::op::kind::ConvKind;

/// Fewest rows of a chunk that copies the listed points of its blocks: about half of a block.
const LISTED_CHUNK: usize = 4096;

/// One pass over the lists: its sizes and its rows.
#[derive(Clone, Copy)]
pub(super) struct Problem<'a, X> {
    /// Rows of the lists.
    pub(super) points: usize,
    pub(super) subdomains: usize,
    pub(super) channels_in: usize,
    pub(super) channels_out: usize,
    pub(super) lists: &'a SubdomainLists,
    /// Whether neighbours are counted among the listed points of a block of rows.
    pub(super) listed: bool,
    /// Where the runs end, counted from the beginning of their row.
    pub(super) run_ends: &'a [X],
    /// The neighbours, counted as the lists do: in their cloud, or among the points of a block of rows.
    pub(super) indices: &'a [X],
}

/// The neighbours of one centre in one of its occupied sub-domains.
#[derive(Clone, Copy)]
pub(super) struct Run {
    pub(super) subdomain: usize,
    /// The neighbours, as a range of all edges.
    pub(super) start: usize,
    pub(super) end: usize,
}

impl Run {
    /// Number of neighbours.
    #[inline(always)]
    pub(super) fn len(self) -> usize {
        self.end - self.start
    }

    /// The neighbours, as a range of all edges.
    #[inline(always)]
    pub(super) fn edges(self) -> Range<usize> {
        self.start..self.end
    }
}

impl<'a, X: Index> Problem<'a, X> {
    /// A pass over lists whose numbers have this width.
    pub(super) fn new(kind: ConvKind, weight: [usize; 3], lists: &'a SubdomainLists) -> Self {
        let [subdomains, channels_in, _] = weight;
        let (run_ends, indices) = X::tables(lists);
        let channels_out = kind.channels_out(weight);
        let points = lists.points();
        let listed = lists.row_blocks(0..points.min(1)).any(|block| block.points.is_some());
        Self { points, subdomains, channels_in, channels_out, lists, listed, run_ends, indices }
    }

    /// Rows of one chunk: `wanted`, but more where every chunk copies the listed points of its blocks.
    pub(super) fn chunk(&self, wanted: usize) -> usize {
        if self.listed { wanted.max(LISTED_CHUNK) } else { wanted }
    }

    /// The point in the middle of a row of the lists.
    #[inline(always)]
    pub(super) fn centre(&self, row: usize) -> usize {
        self.lists.centres()[row] as usize
    }

    /// The runs of some rows of the lists.
    #[inline(always)]
    pub(super) fn run_range(&self, rows: Range<usize>) -> Range<usize> {
        let offsets = self.lists.run_offsets();
        offsets[rows.start] as usize..offsets[rows.end] as usize
    }

    /// The neighbours of all rows before one: gathers read ahead, but not into clouds of which they have no rows.
    #[inline(always)]
    pub(super) fn indices_before(&self, row: usize) -> &'a [X] {
        &self.indices[..self.lists.edge_offsets()[row] as usize]
    }

    /// The clouds of some rows of the lists: their numbers, which of the rows they have, and the first of their points.
    #[inline(always)]
    pub(super) fn clouds(
        &self,
        rows: Range<usize>,
    ) -> impl Iterator<Item = (usize, Range<usize>, usize)> + use<'a, X> {
        let (offsets, points) = (self.lists.row_offsets(), self.lists.clouds().offsets());
        let first = offsets.partition_point(|&start| start <= rows.start) - 1;
        let here = (first..offsets.len() - 1).take_while(move |&cloud| offsets[cloud] < rows.end);
        here.map(move |cloud| {
            let part = offsets[cloud].max(rows.start)..offsets[cloud + 1].min(rows.end);
            (cloud, part, points[cloud])
        })
    }

    /// Calls `visit` with some rows of the lists, each with the point from which its neighbours are counted: the first of
    /// its cloud, or of the listed points.
    #[inline(always)]
    pub(super) fn walk(self, rows: Range<usize>, mut visit: impl FnMut(usize, usize)) {
        for (_, rows, first_point) in self.clouds(rows) {
            let first_point = if self.listed { 0 } else { first_point };
            rows.for_each(|row| visit(row, first_point));
        }
    }

    /// The occupied sub-domains of a row of the lists, in rising order.
    #[inline(always)]
    pub(super) fn runs(&self, row: usize) -> impl Iterator<Item = Run> + use<'a, X> {
        let range = self.run_range(row..row + 1);
        let row_start = self.lists.edge_offsets()[row] as usize;
        let mut start = row_start;
        let ends = &self.run_ends[range.clone()];
        self.lists.run_subdomains()[range].iter().zip(ends).map(move |(&subdomain, end)| {
            let run = Run { subdomain: usize::from(subdomain), start, end: row_start + end.get() };
            start = run.end;
            run
        })
    }
}

/// Values `[P, width]` in the order of the points, from values in the order of the rows of the lists: the kernels write
/// row after row.
pub(super) fn in_order_of_points<T: Real>(lists: &SubdomainLists, values: Vec<T>, width: usize) -> Vec<T> {
    // Small clouds keep their points in order.
    if width == 0 || lists.centres().is_sorted() {
        return values;
    }
    let mut sorted = vec![T::default(); values.len()];
    let rows = lists.row_from_point().par_chunks(super::CHUNK);
    sorted.par_chunks_mut(super::CHUNK * width).zip(rows).for_each(|(sorted, rows)| {
        for (sorted, &row) in sorted.chunks_exact_mut(width).zip(rows) {
            sorted.copy_from_slice(&values[row as usize * width..][..width]);
        }
    });
    sorted
}

/// Copies rows of `width` channels to whole blocks.
#[inline(always)]
fn copy_rows<T: Real, const L: usize>(blocks: &mut [[T; L]], source: &[T], width: usize) {
    let rows = blocks.chunks_exact_mut(width.div_ceil(L).max(1)).zip(0..source.len() / width.max(1));
    for (blocks, row) in rows {
        copy_row(blocks, &source[row * width..], width);
    }
}

/// Copies the first row of `source` to whole blocks.
#[inline(always)]
fn copy_row<T: Real, const L: usize>(blocks: &mut [[T; L]], source: &[T], width: usize) {
    for (b, block) in blocks.iter_mut().enumerate() {
        let (at, count) = (b * L, width - b * L);
        // A copy of known length and a selection are faster than a copy of `count` values.
        match source[at..].first_chunk::<L>() {
            Some(values) => {
                for l in 0..L {
                    block[l] = if l < count { values[l] } else { T::default() };
                }
            }
            None => block[..count.min(L)].copy_from_slice(&source[at..at + count.min(L)]),
        }
    }
}

/// Writes the first `width` channels of a block to a row of `[rows, width]`. What it writes behind them belongs to the
/// rows that follow: they must be written later.
#[inline(always)]
pub(super) fn put<T: Copy, const L: usize>(rows: &mut [T], row: usize, width: usize, block: [T; L]) {
    let rows = &mut rows[row * width..];
    match rows.first_chunk_mut() {
        Some(target) => *target = block,
        None => rows[..width].copy_from_slice(&block[..width]),
    }
}

/// Rows `[P, width]` of at most one block, for gathers in chunks of the lists.
///
/// What a chunk reads is padded when it needs it: in one pass, to where it stays in the cache. Only clouds that are much larger
/// than a chunk and are not cut into blocks with listed points are padded all at once.
pub(super) struct Source<'a, T, const L: usize> {
    rows: &'a [T],
    width: usize,
    padded: Option<Padded<T, L>>,
}

impl<'a, T: Real, const L: usize> Source<'a, T, L> {
    /// Rows for chunks of `chunk` rows of the lists.
    pub(super) fn new<X: Index>(problem: Problem<X>, rows: &'a [T], width: usize, chunk: usize) -> Self {
        let largest = problem.lists.clouds().ranges().map(|cloud| cloud.len()).max().unwrap_or(0);
        let at_once = largest > 4 * chunk && !problem.listed;
        Self { rows, width, padded: at_once.then(|| Padded::from_rows(rows, width)) }
    }

    /// Calls `work` with some rows of the lists, part by part, each with the rows that its runs read.
    pub(super) fn with<X: Index>(
        &self,
        problem: Problem<X>,
        rows: Range<usize>,
        mut work: impl FnMut(Range<usize>, gather::Rows<T, L>),
    ) {
        if let Some(padded) = &self.padded {
            return work(rows, padded.gathered());
        }
        if problem.listed {
            for block in problem.lists.row_blocks(rows) {
                let points = block.points.unwrap_or_default();
                let padded = Padded::from_listed(&self.rows[block.first * self.width..], points, self.width);
                work(block.rows, padded.gathered());
            }
            return;
        }
        let mut clouds = problem.clouds(rows.clone());
        let (first, ..) = clouds.next().unwrap_or_default();
        let (last, ..) = clouds.last().unwrap_or((first, 0..0, 0));
        let offsets = problem.lists.clouds().offsets();
        let (start, end) = (offsets[first], offsets[last + 1]);
        let padded = Padded::from_few_rows(&self.rows[start * self.width..end * self.width], self.width);
        work(rows, gather::Rows { first: start, ..padded.gathered() });
    }
}

/// Bytes that the memory moves together; a block that straddles two of them costs two.
const CACHE_LINE: usize = 64;

/// Rows of `width` channels, each padded with zeros to whole blocks of `L` lanes: `[rows][blocks][L]`.
pub(super) struct Padded<T, const L: usize> {
    /// The blocks follow after `start` values, which make them begin with a cache line.
    values: Vec<T>,
    start: usize,
    /// Blocks per row.
    pub(super) per_row: usize,
}

impl<T: Real, const L: usize> Padded<T, L> {
    /// Rows of zeros, `per_row` blocks each.
    pub(super) fn zeros(rows: usize, per_row: usize) -> Self {
        let size = rows * per_row * L;
        let mut values = vec![T::default(); size + CACHE_LINE / size_of::<T>()];
        let start = values.as_ptr().align_offset(CACHE_LINE).min(CACHE_LINE / size_of::<T>());
        values.truncate(start + size);
        Self { values, start, per_row }
    }

    /// Makes room for so many rows; what they hold is not defined.
    #[inline(always)]
    pub(super) fn make_room(&mut self, rows: usize) {
        if self.blocks().len() < rows * self.per_row {
            *self = Self::zeros(2 * rows, self.per_row);
        }
    }

    /// Copies `[rows, width]`, row major.
    pub(super) fn from_rows(source: &[T], width: usize) -> Self {
        let per_row = width.div_ceil(L);
        let mut padded = Self::zeros(source.len().checked_div(width).unwrap_or(0), per_row);
        let start = padded.start;
        if width > 0 {
            padded.values[start..]
                .par_chunks_mut(per_row * L * super::CHUNK)
                .zip(source.par_chunks(width * super::CHUNK))
                .for_each(|(values, source)| copy_rows::<T, L>(values.as_chunks_mut().0, source, width));
        }
        padded
    }

    /// Copies some rows by one thread.
    #[inline(never)]
    fn from_few_rows(source: &[T], width: usize) -> Self {
        let mut padded = Self::zeros(source.len().checked_div(width).unwrap_or(0), width.div_ceil(L));
        copy_rows(padded.blocks_mut(), source, width);
        padded
    }

    /// Copies the rows of listed points by one thread.
    #[inline(never)]
    fn from_listed(source: &[T], points: &[u32], width: usize) -> Self {
        let per_row = width.div_ceil(L);
        let mut padded = Self::zeros(points.len(), per_row);
        if width > 0 {
            for (blocks, &point) in padded.blocks_mut().chunks_exact_mut(per_row).zip(points) {
                copy_row(blocks, &source[point as usize * width..], width);
            }
        }
        padded
    }

    /// All blocks, `per_row` for each row.
    #[inline(always)]
    pub(super) fn blocks(&self) -> &[[T; L]] {
        self.values[self.start..].as_chunks().0
    }

    /// The rows of all points.
    #[inline(always)]
    pub(super) fn gathered(&self) -> gather::Rows<'_, T, L> {
        gather::Rows { blocks: self.blocks(), per_row: self.per_row, first: 0 }
    }

    /// All blocks, to be written.
    #[inline(always)]
    pub(super) fn blocks_mut(&mut self) -> &mut [[T; L]] {
        self.values[self.start..].as_chunks_mut().0
    }

    /// The blocks of one row.
    #[inline(always)]
    pub(super) fn row(&self, row: usize) -> &[[T; L]] {
        &self.blocks()[row * self.per_row..(row + 1) * self.per_row]
    }

    /// The blocks of `count` rows from `row` on.
    #[inline(always)]
    pub(super) fn rows(&self, row: usize, count: usize) -> &[[T; L]] {
        &self.blocks()[row * self.per_row..(row + count) * self.per_row]
    }
}
