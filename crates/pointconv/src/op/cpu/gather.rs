//! Sums over the neighbours of one run.

use std::ops::Range;

use super::lanes::{Blocks, Lanes};
use super::real::{COUNTS, Real};
use crate::neighborhood::Index;

/// Rows that are gathered from: the points from `first` on, `per_row` blocks each.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a, T, const L: usize> {
    pub(super) blocks: &'a [[T; L]],
    pub(super) per_row: usize,
    pub(super) first: usize,
}

impl<'a, T, const L: usize> Rows<'a, T, L> {
    /// The rows of a point and of those that follow: of a cloud, where the point is its first.
    #[inline(always)]
    pub(super) fn from(self, point: usize) -> &'a [[T; L]] {
        &self.blocks[(point - self.first) * self.per_row..]
    }
}

/// The counts of the neighbours, by which their rows are divided, and the reciprocals of those that have two bytes.
pub(super) type Divisors<'a, T, X> = (&'a [X], &'a [T; COUNTS]);

/// The factor of a row that is divided by `count`.
#[inline(always)]
pub(super) fn factor<T: Real, X: Index>(count: X, reciprocals: &[T; COUNTS]) -> T {
    // Whether a wide count is in the table would have to be asked for every edge: a division costs less.
    if size_of::<X>() == size_of::<u16>() { reciprocals[count.get()] } else { T::reciprocal(count.get()) }
}

/// The sum of the rows of the neighbours `indices[edges]`, where rows have one block.
#[inline(always)]
pub(super) fn sum<T: Real, X: Index, I: Lanes<T, L>, const L: usize>(
    lanes: Blocks<T, I, L>,
    rows: &[[T; L]],
    (indices, divisors): (&[X], Option<Divisors<T, X>>),
    edges: Range<usize>,
) -> I::Block {
    // Where a masked addition costs no more than another, one step holds nearly all runs.
    if I::BLOCKS > 1 {
        steps::<T, X, I, L, 8>(lanes, rows, (indices, divisors), edges)
    } else {
        steps::<T, X, I, L, 4>(lanes, rows, (indices, divisors), edges)
    }
}

/// `STEP` edges at a time without a branch. Runs are short and their lengths hard to predict: a mispredicted branch costs
/// more than some neighbours of the next run, read and not added. Even and odd edges have sums of their own, so that one
/// addition need not wait for the other.
#[inline(always)]
fn steps<T: Real, X: Index, I: Lanes<T, L>, const L: usize, const STEP: usize>(
    lanes: Blocks<T, I, L>,
    rows: &[[T; L]],
    (indices, divisors): (&[X], Option<Divisors<T, X>>),
    edges: Range<usize>,
) -> I::Block {
    let add = |sum, index: X, count: Option<(X, &[T; COUNTS])>| {
        let row = lanes.load(&rows[index.get()]);
        match count {
            None => lanes.add(sum, row),
            Some((count, reciprocals)) => lanes.mul_add(factor(count, reciprocals), row, sum),
        }
    };
    let mut sums = [lanes.zeros(); 2];
    let (mut at, end) = (edges.start, edges.end);
    while at < end {
        let indices = &indices[at..];
        let divisors = divisors.map(|(counts, reciprocals)| (&counts[at..][..indices.len()], reciprocals));
        let Some(step) = indices.first_chunk::<STEP>() else {
            for e in 0..end - at {
                let count = divisors.map(|(counts, reciprocals)| (counts[e], reciprocals));
                sums[e % 2] = add(sums[e % 2], indices[e], count);
            }
            break;
        };
        for e in 0..STEP {
            let count = divisors.map(|(counts, reciprocals)| (counts[e], reciprocals));
            let sum = add(sums[e % 2], step[e], count);
            sums[e % 2] = lanes.select(lanes.keep(e, end - at), sum, sums[e % 2]);
        }
        at += STEP;
    }
    lanes.add(sums[0], sums[1])
}

/// `target = sum_e factor(e) · rows[neighbours[e]]` for rows of any number of blocks.
#[inline(always)]
pub(super) fn wide_sum<T: Copy, X: Index, I: Lanes<T, L>, const L: usize>(
    lanes: Blocks<T, I, L>,
    rows: &[[T; L]],
    neighbours: &[X],
    factor: impl Fn(usize) -> T + Copy,
    target: &mut [[T; L]],
) {
    let blocks = target.len();
    let mut block = 0;
    while block < blocks {
        if block + 4 <= blocks {
            wide_blocks::<T, X, I, L, 4>(lanes, rows, neighbours, factor, target, block);
            block += 4;
        } else {
            wide_blocks::<T, X, I, L, 1>(lanes, rows, neighbours, factor, target, block);
            block += 1;
        }
    }
}

/// `B` blocks from `block` on.
#[inline(always)]
fn wide_blocks<T: Copy, X: Index, I: Lanes<T, L>, const L: usize, const B: usize>(
    lanes: Blocks<T, I, L>,
    rows: &[[T; L]],
    neighbours: &[X],
    factor: impl Fn(usize) -> T,
    target: &mut [[T; L]],
    block: usize,
) {
    let mut sums = [lanes.zeros(); B];
    for (e, &neighbour) in neighbours.iter().enumerate() {
        let row = &rows[neighbour.get() * target.len() + block..][..B];
        let factor = factor(e);
        for b in 0..B {
            sums[b] = lanes.mul_add(factor, lanes.load(&row[b]), sums[b]);
        }
    }
    for b in 0..B {
        target[block + b] = lanes.store(sums[b]);
    }
}
