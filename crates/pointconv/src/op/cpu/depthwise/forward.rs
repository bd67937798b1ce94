//! `y_i[c·M + q] = b[c·M + q] + sum_k W[k, c, q] · mean_{Ω_i(k)}(x)[c]`: one pass over the neighbours.

use rayon::prelude::*;

use crate::op::cpu::gather;
use crate::op::cpu::lanes::{Blocks, Dispatch, Isa, Kernel};
use crate::op::cpu::problem::{Padded, Problem, in_order_of_points};
use crate::op::cpu::{CHUNK, Real};

/// The output `[P, C_in · M]`.
pub(in crate::op::cpu) fn forward<T: Real>(
    problem: Problem,
    features: &[T],
    weight: &[T],
    bias: &[T],
) -> Vec<T> {
    let output = match (problem.channels_in, problem.channels_out / problem.channels_in.max(1)) {
        (0..=4, 1) => {
            run(problem, features, weight, bias, |chunk| <T as Dispatch<4>>::dispatch(Narrow(chunk)))
        }
        (5..=16, 1) => {
            run(problem, features, weight, bias, |chunk| <T as Dispatch<16>>::dispatch(Narrow(chunk)))
        }
        _ => run(problem, features, weight, bias, |chunk| <T as Dispatch<16>>::dispatch(Wide(chunk))),
    };
    in_order_of_points(problem.lists, output, problem.channels_out)
}

fn run<T: Real, const L: usize>(
    problem: Problem,
    features: &[T],
    weight: &[T],
    bias: &[T],
    compute: fn(Chunk<T, L>),
) -> Vec<T> {
    let Problem { points, channels_in, channels_out, .. } = problem;
    let mut output = vec![T::default(); points * channels_out];
    if output.is_empty() {
        return output;
    }
    let multiplier = channels_out / channels_in;
    let features = Padded::from_rows(features, channels_in);
    let weight = Padded::from_rows(&by_multiple(weight, channels_in, multiplier), channels_in);
    output.par_chunks_mut(CHUNK * channels_out).enumerate().for_each(|(chunk, output)| {
        let (first, features, weight) = (chunk * CHUNK, &features, &weight);
        compute(Chunk { problem, multiplier, features, weight, bias, first, output });
    });
    output
}

/// `[K, C_in, M] -> [K, M, C_in]`, so that the weights of one multiple lie as the means do.
fn by_multiple<T: Real>(weight: &[T], channels: usize, multiplier: usize) -> Vec<T> {
    let mut planes = Vec::with_capacity(weight.len());
    for weight in weight.chunks_exact(channels * multiplier) {
        for q in 0..multiplier {
            planes.extend(weight.iter().skip(q).step_by(multiplier));
        }
    }
    planes
}

/// The rows of the lists from `first` on, as many as `output` has.
struct Chunk<'a, T, const L: usize> {
    problem: Problem<'a>,
    multiplier: usize,
    features: &'a Padded<T, L>,
    /// `[K, M, C_in]`.
    weight: &'a Padded<T, L>,
    bias: &'a [T],
    first: usize,
    output: &'a mut [T],
}

/// Rows of one block, one output per channel: everything about a centre stays in registers.
struct Narrow<'a, T, const L: usize>(Chunk<'a, T, L>);

impl<T: Real, const L: usize> Kernel<T, L> for Narrow<'_, T, L> {
    #[inline(always)]
    fn run<I: Isa<T, L>>(self, isa: I) {
        let Self(chunk) = self;
        let lanes = Blocks::<T, I, L>::of(isa);
        let channels = chunk.problem.channels_in;
        let indices = chunk.problem.lists.indices();
        let (rows, weight) =
            (gather::Rows { blocks: chunk.features.blocks(), first: 0 }, chunk.weight.blocks());
        let mut bias = [T::default(); L];
        bias[..channels].copy_from_slice(chunk.bias);
        for (row, output) in chunk.output.chunks_exact_mut(channels).enumerate() {
            let mut total = lanes.load(&bias);
            for run in chunk.problem.runs(chunk.first + row) {
                let sum = gather::sum(lanes, rows, indices, run.edges());
                let mean = lanes.scale(T::reciprocal(run.end - run.start), sum);
                total = lanes.add_product(mean, lanes.load(&weight[run.subdomain]), total);
            }
            output.copy_from_slice(&lanes.store(total)[..channels]);
        }
    }
}

/// Rows of any width, any number of outputs per channel.
struct Wide<'a, T>(Chunk<'a, T, 16>);

impl<T: Real> Kernel<T, 16> for Wide<'_, T> {
    #[inline(always)]
    fn run<I: Isa<T, 16>>(self, isa: I) {
        let Self(chunk) = self;
        let lanes = Blocks::<T, I, 16>::of(isa);
        let Chunk { problem, multiplier, .. } = chunk;
        let indices = problem.lists.indices();
        let rows = gather::Rows { blocks: chunk.features.blocks(), first: 0 };
        let blocks = chunk.features.per_row;
        let mut means = vec![[T::default(); 16]; blocks];
        // `[M, C_in]`
        let mut totals = vec![[T::default(); 16]; multiplier * blocks];
        for (row, output) in chunk.output.chunks_exact_mut(problem.channels_out).enumerate() {
            totals.fill([T::default(); 16]);
            for run in problem.runs(chunk.first + row) {
                let inverse_count = T::reciprocal(run.end - run.start);
                gather::wide_sum(lanes, rows, &indices[run.start..run.end], |_| inverse_count, &mut means);
                let weight = chunk.weight.rows(run.subdomain * multiplier, multiplier);
                for (totals, weight) in totals.chunks_exact_mut(blocks).zip(weight.chunks_exact(blocks)) {
                    for ((total, mean), weight) in totals.iter_mut().zip(&means).zip(weight) {
                        let sum = lanes.add_product(lanes.load(mean), lanes.load(weight), lanes.load(total));
                        *total = lanes.store(sum);
                    }
                }
            }
            let outputs = output.chunks_exact_mut(multiplier).zip(chunk.bias.chunks_exact(multiplier));
            for (c, (output, bias)) in outputs.enumerate() {
                let totals = totals.as_flattened()[c..].iter().step_by(blocks * 16);
                for ((output, &bias), &total) in output.iter_mut().zip(bias).zip(totals) {
                    *output = total + bias;
                }
            }
        }
    }
}
