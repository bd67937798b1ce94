//! Batch normalisation: one pass for the statistics and one for the values, forward and backward.

use rayon::prelude::*;

use super::super::number::Number;
use super::super::vectorize::vectorized;
use super::{CHUNK, Gradients};

/// Mean and biased variance of each channel.
pub(super) struct Statistics<T> {
    pub(super) mean: Vec<T>,
    pub(super) variance: Vec<T>,
}

/// The statistics over all points; zeros without points.
///
/// Every chunk of points is read twice while it is in the cache: mean first, then squared differences from this mean. The
/// chunks are joined in their order and in double precision (Chan, Golub, LeVeque, *Updating Formulae and a Pairwise
/// Algorithm for Computing Sample Variances*, 1979).
pub(super) fn statistics<T: Number>(features: &[T], channels: usize) -> Statistics<T> {
    let chunks: Vec<(usize, Vec<T>, Vec<T>)> = features
        .par_chunks(CHUNK * channels.max(1))
        .map(|chunk| {
            let points = chunk.len() / channels;
            let (mut mean, mut squares) = (vec![T::default(); channels], vec![T::default(); channels]);
            vectorized(
                #[inline(always)]
                || {
                    for row in chunk.chunks_exact(channels) {
                        for (mean, &x) in mean.iter_mut().zip(row) {
                            *mean += x;
                        }
                    }
                    let count = T::rounded(points as f64);
                    mean.iter_mut().for_each(|mean| *mean = *mean / count);
                    for row in chunk.chunks_exact(channels) {
                        for ((square, &mean), &x) in squares.iter_mut().zip(&mean).zip(row) {
                            let difference = x - mean;
                            *square += difference * difference;
                        }
                    }
                },
            );
            (points, mean, squares)
        })
        .collect();
    let (mut mean, mut squares, mut count) = (vec![0.0f64; channels], vec![0.0f64; channels], 0.0f64);
    for (points, chunk_mean, chunk_squares) in chunks {
        let points = points as f64;
        let total = count + points;
        for c in 0..channels {
            let difference = chunk_mean[c].widened() - mean[c];
            mean[c] += difference * (points / total);
            squares[c] += chunk_squares[c].widened() + difference * difference * (count * points / total);
        }
        count = total;
    }
    Statistics {
        mean: mean.into_iter().map(T::rounded).collect(),
        variance: squares.into_iter().map(|square| T::rounded(square / count.max(1.0))).collect(),
    }
}

/// `γ (x - m) / sqrt(v + ε) + β`.
pub(super) fn normalised<T: Number>(
    features: &[T],
    statistics: &Statistics<T>,
    gamma: &[T],
    beta: &[T],
    epsilon: f64,
) -> Vec<T> {
    let channels = gamma.len();
    let mut output = vec![T::default(); features.len()];
    let factor: Vec<T> = deviations(&statistics.variance, epsilon).zip(gamma).map(|(d, &g)| g / d).collect();
    let mean = &statistics.mean;
    let size = CHUNK * channels.max(1);
    output.par_chunks_mut(size).zip(features.par_chunks(size)).for_each(|(output, features)| {
        vectorized(
            #[inline(always)]
            || {
                for (output, row) in output.chunks_exact_mut(channels).zip(features.chunks_exact(channels)) {
                    for ((((output, &x), &mean), &factor), &beta) in
                        output.iter_mut().zip(row).zip(mean).zip(&factor).zip(beta)
                    {
                        *output = (x - mean) * factor + beta;
                    }
                }
            },
        );
    });
    output
}

/// The gradients, where `x̂` are the normalised values, `d = sqrt(v + ε)` and `n` the number of points:
/// `dL/dβ = sum g`, `dL/dγ = sum g x̂`, `dL/dx = γ/d (g - (dL/dβ + x̂ dL/dγ) / n)`.
pub(super) fn backward<T: Number>(
    features: &[T],
    statistics: &Statistics<T>,
    gamma: &[T],
    grad: &[T],
    epsilon: f64,
) -> Gradients<T> {
    let channels = gamma.len();
    let mean = &statistics.mean;
    let inverse: Vec<T> = deviations(&statistics.variance, epsilon).map(|d| T::reciprocal(1) / d).collect();
    let (grad_beta, mut grad_gamma) = sums(features, mean, grad, channels);
    for (grad_gamma, inverse) in grad_gamma.iter_mut().zip(&inverse) {
        *grad_gamma *= inverse.widened();
    }
    let count = (features.len() / channels.max(1)).max(1) as f64;
    // dL/dx = scale · g + slope · (x - m) + shift
    let scale: Vec<T> = gamma.iter().zip(&inverse).map(|(&gamma, &inverse)| gamma * inverse).collect();
    let shift: Vec<T> =
        scale.iter().zip(&grad_beta).map(|(scale, sum)| T::rounded(-scale.widened() * sum / count)).collect();
    let slope: Vec<T> = (0..channels)
        .map(|c| T::rounded(-scale[c].widened() * inverse[c].widened() * grad_gamma[c] / count))
        .collect();
    let mut output = vec![T::default(); features.len()];
    let size = CHUNK * channels.max(1);
    output.par_chunks_mut(size).zip(features.par_chunks(size)).zip(grad.par_chunks(size)).for_each(
        |((output, features), grad)| {
            vectorized(
                #[inline(always)]
                || {
                    let rows = output.chunks_exact_mut(channels).zip(features.chunks_exact(channels));
                    for ((output, row), grad) in rows.zip(grad.chunks_exact(channels)) {
                        for c in 0..channels {
                            output[c] = scale[c] * grad[c] + (slope[c] * (row[c] - mean[c]) + shift[c]);
                        }
                    }
                },
            );
        },
    );
    Gradients {
        features: output,
        gamma: grad_gamma.into_iter().map(T::rounded).collect(),
        beta: grad_beta.into_iter().map(T::rounded).collect(),
    }
}

/// `sum g` and `sum g (x - m)` of each channel.
fn sums<T: Number>(features: &[T], mean: &[T], grad: &[T], channels: usize) -> (Vec<f64>, Vec<f64>) {
    let size = CHUNK * channels.max(1);
    let chunks: Vec<(Vec<T>, Vec<T>)> = features
        .par_chunks(size)
        .zip(grad.par_chunks(size))
        .map(|(features, grad)| {
            let (mut plain, mut products) = (vec![T::default(); channels], vec![T::default(); channels]);
            vectorized(
                #[inline(always)]
                || {
                    for (row, grad) in features.chunks_exact(channels).zip(grad.chunks_exact(channels)) {
                        for ((((plain, product), &x), &mean), &grad) in
                            plain.iter_mut().zip(&mut products).zip(row).zip(mean).zip(grad)
                        {
                            *plain += grad;
                            *product += grad * (x - mean);
                        }
                    }
                },
            );
            (plain, products)
        })
        .collect();
    let (mut plain, mut products) = (vec![0.0; channels], vec![0.0; channels]);
    for (chunk_plain, chunk_products) in chunks {
        for c in 0..channels {
            plain[c] += chunk_plain[c].widened();
            products[c] += chunk_products[c].widened();
        }
    }
    (plain, products)
}

/// `sqrt(v + ε)`.
fn deviations<T: Number>(variance: &[T], epsilon: f64) -> impl Iterator<Item = T> + '_ {
    variance.iter().map(move |&variance| (variance + T::rounded(epsilon)).sqrt())
}
