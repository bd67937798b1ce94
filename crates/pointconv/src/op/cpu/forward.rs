//! `y_i = b + sum_k W_k · mean_{Ω_i(k)}(x)`: one pass over the neighbours, one product per occupied sub-domain.

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

/// The output `[P, C_out]`.
pub(super) fn forward<T: Real, X: Index>(
    problem: Problem<X>,
    features: &[T],
    weight: &[T],
    bias: &[T],
) -> Vec<T> {
    let weight = &Padded::from_rows(weight, problem.channels_out);
    let chunk = (problem.points / 64).clamp(CHUNK, 4 * CHUNK);
    // Narrow rows stay in registers; the coordinates of a first layer deserve rows of four.
    match (problem.channels_in, problem.channels_out) {
        (1..=4, 1..=16) => by_chunks::<T, X, 4, 16>(problem, features, weight, bias, chunk, |chunk| {
            <T as Dispatch<4>>::dispatch(Narrow(chunk));
        }),
        (5..=16, 1..=16) => by_chunks::<T, X, 16, 16>(problem, features, weight, bias, chunk, |chunk| {
            <T as Dispatch<16>>::dispatch(Narrow(chunk));
        }),
        _ => by_chunks::<T, X, 16, 16>(problem, features, weight, bias, CHUNK, |chunk| {
            <T as Dispatch<16>>::dispatch(Wide(chunk));
        }),
    }
}

/// The output `[P, C_out]`, computed in chunks of rows.
pub(super) fn by_chunks<T: Real, X: Index, const LI: usize, const LW: usize>(
    problem: Problem<X>,
    features: &[T],
    weight: &Padded<T, LW>,
    bias: &[T],
    chunk: usize,
    compute: fn(Chunk<T, X, LI, LW>),
) -> Vec<T> {
    let Problem { points, channels_in, channels_out, lists, .. } = problem;
    let mut output = zeros(points * channels_out);
    if output.is_empty() {
        return output;
    }
    let chunk = problem.chunk(chunk);
    let features = Source::<T, LI>::new(problem, features, channels_in, chunk);
    output.par_chunks_mut(chunk * channels_out).enumerate().for_each(|(n, output)| {
        let first = n * chunk;
        features.with(problem, first..first + output.len() / channels_out, |rows, features| {
            let output = &mut output[(rows.start - first) * channels_out..(rows.end - first) * channels_out];
            compute(Chunk { problem, features, weight, bias, rows, output });
        });
    });
    in_order_of_points(lists, output, channels_out)
}

/// Some consecutive rows of the lists.
pub(super) struct Chunk<'a, T, X, const LI: usize, const LW: usize> {
    pub(super) problem: Problem<'a, X>,
    pub(super) features: gather::Rows<'a, T, LI>,
    /// `[K, C_in, C_out]`, or `[K, M, C_in]` of the depthwise operator.
    pub(super) weight: &'a Padded<T, LW>,
    pub(super) bias: &'a [T],
    pub(super) rows: Range<usize>,
    /// `[rows, C_out]`.
    pub(super) output: &'a mut [T],
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
        let (indices, weights) = (chunk.problem.indices_before(chunk.rows.end), chunk.weight.blocks());
        let mut bias = [T::default(); 16];
        bias[..channels_out].copy_from_slice(chunk.bias);
        chunk.problem.walk(chunk.rows.clone(), |row, first_point| {
            let features = chunk.features.from(first_point);
            // Even and odd input channels have sums of their own, so that one addition need not wait for the other.
            let (mut even, mut odd) = (outputs.load(&bias), outputs.zeros());
            for run in chunk.problem.runs(row) {
                let sum = gather::sum(inputs, features, (indices, None), run.edges());
                let mean = inputs.store(inputs.scale(T::reciprocal(run.len()), sum));
                let weight = &weights[run.subdomain * channels_in..][..channels_in];
                let (pairs, last) = weight.as_chunks::<2>();
                for (mean, pair) in mean.as_chunks::<2>().0.iter().zip(pairs) {
                    even = outputs.mul_add(mean[0], outputs.load(&pair[0]), even);
                    odd = outputs.mul_add(mean[1], outputs.load(&pair[1]), odd);
                }
                if let [last] = last {
                    even = outputs.mul_add(mean[channels_in - 1], outputs.load(last), even);
                }
            }
            put(chunk.output, row - chunk.rows.start, channels_out, outputs.store(outputs.add(even, odd)));
        });
    }
}

/// Rows of any width, by matrix products over all runs of a sub-domain.
struct Wide<'a, T, X>(Chunk<'a, T, X, 16, 16>);

impl<T: Real, X: Index> Kernel<T, 16> for Wide<'_, T, X> {
    #[inline(always)]
    fn run<I: Isa<T, 16>>(self, isa: I) {
        let Self(chunk) = self;
        let lanes = Blocks::<T, I, 16>::of(isa);
        let Problem { channels_in, channels_out, .. } = chunk.problem;
        let (blocks_in, blocks_out) = (channels_in.div_ceil(16), chunk.weight.per_row);
        let (mut means, mut sums) = (Vec::new(), Vec::new());
        let mut tile = Tile::default();
        for (n, output) in chunk.output.chunks_mut(TILE * channels_out).enumerate() {
            let first = chunk.rows.start + n * TILE;
            let here = first..first + output.len() / channels_out;
            let runs = chunk.problem.run_range(here.clone()).len();
            means.resize(runs * blocks_in, [T::default(); 16]);
            tile.sort(chunk.problem, here.clone(), |place, first_point, run| {
                let inverse_count = T::reciprocal(run.len());
                let mean = &mut means[place * blocks_in..(place + 1) * blocks_in];
                let (rows, neighbours) =
                    (chunk.features.from(first_point), &chunk.problem.indices[run.edges()]);
                gather::wide_sum(lanes, rows, neighbours, |_| inverse_count, mean);
            });
            sums.clear();
            sums.resize(here.len() * blocks_out, [T::default(); 16]);
            for (subdomain, places, rows) in tile.subdomains() {
                let means = &means[places.start * blocks_in..places.end * blocks_in];
                let weight = chunk.weight.rows(subdomain * channels_in, channels_in);
                product::multiply(isa, (means, channels_in), weight, &mut sums, blocks_out, rows);
            }
            for (output, sums) in output.chunks_exact_mut(channels_out).zip(sums.chunks_exact(blocks_out)) {
                for ((output, &sum), &bias) in output.iter_mut().zip(sums.as_flattened()).zip(chunk.bias) {
                    *output = sum + bias;
                }
            }
        }
    }
}
