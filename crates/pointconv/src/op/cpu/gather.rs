//! Sums over the neighbours of one run.

use std::ops::Range;

use super::Real;
use super::lanes::{Blocks, Lanes};

/// Rows that are gathered from: the points from `first` on, some blocks each.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a, T, const L: usize> {
    pub(super) blocks: &'a [[T; L]],
    pub(super) first: u32,
}

impl<'a, T, const L: usize> Rows<'a, T, L> {
    /// The row of a point, where rows have one block.
    #[inline(always)]
    pub(super) fn of(self, point: u32) -> &'a [T; L] {
        &self.blocks[point.wrapping_sub(self.first) as usize]
    }

    /// The blocks of the row of a point from `block` on, and what follows, where rows have `per_row`.
    #[inline(always)]
    pub(super) fn from(self, point: u32, per_row: usize, block: usize) -> &'a [[T; L]] {
        &self.blocks[point.wrapping_sub(self.first) as usize * per_row + block..]
    }
}

/// The sum of the rows of the neighbours `indices[edges]`.
#[inline(always)]
pub(super) fn sum<T: Copy, I: Lanes<T, L>, const L: usize>(
    lanes: Blocks<T, I, L>,
    rows: Rows<T, L>,
    indices: &[u32],
    edges: Range<usize>,
) -> I::Block {
    let add = |sum, e: usize| lanes.add(sum, lanes.load(rows.of(indices[e])));
    in_steps(lanes, indices.len(), edges, add)
}

/// The sum of the rows of some neighbours, each times its inverse count.
#[inline(always)]
pub(super) fn weighted_sum<T: Real, I: Lanes<T, L>, const L: usize>(
    lanes: Blocks<T, I, L>,
    rows: Rows<T, L>,
    (indices, inverse_counts): (&[u32], &[f32]),
    edges: Range<usize>,
) -> I::Block {
    // One length for both, so that one check of an index is enough.
    let inverse_counts = &inverse_counts[..indices.len()];
    let add = |sum, e: usize| {
        lanes.mul_add(T::from_reciprocal(inverse_counts[e]), lanes.load(rows.of(indices[e])), sum)
    };
    in_steps(lanes, indices.len(), edges, add)
}

/// Adds the edges of a run, even and odd ones to sums of their own, so that one addition need not wait for the other.
#[inline(always)]
fn in_steps<T: Copy, I: Lanes<T, L>, const L: usize>(
    lanes: Blocks<T, I, L>,
    all: usize,
    edges: Range<usize>,
    add: impl Fn(I::Block, usize) -> I::Block,
) -> I::Block {
    // Where a masked addition costs no more than another, one step holds nearly all runs.
    if I::BLOCKS > 1 {
        steps::<T, I, L, 8>(lanes, all, edges, add)
    } else {
        steps::<T, I, L, 4>(lanes, all, edges, add)
    }
}

/// `STEP` edges at a time without a branch. Runs are short and their lengths hard to predict: a mispredicted branch costs
/// more than some neighbours of the next run, read and not added.
#[inline(always)]
fn steps<T: Copy, I: Lanes<T, L>, const L: usize, const STEP: usize>(
    lanes: Blocks<T, I, L>,
    all: usize,
    edges: Range<usize>,
    add: impl Fn(I::Block, usize) -> I::Block,
) -> I::Block {
    let mut sums = [lanes.zeros(); 2];
    let (mut at, end) = (edges.start, edges.end);
    while at < end {
        if at + STEP > all {
            for e in at..end {
                sums[(e - at) % 2] = add(sums[(e - at) % 2], e);
            }
            break;
        }
        for e in 0..STEP {
            sums[e % 2] = lanes.select(lanes.keep(e, end - at), add(sums[e % 2], at + e), sums[e % 2]);
        }
        at += STEP;
    }
    lanes.add(sums[0], sums[1])
}

/// `target = sum_e factor(e) · rows[neighbours[e]]` for rows of any number of blocks.
#[inline(always)]
pub(super) fn wide_sum<T: Copy, I: Lanes<T, L>, const L: usize>(
    lanes: Blocks<T, I, L>,
    rows: Rows<T, L>,
    neighbours: &[u32],
    factor: impl Fn(usize) -> T + Copy,
    target: &mut [[T; L]],
) {
    let blocks = target.len();
    let mut block = 0;
    while block < blocks {
        if block + 4 <= blocks {
            wide_blocks::<T, I, L, 4>(lanes, rows, neighbours, factor, target, block);
            block += 4;
        } else {
            wide_blocks::<T, I, L, 1>(lanes, rows, neighbours, factor, target, block);
            block += 1;
        }
    }
}

/// `B` blocks from `block` on.
#[inline(always)]
fn wide_blocks<T: Copy, I: Lanes<T, L>, const L: usize, const B: usize>(
    lanes: Blocks<T, I, L>,
    rows: Rows<T, L>,
    neighbours: &[u32],
    factor: impl Fn(usize) -> T,
    target: &mut [[T; L]],
    block: usize,
) {
    let mut sums = [lanes.zeros(); B];
    for (e, &neighbour) in neighbours.iter().enumerate() {
        let row = &rows.from(neighbour, target.len(), block)[..B];
        let factor = factor(e);
        for b in 0..B {
            sums[b] = lanes.mul_add(factor, lanes.load(&row[b]), sums[b]);
        }
    }
    for b in 0..B {
        target[block + b] = lanes.store(sums[b]);
    }
}
