//! The three gradients in one gather, as in the full operator.
//!
//! With `s_j(k)` from one run of j's own list, both gradients are products lane by lane over the output channels
//! `o = c·M + q`: `dL/dW[k, o] = sum_j x_j[o / M] · s_j(k)[o]`, and `dL/dx_j[c]` is the sum over q of
//! `t_j[c·M + q]` with `t_j = sum_k W_k · s_j(k)`. So the multiplier matters once per point, not once per neighbour.

use std::ops::Range;

use rayon::prelude::*;

use crate::op::cpu::backward::{Gradients, Inputs, sum_rows};
use crate::op::cpu::gather;
use crate::op::cpu::lanes::{Blocks, Dispatch, Isa, Kernel};
use crate::op::cpu::problem::{Padded, Problem, in_order_of_points};
use crate::op::cpu::{CHUNK, Real};

/// At most this many partial sums of the weight gradient, whatever the number of points.
const MAX_PARTIALS: usize = 64;

/// The gradients of one call; `problem` has the transposed lists.
pub(in crate::op::cpu) fn backward<T: Real>(problem: Problem, inputs: &Inputs<T>) -> Gradients<T> {
    match problem.channels_out {
        0..=4 => run(problem, inputs, |chunk| {
            <T as Dispatch<4>>::dispatch(Narrow(chunk));
        }),
        5..=16 => run(problem, inputs, |chunk| {
            <T as Dispatch<16>>::dispatch(Narrow(chunk));
        }),
        _ => run(problem, inputs, |chunk| {
            <T as Dispatch<16>>::dispatch(Wide(chunk));
        }),
    }
}

fn run<T: Real, const L: usize>(
    problem: Problem,
    inputs: &Inputs<T>,
    compute: fn(Chunk<T, L>),
) -> Gradients<T> {
    let Problem { points, subdomains, channels_in, channels_out, lists } = problem;
    let mut grad_features = vec![T::default(); if inputs.with_features { points * channels_in } else { 0 }];
    if channels_out == 0 {
        return Gradients { features: grad_features, weight: Vec::new(), bias: Vec::new() };
    }
    let grad = Padded::<T, L>::from_rows(inputs.grad, channels_out);
    let weight = Padded::<T, L>::from_rows(inputs.weight, channels_out);

    // Partials are cut by the problem alone: the sums are the same for any number of threads.
    let chunk = CHUNK.max(points.div_ceil(MAX_PARTIALS));
    let work = |chunk_index: usize, grad_features: &mut [T]| {
        let first = chunk_index * chunk;
        let mut partial = vec![[T::default(); L]; (subdomains + 1) * grad.per_row];
        compute(Chunk {
            problem,
            multiplier: channels_out / channels_in,
            features: inputs.features,
            weight: &weight,
            grad: &grad,
            inverse_counts: inputs.inverse_counts,
            with_bias: inputs.centres_are_points,
            rows: first..(first + chunk).min(points),
            grad_features,
            partial: &mut partial,
        });
        partial
    };
    let partials: Vec<Vec<[T; L]>> = if inputs.with_features {
        grad_features
            .par_chunks_mut(chunk * channels_in)
            .enumerate()
            .map(|(index, grad_features)| work(index, grad_features))
            .collect()
    } else {
        (0..points.div_ceil(chunk)).into_par_iter().map(|index| work(index, &mut [])).collect()
    };

    let mut weight = reduce(&partials, subdomains + 1, channels_out);
    let mut bias = weight.split_off(subdomains * channels_out);
    if !inputs.centres_are_points {
        bias = sum_rows(inputs.grad, channels_out);
    }
    let features = in_order_of_points(lists, grad_features, channels_in);
    Gradients { features, weight, bias }
}

/// Adds the partials in their order and drops the padding: `[rows, width]`.
fn reduce<T: Real, const L: usize>(partials: &[Vec<[T; L]>], rows: usize, width: usize) -> Vec<T> {
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

/// Some consecutive rows of the lists.
struct Chunk<'a, T, const L: usize> {
    problem: Problem<'a>,
    multiplier: usize,
    /// `[P, C_in]`, not padded.
    features: &'a [T],
    /// `[K, C_in · M]`.
    weight: &'a Padded<T, L>,
    grad: &'a Padded<T, L>,
    /// Per edge: `1/|Ω_i(k)|` of the neighbour's run that holds the centre.
    inverse_counts: &'a [f32],
    /// Whether the gradient of the bias is summed here, over the points.
    with_bias: bool,
    rows: Range<usize>,
    /// `[rows, C_in]`, or empty.
    grad_features: &'a mut [T],
    /// `[K + 1, C_in · M]`: the gradient of the weight, and below it that of the bias.
    partial: &'a mut [[T; L]],
}

