//! The three gradients in one gather.
//!
//! By the mirror map, `i` is a neighbour of `j` in sub-domain `mirror(k)` exactly when `j` is in `Ω_i(k)`. So
//! `s_j(k) = sum_{i: j in Ω_i(k)} g_i / |Ω_i(k)|` is a weighted sum over one run of j's own list, and both gradients
//! follow from it: `dL/dx_j = sum_k W_k · s_j(k)` and `dL/dW_k = sum_j x_j ⊗ s_j(k)`. Nothing is scattered, and the means
//! of the forward pass are not needed.

use std::ops::Range;

use rayon::prelude::*;

use super::gather;
use super::lanes::{Blocks, Dispatch, Isa, Kernel};
use super::problem::{Padded, Problem, Source, in_order_of_points, put};
use super::product;
use super::tile::Tile;
use super::{CHUNK, Real, TILE};
use crate::neighborhood::Index;
use crate::zeros::zeros;

/// At most this many partial sums of the weight gradient, whatever the number of points.
const MAX_PARTIALS: usize = 64;

/// What the gradients are computed from.
pub(super) struct Inputs<'a, T, X> {
    /// `[P, C_in]`.
    pub(super) features: &'a [T],
    /// `[K, C_in, C_out]`, or `[K, C_in, M]` of the depthwise operator.
    pub(super) weight: &'a [T],
    /// `dL/dy [Q, C_out]`, one row for each centre.
    pub(super) grad: &'a [T],
    /// `|Ω_i(k)|` of every edge of the transposed lists.
    pub(super) counts: &'a [X],
    /// Whether the gradient of the features is asked for.
    pub(super) with_features: bool,
    /// Whether the centres are the points, so that the gradient of the bias can be summed on the way.
    pub(super) centres_are_points: bool,
}

/// `dL/dx [P, C_in]` (empty when not asked for), `dL/dW [K, C_in, C_out]`, `dL/db [C_out]`.
pub(super) struct Gradients<T> {
    pub(super) features: Vec<T>,
    pub(super) weight: Vec<T>,
    pub(super) bias: Vec<T>,
}

/// The gradients of one call; `problem` has the transposed lists.
pub(super) fn backward<T: Real, X: Index>(problem: Problem<X>, inputs: &Inputs<T, X>) -> Gradients<T> {
    match (problem.channels_in, problem.channels_out) {
        (1..=4, 1..=16) => run::<T, X, 4>(problem, inputs, |chunk| {
            <T as Dispatch<4>>::dispatch(Narrow(chunk));
        }),
        (5..=16, 1..=16) => run::<T, X, 16>(problem, inputs, |chunk| {
            <T as Dispatch<16>>::dispatch(Narrow(chunk));
        }),
        _ => run::<T, X, 16>(problem, inputs, |chunk| {
            <T as Dispatch<16>>::dispatch(Wide(chunk));
        }),
    }
}

fn run<T: Real, X: Index, const LI: usize>(
    problem: Problem<X>,
    inputs: &Inputs<T, X>,
    compute: fn(Chunk<T, X, LI, 16>),
) -> Gradients<T> {
    let weight = Padded::from_rows(&transpose(problem, inputs.weight), problem.channels_in);
    by_chunks(problem, inputs, problem.subdomains * problem.channels_in, &weight, compute)
}

/// The gradients, summed over chunks of rows that are added in their order; that of the weight has `weight_rows` rows.
pub(super) fn by_chunks<T: Real, X: Index, const LI: usize, const LO: usize>(
    problem: Problem<X>,
    inputs: &Inputs<T, X>,
    weight_rows: usize,
    weight: &Padded<T, LI>,
    compute: fn(Chunk<T, X, LI, LO>),
) -> Gradients<T> {
    let Problem { points, channels_in, channels_out, lists, .. } = problem;
    let &Inputs { features, counts, .. } = inputs;
    // Copies of listed points have the gradients of the centres somewhere among those of the neighbours.
    let with_bias = inputs.centres_are_points && !problem.listed;
    let mut grad_features = zeros(if inputs.with_features { points * channels_in } else { 0 });
    if channels_out == 0 {
        return Gradients { features: grad_features, weight: Vec::new(), bias: Vec::new() };
    }
    // Chunks are cut by the problem alone: the sums are the same for any number of threads.
    let chunk = problem.chunk(CHUNK.max(points.div_ceil(MAX_PARTIALS)));
    let grad = Source::<T, LO>::new(problem, inputs.grad, channels_out, chunk);
    let work = |n: usize, grad_features: &mut [T]| {
        let mut partial = vec![[T::default(); LO]; (weight_rows + 1) * channels_out.div_ceil(LO)];
        let first = n * chunk;
        grad.with(problem, first..points.min(first + chunk), |rows, grad| {
            let partial = &mut partial[..];
            let grad_features = match &mut *grad_features {
                [] => &mut [],
                all => &mut all[(rows.start - first) * channels_in..(rows.end - first) * channels_in],
            };
            compute(Chunk {
                problem,
                features,
                weight,
                grad,
                counts,
                with_bias,
                rows,
                grad_features,
                partial,
            });
        });
        partial
    };
    let partials: Vec<Vec<[T; LO]>> = if grad_features.is_empty() {
        (0..points.div_ceil(chunk)).into_par_iter().map(|n| work(n, &mut [])).collect()
    } else {
        let parts = grad_features.par_chunks_mut(chunk * channels_in).enumerate();
        parts.map(|(n, grad_features)| work(n, grad_features)).collect()
    };
    let mut weight = reduce(&partials, weight_rows + 1, channels_out);
    let mut bias = weight.split_off(weight_rows * channels_out);
    if !with_bias {
        bias = sum_rows(inputs.grad, channels_out);
    }
    Gradients { features: in_order_of_points(lists, grad_features, channels_in), weight, bias }
}

