//! Interpolation on the CPU.

use burn::backend::tensor::FloatTensor;
use burn::backend::{Flex, TensorMetadata};
use burn::tensor::{DType, TensorData};
use rayon::prelude::*;

use super::host::HostBackend;
use super::number::Number;
use super::vectorize::vectorized;
use crate::op::{InterpolateBackend, Rows};

/// Rows of a work item.
const CHUNK: usize = 256;

macro_rules! impl_on_host {
    ($backend:ty) => {
        impl InterpolateBackend for $backend {
            fn interpolate_rows(features: FloatTensor<Self>, rows: Rows) -> FloatTensor<Self> {
                match features.dtype() {
                    DType::F32 => run::<Self, f32>(features, &rows),
                    DType::F64 => run::<Self, f64>(features, &rows),
                    other => panic!(
                        "Interpolate: the CPU computes in F32 or F64, found {other:?}; cast the tensors first"
                    ),
                }
            }
        }
    };
}

impl_on_host!(Flex);
#[cfg(feature = "ndarray")]
impl_on_host!(burn::backend::NdArray);

fn run<B: HostBackend, T: Number>(features: FloatTensor<B>, rows: &Rows) -> FloatTensor<B> {
    let device = features.device();
    let [_, channels] = features.shape().dims();
    let features = B::rows(features);
    let output = weighted_sums(B::slice::<T>(&features), channels, rows);
    B::float_from_data(TensorData::new(output, [rows.len(), channels]), &device)
}

/// `[R, C]` from `features [S, C]`.
fn weighted_sums<T: Number>(features: &[T], channels: usize, rows: &Rows) -> Vec<T> {
    let mut output = vec![T::default(); rows.len() * channels];
    if channels == 0 {
        return output;
    }
    let (offsets, indices, weights) = rows.tables();
    output.par_chunks_mut(CHUNK * channels).enumerate().for_each(|(chunk, output)| {
        vectorized(
            #[inline(always)]
            || {
                for (output, row) in output.chunks_exact_mut(channels).zip(chunk * CHUNK..) {
                    let range = offsets[row] as usize..offsets[row + 1] as usize;
                    row_of(features, &indices[range.clone()], &weights[range], output);
                }
            },
        );
    });
    output
}

/// The sum of one row, in blocks of channels that stay in registers.
#[inline(always)]
fn row_of<T: Number>(features: &[T], indices: &[u32], weights: &[f32], output: &mut [T]) {
    let channels = output.len();
    let mut first = 0;
    while first + 16 <= channels {
        block::<T, 16>(features, indices, weights, first, output);
        first += 16;
    }
    while first + 4 <= channels {
        block::<T, 4>(features, indices, weights, first, output);
        first += 4;
    }
    while first < channels {
        block::<T, 1>(features, indices, weights, first, output);
        first += 1;
    }
}

#[inline(always)]
fn block<T: Number, const L: usize>(
    features: &[T],
    indices: &[u32],
    weights: &[f32],
    first: usize,
    output: &mut [T],
) {
    let channels = output.len();
    let mut sum = [T::default(); L];
    for (&index, &weight) in indices.iter().zip(weights) {
        let row = &features[index as usize * channels + first..][..L];
        let weight = T::rounded(f64::from(weight));
        for c in 0..L {
            sum[c] += weight * row[c];
        }
    }
    output[first..first + L].copy_from_slice(&sum);
}
