//! The three gradients in one gather, as in the full operator.
//!
//! With `s_j(k)` from one run of j's own list, both gradients are products lane by lane over the output channels
//! `o = c·M + q`: `dL/dW[k, o] = sum_j x_j[o / M] · s_j(k)[o]`, and `dL/dx_j[c]` is the sum over q of
//! `t_j[c·M + q]` with `t_j = sum_k W_k · s_j(k)`. So the multiplier matters once per point, not once per neighbour.

use crate::neighborhood::Index;
use crate::op::cpu::Real;
use crate::op::cpu::backward::{Chunk, Gradients, Inputs, by_chunks};
use crate::op::cpu::gather;
use crate::op::cpu::lanes::{Blocks, Dispatch, Isa, Kernel};
use crate::op::cpu::problem::{Padded, Problem};

/// The gradients of one call; `problem` has the transposed lists.
pub(in crate::op::cpu) fn backward<T: Real, X: Index>(
    problem: Problem<X>,
    inputs: &Inputs<T, X>,
) -> Gradients<T> {
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

fn run<T: Real, X: Index, const L: usize>(
    problem: Problem<X>,
    inputs: &Inputs<T, X>,
    compute: fn(Chunk<T, X, L, L>),
) -> Gradients<T> {
    let weight = Padded::from_rows(inputs.weight, problem.channels_out);
    by_chunks(problem, inputs, problem.subdomains, &weight, compute)
}

impl<T: Real, X: Index, const L: usize> Chunk<'_, T, X, L, L> {
    /// Outputs of one channel.
    #[inline(always)]
    fn multiplier(&self) -> usize {
        self.problem.channels_out / self.problem.channels_in
    }

    /// Writes the features of `point`, each as often as it has outputs.
    #[inline(always)]
    fn repeat(&self, point: usize, repeated: &mut [T]) {
        let width = self.problem.channels_in;
        let features = &self.features[point * width..(point + 1) * width];
        if self.multiplier() == 1 {
            repeated[..width].copy_from_slice(features);
        } else {
            for (group, &feature) in repeated.chunks_exact_mut(self.multiplier()).zip(features) {
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
        let (width, multiplier) = (self.problem.channels_in, self.multiplier());
        let target = &mut self.grad_features[(row - self.rows.start) * width..][..width];
        if multiplier == 1 {
            target.copy_from_slice(&input[..width]);
        } else {
            for (target, group) in target.iter_mut().zip(input.chunks_exact(multiplier)) {
                *target = group.iter().fold(T::default(), |sum, &value| sum + value);
            }
        }
    }
}

/// Rows of one block: everything about a point stays in registers.
struct Narrow<'a, T, X, const L: usize>(Chunk<'a, T, X, L, L>);

impl<T: Real, X: Index, const L: usize> Kernel<T, L> for Narrow<'_, T, X, L> {
    #[inline(always)]
    fn run<I: Isa<T, L>>(self, isa: I) {
        let Self(mut chunk) = self;
        let lanes = Blocks::<T, I, L>::of(isa);
        let lists = chunk.problem.lists;
        let (grad, weight, edges) = (chunk.grad, chunk.weight.blocks(), chunk.edges());
        let mut bias = lanes.zeros();
        chunk.problem.walk(chunk.rows.clone(), |row, first_point| {
            let point = chunk.problem.centre(row);
            if chunk.with_bias {
                bias = lanes.add(bias, lanes.load(&grad.from(point)[0]));
            }
            let mut features = [T::default(); L];
            chunk.repeat(point, &mut features);
            let features = lanes.load(&features);
            let mut input = lanes.zeros();
            for run in chunk.problem.runs(row) {
                let subdomain = lists.shape().mirror(run.subdomain);
                let gathered = gather::sum(lanes, grad.from(first_point), edges, run.edges());
                let sum = &mut chunk.partial[subdomain];
                *sum = lanes.store(lanes.add_product(features, gathered, lanes.load(sum)));
                input = lanes.add_product(lanes.load(&weight[subdomain]), gathered, input);
            }
            chunk.store(row, &lanes.store(input));
        });
        chunk.partial[chunk.problem.subdomains] = lanes.store(bias);
    }
}

/// Rows of any width.
struct Wide<'a, T, X>(Chunk<'a, T, X, 16, 16>);

impl<T: Real, X: Index> Kernel<T, 16> for Wide<'_, T, X> {
    #[inline(always)]
    fn run<I: Isa<T, 16>>(self, isa: I) {
        let Self(mut chunk) = self;
        let lanes = Blocks::<T, I, 16>::of(isa);
        let (lists, blocks) = (chunk.problem.lists, chunk.grad.per_row);
        let (grad, reciprocals) = (chunk.grad, T::reciprocals());
        let mut features = vec![[T::default(); 16]; blocks];
        let mut gathered = vec![[T::default(); 16]; blocks];
        let mut input = vec![[T::default(); 16]; blocks];
        chunk.problem.walk(chunk.rows.clone(), |row, first_point| {
            let point = chunk.problem.centre(row);
            if chunk.with_bias {
                let bias = &mut chunk.partial[chunk.problem.subdomains * blocks..];
                for (sum, grad) in bias.iter_mut().zip(grad.from(point)) {
                    *sum = lanes.store(lanes.add(lanes.load(sum), lanes.load(grad)));
                }
            }
            chunk.repeat(point, features.as_flattened_mut());
            input.fill([T::default(); 16]);
            for run in chunk.problem.runs(row) {
                let (neighbours, counts) = (&chunk.problem.indices[run.edges()], &chunk.counts[run.edges()]);
                let factor = |e: usize| gather::factor(counts[e], reciprocals);
                gather::wide_sum(lanes, grad.from(first_point), neighbours, factor, &mut gathered);
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
        });
    }
}
