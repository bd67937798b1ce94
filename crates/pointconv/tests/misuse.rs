//! Shapes that do not agree panic and name both values.

mod common;

use burn::tensor::{DType, Device, Tensor};
use common::{Batch, device};
use neighbors::{KernelShape, Neighborhood};
use pointconv::{PointwiseConvConfig, pointwise_conv, reference};

/// Clouds of 23 and 37 points with 27 sub-domains.
fn neighborhood() -> Neighborhood {
    Batch::random(&[23, 37], 1).neighborhood(&KernelShape::cells(0.2))
}

fn call(features: [usize; 2], weight: [usize; 3], bias: Option<[usize; 1]>) {
    let device = device();
    let bias = bias.map(|bias| Tensor::zeros(bias, &device));
    pointwise_conv(Tensor::zeros(features, &device), Tensor::zeros(weight, &device), bias, &neighborhood());
}

fn call_reference(features: [usize; 2], weight: [usize; 3], bias: Option<[usize; 1]>) {
    let device = device();
    let bias = bias.map(|bias| Tensor::zeros(bias, &device));
    let (features, weight) = (Tensor::zeros(features, &device), Tensor::zeros(weight, &device));
    reference::pointwise_conv(features, weight, bias, &neighborhood());
}

#[test]
fn agreeing_shapes_pass() {
    call([60, 3], [27, 3, 5], Some([5]));
    call_reference([60, 3], [27, 3, 5], Some([5]));
}

#[test]
#[should_panic(expected = "features have 59 rows, the neighborhood has 60 points")]
fn points() {
    call([59, 3], [27, 3, 5], Some([5]));
}

#[test]
#[should_panic(expected = "the weight has 15 sub-domains, the neighborhood's kernel has 27")]
fn subdomains() {
    call([60, 3], [15, 3, 5], Some([5]));
}

#[test]
#[should_panic(expected = "features have 4 channels, the weight expects 3")]
fn channels() {
    call([60, 4], [27, 3, 5], None);
}

#[test]
#[should_panic(expected = "the bias has 3 channels, the weight gives 5")]
fn bias() {
    call([60, 3], [27, 3, 5], Some([3]));
}

#[test]
#[should_panic(expected = "features have 4 channels, the weight expects 3")]
fn channels_of_the_reference() {
    call_reference([60, 4], [27, 3, 5], None);
}

#[test]
#[should_panic(expected = "features have 4 channels, the weight expects 3")]
fn channels_of_the_layer() {
    let conv = PointwiseConvConfig::new(3, 5, 27).init(&device());
    conv.forward(Tensor::zeros([60, 4], &device()), &neighborhood());
}

#[test]
#[should_panic(expected = "the weight has 4 sub-domains, the neighborhood's kernel has 27")]
fn subdomains_of_the_layer() {
    let conv = PointwiseConvConfig::new(3, 5, 4).init(&device());
    conv.forward(Tensor::zeros([60, 3], &device()), &neighborhood());
}

#[test]
#[should_panic(expected = "features are 2 clouds of 30 points, the neighborhood has clouds at [0, 23, 60]")]
fn dense_features_over_uneven_clouds() {
    let conv = PointwiseConvConfig::new(3, 5, 27).init(&device());
    conv.forward_dense(Tensor::zeros([2, 30, 3], &device()), &neighborhood());
}

/// As many points in all, but cut otherwise.
#[test]
#[should_panic(expected = "features are 3 clouds of 20 points, the neighborhood has clouds at [0, 30, 60]")]
fn dense_features_with_another_number_of_clouds() {
    let neighborhood = Batch::random(&[30, 30], 1).neighborhood(&KernelShape::cells(0.2));
    let conv = PointwiseConvConfig::new(3, 5, 27).init(&device());
    conv.forward_dense(Tensor::zeros([3, 20, 3], &device()), &neighborhood);
}

/// The kernels of the CPU compute in two precisions; others are refused, not converted.
#[test]
#[should_panic(expected = "the CPU computes in F32 or F64, found F16")]
fn half_precision_on_the_cpu() {
    let device = Device::flex();
    let options = (&device, DType::F16);
    pointwise_conv(
        Tensor::zeros([60, 3], options),
        Tensor::zeros([27, 3, 5], options),
        None,
        &neighborhood(),
    );
}

#[test]
#[should_panic(expected = "features are F32, the weight is F64")]
fn element_types() {
    let device = device();
    let features = Tensor::<2>::zeros([60, 3], (&device, DType::F32));
    let weight = Tensor::<3>::zeros([27, 3, 5], (&device, DType::F64));
    pointwise_conv(features, weight, None, &neighborhood());
}
