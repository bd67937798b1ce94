//! The backends whose tensors lie in the memory of this machine: all of them run the same kernels.

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Element, Flex, TensorMetadata};
use burn::tensor::{DType, TensorData};
use neighbors::SubdomainLists;

use super::backward::{Inputs, backward};
use super::forward::forward;
use super::{Problem, Real, depthwise};
use crate::op::PointConvBackend;
use crate::op::kind::{ConvKind, Convolution};

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
        impl PointConvBackend for $backend {
            fn point_conv(
                features: FloatTensor<Self>,
                weight: FloatTensor<Self>,
                bias: FloatTensor<Self>,
                convolution: Convolution,
            ) -> FloatTensor<Self> {
                match features.dtype() {
                    DType::F32 => run_forward::<Self, f32>(features, weight, bias, &convolution),
                    DType::F64 => run_forward::<Self, f64>(features, weight, bias, &convolution),
                    other => unsupported(convolution.kind, other),
                }
            }

            fn point_conv_backward(
                features: FloatTensor<Self>,
                weight: FloatTensor<Self>,
                grad: FloatTensor<Self>,
                convolution: Convolution,
            ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
                match features.dtype() {
                    DType::F32 => run_backward::<Self, f32>(features, weight, grad, &convolution, true),
                    DType::F64 => run_backward::<Self, f64>(features, weight, grad, &convolution, true),
                    other => unsupported(convolution.kind, other),
                }
            }

            fn point_conv_weight_backward(
                features: FloatTensor<Self>,
                weight: FloatTensor<Self>,
                grad: FloatTensor<Self>,
                convolution: Convolution,
            ) -> (FloatTensor<Self>, FloatTensor<Self>) {
                let (_, weight, bias) = match features.dtype() {
                    DType::F32 => run_backward::<Self, f32>(features, weight, grad, &convolution, false),
                    DType::F64 => run_backward::<Self, f64>(features, weight, grad, &convolution, false),
                    other => unsupported(convolution.kind, other),
                };
                (weight, bias)
            }
        }
    };
}

impl_on_host!(Flex);
#[cfg(feature = "ndarray")]
impl_on_host!(burn::backend::NdArray);

/// The sizes of a pass over `lists`.
fn problem<'a>(kind: ConvKind, weight: [usize; 3], lists: &'a SubdomainLists) -> Problem<'a> {
    let [subdomains, channels_in, _] = weight;
    Problem {
        points: lists.points(),
        subdomains,
        channels_in,
        channels_out: kind.channels_out(weight),
        lists,
    }
}

fn run_forward<B: HostBackend, T: Real + Element>(
    features: FloatTensor<B>,
    weight: FloatTensor<B>,
    bias: FloatTensor<B>,
    Convolution { kind, neighborhood }: &Convolution,
) -> FloatTensor<B> {
    let device = features.device();
    let problem = problem(*kind, weight.shape().dims(), neighborhood.lists());
    let (features, weight, bias) = (B::rows(features), B::rows(weight), B::rows(bias));
    let forward = match kind {
        ConvKind::Full => forward::<T>,
        ConvKind::Depthwise => depthwise::forward::<T>,
    };
    let output = forward(problem, B::slice(&features), B::slice(&weight), B::slice(&bias));
    B::float_from_data(TensorData::new(output, [problem.points, problem.channels_out]), &device)
}

/// The gradients of features, weight and bias; that of the features has no rows unless `with_features`.
fn run_backward<B: HostBackend, T: Real + Element>(
    features: FloatTensor<B>,
    weight: FloatTensor<B>,
    grad: FloatTensor<B>,
    Convolution { kind, neighborhood }: &Convolution,
    with_features: bool,
) -> (FloatTensor<B>, FloatTensor<B>, FloatTensor<B>) {
    let device = features.device();
    let weight_shape: [usize; 3] = weight.shape().dims();
    let problem = problem(*kind, weight_shape, neighborhood.transposed_lists());
    let (features, weight, grad) = (B::rows(features), B::rows(weight), B::rows(grad));
    let inputs = Inputs {
        features: B::slice(&features),
        weight: B::slice(&weight),
        grad: B::slice(&grad),
        inverse_counts: neighborhood.inverse_counts(),
        with_features,
        centres_are_points: neighborhood.centres_are_points(),
    };
    let gradients = match kind {
        ConvKind::Full => backward::<T>(problem, &inputs),
        ConvKind::Depthwise => depthwise::backward::<T>(problem, &inputs),
    };
    let rows = if with_features { problem.points } else { 0 };
    let tensor = |data| B::float_from_data(data, &device);
    (
        tensor(TensorData::new(gradients.features, [rows, problem.channels_in])),
        tensor(TensorData::new(gradients.weight, weight_shape)),
        tensor(TensorData::new(gradients.bias, [problem.channels_out])),
    )
}

fn unsupported(kind: ConvKind, dtype: DType) -> ! {
    panic!("{}: the CPU computes in F32 or F64, found {dtype:?}; cast the tensors first", kind.op())
}
