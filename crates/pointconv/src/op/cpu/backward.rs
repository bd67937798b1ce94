//! The three gradients in one gather.
//!
//! By the mirror map, `i` is a neighbour of `j` in sub-domain `mirror(k)` exactly when `j` is in `Ω_i(k)`. So
//! `s_j(k) = sum_{i: j in Ω_i(k)} g_i / |Ω_i(k)|` is a weighted sum over one run of j's own list, and both gradients
//! follow from it: `dL/dx_j = sum_k W_k · s_j(k)` and `dL/dW_k = sum_j x_j ⊗ s_j(k)`. Nothing is scattered, and the means
//! of the forward pass are not needed.

use pulp::Simd;
use rayon::prelude::*;

use super::problem::{Kernel, Padded, Problem, dispatch};
use super::{CHUNK, Real};

/// At most this many partial sums of the weight gradient, whatever the number of points.
const MAX_PARTIALS: usize = 64;

/// `dL/dx [P, C_in]` (empty when not asked for), `dL/dW [K, C_in, C_out]`, `dL/db [C_out]`.
pub(super) struct Gradients<T> {
    pub(super) features: Vec<T>,
    pub(super) weight: Vec<T>,
    pub(super) bias: Vec<T>,
}

/// The gradients for `grad = dL/dy [P, C_out]`; that of the features only when `with_features`.
pub(super) fn backward<T: Real>(
    problem: Problem,
    features: &[T],
    weight: &[T],
    grad: &[T],
    with_features: bool,
) -> Gradients<T> {
    match (problem.channels_in, problem.channels_out) {
        (1..=4, 1..=16) => run::<T, 4, 16, true>(problem, features, weight, grad, with_features),
        (5..=16, 1..=16) => run::<T, 16, 16, true>(problem, features, weight, grad, with_features),
        _ => run::<T, 16, 16, false>(problem, features, weight, grad, with_features),
    }
}

fn run<T: Real, const LI: usize, const LO: usize, const ONE_BLOCK: bool>(
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
    let grad = Padded::<T, LO>::from_rows(grad, channels_out);
    let transposed = Padded::<T, LI>::from_rows(&transpose(problem, weight), channels_in);
    let shares = neighborhood.edge_weights();

    // Partials are cut by the problem alone: the sums are the same for any number of threads.
    let chunk = CHUNK.max(points.div_ceil(MAX_PARTIALS));
    let work = |chunk_index: usize, grad_features: &mut [T]| {
        let first = chunk_index * chunk;
        let mut partial = Partial {
            weight: vec![[T::default(); LO]; subdomains * channels_in * grad.per_row],
            bias: vec![[T::default(); LO]; grad.per_row],
        };
        dispatch(Backward::<T, LI, LO, ONE_BLOCK> {
            problem,
            features,
            transposed: &transposed,
            grad: &grad,
            shares,
            first,
            last: (first + chunk).min(points),
            grad_features,
            partial: &mut partial,
        });
        partial
    };
    let chunks = points.div_ceil(chunk);
    let partials: Vec<Partial<T, LO>> = if with_features && channels_in > 0 {
        grad_features
            .par_chunks_mut(chunk * channels_in)
            .enumerate()
            .map(|(index, grad_features)| work(index, grad_features))
            .collect()
    } else {
        (0..chunks).into_par_iter().map(|index| work(index, &mut [])).collect()
    };

    Gradients {
        features: grad_features,
        weight: reduce(&partials, |p| &p.weight, subdomains * channels_in, channels_out),
        bias: reduce(&partials, |p| &p.bias, 1, channels_out),
    }
}

/// `[K, C_in, C_out] -> [K, C_out, C_in]`.
fn transpose<T: Real>(problem: Problem, weight: &[T]) -> Vec<T> {
    let (rows, columns) = (problem.channels_in, problem.channels_out);
    let mut transposed = Vec::with_capacity(weight.len());
    for weight in weight.chunks_exact((rows * columns).max(1)) {
        for column in 0..columns {
            transposed.extend((0..rows).map(|row| weight[row * columns + column]));
        }
    }
    transposed
}

/// The weight and bias gradient of one chunk of points, rows padded to blocks.
struct Partial<T, const L: usize> {
    weight: Vec<[T; L]>,
    bias: Vec<[T; L]>,
}

