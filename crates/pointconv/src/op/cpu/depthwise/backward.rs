//! The three gradients in one gather, as in the full operator.
//!
//! With `s_j(k)` from one run of j's own list, both gradients are products lane by lane over the output channels
//! `o = c·M + q`: `dL/dW[k, o] = sum_j x_j[o / M] · s_j(k)[o]`, and `dL/dx_j[c]` is the sum over q of
//! `t_j[c·M + q]` with `t_j = sum_k W_k · s_j(k)`. So the multiplier matters once per point, not once per neighbour.

use pulp::Simd;
use rayon::prelude::*;

use super::lanes::Lanes;
use crate::op::cpu::CHUNK;
use crate::op::cpu::backward::Gradients;
use crate::op::cpu::problem::{Kernel, Padded, Problem, dispatch};

/// At most this many partial sums of the weight gradient, whatever the number of points.
const MAX_PARTIALS: usize = 64;

/// The gradients for `grad = dL/dy [P, C_in · M]`; that of the features only when `with_features`.
pub(super) fn backward<T: Lanes>(
    problem: Problem,
    features: &[T],
    weight: &[T],
    grad: &[T],
    with_features: bool,
) -> Gradients<T> {
    match problem.channels_out {
        0..=4 => run::<T, 4, 1, true>(problem, features, weight, grad, with_features),
        5..=16 => run::<T, 16, 1, true>(problem, features, weight, grad, with_features),
        _ => run::<T, 16, 2, false>(problem, features, weight, grad, with_features),
    }
}

fn run<T: Lanes, const L: usize, const TILE: usize, const ONE_BLOCK: bool>(
    problem: Problem,
    features: &[T],
    weight: &[T],
    grad: &[T],
    with_features: bool,
) -> Gradients<T> {
    let Problem { points, subdomains, channels_in, channels_out, neighborhood } = problem;
    let mut grad_features = vec![T::default(); if with_features { points * channels_in } else { 0 }];
    if channels_out == 0 {
        return Gradients { features: grad_features, weight: Vec::new(), bias: Vec::new() };
    }
    let grad = Padded::<T, L>::from_rows(grad, channels_out);
    let weight = Padded::<T, L>::from_rows(weight, channels_out);
    let shares = neighborhood.edge_weights();

    // Partials are cut by the problem alone: the sums are the same for any number of threads.
    let chunk = CHUNK.max(points.div_ceil(MAX_PARTIALS));
    let work = |chunk_index: usize, grad_features: &mut [T]| {
        let first = chunk_index * chunk;
        let mut partial = vec![[T::default(); L]; (subdomains + 1) * grad.per_row];
        dispatch(Backward::<T, L, TILE, ONE_BLOCK> {
            problem,
            multiplier: channels_out / channels_in,
            features,
            weight: &weight,
            grad: &grad,
            shares,
            first,
            last: (first + chunk).min(points),
            grad_features,
            partial: &mut partial,
        });
        partial
    };
    let partials: Vec<Vec<[T; L]>> = if with_features {
        grad_features
            .par_chunks_mut(chunk * channels_in)
            .enumerate()
            .map(|(index, grad_features)| work(index, grad_features))
            .collect()
    } else {
        (0..points.div_ceil(chunk)).into_par_iter().map(|index| work(index, &mut [])).collect()
    };

    let mut weight = reduce(&partials, subdomains + 1, channels_out);
    let bias = weight.split_off(subdomains * channels_out);
    Gradients { features: grad_features, weight, bias }
}

/// Adds the partials in their order and drops the padding: `[rows, width]`.
fn reduce<T: Lanes, const L: usize>(partials: &[Vec<[T; L]>], rows: usize, width: usize) -> Vec<T> {
    let per_row = width.div_ceil(L);
    let mut total = vec![T::default(); rows * width];
    for partial in partials {
        for (total, blocks) in total.chunks_exact_mut(width).zip(partial.chunks_exact(per_row)) {
            for (total, &value) in total.iter_mut().zip(blocks.as_flattened()) {
                *total += value;
            }
        }
    }
    total
}

/// The points `first..last`.
struct Backward<'a, T, const L: usize, const TILE: usize, const ONE_BLOCK: bool> {
    problem: Problem<'a>,
    multiplier: usize,
    /// `[P, C_in]`, not padded.
    features: &'a [T],
    /// `[K, C_in · M]`.
    weight: &'a Padded<T, L>,
    grad: &'a Padded<T, L>,
    /// Per edge: `1/|Ω_i(k)|` of the neighbour's run that holds the centre.
    shares: &'a [f32],
    first: usize,
    last: usize,
    /// `[last - first, C_in]`, or empty.
    grad_features: &'a mut [T],
    /// `[K + 1, C_in · M]`: the gradient of the weight, and below it that of the bias.
    partial: &'a mut [[T; L]],
}

