//! SELU in one pass. burn's is six tensor operations forward and as many backward, each with its own pass over memory.

#[cfg(feature = "cube")]
mod cube;
mod exp;

use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::ops::FloatTensorOps;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, TensorMetadata, backend_extension};
use burn::tensor::{Shape, Tensor, TensorData};
use neighbors::InstructionSet;
use rayon::prelude::*;

use super::cpu::vectorized;
use crate::zeros::zeros;

const ALPHA: f32 = 1.673_263_2;
const GAMMA: f32 = 1.050_701;

/// Values per work item.
const CHUNK: usize = 1 << 14;

/// A backend with SELU and its gradient.
#[backend_extension(
    Flex,
    NdArray: cfg(feature = "ndarray"),
    Cube: cfg(feature = "cube"),
    Autodiff,
    Fusion: cfg(feature = "fusion"),
)]
pub(crate) trait SeluBackend: Backend {
    /// `γ x` where `x > 0`, else `γ α (e^x - 1)`.
    #[fusion(dtype = input, shape = input)]
    fn selu(input: FloatTensor<Self>) -> FloatTensor<Self>;

    /// `dL/dx` from `grad = dL/dy` and the output alone: `dy/dx = γ` where `y > 0`, else `y + γ α`.
    #[fusion(dtype = grad, shape = grad)]
    fn selu_backward(output: FloatTensor<Self>, grad: FloatTensor<Self>) -> FloatTensor<Self>;
}

/// Scaled exponential linear unit (Klambauer et al., *Self-Normalizing Neural Networks*, 2017).
///
/// # Shapes
/// - input and output: `[..]`, any; `f32`
pub fn selu<const D: usize>(input: Tensor<D>) -> Tensor<D> {
    Tensor::from_dispatch(<Dispatch as SeluBackend>::selu(input.into_dispatch()))
}

/// SELU of some values.
fn forward(x: &[f32], y: &mut [f32]) {
    if InstructionSet::current() == InstructionSet::Portable {
        // Without instructions for it, a fused multiplication and addition is slow.
        return each(x, y, f32::exp);
    }
    vectorized(|| each(x, y, exp::exp));
}

#[inline(always)]
fn each(x: &[f32], y: &mut [f32], exp: impl Fn(f32) -> f32) {
    for (y, &x) in y.iter_mut().zip(x) {
        let low = (GAMMA * ALPHA) * (exp(x) - 1.0);
        *y = if x > 0.0 { GAMMA * x } else { low };
    }
}

fn backward(y: f32, grad: f32) -> f32 {
    grad * if y > 0.0 { GAMMA } else { y + GAMMA * ALPHA }
}

impl SeluBackend for Flex {
    fn selu(input: FloatTensor<Self>) -> FloatTensor<Self> {
        let input = input.to_contiguous();
        let x: &[f32] = input.as_slice().expect("SELU is computed in f32");
        let mut y = zeros(x.len());
        y.par_chunks_mut(CHUNK).zip(x.par_chunks(CHUNK)).for_each(|(y, x)| forward(x, y));
        flex(y, input.shape())
    }

    fn selu_backward(output: FloatTensor<Self>, grad: FloatTensor<Self>) -> FloatTensor<Self> {
        let (output, grad) = (output.to_contiguous(), grad.to_contiguous());
        let y: &[f32] = output.as_slice().expect("SELU is computed in f32");
        let g: &[f32] = grad.as_slice().expect("SELU is computed in f32");
        let mut dx = zeros(y.len());
        dx.par_chunks_mut(CHUNK).zip(y.par_chunks(CHUNK)).zip(g.par_chunks(CHUNK)).for_each(
            |((dx, y), g)| {
                for ((dx, &y), &g) in dx.iter_mut().zip(y).zip(g) {
                    *dx = backward(y, g);
                }
            },
        );
        flex(dx, output.shape())
    }
}

fn flex(values: Vec<f32>, shape: Shape) -> FloatTensor<Flex> {
    Flex::float_from_data(TensorData::new(values, shape), &Default::default())
}

#[cfg(feature = "ndarray")]
impl SeluBackend for burn::backend::NdArray {
    fn selu(input: FloatTensor<Self>) -> FloatTensor<Self> {
        let (device, shape) = (input.device(), input.shape());
        let x = read::<Self>(input);
        let mut y = vec![0.0; x.len()];
        forward(&x, &mut y);
        Self::float_from_data(TensorData::new(y, shape), &device)
    }

    fn selu_backward(output: FloatTensor<Self>, grad: FloatTensor<Self>) -> FloatTensor<Self> {
        let (device, shape) = (output.device(), output.shape());
        let (y, g) = (read::<Self>(output), read::<Self>(grad));
        let dx: Vec<f32> = y.iter().zip(&g).map(|(&y, &g)| backward(y, g)).collect();
        Self::float_from_data(TensorData::new(dx, shape), &device)
    }
}

#[cfg(feature = "ndarray")]
fn read<B: Backend>(tensor: FloatTensor<B>) -> Vec<f32> {
    let data =
        burn::tensor::read_sync(B::float_into_data(tensor)).expect("a tensor of this machine can be read");
    data.to_vec().expect("SELU is computed in f32")
}

#[derive(Debug)]
struct SeluBackward;

impl<B: SeluBackend> Backward<B, 1> for SeluBackward {
    type State = FloatTensor<B>;

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _checkpointer: &mut Checkpointer) {
        let grad = grads.consume::<B>(&ops.node);
        let [input] = ops.parents;
        if let Some(input) = input {
            grads.register::<B>(input.id, B::selu_backward(ops.state, grad));
        }
    }
}

impl<B: SeluBackend, C: CheckpointStrategy> SeluBackend for Autodiff<B, C> {
    fn selu(input: FloatTensor<Self>) -> FloatTensor<Self> {
        let (input, node) = input.into_parts();
        let output = B::selu(input);
        match SeluBackward.prepare::<C>([node]).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish(output.clone(), output),
            OpsKind::UnTracked(prep) => prep.finish(output),
        }
    }

    fn selu_backward(_output: FloatTensor<Self>, _grad: FloatTensor<Self>) -> FloatTensor<Self> {
        panic!("selu: second derivatives are not supported")
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, Distribution, Tolerance, activation};

    use super::*;

    #[test]
    fn agrees_with_burn_in_value_and_gradient() {
        let device = Device::flex().autodiff();
        device.seed(1);
        let values = Tensor::<2>::random([37, 11], Distribution::Normal(0.0, 2.0), &device).into_data();
        let upstream = Tensor::<2>::random([37, 11], Distribution::Default, &device);
        let run = |f: fn(Tensor<2>) -> Tensor<2>| {
            let input = Tensor::<2>::from_data(values.clone(), &device).require_grad();
            let output = f(input.clone());
            let gradients = (output.clone() * upstream.clone()).sum().backward();
            (output.into_data(), input.grad(&gradients).expect("it is tracked").into_data())
        };
        let (value, gradient) = run(selu);
        let (expected_value, expected_gradient) = run(activation::selu);
        // Both round a handful of times.
        let tolerance = Tolerance::<f32>::absolute(1e-6);
        value.assert_approx_eq(&expected_value, tolerance);
        gradient.assert_approx_eq(&expected_gradient, tolerance);
    }
}
