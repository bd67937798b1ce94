//! Sums over the neighbours of one run.

use super::Real;
use super::lanes::{Blocks, Lanes};

/// Neighbours added without a branch. Runs are short and their lengths hard to predict: a mispredicted branch costs more
/// than some neighbours of the next run, read and not added.
const STEP: usize = 4;

/// The sum of the rows of a run, `indices[start..end]`; rows of one block.
#[inline(always)]
pub(super) fn sum<T: Copy, I: Lanes<T, L>, const L: usize>(
    lanes: Blocks<T, I, L>,
    rows: &[[T; L]],
    indices: &[u32],
    start: usize,
    end: usize,
) -> I::Block {
    let mut sums = [lanes.zeros(); 2];
    let mut at = start;
    while at < end {
        let Some(ahead) = indices[at..].first_chunk::<STEP>() else {
            for (e, &index) in indices[at..end].iter().enumerate() {
                sums[e % 2] = lanes.add(sums[e % 2], lanes.load(&rows[index as usize]));
            }
            break;
        };
        for e in 0..STEP {
            let sum = lanes.add(sums[e % 2], lanes.load(&rows[ahead[e] as usize]));
            sums[e % 2] = lanes.select(lanes.keep(e, end - at), sum, sums[e % 2]);
        }
        at += STEP;
    }
    lanes.add(sums[0], sums[1])
}

/// The sum of the rows of a run, each times its inverse count; rows of one block.
#[inline(always)]
pub(super) fn weighted_sum<T: Real, I: Lanes<T, L>, const L: usize>(
    lanes: Blocks<T, I, L>,
    rows: &[[T; L]],
    indices: &[u32],
    inverse_counts: &[f32],
    start: usize,
    end: usize,
) -> I::Block {
    let mut sums = [lanes.zeros(); 2];
    let mut at = start;
    while at < end {
        let (Some(ahead), Some(inverse)) =
            (indices[at..].first_chunk::<STEP>(), inverse_counts[at..].first_chunk::<STEP>())
        else {
            for (e, (&index, &inverse)) in indices[at..end].iter().zip(&inverse_counts[at..end]).enumerate() {
                let row = lanes.load(&rows[index as usize]);
                sums[e % 2] = lanes.mul_add(T::from_reciprocal(inverse), row, sums[e % 2]);
            }
            break;
        };
        for e in 0..STEP {
            let row = lanes.load(&rows[ahead[e] as usize]);
            let sum = lanes.mul_add(T::from_reciprocal(inverse[e]), row, sums[e % 2]);
            sums[e % 2] = lanes.select(lanes.keep(e, end - at), sum, sums[e % 2]);
        }
        at += STEP;
    }
    lanes.add(sums[0], sums[1])
}

/// `target = sum_e factor(e) · rows[neighbours[e]]` for rows of any number of blocks.
#[inline(always)]
pub(super) fn wide_sum<T: Copy, I: Lanes<T, L>, const L: usize>(
    lanes: Blocks<T, I, L>,
    rows: &[[T; L]],
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
    rows: &[[T; L]],
    neighbours: &[u32],
    factor: impl Fn(usize) -> T,
    target: &mut [[T; L]],
    block: usize,
) {
    let mut sums = [lanes.zeros(); B];
    for (e, &neighbour) in neighbours.iter().enumerate() {
        let row = &rows[neighbour as usize * target.len() + block..][..B];
        let factor = factor(e);
        for b in 0..B {
            sums[b] = lanes.mul_add(factor, lanes.load(&row[b]), sums[b]);
        }
    }
    for b in 0..B {
        target[block + b] = lanes.store(sums[b]);
    }
}
