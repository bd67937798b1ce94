//! The normalisations for the backends whose tensors lie in the memory of this machine.

use burn::backend::tensor::FloatTensor;
use burn::backend::{Flex, TensorMetadata};
use burn::tensor::{DType, Shape, TensorData};

use super::super::host::HostBackend;
use super::super::number::Number;
use super::batch::{self, Statistics};
use super::{Gradients, layer};
use crate::op::NormBackend;

type Three<B> = (FloatTensor<B>, FloatTensor<B>, FloatTensor<B>);

macro_rules! by_type {
    ($op:literal, $tensor:expr, $run:ident($($argument:expr),*)) => {
        match $tensor.dtype() {
            DType::F32 => $run::<Self, f32>($($argument),*),
            DType::F64 => $run::<Self, f64>($($argument),*),
            other => panic!(
                concat!($op, ": the CPU computes in F32 or F64, found {:?}; cast the tensors first"),
                other
            ),
        }
    };
}

macro_rules! impl_on_host {
    ($backend:ty) => {
        impl NormBackend for $backend {
            fn point_batch_norm(
                features: FloatTensor<Self>,
                gamma: FloatTensor<Self>,
                beta: FloatTensor<Self>,
                epsilon: f64,
            ) -> Three<Self> {
                by_type!("batch normalisation", features, batch_norm(features, gamma, beta, epsilon))
            }

            fn point_batch_norm_backward(
                features: FloatTensor<Self>,
                gamma: FloatTensor<Self>,
                mean: FloatTensor<Self>,
                variance: FloatTensor<Self>,
                grad: FloatTensor<Self>,
                epsilon: f64,
            ) -> Three<Self> {
                by_type!(
                    "batch normalisation",
                    features,
                    batch_norm_backward(features, gamma, mean, variance, grad, epsilon)
                )
            }

            fn point_layer_norm(
                features: FloatTensor<Self>,
                gamma: FloatTensor<Self>,
                beta: FloatTensor<Self>,
                epsilon: f64,
            ) -> FloatTensor<Self> {
                by_type!("layer normalisation", features, layer_norm(features, gamma, beta, epsilon))
            }

            fn point_layer_norm_backward(
                features: FloatTensor<Self>,
                gamma: FloatTensor<Self>,
                grad: FloatTensor<Self>,
                epsilon: f64,
            ) -> Three<Self> {
                by_type!("layer normalisation", features, layer_norm_backward(features, gamma, grad, epsilon))
            }
        }
    };
}

impl_on_host!(Flex);
#[cfg(feature = "ndarray")]
impl_on_host!(burn::backend::NdArray);

fn batch_norm<B: HostBackend, T: Number>(
    features: FloatTensor<B>,
    gamma: FloatTensor<B>,
    beta: FloatTensor<B>,
    epsilon: f64,
) -> Three<B> {
    let (device, shape, channels) = (features.device(), features.shape(), gamma.shape());
    let (features, gamma, beta) = (B::rows(features), B::rows(gamma), B::rows(beta));
    let (features, gamma, beta) = (B::slice::<T>(&features), B::slice::<T>(&gamma), B::slice::<T>(&beta));
    let statistics = batch::statistics(features, gamma.len());
    let output = batch::normalised(features, &statistics, gamma, beta, epsilon);
    let tensor =
        |values: Vec<T>, shape: &Shape| B::float_from_data(TensorData::new(values, shape.clone()), &device);
    let Statistics { mean, variance } = statistics;
    (tensor(output, &shape), tensor(mean, &channels), tensor(variance, &channels))
}

fn batch_norm_backward<B: HostBackend, T: Number>(
    features: FloatTensor<B>,
    gamma: FloatTensor<B>,
    mean: FloatTensor<B>,
    variance: FloatTensor<B>,
    grad: FloatTensor<B>,
    epsilon: f64,
) -> Three<B> {
    let (device, shape) = (features.device(), features.shape());
    let (mean, variance) = (B::rows(mean), B::rows(variance));
    let statistics =
        Statistics { mean: B::slice::<T>(&mean).to_vec(), variance: B::slice::<T>(&variance).to_vec() };
    let (features, gamma, grad) = (B::rows(features), B::rows(gamma), B::rows(grad));
    let (features, gamma, grad) = (B::slice(&features), B::slice(&gamma), B::slice(&grad));
    tensors::<B, T>(batch::backward(features, &statistics, gamma, grad, epsilon), shape, &device)
}

fn layer_norm<B: HostBackend, T: Number>(
    features: FloatTensor<B>,
    gamma: FloatTensor<B>,
    beta: FloatTensor<B>,
    epsilon: f64,
) -> FloatTensor<B> {
    let (device, shape) = (features.device(), features.shape());
    let (features, gamma, beta) = (B::rows(features), B::rows(gamma), B::rows(beta));
    let output = layer::normalised(B::slice::<T>(&features), B::slice(&gamma), B::slice(&beta), epsilon);
    B::float_from_data(TensorData::new(output, shape), &device)
}

fn layer_norm_backward<B: HostBackend, T: Number>(
    features: FloatTensor<B>,
    gamma: FloatTensor<B>,
    grad: FloatTensor<B>,
    epsilon: f64,
) -> Three<B> {
    let (device, shape) = (features.device(), features.shape());
    let (features, gamma, grad) = (B::rows(features), B::rows(gamma), B::rows(grad));
    let (features, gamma, grad) = (B::slice(&features), B::slice(&gamma), B::slice(&grad));
    tensors::<B, T>(layer::backward(features, gamma, grad, epsilon), shape, &device)
}

fn tensors<B: HostBackend, T: Number>(gradients: Gradients<T>, shape: Shape, device: &B::Device) -> Three<B> {
    let channels = [gradients.gamma.len()];
    (
        B::float_from_data(TensorData::new(gradients.features, shape), device),
        B::float_from_data(TensorData::new(gradients.gamma, channels), device),
        B::float_from_data(TensorData::new(gradients.beta, channels), device),
    )
}
