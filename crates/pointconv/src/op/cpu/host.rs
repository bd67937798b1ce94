//! The backends whose tensors lie in the memory of this machine: all of them run the same kernels.

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Element, Flex, TensorMetadata};
use burn::tensor::{DType, TensorData};
use neighbors::SubdomainLists;

use super::backward::{Gradients, Inputs, backward};
use super::forward::forward;
use super::{Problem, Real, depthwise};
use crate::neighborhood::{Counts, Index, Neighborhood};
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

fn run_forward<B: HostBackend, T: Real + Element>(
    features: FloatTensor<B>,
    weight: FloatTensor<B>,
    bias: FloatTensor<B>,
    Convolution { kind, neighborhood }: &Convolution,
) -> FloatTensor<B> {
    let device = features.device();
    let (shape, lists) = (weight.shape().dims(), neighborhood.lists());
    let (features, weight, bias) = (B::rows(features), B::rows(weight), B::rows(bias));
    let (features, weight, bias) = (B::slice(&features), B::slice(&weight), B::slice(&bias));
    let forward = if lists.narrow().is_some() { forward_of::<T, u16> } else { forward_of::<T, u32> };
    let output = forward(*kind, shape, lists, [features, weight, bias]);
    B::float_from_data(TensorData::new(output, [lists.points(), kind.channels_out(shape)]), &device)
}

fn forward_of<T: Real, X: Index>(
    kind: ConvKind,
    weight_shape: [usize; 3],
    lists: &SubdomainLists,
    [features, weight, bias]: [&[T]; 3],
) -> Vec<T> {
    let problem = Problem::<X>::new(kind, weight_shape, lists);
    match kind {
        ConvKind::Full => forward(problem, features, weight, bias),
        ConvKind::Depthwise => depthwise::forward(problem, features, weight, bias),
    }
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
    let shape = weight.shape().dims();
    let (features, weight, grad) = (B::rows(features), B::rows(weight), B::rows(grad));
    let tensors: [&[T]; 3] = [B::slice(&features), B::slice(&weight), B::slice(&grad)];
    let gradients = match neighborhood.counts() {
        Counts::Narrow(counts) => gradients(*kind, shape, neighborhood, tensors, with_features, counts),
        Counts::Wide(counts) => gradients(*kind, shape, neighborhood, tensors, with_features, counts),
    };
    let rows = if with_features { neighborhood.points() } else { 0 };
    let tensor = |data| B::float_from_data(data, &device);
    (
        tensor(TensorData::new(gradients.features, [rows, shape[1]])),
        tensor(TensorData::new(gradients.weight, shape)),
        tensor(TensorData::new(gradients.bias, [kind.channels_out(shape)])),
    )
}

fn gradients<T: Real, X: Index>(
    kind: ConvKind,
    weight_shape: [usize; 3],
    neighborhood: &Neighborhood,
    [features, weight, grad]: [&[T]; 3],
    with_features: bool,
    counts: &[X],
) -> Gradients<T> {
    let problem = Problem::new(kind, weight_shape, neighborhood.transposed_lists());
    let centres_are_points = neighborhood.centres_are_points();
    let inputs = Inputs { features, weight, grad, counts, with_features, centres_are_points };
    match kind {
        ConvKind::Full => backward(problem, &inputs),
        ConvKind::Depthwise => depthwise::backward(problem, &inputs),
    }
}

fn unsupported(kind: ConvKind, dtype: DType) -> ! {
    panic!("{}: the CPU computes in F32 or F64, found {dtype:?}; cast the tensors first", kind.op())
}
