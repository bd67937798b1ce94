//! Shapes that do not agree panic and name both values.

use burn::tensor::{DType, Device, Tensor};
use neighbors::{KernelShape, Neighborhood};
use pointconv::{DepthwisePointConvConfig, SeparablePointConvConfig, depthwise_point_conv, reference};

use crate::common::{Batch, Op, device};

/// Clouds of 23 and 37 points with 27 sub-domains.
fn neighborhood() -> Neighborhood {
    Batch::random(&[23, 37], 1).neighborhood(&KernelShape::cells(0.2))
}

fn call_with(op: Op, features: [usize; 2], weight: [usize; 3], bias: Option<[usize; 1]>) {
    let device = device();
    let bias = bias.map(|bias| Tensor::zeros(bias, &device));
    op(Tensor::zeros(features, &device), Tensor::zeros(weight, &device), bias, &neighborhood());
}

fn call(features: [usize; 2], weight: [usize; 3], bias: Option<[usize; 1]>) {
    call_with(depthwise_point_conv, features, weight, bias);
}

#[test]
fn agreeing_shapes_pass() {
    call([60, 3], [27, 3, 2], Some([6]));
    call_with(reference::depthwise_point_conv, [60, 3], [27, 3, 2], Some([6]));
}

#[test]
#[should_panic(expected = "features have 59 rows, the neighborhood has 60 points")]
fn points() {
    call([59, 3], [27, 3, 2], Some([6]));
}

#[test]
#[should_panic(expected = "the weight has 15 sub-domains, the neighborhood's kernel has 27")]
fn subdomains() {
    call([60, 3], [15, 3, 2], Some([6]));
}

#[test]
#[should_panic(expected = "features have 4 channels, the weight expects 3")]
fn channels() {
    call([60, 4], [27, 3, 2], None);
}

#[test]
#[should_panic(expected = "the bias has 3 channels, the weight gives 3 x 2 = 6")]
fn bias() {
    call([60, 3], [27, 3, 2], Some([3]));
}

#[test]
#[should_panic(expected = "the bias has 3 channels, the weight gives 3 x 2 = 6")]
fn bias_of_the_reference() {
    call_with(reference::depthwise_point_conv, [60, 3], [27, 3, 2], Some([3]));
}

#[test]
#[should_panic(expected = "features have 4 channels, the weight expects 3")]
fn channels_of_the_layer() {
    let conv = DepthwisePointConvConfig::new(3, 27).init(&device());
    conv.forward(Tensor::zeros([60, 4], &device()), &neighborhood());
}

#[test]
#[should_panic(expected = "the weight has 4 sub-domains, the neighborhood's kernel has 27")]
fn subdomains_of_the_separable_layer() {
    let conv = SeparablePointConvConfig::new(3, 5, 4).init(&device());
    conv.forward(Tensor::zeros([60, 3], &device()), &neighborhood());
}

#[test]
#[should_panic(
    expected = "DepthwisePointConv: features are 2 clouds of 30 points, the neighborhood has clouds at [0, 23, 60]"
)]
fn dense_features_over_uneven_clouds() {
    let conv = DepthwisePointConvConfig::new(3, 27).init(&device());
    conv.forward_dense(Tensor::zeros([2, 30, 3], &device()), &neighborhood());
}

#[test]
#[should_panic(
    expected = "SeparablePointConv: features are 2 clouds of 30 points, the neighborhood has clouds at [0, 23, 60]"
)]
fn dense_features_over_uneven_clouds_of_the_separable_layer() {
    let conv = SeparablePointConvConfig::new(3, 5, 27).init(&device());
    conv.forward_dense(Tensor::zeros([2, 30, 3], &device()), &neighborhood());
}

/// The kernels of the CPU compute in two precisions; others are refused, not converted.
#[test]
#[should_panic(expected = "depthwise_point_conv: the CPU computes in F32 or F64, found F16")]
fn half_precision_on_the_cpu() {
    let device = Device::flex();
    let options = (&device, DType::F16);
    let (features, weight) = (Tensor::zeros([60, 3], options), Tensor::zeros([27, 3, 2], options));
    depthwise_point_conv(features, weight, None, &neighborhood());
}

#[test]
#[should_panic(expected = "depthwise_point_conv: features are F32, the weight is F64")]
fn element_types() {
    let device = device();
    let features = Tensor::<2>::zeros([60, 3], (&device, DType::F32));
    let weight = Tensor::<3>::zeros([27, 3, 2], (&device, DType::F64));
    depthwise_point_conv(features, weight, None, &neighborhood());
}
