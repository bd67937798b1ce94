//! The backends whose tensors lie in the memory of this machine: all of them run the same kernels.

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Element, Flex, TensorMetadata};
use burn::tensor::{DType, TensorData};
use neighbors::Neighborhood;

use super::backward::{Gradients, backward};
use super::forward::forward;
use super::{Problem, Real};
use crate::op::PointwiseConvBackend;

/// A backend whose tensors can be read as slices.
pub(super) trait HostBackend: Backend {
    /// A tensor in row-major order.
    type Rows;

    fn rows(tensor: FloatTensor<Self>) -> Self::Rows;

    /// The elements of `rows`, whose type must be `T`.
    fn slice<T: Real + Element>(rows: &Self::Rows) -> &[T];
}

impl HostBackend for Flex {
    type Rows = FloatTensor<Self>;

    fn rows(tensor: FloatTensor<Self>) -> Self::Rows {
        tensor.to_contiguous()
    }

    fn slice<T: Real + Element>(rows: &Self::Rows) -> &[T] {
        rows.as_slice().expect("the tensor was made contiguous")
    }
}

#[cfg(feature = "ndarray")]
impl HostBackend for burn::backend::NdArray {
    type Rows = TensorData;

    fn rows(tensor: FloatTensor<Self>) -> Self::Rows {
        use burn::backend::ops::FloatTensorOps;
        burn::tensor::read_sync(Self::float_into_data(tensor)).expect("a tensor of this machine can be read")
    }

    fn slice<T: Real + Element>(rows: &Self::Rows) -> &[T] {
        rows.as_slice().expect("the element type was matched before")
    }
}

macro_rules! impl_on_host {
    ($backend:ty) => {
        impl PointwiseConvBackend for $backend {
            fn pointwise_conv(
                features: FloatTensor<Self>,
                weight: FloatTensor<Self>,
                bias: FloatTensor<Self>,
                neighborhood: Neighborhood,
            ) -> FloatTensor<Self> {
                match features.dtype() {
                    DType::F32 => run_forward::<Self, f32>(features, weight, bias, &neighborhood),
                    DType::F64 => run_forward::<Self, f64>(features, weight, bias, &neighborhood),
                    other => unsupported(other),
                }
            }

            fn pointwise_conv_backward(
                features: FloatTensor<Self>,
                weight: FloatTensor<Self>,
                grad: FloatTensor<Self>,
                neighborhood: Neighborhood,
            ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
                match features.dtype() {
                    DType::F32 => run_backward::<Self, f32>(features, weight, grad, &neighborhood, true),
                    DType::F64 => run_backward::<Self, f64>(features, weight, grad, &neighborhood, true),
                    other => unsupported(other),
                }
            }

            fn pointwise_conv_weight_backward(
                features: FloatTensor<Self>,
                weight: FloatTensor<Self>,
                grad: FloatTensor<Self>,
                neighborhood: Neighborhood,
            ) -> (FloatTensor<Self>, FloatTensor<Self>) {
                let (_, weight, bias) = match features.dtype() {
                    DType::F32 => run_backward::<Self, f32>(features, weight, grad, &neighborhood, false),
                    DType::F64 => run_backward::<Self, f64>(features, weight, grad, &neighborhood, false),
                    other => unsupported(other),
                };
                (weight, bias)
            }
        }
    };
}

impl_on_host!(Flex);
#[cfg(feature = "ndarray")]
impl_on_host!(burn::backend::NdArray);

fn run_forward<B: HostBackend, T: Real + Element>(
    features: FloatTensor<B>,
    weight: FloatTensor<B>,
    bias: FloatTensor<B>,
    neighborhood: &Neighborhood,
) -> FloatTensor<B> {
    let device = features.device();
    let problem = Problem::new(features.shape().dims(), weight.shape().dims(), neighborhood);
    let (features, weight, bias) = (B::rows(features), B::rows(weight), B::rows(bias));
    let output = forward::<T>(problem, B::slice(&features), B::slice(&weight), B::slice(&bias));
    B::float_from_data(TensorData::new(output, [problem.points, problem.channels_out]), &device)
}

/// The gradients of features, weight and bias; that of the features has no rows unless `with_features`.
fn run_backward<B: HostBackend, T: Real + Element>(
    features: FloatTensor<B>,
    weight: FloatTensor<B>,
    grad: FloatTensor<B>,
    neighborhood: &Neighborhood,
    with_features: bool,
) -> (FloatTensor<B>, FloatTensor<B>, FloatTensor<B>) {
    let device = features.device();
    let problem = Problem::new(features.shape().dims(), weight.shape().dims(), neighborhood);
    let Problem { points, subdomains, channels_in, channels_out, .. } = problem;
    let (features, weight, grad) = (B::rows(features), B::rows(weight), B::rows(grad));
    let Gradients { features: grad_features, weight: grad_weight, bias: grad_bias } =
        backward::<T>(problem, B::slice(&features), B::slice(&weight), B::slice(&grad), with_features);
    let tensor = |data| B::float_from_data(data, &device);
    (
        tensor(TensorData::new(grad_features, [if with_features { points } else { 0 }, channels_in])),
        tensor(TensorData::new(grad_weight, [subdomains, channels_in, channels_out])),
        tensor(TensorData::new(grad_bias, [channels_out])),
    )
}

fn unsupported(dtype: DType) -> ! {
    panic!("pointwise_conv: the CPU computes in F32 or F64, found {dtype:?}; cast the tensors first")
}
