//! The sizes and lists of one call, and the layout that the kernels read.

use neighbors::SubdomainLists;
use rayon::prelude::*;

use super::Real;

/// One pass over the lists: its sizes and its rows.
#[derive(Clone, Copy)]
pub(super) struct Problem<'a> {
    /// Rows of the lists.
    pub(super) points: usize,
    pub(super) subdomains: usize,
    pub(super) channels_in: usize,
    pub(super) channels_out: usize,
    pub(super) lists: &'a SubdomainLists,
}

/// The neighbours of one centre in one of its occupied sub-domains.
#[derive(Clone, Copy, Default)]
pub(super) struct Run {
    pub(super) subdomain: usize,
    /// The neighbours, as a range of all edges.
    pub(super) start: usize,
    pub(super) end: usize,
}

impl<'a> Problem<'a> {
    /// The point in the middle of a row of the lists.
    #[inline(always)]
    pub(super) fn centre(&self, row: usize) -> usize {
        self.lists.centres()[row] as usize
    }

    /// The occupied sub-domains of a row of the lists, in rising order.
    #[inline(always)]
    pub(super) fn runs(&self, row: usize) -> impl Iterator<Item = Run> + use<'a> {
        let lists = self.lists;
        let range = lists.run_offsets()[row] as usize..lists.run_offsets()[row + 1] as usize;
        let bounds = lists.run_starts()[range.start..=range.end].windows(2);
        lists.run_subdomains()[range].iter().zip(bounds).map(|(&subdomain, bounds)| Run {
            subdomain: usize::from(subdomain),
            start: bounds[0] as usize,
            end: bounds[1] as usize,
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
    /// Copies `[rows, width]`, row major.
    pub(super) fn from_rows(source: &[T], width: usize) -> Self {
        let per_row = width.div_ceil(L);
        let rows = source.len().checked_div(width).unwrap_or(0);
        let size = rows * per_row * L;
        let mut values = vec![T::default(); size + CACHE_LINE / size_of::<T>()];
        let start = values.as_ptr().align_offset(CACHE_LINE).min(CACHE_LINE / size_of::<T>());
        values.truncate(start + size);
        if width > 0 {
            values[start..]
                .par_chunks_mut(per_row * L * super::CHUNK)
                .zip(source.par_chunks(width * super::CHUNK))
                .for_each(|(values, source)| {
                    for (row, source) in values.chunks_exact_mut(per_row * L).zip(source.chunks_exact(width))
                    {
                        row[..width].copy_from_slice(source);
                    }
                });
        }
        Self { values, start, per_row }
    }

    /// All blocks, `per_row` for each row.
    #[inline(always)]
    pub(super) fn blocks(&self) -> &[[T; L]] {
        self.values[self.start..].as_chunks().0
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
