//! `y_i = b + sum_k W_k · mean_{Ω_i(k)}(x)`: one pass over the neighbours, one product per occupied sub-domain.

use std::ops::Range;

use rayon::prelude::*;

use super::gather;
use super::lanes::{Blocks, Dispatch, Isa, Kernel};
use super::problem::{Padded, Problem, Source, in_order_of_points, put};
use super::product;
use super::tile::Tile;
use super::{CHUNK, Real, TILE};
use crate::zeros::zeros;

/// The output `[P, C_out]`.
pub(super) fn forward<T: Real>(problem: Problem, features: &[T], weight: &[T], bias: &[T]) -> Vec<T> {
    // Narrow rows stay in registers; the coordinates of a first layer deserve rows of four.
    let output = match (problem.channels_in, problem.channels_out) {
        (1..=4, 1..=16) => narrow::<T, 4>(problem, features, weight, bias),
        (5..=16, 1..=16) => narrow::<T, 16>(problem, features, weight, bias),
        _ => wide(problem, features, weight, bias),
    };
    in_order_of_points(problem.lists, output, problem.channels_out)
}

fn narrow<T: Real + Dispatch<LI>, const LI: usize>(
    problem: Problem,
    features: &[T],
    weight: &[T],
    bias: &[T],
) -> Vec<T> {
    let chunk = (problem.points / 64).clamp(CHUNK, 4 * CHUNK);
    let features = Source::<T, LI>::new(problem.lists, features, problem.channels_in, chunk);
    let weight = Padded::<T, 16>::from_rows(weight, problem.channels_out);
    let mut output = zeros(problem.points * problem.channels_out);
    output.par_chunks_mut(chunk * problem.channels_out).enumerate().for_each(|(n, output)| {
        let rows = n * chunk..n * chunk + output.len() / problem.channels_out;
        features.with(problem, rows.clone(), |features| {
            let kernel = Narrow::<T, LI> { problem, features, weight: weight.blocks(), bias, rows, output };
            <T as Dispatch<LI>>::dispatch(kernel);
        });
    });
    output
}

/// Some consecutive rows of the lists.
struct Narrow<'a, T, const LI: usize> {
    problem: Problem<'a>,
    features: gather::Rows<'a, T, LI>,
    weight: &'a [[T; 16]],
    bias: &'a [T],
    rows: Range<usize>,
    /// `[rows, C_out]`.
    output: &'a mut [T],
}

impl<T: Real, const LI: usize> Kernel<T, LI> for Narrow<'_, T, LI> {
    #[inline(always)]
    fn run<I: Isa<T, LI>>(self, isa: I) {
        let inputs = Blocks::<T, I, LI>::of(isa);
        let outputs = Blocks::<T, I, 16>::of(isa);
        let Self { features, .. } = self;
        let Problem { channels_in, channels_out, .. } = self.problem;
        let indices = self.problem.indices_before(self.rows.end);
        let mut bias = [T::default(); 16];
        bias[..channels_out].copy_from_slice(self.bias);
        for (place, row) in self.rows.enumerate() {
            // Even and odd input channels have sums of their own, so that one addition need not wait for the other.
            let (mut even, mut odd) = (outputs.load(&bias), outputs.zeros());
            for run in self.problem.runs(row) {
                let sum = gather::sum(inputs, features, indices, run.edges());
                let mean = inputs.store(inputs.scale(T::reciprocal(run.len()), sum));
                let weight = &self.weight[run.subdomain * channels_in..][..channels_in];
                let (pairs, last) = weight.as_chunks::<2>();
                for (mean, pair) in mean.as_chunks::<2>().0.iter().zip(pairs) {
                    even = outputs.mul_add(mean[0], outputs.load(&pair[0]), even);
                    odd = outputs.mul_add(mean[1], outputs.load(&pair[1]), odd);
                }
                if let [last] = last {
                    even = outputs.mul_add(mean[channels_in - 1], outputs.load(last), even);
                }
            }
            put(self.output, place, channels_out, outputs.store(outputs.add(even, odd)));
        }
    }
}

fn wide<T: Real>(problem: Problem, features: &[T], weight: &[T], bias: &[T]) -> Vec<T> {
    let mut output = zeros(problem.points * problem.channels_out);
    if problem.channels_out == 0 {
        return output;
    }
    let features = Source::<T, 16>::new(problem.lists, features, problem.channels_in, CHUNK);
    let weight = Padded::<T, 16>::from_rows(weight, problem.channels_out);
    output.par_chunks_mut(CHUNK * problem.channels_out).enumerate().for_each(|(n, output)| {
        let rows = n * CHUNK..n * CHUNK + output.len() / problem.channels_out;
        features.with(problem, rows.clone(), |features| {
            let kernel = Wide { problem, features, weight: &weight, bias, first: rows.start, output };
            <T as Dispatch<16>>::dispatch(kernel);
        });
    });
    output
}

/// The rows of the lists from `first` on, as many as `output` has.
struct Wide<'a, T> {
    problem: Problem<'a>,
    features: gather::Rows<'a, T, 16>,
    weight: &'a Padded<T, 16>,
    bias: &'a [T],
    first: usize,
    output: &'a mut [T],
}

impl<T: Real> Kernel<T, 16> for Wide<'_, T> {
    #[inline(always)]
    fn run<I: Isa<T, 16>>(self, isa: I) {
        let lanes = Blocks::<T, I, 16>::of(isa);
        let Problem { channels_in, channels_out, .. } = self.problem;
        let (blocks_in, blocks_out) = (channels_in.div_ceil(16), self.weight.per_row);
        let indices = self.problem.lists.indices();
        let (mut means, mut sums) = (Vec::new(), Vec::new());
        let mut tile = Tile::default();
        for (n, output) in self.output.chunks_mut(TILE * channels_out).enumerate() {
            let first = self.first + n * TILE;
            let here = first..first + output.len() / channels_out;
            let runs = self.problem.run_range(here.clone()).len();
            means.resize(runs * blocks_in, [T::default(); 16]);
            tile.sort(self.problem, here.clone(), |place, run| {
                let inverse_count = T::reciprocal(run.len());
                let mean = &mut means[place * blocks_in..(place + 1) * blocks_in];
                let neighbours = &indices[run.edges()];
                gather::wide_sum(lanes, self.features, neighbours, |_| inverse_count, mean);
            });
            sums.clear();
            sums.resize(here.len() * blocks_out, [T::default(); 16]);
            for (subdomain, places, rows) in tile.subdomains() {
                let means = &means[places.start * blocks_in..places.end * blocks_in];
                let weight = self.weight.rows(subdomain * channels_in, channels_in);
                product::multiply(isa, (means, channels_in), weight, &mut sums, blocks_out, rows);
            }
            for (output, sums) in output.chunks_exact_mut(channels_out).zip(sums.chunks_exact(blocks_out)) {
                for ((output, &sum), &bias) in output.iter_mut().zip(sums.as_flattened()).zip(self.bias) {
                    *output = sum + bias;
                }
            }
        }
    }
}
