//! `y_i = b + sum_k W_k · mean_{Ω_i(k)}(x)`: one pass over the neighbours, one product per occupied sub-domain.

use rayon::prelude::*;

use super::gather;
use super::lanes::{Blocks, Dispatch, Isa, Kernel};
use super::problem::{Padded, Problem, in_order_of_points};
use super::product;
use super::tile::Tile;
use super::{CHUNK, Real};

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
    let features = Padded::<T, LI>::from_rows(features, problem.channels_in);
    let weight = Padded::<T, 16>::from_rows(weight, problem.channels_out);
    let mut output = vec![T::default(); problem.points * problem.channels_out];
    output.par_chunks_mut(CHUNK * problem.channels_out).enumerate().for_each(|(chunk, output)| {
        let (first, features, weight) = (chunk * CHUNK, &features, &weight);
        let kernel = Narrow::<T, LI> { problem, features, weight, bias, first, output };
        <T as Dispatch<LI>>::dispatch(kernel);
    });
    output
}

/// The rows of the lists from `first` on, as many as `output` has.
struct Narrow<'a, T, const LI: usize> {
    problem: Problem<'a>,
    features: &'a Padded<T, LI>,
    weight: &'a Padded<T, 16>,
    bias: &'a [T],
    first: usize,
    output: &'a mut [T],
}

impl<T: Real, const LI: usize> Kernel<T, LI> for Narrow<'_, T, LI> {
    #[inline(always)]
    fn run<I: Isa<T, LI>>(self, isa: I) {
        let inputs = Blocks::<T, I, LI>::of(isa);
        let outputs = Blocks::<T, I, 16>::of(isa);
        let Problem { channels_in, channels_out, .. } = self.problem;
        let indices = self.problem.lists.indices();
        let (rows, weight) = (self.features.blocks(), self.weight.blocks());
        let mut bias = [T::default(); 16];
        bias[..channels_out].copy_from_slice(self.bias);
        for (row, output) in self.output.chunks_exact_mut(channels_out).enumerate() {
            // Even and odd input channels have sums of their own, so that one addition need not wait for the other.
            let (mut even, mut odd) = (outputs.load(&bias), outputs.zeros());
            for run in self.problem.runs(self.first + row) {
                let sum = gather::sum(inputs, rows, indices, run.start, run.end);
                let mean = inputs.store(inputs.scale(T::reciprocal(run.end - run.start), sum));
                let weight = &weight[run.subdomain * channels_in..][..channels_in];
                let (pairs, last) = weight.as_chunks::<2>();
                for (mean, pair) in mean.as_chunks::<2>().0.iter().zip(pairs) {
                    even = outputs.mul_add(mean[0], outputs.load(&pair[0]), even);
                    odd = outputs.mul_add(mean[1], outputs.load(&pair[1]), odd);
                }
                if let [last] = last {
                    even = outputs.mul_add(mean[channels_in - 1], outputs.load(last), even);
                }
            }
            let sum = outputs.store(outputs.add(even, odd));
            output.copy_from_slice(&sum[..channels_out]);
        }
    }
}

fn wide<T: Real>(problem: Problem, features: &[T], weight: &[T], bias: &[T]) -> Vec<T> {
    let mut output = vec![T::default(); problem.points * problem.channels_out];
    if problem.channels_out == 0 {
        return output;
    }
    let features = Padded::<T, 16>::from_rows(features, problem.channels_in);
    let weight = Padded::<T, 16>::from_rows(weight, problem.channels_out);
    output.par_chunks_mut(CHUNK * problem.channels_out).enumerate().for_each(|(chunk, output)| {
        let (first, features, weight) = (chunk * CHUNK, &features, &weight);
        <T as Dispatch<16>>::dispatch(Wide { problem, features, weight, bias, first, output });
    });
    output
}

/// The rows of the lists from `first` on, as many as `output` has.
struct Wide<'a, T> {
    problem: Problem<'a>,
    features: &'a Padded<T, 16>,
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
        let (blocks_in, blocks_out) = (self.features.per_row, self.weight.per_row);
        let points = self.output.len() / channels_out;
        let indices = self.problem.lists.indices();
        let mut sums = vec![[T::default(); 16]; points * blocks_out];
        let mut means = Vec::new();
        let tile = Tile::new(self.problem, self.first..self.first + points);
        for (subdomain, runs) in tile.subdomains() {
            means.clear();
            means.resize(runs.len() * blocks_in, [T::default(); 16]);
            for (run, means) in runs.iter().zip(means.chunks_exact_mut(blocks_in.max(1))) {
                let inverse_count = T::reciprocal(run.end - run.start);
                gather::wide_sum(
                    lanes,
                    self.features.blocks(),
                    &indices[run.start..run.end],
                    |_| inverse_count,
                    means,
                );
            }
            let weight = self.weight.rows(subdomain * channels_in, channels_in);
            product::multiply(isa, (&means, channels_in), weight, &mut sums, blocks_out, |n| runs[n].row);
        }
        for (output, sums) in self.output.chunks_exact_mut(channels_out).zip(sums.chunks_exact(blocks_out)) {
            for ((output, &sum), &bias) in output.iter_mut().zip(sums.as_flattened()).zip(self.bias) {
                *output = sum + bias;
            }
        }
    }
}
