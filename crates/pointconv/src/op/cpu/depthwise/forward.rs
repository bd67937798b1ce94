//! `y_i[c·M + q] = b[c·M + q] + sum_k W[k, c, q] · mean_{Ω_i(k)}(x)[c]`: one pass over the neighbours.

use crate::neighborhood::Index;
use crate::op::cpu::forward::{Chunk, by_chunks};
use crate::op::cpu::gather;
use crate::op::cpu::lanes::{Blocks, Dispatch, Isa, Kernel};
use crate::op::cpu::problem::{Padded, Problem, put};
use crate::op::cpu::{CHUNK, Real};

/// The output `[P, C_in · M]`.
pub(in crate::op::cpu) fn forward<T: Real, X: Index>(
    problem: Problem<X>,
    features: &[T],
    weight: &[T],
    bias: &[T],
) -> Vec<T> {
    match (problem.channels_in, multiplier(&problem)) {
        (0..=4, 1) => run(problem, features, weight, bias, |chunk| {
            <T as Dispatch<4>>::dispatch(Narrow(chunk));
        }),
        (5..=16, 1) => run(problem, features, weight, bias, |chunk| {
            <T as Dispatch<16>>::dispatch(Narrow(chunk));
        }),
        _ => run(problem, features, weight, bias, |chunk| {
            <T as Dispatch<16>>::dispatch(Wide(chunk));
        }),
    }
}

/// Outputs of one channel.
fn multiplier<X>(problem: &Problem<X>) -> usize {
    problem.channels_out / problem.channels_in.max(1)
}

fn run<T: Real, X: Index, const L: usize>(
    problem: Problem<X>,
    features: &[T],
    weight: &[T],
    bias: &[T],
    compute: fn(Chunk<T, X, L, L>),
) -> Vec<T> {
    let planes = by_multiple(weight, problem.channels_in, multiplier(&problem));
    let weight = Padded::from_rows(&planes, problem.channels_in);
    by_chunks(problem, features, &weight, bias, CHUNK, compute)
}

/// `[K, C_in, M] -> [K, M, C_in]`, so that the weights of one multiple lie as the means do.
fn by_multiple<T: Real>(weight: &[T], channels: usize, multiplier: usize) -> Vec<T> {
    let mut planes = Vec::with_capacity(weight.len());
    for weight in weight.chunks_exact((channels * multiplier).max(1)) {
        for q in 0..multiplier {
            planes.extend(weight.iter().skip(q).step_by(multiplier));
        }
    }
    planes
}

/// Rows of one block, one output per channel: everything about a centre stays in registers.
struct Narrow<'a, T, X, const L: usize>(Chunk<'a, T, X, L, L>);

impl<T: Real, X: Index, const L: usize> Kernel<T, L> for Narrow<'_, T, X, L> {
    #[inline(always)]
    fn run<I: Isa<T, L>>(self, isa: I) {
        let Self(chunk) = self;
        let lanes = Blocks::<T, I, L>::of(isa);
        let channels = chunk.problem.channels_in;
        let (indices, weight) = (chunk.problem.indices_before(chunk.rows.end), chunk.weight.blocks());
        let mut bias = [T::default(); L];
        bias[..channels].copy_from_slice(chunk.bias);
        chunk.problem.walk(chunk.rows.clone(), |row, first_point| {
            let features = chunk.features.from(first_point);
            let mut total = lanes.load(&bias);
            for run in chunk.problem.runs(row) {
                let sum = gather::sum(lanes, features, (indices, None), run.edges());
                let mean = lanes.scale(T::reciprocal(run.len()), sum);
                total = lanes.add_product(mean, lanes.load(&weight[run.subdomain]), total);
            }
            put(chunk.output, row - chunk.rows.start, channels, lanes.store(total));
        });
    }
}

/// Rows of any width, any number of outputs per channel.
struct Wide<'a, T, X>(Chunk<'a, T, X, 16, 16>);

impl<T: Real, X: Index> Kernel<T, 16> for Wide<'_, T, X> {
    #[inline(always)]
    fn run<I: Isa<T, 16>>(self, isa: I) {
        let Self(chunk) = self;
        let lanes = Blocks::<T, I, 16>::of(isa);
        let (problem, multiplier) = (chunk.problem, multiplier(&chunk.problem));
        let blocks = chunk.features.per_row;
        let mut means = vec![[T::default(); 16]; blocks];
        // `[M, C_in]`
        let mut totals = vec![[T::default(); 16]; multiplier * blocks];
        let width = problem.channels_out;
        problem.walk(chunk.rows.clone(), |row, first_point| {
            totals.fill([T::default(); 16]);
            let features = chunk.features.from(first_point);
            for run in problem.runs(row) {
                let inverse_count = T::reciprocal(run.len());
                let neighbours = &problem.indices[run.edges()];
                gather::wide_sum(lanes, features, neighbours, |_| inverse_count, &mut means);
                let weight = chunk.weight.rows(run.subdomain * multiplier, multiplier);
                for (totals, weight) in totals.chunks_exact_mut(blocks).zip(weight.chunks_exact(blocks)) {
                    for ((total, mean), weight) in totals.iter_mut().zip(&means).zip(weight) {
                        let sum = lanes.add_product(lanes.load(mean), lanes.load(weight), lanes.load(total));
                        *total = lanes.store(sum);
                    }
                }
            }
            let output = &mut chunk.output[(row - chunk.rows.start) * width..][..width];
            let outputs = output.chunks_exact_mut(multiplier).zip(chunk.bias.chunks_exact(multiplier));
            for (c, (output, bias)) in outputs.enumerate() {
                let totals = totals.as_flattened()[c..].iter().step_by(blocks * 16);
                for ((output, &bias), &total) in output.iter_mut().zip(bias).zip(totals) {
                    *output = total + bias;
                }
            }
        });
    }
}
