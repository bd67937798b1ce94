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
mod interpolate;
mod launch;
mod lists;
mod norm;
mod pool;
mod reduce;
mod search;
mod shares;
mod sizes;
#[cfg(test)]
mod slabs;
#[cfg(test)]
mod test_device;
mod wide;

use burn::backend::TensorMetadata;
use burn::backend::tensor::FloatTensor;
use burn_cubecl::tensor::CubeTensor;
use burn_cubecl::{CubeBackend, CubeDevice};
use neighbors::Neighborhood;

use self::backward_features::backward_features;
use self::backward_weight::backward_weight;
use self::forward::forward;
use self::launch::{repeated, rows, zeros_like};
use self::lists::Lists;
pub(crate) use self::pool::Copies as PoolCopies;
use self::reduce::sum_rows;
pub(super) use self::search::search;
use self::sizes::Sizes;
use self::wide::is_wide;
use super::PointwiseConvBackend;

const OP: &str = "pointwise_conv";

impl PointwiseConvBackend for CubeBackend {
    fn pointwise_conv(
        features: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        neighborhood: Neighborhood,
    ) -> FloatTensor<Self> {
        let [points, channels_in] = features.shape().dims();
        let [_, _, channels_out] = weight.shape().dims();
        if points * channels_out == 0 {
            return zeros_like(&features, [points, channels_out]);
        }
        if channels_in == 0 {
            return repeated(bias, points);
        }
        let lists = Lists::on(&features.device, &neighborhood);
        let sizes = Sizes::full(&weight, &lists);
        let features = rows(OP, "features", features);
        let forward = if is_wide(sizes) { wide::forward } else { forward };
        forward(sizes, &lists, features, rows(OP, "weights", weight), rows(OP, "bias", bias))
    }

    fn pointwise_conv_backward(
        features: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        neighborhood: Neighborhood,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let grad = rows(OP, "gradients", grad);
        let grad_features = features_gradient(&features, &weight, &grad, &neighborhood);
        let (grad_weight, grad_bias) =
            Self::pointwise_conv_weight_backward(features, weight, grad, neighborhood);
        (grad_features, grad_weight, grad_bias)
    }

    fn pointwise_conv_weight_backward(
        features: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        neighborhood: Neighborhood,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let [points, channels_in] = features.shape().dims();
        let [subdomains, _, channels_out] = weight.shape().dims();
        let shape = [subdomains, channels_in, channels_out];
        if points * channels_out == 0 {
            return (zeros_like(&weight, shape), zeros_like(&grad, [channels_out]));
        }
        let grad = rows(OP, "gradients", grad);
        let grad_bias = sum_rows(grad.clone(), [points, channels_out]);
        if channels_in == 0 {
            return (zeros_like(&weight, shape), grad_bias);
        }
        let lists = Lists::on(&features.device, &neighborhood);
        let sizes = Sizes::full(&weight, &lists);
        let backward_weight = if is_wide(sizes) { wide::backward_weight } else { backward_weight };
        (backward_weight(sizes, &lists, rows(OP, "features", features), grad), grad_bias)
    }
}

/// Copies the lists to the device, and makes the shares there.
pub(super) fn prepare(neighborhood: &Neighborhood, device: &CubeDevice) {
    Lists::on(device, neighborhood).shares();
}

/// The gradient of the features; `grad` has its rows one after the other.
fn features_gradient(
    features: &CubeTensor,
    weight: &CubeTensor,
    grad: &CubeTensor,
    neighborhood: &Neighborhood,
) -> CubeTensor {
    let [points, channels_in] = features.shape().dims();
    let [_, _, channels_out] = weight.shape().dims();
    if points * channels_in * channels_out == 0 {
        return zeros_like(features, [points, channels_in]);
    }
    let lists = Lists::on(&grad.device, neighborhood);
    let sizes = Sizes::full(weight, &lists);
    let shares = lists.shares();
    let backward_features = if is_wide(sizes) { wide::backward_features } else { backward_features };
    backward_features(sizes, &lists, shares, rows(OP, "weights", weight.clone()), grad.clone())
}