impl<T: Real, const L: usize> Chunk<'_, T, L> {
    /// Writes the features of `point`, each as often as it has outputs.
    #[inline(always)]
    fn repeat(&self, point: usize, repeated: &mut [T]) {
        let width = self.problem.channels_in;
        let features = &self.features[point * width..(point + 1) * width];
        if self.multiplier == 1 {
            repeated[..width].copy_from_slice(features);
        } else {
            for (group, &feature) in repeated.chunks_exact_mut(self.multiplier).zip(features) {
                group.fill(feature);
            }
        }
    }

    /// `dL/dx_j[c] = sum_q t_j[c·M + q]`.
    #[inline(always)]
    fn store(&mut self, row: usize, input: &[T]) {
        if self.grad_features.is_empty() {
            return;
        }
        let width = self.problem.channels_in;
        let target = &mut self.grad_features[(row - self.rows.start) * width..][..width];
        if self.multiplier == 1 {
            target.copy_from_slice(&input[..width]);
        } else {
            for (target, group) in target.iter_mut().zip(input.chunks_exact(self.multiplier)) {
                *target = group.iter().fold(T::default(), |sum, &value| sum + value);
            }
        }
    }
}

/// Rows of one block: everything about a point stays in registers.
struct Narrow<'a, T, const L: usize>(Chunk<'a, T, L>);

impl<T: Real, const L: usize> Kernel<T, L> for Narrow<'_, T, L> {
    #[inline(always)]
    fn run<I: Isa<T, L>>(self, isa: I) {
        let Self(mut chunk) = self;
        let lanes = Blocks::<T, I, L>::of(isa);
        let lists = chunk.problem.lists;
        let (rows, weight) = (gather::Rows { blocks: chunk.grad.blocks(), first: 0 }, chunk.weight.blocks());
        let edges = (lists.indices(), chunk.inverse_counts);
        let mut bias = lanes.zeros();
        for row in chunk.rows.clone() {
            let point = chunk.problem.centre(row);
            if chunk.with_bias {
                bias = lanes.add(bias, lanes.load(rows.of(point as u32)));
            }
            let mut features = [T::default(); L];
            chunk.repeat(point, &mut features);
            let features = lanes.load(&features);
            let mut input = lanes.zeros();
            for run in chunk.problem.runs(row) {
                let subdomain = lists.shape().mirror(run.subdomain);
                let gathered = gather::weighted_sum(lanes, rows, edges, run.edges());
                let sum = &mut chunk.partial[subdomain];
                *sum = lanes.store(lanes.add_product(features, gathered, lanes.load(sum)));
                input = lanes.add_product(lanes.load(&weight[subdomain]), gathered, input);
            }
            chunk.store(row, &lanes.store(input));
        }
        chunk.partial[chunk.problem.subdomains] = lanes.store(bias);
    }
}

/// Rows of any width.
struct Wide<'a, T>(Chunk<'a, T, 16>);

impl<T: Real> Kernel<T, 16> for Wide<'_, T> {
    #[inline(always)]
    fn run<I: Isa<T, 16>>(self, isa: I) {
        let Self(mut chunk) = self;
        let lanes = Blocks::<T, I, 16>::of(isa);
        let (lists, blocks) = (chunk.problem.lists, chunk.grad.per_row);
        let rows = gather::Rows { blocks: chunk.grad.blocks(), first: 0 };
        let mut features = vec![[T::default(); 16]; blocks];
        let mut gathered = vec![[T::default(); 16]; blocks];
        let mut input = vec![[T::default(); 16]; blocks];
        for row in chunk.rows.clone() {
            let point = chunk.problem.centre(row);
            if chunk.with_bias {
                let bias = &mut chunk.partial[chunk.problem.subdomains * blocks..];
                for (sum, grad) in bias.iter_mut().zip(chunk.grad.row(point)) {
                    *sum = lanes.store(lanes.add(lanes.load(sum), lanes.load(grad)));
                }
            }
            chunk.repeat(point, features.as_flattened_mut());
            input.fill([T::default(); 16]);
            for run in chunk.problem.runs(row) {
                let edges = run.start..run.end;
                let inverse = &chunk.inverse_counts[edges.clone()];
                let factor = |e: usize| T::from_reciprocal(inverse[e]);
                gather::wide_sum(lanes, rows, &lists.indices()[edges], factor, &mut gathered);
                let subdomain = lists.shape().mirror(run.subdomain);
                let sums = &mut chunk.partial[subdomain * blocks..][..blocks];
                for ((sum, feature), gathered) in sums.iter_mut().zip(&features).zip(&gathered) {
                    let total = lanes.add_product(lanes.load(feature), lanes.load(gathered), lanes.load(sum));
                    *sum = lanes.store(total);
                }
                let weight = chunk.weight.row(subdomain);
                for ((input, weight), gathered) in input.iter_mut().zip(weight).zip(&gathered) {
                    let total =
                        lanes.add_product(lanes.load(weight), lanes.load(gathered), lanes.load(input));
                    *input = lanes.store(total);
                }
            }
            chunk.store(row, input.as_flattened());
        }
    }
}