/// `dL/db = sum_i g_i` over the centres, in chunks that are added in their order.
fn sum_rows<T: Real>(grad: &[T], width: usize) -> Vec<T> {
    let add = |mut total: Vec<T>, row: &[T]| {
        total.iter_mut().zip(row).for_each(|(total, &value)| *total += value);
        total
    };
    let chunks: Vec<Vec<T>> = grad
        .par_chunks(CHUNK * width)
        .map(|rows| rows.chunks_exact(width).fold(vec![T::default(); width], add))
        .collect();
    chunks.iter().fold(vec![T::default(); width], |total, chunk| add(total, chunk))
}

/// `[K, C_in, C_out] -> [K, C_out, C_in]`.
fn transpose<T: Real, X>(problem: Problem<X>, weight: &[T]) -> Vec<T> {
    let (rows, columns) = (problem.channels_in, problem.channels_out);
    let mut transposed = Vec::with_capacity(weight.len());
    for weight in weight.chunks_exact((rows * columns).max(1)) {
        for column in 0..columns {
            transposed.extend((0..rows).map(|row| weight[row * columns + column]));
        }
    }
    transposed
}

/// Adds the partials in their order and drops the padding: `[rows, width]`.
fn reduce<T: Real, const L: usize>(partials: &[Vec<[T; L]>], rows: usize, width: usize) -> Vec<T> {
    let per_row = width.div_ceil(L);
    let mut total = vec![T::default(); rows * width];
    total.par_chunks_mut(width).enumerate().for_each(|(row, total)| {
        let mut sum = vec![[T::default(); L]; per_row];
        for partial in partials {
            let blocks = &partial[row * per_row..(row + 1) * per_row];
            for (sum, &value) in sum.as_flattened_mut().iter_mut().zip(blocks.as_flattened()) {
                *sum += value;
            }
        }
        total.copy_from_slice(&sum.as_flattened()[..width]);
    });
    total
}

/// Some consecutive rows of the lists.
pub(super) struct Chunk<'a, T, X, const LI: usize, const LO: usize> {
    pub(super) problem: Problem<'a, X>,
    /// `[P, C_in]`, not padded.
    pub(super) features: &'a [T],
    /// `[K, C_out, C_in]`, or `[K, C_in · M]` of the depthwise operator.
    pub(super) weight: &'a Padded<T, LI>,
    pub(super) grad: gather::Rows<'a, T, LO>,
    /// Per edge: `|Ω_i(k)|` of the neighbour's run that holds the centre.
    pub(super) counts: &'a [X],
    /// Whether the gradient of the bias is summed here, over the points.
    pub(super) with_bias: bool,
    pub(super) rows: Range<usize>,
    /// `[rows, C_in]`, or empty.
    pub(super) grad_features: &'a mut [T],
    /// In whole blocks the gradient of the weight, `[K · C_in, C_out]` or `[K, C_in · M]`, and below it that of the bias.
    pub(super) partial: &'a mut [[T; LO]],
}

impl<'a, T: Real, X: Index, const LI: usize, const LO: usize> Chunk<'a, T, X, LI, LO> {
    /// The neighbours of all edges up to the end of the chunk, and what their rows are divided by.
    #[inline(always)]
    pub(super) fn edges(&self) -> (&'a [X], Option<gather::Divisors<'a, T, X>>) {
        (self.problem.indices_before(self.rows.end), Some((self.counts, T::reciprocals())))
    }
}

/// Rows of at most one block.
struct Narrow<'a, T, X, const LI: usize>(Chunk<'a, T, X, LI, 16>);

