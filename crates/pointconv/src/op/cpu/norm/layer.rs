//! Layer normalisation: one pass over the features, point by point.

use rayon::prelude::*;

use super::super::number::Number;
use super::super::vectorize::vectorized;
use super::{CHUNK, Gradients};

/// Sums that run beside each other, so that a row is added up with vector instructions.
const LANES: usize = 16;

/// `γ (x - m) / sqrt(v + ε) + β`.
pub(super) fn normalised<T: Number>(features: &[T], gamma: &[T], beta: &[T], epsilon: f64) -> Vec<T> {
    let channels = gamma.len();
    let mut output = vec![T::default(); features.len()];
    let size = CHUNK * channels.max(1);
    output.par_chunks_mut(size).zip(features.par_chunks(size)).for_each(|(output, features)| {
        vectorized(
            #[inline(always)]
            || {
                for (output, row) in output.chunks_exact_mut(channels).zip(features.chunks_exact(channels)) {
                    let (mean, inverse) = statistics(row, epsilon);
                    for (((output, &x), &gamma), &beta) in output.iter_mut().zip(row).zip(gamma).zip(beta) {
                        *output = (x - mean) * inverse * gamma + beta;
                    }
                }
            },
        );
    });
    output
}

/// The gradients, where `x̂` are the normalised values, `h = γ g` and `d = sqrt(v + ε)`:
/// `dL/dβ = sum g`, `dL/dγ = sum g x̂` over the points, `dL/dx = 1/d (h - mean(h) - x̂ mean(h x̂))`, means over the channels.
pub(super) fn backward<T: Number>(features: &[T], gamma: &[T], grad: &[T], epsilon: f64) -> Gradients<T> {
    let channels = gamma.len();
    let mut output = vec![T::default(); features.len()];
    let size = CHUNK * channels.max(1);
    let chunks: Vec<(Vec<T>, Vec<T>)> = output
        .par_chunks_mut(size)
        .zip(features.par_chunks(size))
        .zip(grad.par_chunks(size))
        .map(|((output, features), grad)| {
            let (mut grad_gamma, mut grad_beta) =
                (vec![T::default(); channels], vec![T::default(); channels]);
            vectorized(
                #[inline(always)]
                || {
                    let rows = output.chunks_exact_mut(channels).zip(features.chunks_exact(channels));
                    for ((output, row), grad) in rows.zip(grad.chunks_exact(channels)) {
                        row_backward(output, row, grad, gamma, &mut grad_gamma, &mut grad_beta, epsilon);
                    }
                },
            );
            (grad_gamma, grad_beta)
        })
        .collect();
    let (mut grad_gamma, mut grad_beta) = (vec![0.0; channels], vec![0.0; channels]);
    for (chunk_gamma, chunk_beta) in chunks {
        for c in 0..channels {
            grad_gamma[c] += chunk_gamma[c].widened();
            grad_beta[c] += chunk_beta[c].widened();
        }
    }
    Gradients {
        features: output,
        gamma: grad_gamma.into_iter().map(T::rounded).collect(),
        beta: grad_beta.into_iter().map(T::rounded).collect(),
    }
}

#[inline(always)]
fn row_backward<T: Number>(
    output: &mut [T],
    row: &[T],
    grad: &[T],
    gamma: &[T],
    grad_gamma: &mut [T],
    grad_beta: &mut [T],
    epsilon: f64,
) {
    let channels = row.len();
    let (row, grad, gamma) = (&row[..channels], &grad[..channels], &gamma[..channels]);
    let (output, grad_gamma, grad_beta) =
        (&mut output[..channels], &mut grad_gamma[..channels], &mut grad_beta[..channels]);
    let (mean, inverse) = statistics(row, epsilon);
    for c in 0..channels {
        let normalised = (row[c] - mean) * inverse;
        grad_beta[c] += grad[c];
        grad_gamma[c] += grad[c] * normalised;
    }
    let count = T::rounded(channels as f64);
    let mean_grad = sum(
        channels,
        #[inline(always)]
        |c| grad[c] * gamma[c],
    ) / count;
    let mean_product = sum(
        channels,
        #[inline(always)]
        |c| grad[c] * gamma[c] * ((row[c] - mean) * inverse),
    ) / count;
    for c in 0..channels {
        let normalised = (row[c] - mean) * inverse;
        output[c] = inverse * (grad[c] * gamma[c] - mean_grad - normalised * mean_product);
    }
}

/// The mean of a row, and `1 / sqrt(v + ε)`.
#[inline(always)]
fn statistics<T: Number>(row: &[T], epsilon: f64) -> (T, T) {
    let count = T::rounded(row.len() as f64);
    let mean = sum(
        row.len(),
        #[inline(always)]
        |c| row[c],
    ) / count;
    let squares = sum(
        row.len(),
        #[inline(always)]
        |c| (row[c] - mean) * (row[c] - mean),
    );
    (mean, T::reciprocal(1) / (squares / count + T::rounded(epsilon)).sqrt())
}

/// The sum of `count` values: every [`LANES`]-th in one sum, then the sums in their order.
#[inline(always)]
fn sum<T: Number>(count: usize, value: impl Fn(usize) -> T) -> T {
    let mut lanes = [T::default(); LANES];
    let whole = count / LANES * LANES;
    for first in (0..whole).step_by(LANES) {
        for (lane, sum) in lanes.iter_mut().enumerate() {
            *sum += value(first + lane);
        }
    }
    for c in whole..count {
        lanes[c - whole] += value(c);
    }
    lanes.into_iter().fold(T::default(), |total, lane| total + lane)
}
