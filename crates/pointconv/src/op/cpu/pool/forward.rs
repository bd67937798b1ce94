//! Maximum and mean of every segment, one pass over the features.

use rayon::prelude::*;

use super::super::number::Number;
use super::super::vectorize::vectorized;
use crate::layer::Pooling;
use crate::op::{NO_WINNER, Segments};

/// Points of a chunk: with 64 channels of `f32` it stays in the second-level cache.
const CHUNK: usize = 512;

/// Most segments of a work item.
const MOST_SEGMENTS: usize = 512;

/// The output `[S, C]` or `[S, 2C]`, and the winners `[S, C]` or `[1, 1]`.
pub(super) fn forward<T: Number>(
    features: &[T],
    channels: usize,
    segments: &Segments,
    pooling: Pooling,
) -> (Vec<T>, Vec<u32>) {
    match pooling {
        Pooling::Max => pool::<T, true, false>(features, channels, segments),
        Pooling::Mean => pool::<T, false, true>(features, channels, segments),
        Pooling::Both => pool::<T, true, true>(features, channels, segments),
    }
}

fn pool<T: Number, const MAX: bool, const MEAN: bool>(
    features: &[T],
    channels: usize,
    segments: &Segments,
) -> (Vec<T>, Vec<u32>) {
    let chunks = segments.chunks(CHUNK);
    let is_whole = chunks.len() == segments.len();
    let width = channels * (usize::from(MAX) + usize::from(MEAN));
    let mut output = vec![T::default(); chunks.len() * width];
    let mut winners = vec![NO_WINNER; chunks.len() * channels];
    if width > 0 {
        // Small segments share a work item.
        let group = (1 + CHUNK * chunks.len() / segments.points().max(1)).min(MOST_SEGMENTS);
        let starts = &chunks.starts;
        output
            .par_chunks_mut(group * width)
            .zip(winners.par_chunks_mut(group * channels))
            .enumerate()
            .for_each(|(item, (output, winners))| {
                vectorized(
                    #[inline(always)]
                    || {
                        let rows = output.chunks_exact_mut(width).zip(winners.chunks_exact_mut(channels));
                        for ((output, winners), chunk) in rows.zip(item * group..) {
                            let (begin, end) = (starts[chunk] as usize, starts[chunk + 1] as usize);
                            match segments.members() {
                                None => chunk_of::<T, MAX, MEAN>(features, begin..end, output, winners),
                                Some(members) => {
                                    let members = members[begin..end].iter().map(|&point| point as usize);
                                    chunk_of::<T, MAX, MEAN>(features, members, output, winners);
                                }
                            }
                            if MEAN && is_whole {
                                divide(&mut output[width - channels..], end - begin);
                            }
                        }
                    },
                );
            });
    }
    if !is_whole {
        (output, winners) = joined::<T, MAX, MEAN>(&output, &winners, channels, segments, &chunks.of_segment);
    }
    if !MAX {
        winners = vec![NO_WINNER];
    }
    (output, winners)
}

/// Turns a sum over `count` points into their mean; nothing has the mean 0.
#[inline(always)]
fn divide<T: Number>(sums: &mut [T], count: usize) {
    let count = T::rounded(count.max(1) as f64);
    for sum in sums {
        *sum = *sum / count;
    }
}

/// The maxima, winners and sums of some points, in blocks of channels that stay in registers.
#[inline(always)]
fn chunk_of<T: Number, const MAX: bool, const MEAN: bool>(
    features: &[T],
    members: impl ExactSizeIterator<Item = usize> + Clone,
    output: &mut [T],
    winners: &mut [u32],
) {
    if members.len() == 0 {
        return;
    }
    let channels = winners.len();
    let mut first = 0;
    while first + 16 <= channels {
        block::<T, 16, MAX, MEAN>(features, first, members.clone(), output, winners);
        first += 16;
    }
    while first + 4 <= channels {
        block::<T, 4, MAX, MEAN>(features, first, members.clone(), output, winners);
        first += 4;
    }
    while first < channels {
        block::<T, 1, MAX, MEAN>(features, first, members.clone(), output, winners);
        first += 1;
    }
}

#[inline(always)]
fn block<T: Number, const L: usize, const MAX: bool, const MEAN: bool>(
    features: &[T],
    first: usize,
    mut members: impl Iterator<Item = usize>,
    output: &mut [T],
    winners: &mut [u32],
) {
    let channels = winners.len();
    let row = |point: usize| -> [T; L] {
        let (row, _) =
            features[point * channels + first..].split_first_chunk().expect("a row has L more channels");
        *row
    };
    let Some(point) = members.next() else { return };
    let mut best = row(point);
    let mut sum = best;
    let mut winner = [point as u32; L];
    for point in members {
        let values = row(point);
        for c in 0..L {
            if MAX {
                // A NaN wins, so that it is not lost.
                #[allow(clippy::eq_op, reason = "only NaN differs from itself")]
                let wins = (values[c] > best[c]) | (values[c] != values[c]);
                best[c] = if wins { values[c] } else { best[c] };
                winner[c] = if wins { point as u32 } else { winner[c] };
            }
            if MEAN {
                sum[c] += values[c];
            }
        }
    }
    if MAX {
        output[first..first + L].copy_from_slice(&best);
        winners[first..first + L].copy_from_slice(&winner);
    }
    if MEAN {
        let first = first + if MAX { channels } else { 0 };
        output[first..first + L].copy_from_slice(&sum);
    }
}

/// Joins the chunks of every segment, in their order.
fn joined<T: Number, const MAX: bool, const MEAN: bool>(
    partials: &[T],
    partial_winners: &[u32],
    channels: usize,
    segments: &Segments,
    first_chunk: &[u32],
) -> (Vec<T>, Vec<u32>) {
    let width = channels * (usize::from(MAX) + usize::from(MEAN));
    let mut output = vec![T::default(); segments.len() * width];
    let mut winners = vec![NO_WINNER; segments.len() * channels];
    let offsets = segments.offsets();
    if width == 0 {
        return (output, winners);
    }
    output.par_chunks_mut(width).zip(winners.par_chunks_mut(channels)).enumerate().for_each(
        |(segment, (output, winners))| {
            let first = first_chunk[segment] as usize;
            output.copy_from_slice(&partials[first * width..][..width]);
            winners.copy_from_slice(&partial_winners[first * channels..][..channels]);
            for chunk in first + 1..first_chunk[segment + 1] as usize {
                let partial = &partials[chunk * width..][..width];
                if MAX {
                    for c in 0..channels {
                        let value = partial[c];
                        #[allow(clippy::eq_op, reason = "only NaN differs from itself")]
                        if value > output[c] || value != value {
                            output[c] = value;
                            winners[c] = partial_winners[chunk * channels + c];
                        }
                    }
                }
                if MEAN {
                    let sums = &mut output[width - channels..];
                    for (sum, &partial) in sums.iter_mut().zip(&partial[width - channels..]) {
                        *sum += partial;
                    }
                }
            }
            if MEAN {
                divide(&mut output[width - channels..], (offsets[segment + 1] - offsets[segment]) as usize);
            }
        },
    );
    (output, winners)
}
