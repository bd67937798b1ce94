//! `y_i = b + sum_k W_k · mean_{Ω_i(k)}(x)`: one pass over the neighbours, one product per occupied sub-domain.

use pulp::Simd;
use rayon::prelude::*;

use super::problem::{Kernel, Padded, Problem, dispatch};
use super::{CHUNK, Real};

/// The output `[P, C_out]`.
pub(super) fn forward<T: Real>(problem: Problem, features: &[T], weight: &[T], bias: &[T]) -> Vec<T> {
    // Narrow rows stay in registers; the coordinates of a first layer deserve rows of four.
    match (problem.channels_in, problem.channels_out) {
        (1..=4, 1..=16) => run::<T, 4, 16, true>(problem, features, weight, bias),
        (5..=16, 1..=16) => run::<T, 16, 16, true>(problem, features, weight, bias),
        _ => run::<T, 16, 16, false>(problem, features, weight, bias),
    }
}

fn run<T: Real, const LI: usize, const LO: usize, const ONE_BLOCK: bool>(
    problem: Problem,
    features: &[T],
    weight: &[T],
    bias: &[T],
) -> Vec<T> {
    let features = Padded::<T, LI>::from_rows(features, problem.channels_in);
    let weight = Padded::<T, LO>::from_rows(weight, problem.channels_out);
    let mut output = vec![T::default(); problem.points * problem.channels_out];
    if problem.channels_out == 0 {
        return output;
    }
    output.par_chunks_mut(CHUNK * problem.channels_out).enumerate().for_each(|(chunk, output)| {
        dispatch(Forward::<T, LI, LO, ONE_BLOCK> {
            problem,
            features: &features,
            weight: &weight,
            bias,
            first: chunk * CHUNK,
            output,
        });
    });
    output
}

/// The centres from `first` on, as many as `output` has rows.
struct Forward<'a, T, const LI: usize, const LO: usize, const ONE_BLOCK: bool> {
    problem: Problem<'a>,
    features: &'a Padded<T, LI>,
    weight: &'a Padded<T, LO>,
    bias: &'a [T],
    first: usize,
    output: &'a mut [T],
}

impl<T: Real, const LI: usize, const LO: usize, const ONE_BLOCK: bool> Kernel
    for Forward<'_, T, LI, LO, ONE_BLOCK>
{
    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S) {
        let zeros = |blocks: usize| vec![[T::default(); LO]; if ONE_BLOCK { 0 } else { blocks }];
        let mut wide_sum = vec![[T::default(); LI]; if ONE_BLOCK { 0 } else { self.features.per_row }];
        let (mut wide_even, mut wide_odd) = (zeros(self.weight.per_row), zeros(self.weight.per_row));
        let output = std::mem::take(&mut self.output);
        for (row, output) in output.chunks_exact_mut(self.problem.channels_out).enumerate() {
            let centre = self.first + row;
            if ONE_BLOCK {
                // Arrays of known size, which the compiler keeps in registers.
                let mut sum = [[T::default(); LI]; 1];
                let (mut even, mut odd) = ([[T::default(); LO]; 1], [[T::default(); LO]; 1]);
                self.accumulate(simd, centre, &mut sum, &mut even, &mut odd);
                finish(&even, &odd, self.bias, output);
            } else {
                wide_even.fill([T::default(); LO]);
                wide_odd.fill([T::default(); LO]);
                self.accumulate(simd, centre, &mut wide_sum, &mut wide_even, &mut wide_odd);
                finish(&wide_even, &wide_odd, self.bias, output);
            }
        }
    }
}

impl<T: Real, const LI: usize, const LO: usize, const ONE_BLOCK: bool> Forward<'_, T, LI, LO, ONE_BLOCK> {
    /// Adds `W_k · mean_k` over the runs of `centre`. Even and odd input channels have accumulators of their own, so
    /// that one addition need not wait for the one before.
    #[inline(always)]
    fn accumulate<S: Simd>(
        &self,
        simd: S,
        centre: usize,
        sum: &mut [[T; LI]],
        even: &mut [[T; LO]],
        odd: &mut [[T; LO]],
    ) {
        let channels_in = self.problem.channels_in;
        let (blocks_in, blocks_out) = (sum.len(), even.len());
        for run in self.problem.runs(centre) {
            sum.fill([T::default(); LI]);
            for &neighbour in run.neighbours {
                let row = &self.features.blocks()[neighbour as usize * blocks_in..][..blocks_in];
                for (sum, row) in sum.iter_mut().zip(row) {
                    T::accumulate(simd, sum, row);
                }
            }
            let share = T::reciprocal(run.neighbours.len());
            let weight = self.weight.rows(run.subdomain * channels_in, channels_in);
            for (channel, weight) in weight.chunks_exact(blocks_out).enumerate() {
                let mean = sum[channel / LI][channel % LI] * share;
                let target = if channel % 2 == 0 { &mut *even } else { &mut *odd };
                for (target, weight) in target.iter_mut().zip(weight) {
                    T::add_scaled(simd, target, mean, weight);
                }
            }
        }
    }
}

/// `output = even + odd + bias`, without the padding.
#[inline(always)]
fn finish<T: Real, const LO: usize>(even: &[[T; LO]], odd: &[[T; LO]], bias: &[T], output: &mut [T]) {
    let sums = even.as_flattened().iter().zip(odd.as_flattened());
    for ((output, (&even, &odd)), &bias) in output.iter_mut().zip(sums).zip(bias) {
        *output = even + odd + bias;
    }
}
