//! The gradient of the features: every point gathers from its own segment.

use rayon::prelude::*;

use super::super::number::Number;
use super::super::vectorize::vectorized;
use crate::layer::Pooling;
use crate::op::Segments;

/// Points of a work item.
const CHUNK: usize = 512;

/// `[P, C]` from `grad [S, C]` or `[S, 2C]`.
pub(super) fn backward<T: Number>(
    grad: &[T],
    winners: &[u32],
    channels: usize,
    segments: &Segments,
    pooling: Pooling,
) -> Vec<T> {
    let mut output = vec![T::default(); segments.points() * channels];
    if channels == 0 {
        return output;
    }
    let segment_from_point = segments.segment_from_point();
    let offsets = segments.offsets();
    let width = pooling.channels_out(channels);
    output.par_chunks_mut(CHUNK * channels).enumerate().for_each(|(chunk, output)| {
        vectorized(
            #[inline(always)]
            || {
                for (output, point) in output.chunks_exact_mut(channels).zip(chunk * CHUNK..) {
                    let segment = segment_from_point[point] as usize;
                    let grad = &grad[segment * width..][..width];
                    if pooling.has_max() {
                        let winners = &winners[segment * channels..][..channels];
                        for ((output, &grad), &winner) in output.iter_mut().zip(grad).zip(winners) {
                            *output = if winner == point as u32 { grad } else { T::default() };
                        }
                    }
                    if pooling.has_mean() {
                        let share = T::reciprocal((offsets[segment + 1] - offsets[segment]) as usize);
                        let means = output.iter_mut().zip(&grad[width - channels..]);
                        if pooling.has_max() {
                            means.for_each(|(output, &grad)| *output += grad * share);
                        } else {
                            // Fresh memory: reading it before the first write would cost a second page fault.
                            means.for_each(|(output, &grad)| *output = grad * share);
                        }
                    }
                }
            },
        );
    });
    output
}
