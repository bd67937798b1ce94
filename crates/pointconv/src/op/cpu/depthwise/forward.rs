//! `y_i[c·M + q] = b[c·M + q] + sum_k W[k, c, q] · mean_{Ω_i(k)}(x)[c]`: one pass over the neighbours.

use pulp::Simd;
use rayon::prelude::*;

use super::lanes::Lanes;
use crate::op::cpu::CHUNK;
use crate::op::cpu::problem::{Kernel, Padded, Problem, dispatch};

/// The output `[P, C_in · M]`.
pub(super) fn forward<T: Lanes>(problem: Problem, features: &[T], weight: &[T], bias: &[T]) -> Vec<T> {
    // Wide rows are taken two blocks at a time: their sums still fit into the registers of AVX2.
    match problem.channels_in {
        0..=4 => run::<T, 4, 1, true>(problem, features, weight, bias),
        5..=16 => run::<T, 16, 1, true>(problem, features, weight, bias),
        _ => run::<T, 16, 2, false>(problem, features, weight, bias),
    }
}

fn run<T: Lanes, const L: usize, const TILE: usize, const ONE_BLOCK: bool>(
    problem: Problem,
    features: &[T],
    weight: &[T],
    bias: &[T],
) -> Vec<T> {
    let Problem { points, channels_in, channels_out, .. } = problem;
    let mut output = vec![T::default(); points * channels_out];
    if output.is_empty() {
        return output;
    }
    let multiplier = channels_out / channels_in;
    let features = Padded::<T, L>::from_rows(features, channels_in);
    let weight = Padded::<T, L>::from_rows(&by_multiple(weight, channels_in, multiplier), channels_in);
    output.par_chunks_mut(CHUNK * channels_out).enumerate().for_each(|(chunk, output)| {
        dispatch(Forward::<T, L, TILE, ONE_BLOCK> {
            problem,
            multiplier,
            features: &features,
            weight: &weight,
            bias,
            first: chunk * CHUNK,
            output,
        });
    });
    output
}

/// `[K, C_in, M] -> [K, M, C_in]`, so that the weights of one multiple lie as the means do.
fn by_multiple<T: Lanes>(weight: &[T], channels: usize, multiplier: usize) -> Vec<T> {
    let mut planes = Vec::with_capacity(weight.len());
    for weight in weight.chunks_exact(channels * multiplier) {
        for q in 0..multiplier {
            planes.extend(weight.iter().skip(q).step_by(multiplier));
        }
    }
    planes
}

/// The centres from `first` on, as many as `output` has rows.
struct Forward<'a, T, const L: usize, const TILE: usize, const ONE_BLOCK: bool> {
    problem: Problem<'a>,
    multiplier: usize,
    features: &'a Padded<T, L>,
    /// `[K, M, C_in]`.
    weight: &'a Padded<T, L>,
    bias: &'a [T],
    first: usize,
    output: &'a mut [T],
}

impl<T: Lanes, const L: usize, const TILE: usize, const ONE_BLOCK: bool> Kernel
    for Forward<'_, T, L, TILE, ONE_BLOCK>
{
    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S) {
        let output = std::mem::take(&mut self.output);
        let mut sums = vec![[T::default(); L]; if self.multiplier == 1 { 0 } else { TILE * self.multiplier }];
        for (row, output) in output.chunks_exact_mut(self.problem.channels_out).enumerate() {
            let centre = self.first + row;
            if ONE_BLOCK {
                self.tile::<S, 1>(simd, centre, 0, &mut sums, output);
                continue;
            }
            let whole = self.features.per_row / TILE * TILE;
            for block in (0..whole).step_by(TILE) {
                self.tile::<S, TILE>(simd, centre, block, &mut sums, output);
            }
            for block in whole..self.features.per_row {
                self.tile::<S, 1>(simd, centre, block, &mut sums, output);
            }
        }
    }
}

impl<T: Lanes, const L: usize, const TILE: usize, const ONE_BLOCK: bool> Forward<'_, T, L, TILE, ONE_BLOCK> {
    /// The outputs of the `W` blocks of channels from `block` on.
    #[inline(always)]
    fn tile<S: Simd, const W: usize>(
        &self,
        simd: S,
        centre: usize,
        block: usize,
        scratch: &mut [[T; L]],
        output: &mut [T],
    ) {
        let first = block * L;
        let last = self.problem.channels_in.min(first + W * L);
        if self.multiplier == 1 {
            // An array of known size, which the compiler keeps in registers.
            let mut sums = [[T::default(); L]; W];
            self.accumulate::<S, W>(simd, centre, block, &mut sums);
            let bias = &self.bias[first..last];
            for ((output, &sum), &bias) in output[first..last].iter_mut().zip(sums.as_flattened()).zip(bias) {
                *output = sum + bias;
            }
        } else {
            let sums = &mut scratch[..W * self.multiplier];
            sums.fill([T::default(); L]);
            self.accumulate::<S, W>(simd, centre, block, sums);
            let columns = first * self.multiplier..last * self.multiplier;
            let rows = output[columns.clone()].chunks_exact_mut(self.multiplier);
            for (c, (output, bias)) in rows.zip(self.bias[columns].chunks_exact(self.multiplier)).enumerate()
            {
                let sums = sums.as_flattened().iter().skip(c).step_by(W * L);
                for ((output, &bias), &sum) in output.iter_mut().zip(bias).zip(sums) {
                    *output = sum + bias;
                }
            }
        }
    }

    /// Adds `W_k · mean_k` over the runs of `centre` to `sums [M, W]`.
    #[inline(always)]
    fn accumulate<S: Simd, const W: usize>(&self, simd: S, centre: usize, block: usize, sums: &mut [[T; L]]) {
        let per_row = if ONE_BLOCK { 1 } else { self.features.per_row };
        let rows = self.features.blocks();
        for run in self.problem.runs(centre) {
            let mut total = [[T::default(); L]; W];
            for &neighbour in run.neighbours {
                let row = &rows[neighbour as usize * per_row + block..][..W];
                for (total, row) in total.iter_mut().zip(row) {
                    T::accumulate(simd, total, row);
                }
            }
            let share = T::reciprocal(run.neighbours.len());
            let mut mean = [[T::default(); L]; W];
            for (mean, total) in mean.iter_mut().zip(&total) {
                T::add_scaled(simd, mean, share, total);
            }
            for (q, sums) in sums.chunks_exact_mut(W).enumerate() {
                let first = (run.subdomain * self.multiplier + q) * per_row + block;
                let weight = &self.weight.blocks()[first..first + W];
                for ((sum, mean), weight) in sums.iter_mut().zip(&mean).zip(weight) {
                    T::add_products(simd, sum, mean, weight);
                }
            }
        }
    }
}
