//! Pooling for the backends whose tensors lie in the memory of this machine.

use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::backend::{Flex, TensorMetadata};
use burn::tensor::{DType, TensorData};

use super::super::host::HostBackend;
use super::super::number::Number;
use super::backward::backward;
use super::forward::forward;
use crate::layer::Pooling;
use crate::op::{PoolBackend, Segments, winners_shape};

/// A backend whose indices can be read as a slice.
trait HostIndices: HostBackend {
    /// Indices in row-major order.
    type Words;

    fn words(tensor: IntTensor<Self>) -> Self::Words;

    fn word_slice(words: &Self::Words) -> &[u32];
}

impl HostIndices for Flex {
    type Words = IntTensor<Self>;

    fn words(tensor: IntTensor<Self>) -> Self::Words {
        tensor.to_contiguous()
    }

    fn word_slice(words: &Self::Words) -> &[u32] {
        words.as_slice().expect("winners are contiguous words")
    }
}

#[cfg(feature = "ndarray")]
impl HostIndices for burn::backend::NdArray {
    type Words = TensorData;

    fn words(tensor: IntTensor<Self>) -> Self::Words {
        use burn::backend::ops::IntTensorOps;
        burn::tensor::read_sync(Self::int_into_data(tensor)).expect("a tensor of this machine can be read")
    }

    fn word_slice(words: &Self::Words) -> &[u32] {
        words.as_slice().expect("winners are words")
    }
}

macro_rules! impl_on_host {
    ($backend:ty) => {
        impl PoolBackend for $backend {
            fn segment_pool(
                features: FloatTensor<Self>,
                segments: Segments,
                pooling: Pooling,
            ) -> (FloatTensor<Self>, IntTensor<Self>) {
                match features.dtype() {
                    DType::F32 => run_forward::<Self, f32>(features, &segments, pooling),
                    DType::F64 => run_forward::<Self, f64>(features, &segments, pooling),
                    other => unsupported(other),
                }
            }

            fn segment_pool_backward(
                grad: FloatTensor<Self>,
                winners: IntTensor<Self>,
                segments: Segments,
                pooling: Pooling,
            ) -> FloatTensor<Self> {
                match grad.dtype() {
                    DType::F32 => run_backward::<Self, f32>(grad, winners, &segments, pooling),
                    DType::F64 => run_backward::<Self, f64>(grad, winners, &segments, pooling),
                    other => unsupported(other),
                }
            }
        }
    };
}

impl_on_host!(Flex);
#[cfg(feature = "ndarray")]
impl_on_host!(burn::backend::NdArray);

fn run_forward<B: HostIndices, T: Number>(
    features: FloatTensor<B>,
    segments: &Segments,
    pooling: Pooling,
) -> (FloatTensor<B>, IntTensor<B>) {
    let device = features.device();
    let [_, channels] = features.shape().dims();
    let features = B::rows(features);
    let (output, winners) = forward(B::slice::<T>(&features), channels, segments, pooling);
    let shape = [segments.len(), pooling.channels_out(channels)];
    let winners_shape = winners_shape(pooling, segments.len(), channels);
    (
        B::float_from_data(TensorData::new(output, shape), &device),
        B::int_from_data(TensorData::new(winners, winners_shape), &device),
    )
}

fn run_backward<B: HostIndices, T: Number>(
    grad: FloatTensor<B>,
    winners: IntTensor<B>,
    segments: &Segments,
    pooling: Pooling,
) -> FloatTensor<B> {
    let device = grad.device();
    let [_, width] = grad.shape().dims();
    let channels = width / pooling.channels_out(1);
    let (grad, winners) = (B::rows(grad), B::words(winners));
    let output = backward(B::slice::<T>(&grad), B::word_slice(&winners), channels, segments, pooling);
    B::float_from_data(TensorData::new(output, [segments.points(), channels]), &device)
}

fn unsupported(dtype: DType) -> ! {
    panic!("pooling: the CPU computes in F32 or F64, found {dtype:?}; cast the tensors first")
}
