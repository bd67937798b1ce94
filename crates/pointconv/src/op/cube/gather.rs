//! Sums over the neighbours of one run, held in registers, and the sums of one thread.

use cubecl::prelude::*;

use super::sizes::Sizes;

/// `target[c] = 1/n · sum_j features[j, first + c]` over the `n` neighbours `indices[begin..end]`.
///
/// # Shapes
/// - features `[P, channels]`, target `[block]`
#[cube]
pub(super) fn mean<F: Float, A: Float>(
    features: &[F],
    indices: &[u32],
    begin: usize,
    end: usize,
    first: usize,
    target: &mut Array<A>,
    #[comptime] channels: usize,
    #[comptime] block: usize,
) {
    #[unroll]
    for c in 0..block {
        target[c] = A::new(0.0);
    }
    for edge in begin..end {
        let row = usize::cast_from(indices[edge]) * channels + first;
        #[unroll]
        for c in 0..block {
            if in_range(first, c, channels, block) {
                target[c] += A::cast_from(features[row + c]);
            }
        }
    }
    let inverse_count = A::new(1.0) / A::cast_from(u32::cast_from(end - begin));
    #[unroll]
    for c in 0..block {
        target[c] *= inverse_count;
    }
}

/// The mean of one channel over the neighbours `indices[begin..end]`.
///
/// # Shapes
/// - features `[P, channels]`
#[cube]
pub(super) fn mean_of_channel<F: Float, A: Float>(
    features: &[F],
    indices: &[u32],
    begin: usize,
    end: usize,
    channel: usize,
    #[comptime] channels: usize,
) -> A {
    let mut sum = A::new(0.0);
    for edge in begin..end {
        sum += A::cast_from(features[usize::cast_from(indices[edge]) * channels + channel]);
    }
    sum / A::cast_from(u32::cast_from(end - begin))
}

/// `target[o] = sum_i inverse_counts[i, column] · grad[i, first + o]` over the neighbours `indices[begin..end]`.
///
/// # Shapes
/// - grad `[P, channels]`, inverse_counts `[P, counts_len]`, target `[block]`
#[cube]
pub(super) fn weighted<F: Float, A: Float>(
    grad: &[F],
    inverse_counts: &[f32],
    indices: &[u32],
    begin: usize,
    end: usize,
    first: usize,
    column: usize,
    counts_len: usize,
    target: &mut Array<A>,
    #[comptime] channels: usize,
    #[comptime] sizes: Sizes,
    #[comptime] block: usize,
) {
    #[unroll]
    for c in 0..block {
        target[c] = A::new(0.0);
    }
    for edge in begin..end {
        let neighbour = usize::cast_from(indices[edge]);
        let inverse_count = reciprocal::<A>(inverse_counts[neighbour * counts_len + column], sizes);
        let row = neighbour * channels + first;
        #[unroll]
        for c in 0..block {
            if in_range(first, c, channels, block) {
                target[c] += inverse_count * A::cast_from(grad[row + c]);
            }
        }
    }
}

/// Starts the sums of a thread, at 0 or at what `output` holds already.
///
/// # Shapes
/// - output: `channels` from `target - first` on, sums `[block]`
#[cube]
pub(super) fn start<F: Float, A: Float>(
    sums: &mut Array<A>,
    output: &mut [F],
    target: usize,
    first: usize,
    #[comptime] adds: bool,
    #[comptime] channels: usize,
    #[comptime] block: usize,
) {
    #[unroll]
    for c in 0..block {
        sums[c] = A::new(0.0);
        if comptime!(adds) {
            if in_range(first, c, channels, block) {
                sums[c] = A::cast_from(output[target + c]);
            }
        }
    }
}

/// Writes the sums of a thread; shapes as in [`start`].
#[cube]
pub(super) fn write<F: Float, A: Float>(
    sums: &Array<A>,
    output: &mut [F],
    target: usize,
    first: usize,
    #[comptime] channels: usize,
    #[comptime] block: usize,
) {
    #[unroll]
    for c in 0..block {
        if in_range(first, c, channels, block) {
            output[target + c] = F::cast_from(sums[c]);
        }
    }
}

/// The reciprocal of a number of neighbours, which is stored in single precision; in double precision it is made again.
#[cube]
pub(super) fn reciprocal<A: Float>(stored: f32, #[comptime] sizes: Sizes) -> A {
    let reciprocal = A::cast_from(stored);
    if comptime!(sizes.double) { A::new(1.0) / (A::new(1.0) / reciprocal).round() } else { reciprocal }
}

/// Whether channel `first + c` exists: known before the kernel runs where the blocks divide the channels.
#[cube]
pub(super) fn in_range(
    first: usize,
    c: usize,
    #[comptime] channels: usize,
    #[comptime] block: usize,
) -> bool {
    if comptime!(channels.is_multiple_of(block)) { true.runtime() } else { first + c < channels }
}
