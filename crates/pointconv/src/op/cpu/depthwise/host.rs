//! The depthwise operator of the backends whose tensors lie in the memory of this machine.

use burn::backend::tensor::FloatTensor;
use burn::backend::{Element, Flex, TensorMetadata};
use burn::tensor::{DType, TensorData};
use neighbors::Neighborhood;

use super::backward::backward;
use super::forward::forward;
use crate::op::DepthwisePointConvBackend;
use crate::op::cpu::Real;
use crate::op::cpu::backward::Gradients;
use crate::op::cpu::host::HostBackend;
use crate::op::cpu::problem::Problem;

macro_rules! impl_on_host {
    ($backend:ty) => {
        impl DepthwisePointConvBackend for $backend {
            fn depthwise_point_conv(
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

            fn depthwise_point_conv_backward(
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

            fn depthwise_point_conv_weight_backward(
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

/// The sizes of one call, whose weight is `[K, C_in, M]`.
fn problem<'a>(features: [usize; 2], weight: [usize; 3], neighborhood: &'a Neighborhood) -> Problem<'a> {
    let [subdomains, channels, multiplier] = weight;
    Problem::new(features, [subdomains, channels, channels * multiplier], neighborhood)
}

fn run_forward<B: HostBackend, T: Real + Element>(
    features: FloatTensor<B>,
    weight: FloatTensor<B>,
    bias: FloatTensor<B>,
    neighborhood: &Neighborhood,
) -> FloatTensor<B> {
    let device = features.device();
    let problem = problem(features.shape().dims(), weight.shape().dims(), neighborhood);
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
    let weight_shape: [usize; 3] = weight.shape().dims();
    let problem = problem(features.shape().dims(), weight_shape, neighborhood);
    let (features, weight, grad) = (B::rows(features), B::rows(weight), B::rows(grad));
    let Gradients { features: grad_features, weight: grad_weight, bias: grad_bias } =
        backward::<T>(problem, B::slice(&features), B::slice(&weight), B::slice(&grad), with_features);
    let rows = if with_features { problem.points } else { 0 };
    let tensor = |data| B::float_from_data(data, &device);
    (
        tensor(TensorData::new(grad_features, [rows, problem.channels_in])),
        tensor(TensorData::new(grad_weight, weight_shape)),
        tensor(TensorData::new(grad_bias, [problem.channels_out])),
    )
}

fn unsupported(dtype: DType) -> ! {
    panic!("depthwise_point_conv: the CPU computes in F32 or F64, found {dtype:?}; cast the tensors first")
}