impl<T: Lanes, const L: usize, const TILE: usize, const ONE_BLOCK: bool> Kernel
    for Backward<'_, T, L, TILE, ONE_BLOCK>
{
    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S) {
        if ONE_BLOCK {
            for point in self.first..self.last {
                let mut features = [[T::default(); L]; 1];
                self.repeat(point, &mut features);
                let input = self.tile::<S, 1>(simd, point, 0, &features);
                self.store(point, &input);
            }
            return;
        }
        let per_row = self.grad.per_row;
        let whole = per_row / TILE * TILE;
        let mut features = vec![[T::default(); L]; per_row];
        let mut input = vec![[T::default(); L]; per_row];
        for point in self.first..self.last {
            self.repeat(point, &mut features);
            for block in (0..whole).step_by(TILE) {
                let tile = self.tile::<S, TILE>(simd, point, block, &features);
                input[block..block + TILE].copy_from_slice(&tile);
            }
            for block in whole..per_row {
                input[block..=block].copy_from_slice(&self.tile::<S, 1>(simd, point, block, &features));
            }
            self.store(point, &input);
        }
    }
}

impl<T: Lanes, const L: usize, const TILE: usize, const ONE_BLOCK: bool> Backward<'_, T, L, TILE, ONE_BLOCK> {
    /// The features of `point`, each as often as it has outputs.
    #[inline(always)]
    fn repeat(&self, point: usize, repeated: &mut [[T; L]]) {
        let width = self.problem.channels_in;
        let features = &self.features[point * width..(point + 1) * width];
        if self.multiplier == 1 {
            repeated.as_flattened_mut()[..width].copy_from_slice(features);
        } else {
            let groups = repeated.as_flattened_mut().chunks_exact_mut(self.multiplier);
            for (group, &feature) in groups.zip(features) {
                group.fill(feature);
            }
        }
    }

    /// The gradients in the `W` blocks of output channels from `block` on: adds those of the parameters to the
    /// partial sums and returns `t_j`.
    #[inline(always)]
    fn tile<S: Simd, const W: usize>(
        &mut self,
        simd: S,
        point: usize,
        block: usize,
        features: &[[T; L]],
    ) -> [[T; L]; W] {
        let per_row = if ONE_BLOCK { 1 } else { self.grad.per_row };
        let kernel = self.problem.neighborhood.shape();
        let (rows, weight) = (self.grad.blocks(), self.weight.blocks());
        let with_features = !self.grad_features.is_empty();
        let features = &features[block..block + W];
        let mut input = [[T::default(); L]; W];
        let bias = &mut self.partial[self.problem.subdomains * per_row + block..][..W];
        for (sum, grad) in bias.iter_mut().zip(&rows[point * per_row + block..][..W]) {
            T::accumulate(simd, sum, grad);
        }
        for run in self.problem.runs(point) {
            let mut gathered = [[T::default(); L]; W];
            let shares = &self.shares[run.start..run.start + run.neighbours.len()];
            for (&neighbour, &share) in run.neighbours.iter().zip(shares) {
                let row = &rows[neighbour as usize * per_row + block..][..W];
                for (gathered, row) in gathered.iter_mut().zip(row) {
                    T::add_scaled(simd, gathered, T::from_reciprocal(share), row);
                }
            }
            let at = kernel.mirror(run.subdomain) * per_row + block;
            let sums = &mut self.partial[at..at + W];
            for ((sum, feature), gathered) in sums.iter_mut().zip(features).zip(&gathered) {
                T::add_products(simd, sum, feature, gathered);
            }
            if with_features {
                for ((input, weight), gathered) in input.iter_mut().zip(&weight[at..at + W]).zip(&gathered) {
                    T::add_products(simd, input, weight, gathered);
                }
            }
        }
        input
    }

    /// `dL/dx_j[c] = sum_q t_j[c·M + q]`.
    #[inline(always)]
    fn store(&mut self, point: usize, input: &[[T; L]]) {
        if self.grad_features.is_empty() {
            return;
        }
        let width = self.problem.channels_in;
        let target = &mut self.grad_features[(point - self.first) * width..][..width];
        let input = input.as_flattened();
        if self.multiplier == 1 {
            target.copy_from_slice(&input[..width]);
        } else {
            for (target, group) in target.iter_mut().zip(input.chunks_exact(self.multiplier)) {
                *target = group.iter().fold(T::default(), |sum, &value| sum + value);
            }
        }
    }
}