impl<T: Real, X: Index, const LI: usize> Kernel<T, LI> for Narrow<'_, T, X, LI> {
    #[inline(always)]
    fn run<I: Isa<T, LI>>(self, isa: I) {
        let Self(chunk) = self;
        let inputs = Blocks::<T, I, LI>::of(isa);
        let outputs = Blocks::<T, I, 16>::of(isa);
        let Problem { channels_in, channels_out, .. } = chunk.problem;
        let lists = chunk.problem.lists;
        let (grad, transposed, edges) = (chunk.grad, chunk.weight.blocks(), chunk.edges());
        let with_features = !chunk.grad_features.is_empty();
        let mut bias = outputs.zeros();
        for row in chunk.rows.clone().filter(|_| chunk.with_bias) {
            bias = outputs.add(bias, outputs.load(&grad.from(chunk.problem.centre(row))[0]));
        }
        chunk.partial[chunk.problem.subdomains * channels_in] = outputs.store(bias);
        let mut tile = Tile::default();
        let mut gathered = Padded::<T, 16>::zeros(0, 1);
        let mut sums = Padded::<T, LI>::zeros(TILE, 2);
        for first in chunk.rows.clone().step_by(TILE) {
            let here = first..(first + TILE).min(chunk.rows.end);
            let runs = chunk.problem.run_range(here.clone()).len();
            gathered.make_room(runs);
            let gathered = &mut gathered.blocks_mut()[..runs];
            tile.sort(chunk.problem, here.clone(), |place, first_point, run| {
                let sum = gather::sum(outputs, grad.from(first_point), edges, run.edges());
                gathered[place] = outputs.store(sum);
            });
            let (sums, _) = sums.blocks_mut().as_chunks_mut::<2>();
            sums.fill([[T::default(); LI]; 2]);
            for (subdomain, places, rows) in tile.subdomains() {
                let subdomain = lists.shape().mirror(subdomain);
                let gathered = &gathered[places];
                let features = |n: usize| {
                    let point = chunk.problem.centre(first + rows[n] as usize);
                    &chunk.features[point * channels_in..][..channels_in]
                };
                let partial = &mut chunk.partial[subdomain * channels_in..][..channels_in];
                product::add_outer(isa, features, gathered, partial, 1);
                if with_features {
                    let weight = &transposed[subdomain * channels_out..][..channels_out];
                    product::multiply_pairs(inputs, gathered, weight, sums, rows);
                }
            }
            if with_features {
                for (row, [even, odd]) in (first - chunk.rows.start..).zip(&sums[..here.len()]) {
                    let sum = inputs.store(inputs.add(inputs.load(even), inputs.load(odd)));
                    put(chunk.grad_features, row, channels_in, sum);
                }
            }
        }
    }
}

/// Rows of any width, by matrix products over all runs of a sub-domain.
struct Wide<'a, T, X>(Chunk<'a, T, X, 16, 16>);

impl<T: Real, X: Index> Kernel<T, 16> for Wide<'_, T, X> {
    #[inline(always)]
    fn run<I: Isa<T, 16>>(self, isa: I) {
        let Self(chunk) = self;
        let lanes = Blocks::<T, I, 16>::of(isa);
        let Problem { channels_in, channels_out, lists, .. } = chunk.problem;
        let (blocks_in, blocks_out) = (chunk.weight.per_row, channels_out.div_ceil(16));
        let with_features = !chunk.grad_features.is_empty();
        for row in chunk.rows.clone().filter(|_| chunk.with_bias) {
            let grad = chunk.grad.from(chunk.problem.centre(row));
            for (sum, grad) in
                chunk.partial[chunk.problem.subdomains * channels_in * blocks_out..].iter_mut().zip(grad)
            {
                *sum = lanes.store(lanes.add(lanes.load(sum), lanes.load(grad)));
            }
        }
        let reciprocals = T::reciprocals();
        let mut gathered = Vec::new();
        let mut sums = Vec::new();
        let mut tile = Tile::default();
        for first in chunk.rows.clone().step_by(4 * TILE) {
            let here = first..(first + 4 * TILE).min(chunk.rows.end);
            gathered.resize(chunk.problem.run_range(here.clone()).len() * blocks_out, [T::default(); 16]);
            tile.sort(chunk.problem, here.clone(), |place, first_point, run| {
                let (neighbours, counts) = (&chunk.problem.indices[run.edges()], &chunk.counts[run.edges()]);
                let factor = |e: usize| gather::factor(counts[e], reciprocals);
                let gathered = &mut gathered[place * blocks_out..(place + 1) * blocks_out];
                gather::wide_sum(lanes, chunk.grad.from(first_point), neighbours, factor, gathered);
            });
            sums.clear();
            sums.resize(here.len() * blocks_in, [T::default(); 16]);
            for (subdomain, places, rows) in tile.subdomains() {
                let subdomain = lists.shape().mirror(subdomain);
                let gathered = &gathered[places.start * blocks_out..places.end * blocks_out];
                let features = |n: usize| {
                    let point = chunk.problem.centre(first + rows[n] as usize);
                    &chunk.features[point * channels_in..][..channels_in]
                };
                let partial =
                    subdomain * channels_in * blocks_out..(subdomain + 1) * channels_in * blocks_out;
                product::add_outer(isa, features, gathered, &mut chunk.partial[partial], blocks_out);
                if with_features {
                    let weight = chunk.weight.rows(subdomain * channels_out, channels_out);
                    product::multiply(isa, (gathered, channels_out), weight, &mut sums, blocks_in, rows);
                }
            }
            if with_features {
                let from = (first - chunk.rows.start) * channels_in;
                let rows = chunk.grad_features[from..].chunks_exact_mut(channels_in);
                for (row, sums) in rows.zip(sums.chunks_exact(blocks_in)) {
                    row.copy_from_slice(&sums.as_flattened()[..channels_in]);
                }
            }
        }
    }
}
