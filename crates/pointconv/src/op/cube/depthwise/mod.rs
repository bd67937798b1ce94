//! The depthwise operator on a GPU.

mod backward_features;
mod blocks;
mod forward;

use burn::backend::TensorMetadata;
use burn::backend::tensor::FloatTensor;
use burn_cubecl::CubeBackend;
use burn_cubecl::tensor::CubeTensor;
use neighbors::Neighborhood;

use self::backward_features::backward_features;
use self::forward::forward;
use super::backward_weight::backward_weight;
use super::launch::{rows, zeros_like};
use super::lists::Lists;
use super::reduce::sum_rows;
use super::sizes::Sizes;
use crate::op::DepthwisePointConvBackend;

const OP: &str = "depthwise_point_conv";

impl DepthwisePointConvBackend for CubeBackend {
    fn depthwise_point_conv(
        features: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        neighborhood: Neighborhood,
    ) -> FloatTensor<Self> {
        let [points, channels] = features.shape().dims();
        let [_, _, multiplier] = weight.shape().dims();
        if points * channels * multiplier == 0 {
            return zeros_like(&features, [points, channels * multiplier]);
        }
        let lists = Lists::on(&features.device, &neighborhood);
        let sizes = Sizes::depthwise(&weight, &lists);
        let features = rows(OP, "features", features);
        forward(sizes, &lists, features, rows(OP, "weights", weight), rows(OP, "bias", bias))
    }

    fn depthwise_point_conv_backward(
        features: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        neighborhood: Neighborhood,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let grad = rows(OP, "gradients", grad);
        let grad_features = features_gradient(&features, &weight, &grad, &neighborhood);
        let (grad_weight, grad_bias) =
            Self::depthwise_point_conv_weight_backward(features, weight, grad, neighborhood);
        (grad_features, grad_weight, grad_bias)
    }

    fn depthwise_point_conv_weight_backward(
        features: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        neighborhood: Neighborhood,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let [points, channels] = features.shape().dims();
        let shape: [usize; 3] = weight.shape().dims();
        let channels_out = channels * shape[2];
        if points * channels_out == 0 {
            return (zeros_like(&weight, shape), zeros_like(&grad, [channels_out]));
        }
        let grad = rows(OP, "gradients", grad);
        let grad_bias = sum_rows(grad.clone(), [points, channels_out]);
        let lists = Lists::on(&features.device, &neighborhood);
        let sizes = Sizes::depthwise(&weight, &lists);
        (backward_weight(sizes, &lists, rows(OP, "features", features), grad), grad_bias)
    }
}

/// The gradient of the features; `grad` has its rows one after the other.
fn features_gradient(
    features: &CubeTensor,
    weight: &CubeTensor,
    grad: &CubeTensor,
    neighborhood: &Neighborhood,
) -> CubeTensor {
    let [points, channels] = features.shape().dims();
    let [_, _, multiplier] = weight.shape().dims();
    if points * channels * multiplier == 0 {
        return zeros_like(features, [points, channels]);
    }
    let lists = Lists::on(&grad.device, neighborhood);
    let sizes = Sizes::depthwise(weight, &lists);
    let shares = lists.shares();
    backward_features(sizes, &lists, shares, rows(OP, "weights", weight.clone()), grad.clone())
}