/// Adds the partials in their order and drops the padding: `[rows, width]`.
fn reduce<T: Real, const L: usize>(
    partials: &[Partial<T, L>],
    part: impl Fn(&Partial<T, L>) -> &[[T; L]] + Sync,
    rows: usize,
    width: usize,
) -> Vec<T> {
    let per_row = width.div_ceil(L);
    let mut total = vec![T::default(); rows * width];
    if width == 0 {
        return total;
    }
    total.par_chunks_mut(width).enumerate().for_each(|(row, total)| {
        let mut sum = vec![[T::default(); L]; per_row];
        for partial in partials {
            let blocks = &part(partial)[row * per_row..(row + 1) * per_row];
            for (sum, &value) in sum.as_flattened_mut().iter_mut().zip(blocks.as_flattened()) {
                *sum += value;
            }
        }
        total.copy_from_slice(&sum.as_flattened()[..width]);
    });
    total
}

/// The points `first..last`.
struct Backward<'a, T, const LI: usize, const LO: usize, const ONE_BLOCK: bool> {
    problem: Problem<'a>,
    /// `[P, C_in]`, not padded.
    features: &'a [T],
    /// `[K, C_out, C_in]`.
    transposed: &'a Padded<T, LI>,
    grad: &'a Padded<T, LO>,
    /// Per edge: `1/|Ω_i(k)|` of the neighbour's run that holds the centre.
    shares: &'a [f32],
    first: usize,
    last: usize,
    /// `[last - first, C_in]`, or empty.
    grad_features: &'a mut [T],
    partial: &'a mut Partial<T, LO>,
}

impl<T: Real, const LI: usize, const LO: usize, const ONE_BLOCK: bool> Kernel
    for Backward<'_, T, LI, LO, ONE_BLOCK>
{
    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S) {
        let wide = |blocks: usize| if ONE_BLOCK { 0 } else { blocks };
        let mut wide_gathered = vec![[T::default(); LO]; wide(self.grad.per_row)];
        let mut wide_input = vec![[T::default(); LI]; wide(self.transposed.per_row)];
        for point in self.first..self.last {
            if ONE_BLOCK {
                let mut input = [[T::default(); LI]; 1];
                self.point(simd, point, &mut [[T::default(); LO]; 1], &mut input);
                self.store(point, &input);
            } else {
                wide_input.fill([T::default(); LI]);
                self.point(simd, point, &mut wide_gathered, &mut wide_input);
                self.store(point, &wide_input);
            }
        }
    }
}

impl<T: Real, const LI: usize, const LO: usize, const ONE_BLOCK: bool> Backward<'_, T, LI, LO, ONE_BLOCK> {
    /// All gradients of one point; `gathered` and `input` are scratch for `s_j(k)` and the result `dL/dx_j`.
    #[inline(always)]
    fn point<S: Simd>(&mut self, simd: S, point: usize, gathered: &mut [[T; LO]], input: &mut [[T; LI]]) {
        let Problem { channels_in, channels_out, .. } = self.problem;
        let blocks = gathered.len();
        let kernel = self.problem.neighborhood.shape();
        let features = &self.features[point * channels_in..(point + 1) * channels_in];
        for (sum, grad) in self.partial.bias.iter_mut().zip(self.grad.row(point)) {
            T::accumulate(simd, sum, grad);
        }
        for run in self.problem.runs(point) {
            gathered.fill([T::default(); LO]);
            let shares = &self.shares[run.start..run.start + run.neighbours.len()];
            for (&neighbour, &share) in run.neighbours.iter().zip(shares) {
                let row = &self.grad.blocks()[neighbour as usize * blocks..][..blocks];
                for (gathered, row) in gathered.iter_mut().zip(row) {
                    T::add_scaled(simd, gathered, T::from_reciprocal(share), row);
                }
            }
            let subdomain = kernel.mirror(run.subdomain);
            let first_row = subdomain * channels_in;
            let rows = self.partial.weight[first_row * blocks..(first_row + channels_in) * blocks]
                .chunks_exact_mut(blocks);
            for (row, &feature) in rows.zip(features) {
                for (sum, gathered) in row.iter_mut().zip(&*gathered) {
                    T::add_scaled(simd, sum, feature, gathered);
                }
            }
            if !self.grad_features.is_empty() {
                let rows = self.transposed.rows(subdomain * channels_out, channels_out);
                for (channel, row) in rows.chunks_exact(input.len()).enumerate() {
                    let factor = gathered[channel / LO][channel % LO];
                    for (input, weight) in input.iter_mut().zip(row) {
                        T::add_scaled(simd, input, factor, weight);
                    }
                }
            }
        }
    }

    #[inline(always)]
    fn store(&mut self, point: usize, input: &[[T; LI]]) {
        if !self.grad_features.is_empty() {
            let width = self.problem.channels_in;
            let row = point - self.first;
            self.grad_features[row * width..(row + 1) * width]
                .copy_from_slice(&input.as_flattened()[..width]);
        }
    }
}
