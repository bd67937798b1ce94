//! The operator on every device that CubeCL compiles for: Vulkan, Metal and DirectX through wgpu, and CUDA.

#![allow(
    clippy::needless_range_loop,
    clippy::collapsible_if,
    clippy::manual_swap,
    reason = "kernels count, have no `swap`, and `&&` evaluates both of its sides"
)]

mod backward_features;
mod backward_weight;
mod depthwise;
mod forward;
mod gather;
mod reduce;
mod sizes;
#[cfg(test)]
mod slabs;
mod wide;

use burn::backend::TensorMetadata;
use burn::backend::tensor::FloatTensor;
use burn_cubecl::CubeBackend;
use burn_cubecl::tensor::CubeTensor;

use self::reduce::sum_rows;
use self::sizes::Sizes;
use self::wide::is_wide;
use super::PointConvBackend;
use super::kind::{ConvKind, Convolution};
use crate::gpu::launch::{repeated, rows, zeros_like};
use crate::neighborhood::cube::{DeviceLists, InverseCounts, Lists};

/// Computes the output from features, weight and bias.
type Forward = fn(Sizes, &Lists, CubeTensor, CubeTensor, CubeTensor) -> CubeTensor;
/// Computes the gradient of the features from weight and gradient.
type BackwardFeatures = fn(Sizes, &Lists, &[InverseCounts], CubeTensor, CubeTensor) -> CubeTensor;
/// Computes the gradient of the weight from features and gradient.
type BackwardWeight = fn(Sizes, &Lists, CubeTensor, CubeTensor) -> CubeTensor;

/// The kernels for a call of the given sizes.
fn kernels(sizes: Sizes) -> (Forward, BackwardFeatures, BackwardWeight) {
    match sizes.kind {
        ConvKind::Full if is_wide(sizes) => (wide::forward, wide::backward_features, wide::backward_weight),
        ConvKind::Full => {
            (forward::forward, backward_features::backward_features, backward_weight::backward_weight)
        }
        ConvKind::Depthwise => {
            (depthwise::forward, depthwise::backward_features, backward_weight::backward_weight)
        }
    }
}

impl PointConvBackend for CubeBackend {
    fn point_conv(
        features: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        Convolution { kind, neighborhood }: Convolution,
    ) -> FloatTensor<Self> {
        let op = kind.op();
        let channels_out = kind.channels_out(weight.shape().dims());
        let centres = neighborhood.centres().points();
        if centres * channels_out == 0 {
            return zeros_like(&features, [centres, channels_out]);
        }
        let [points, channels_in] = features.shape().dims();
        if points * channels_in == 0 {
            return repeated(bias, centres);
        }
        let lists = neighborhood.on(&features.device);
        let sizes = Sizes::new(kind, &weight, lists.lists());
        let (forward, _, _) = kernels(sizes);
        let features = rows(op, "features", features);
        forward(sizes, lists.lists(), features, rows(op, "weights", weight), rows(op, "bias", bias))
    }

    fn point_conv_backward(
        features: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        convolution: Convolution,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let grad = rows(convolution.kind.op(), "gradients", grad);
        let grad_features = features_gradient(&features, &weight, &grad, &convolution);
        let (grad_weight, grad_bias) = Self::point_conv_weight_backward(features, weight, grad, convolution);
        (grad_features, grad_weight, grad_bias)
    }

    fn point_conv_weight_backward(
        features: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        Convolution { kind, neighborhood }: Convolution,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let op = kind.op();
        let shape: [usize; 3] = weight.shape().dims();
        let channels_out = kind.channels_out(shape);
        let centres = neighborhood.centres().points();
        if centres * channels_out == 0 {
            return (zeros_like(&weight, shape), zeros_like(&grad, [channels_out]));
        }
        let grad = rows(op, "gradients", grad);
        let grad_bias = sum_rows(grad.clone(), [centres, channels_out]);
        if features.shape().num_elements() == 0 {
            return (zeros_like(&weight, shape), grad_bias);
        }
        let lists = neighborhood.on(&features.device);
        if lists.edges() == 0 {
            return (zeros_like(&weight, shape), grad_bias);
        }
        let sizes = Sizes::new(kind, &weight, lists.lists());
        let (_, _, backward_weight) = kernels(sizes);
        (backward_weight(sizes, lists.lists(), rows(op, "features", features), grad), grad_bias)
    }
}

/// The gradient of the features; `grad` has its rows one after the other.
fn features_gradient(
    features: &CubeTensor,
    weight: &CubeTensor,
    grad: &CubeTensor,
    Convolution { kind, neighborhood }: &Convolution,
) -> CubeTensor {
    let [points, channels_in] = features.shape().dims();
    let channels_out = kind.channels_out(weight.shape().dims());
    if points * channels_in * channels_out == 0 {
        return zeros_like(features, [points, channels_in]);
    }
    let lists: std::sync::Arc<DeviceLists> = neighborhood.on(&grad.device);
    if lists.edges() == 0 {
        return zeros_like(features, [points, channels_in]);
    }
    let sizes = Sizes::new(*kind, weight, lists.transposed());
    let (_, backward_features, _) = kernels(sizes);
    let weight = rows(kind.op(), "weights", weight.clone());
    backward_features(sizes, lists.transposed(), lists.inverse_counts(), weight, grad.clone())
}
