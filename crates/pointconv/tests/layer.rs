//! The layer: parameters, dense batches, frozen weights, records.

mod common;

use burn::module::Module;
use burn::tensor::{Distribution, Tensor};
use common::{Batch, assert_same_bits, device, values};
use neighbors::{KernelShape, Neighborhood};
use pointconv::{PointwiseConvConfig, pointwise_conv};

/// Two clouds of 37 points.
fn dense() -> Neighborhood {
    Batch::random(&[37, 37], 1).neighborhood(&KernelShape::cells(0.2))
}

#[test]
fn parameters_have_the_sizes_of_the_configuration() {
    let device = device();
    let shapes = [
        (KernelShape::cells(0.1), 27),
        (KernelShape::cells(0.1).with_size([5, 1, 3]).with_dilation([4; 3]), 15),
        (KernelShape::shells(0.5, 4), 4),
    ];
    for (shape, subdomains) in shapes {
        let config = PointwiseConvConfig::for_shape(3, 5, &shape);
        assert_eq!((config.channels_in, config.channels_out, config.subdomains), (3, 5, subdomains));
        let conv = config.init(&device);
        assert_eq!(conv.weight.dims(), [subdomains, 3, 5]);
        let bias = conv.bias.as_ref().expect("a bias by default").val();
        assert_eq!(values(bias), [0.0; 5]);
        assert_eq!(conv.num_params(), subdomains * 15 + 5);

        let conv = config.with_bias(false).init(&device);
        assert!(conv.bias.is_none());
        assert_eq!(conv.num_params(), subdomains * 15);
    }
}

/// Glorot's bound is sqrt(6 / (fan_in + fan_out)), where both fans count all sub-domains.
#[test]
fn weights_fill_the_range_of_the_initializer() {
    let conv = PointwiseConvConfig::new(12, 20, 27).init(&device());
    let bound = (6.0f64 / (27.0 * (12.0 + 20.0))).sqrt();
    let weights = values(conv.weight.val());
    let largest = weights.iter().fold(0.0, |a: f64, b| a.max(b.abs()));
    // Of 6480 uniform values the largest misses the bound by more than a hundredth once in 10^28 draws.
    assert!(largest <= bound * (1.0 + 1e-6) && largest > 0.99 * bound, "{largest} of {bound}");
}

#[test]
fn forward_is_the_operator() {
    let device = device();
    let neighborhood = Batch::random(&[23, 37], 2).neighborhood(&KernelShape::cells(0.2));
    let features = Tensor::<2>::random([60, 3], Distribution::Default, &device);
    for bias in [true, false] {
        let mut conv = PointwiseConvConfig::new(3, 5, 27).with_bias(bias).init(&device);
        // The bias begins as zero, which would hide that it is left out.
        conv.bias = conv.bias.map(|bias| bias.map(|b| b + 0.75));
        let bias = conv.bias.as_ref().map(|bias| bias.val());
        let expected = pointwise_conv(features.clone(), conv.weight.val(), bias, &neighborhood);
        assert_same_bits("layer", &values(conv.forward(features.clone(), &neighborhood)), &values(expected));
    }
}

#[test]
fn dense_is_packed() {
    let device = device();
    let neighborhood = dense();
    let conv = PointwiseConvConfig::for_shape(3, 5, neighborhood.shape()).init(&device);
    let features = Tensor::<3>::random([2, 37, 3], Distribution::Default, &device);
    let output = conv.forward_dense(features.clone(), &neighborhood);
    assert_eq!(output.dims(), [2, 37, 5]);
    let packed = conv.forward(features.reshape([74, 3]), &neighborhood);
    assert_same_bits("dense", &values(output), &values(packed));
}

/// Frozen parameters get no gradient and let it through to the features.
#[test]
fn frozen_parameters() {
    let device = device().autodiff();
    let neighborhood = dense();
    let conv = PointwiseConvConfig::for_shape(3, 5, neighborhood.shape()).init(&device);
    let features = Tensor::<2>::random([74, 3], Distribution::Default, &device).require_grad();
    let run = |conv: &pointconv::PointwiseConv| {
        let gradients = conv.forward(features.clone(), &neighborhood).powi_scalar(2).sum().backward();
        let bias = conv.bias.as_ref().expect("a bias by default").val();
        (
            values(features.grad(&gradients).expect("tracked")),
            conv.weight.grad(&gradients),
            bias.grad(&gradients),
        )
    };
    let (features_trained, weight, bias) = run(&conv);
    assert_eq!(weight.expect("trained").dims(), [27, 3, 5]);
    assert_eq!(bias.expect("trained").dims(), [5]);
    for frozen in [conv.clone().no_grad(), conv.freeze()] {
        let (features, weight, bias) = run(&frozen);
        assert!(weight.is_none() && bias.is_none());
        assert_same_bits("frozen", &features, &features_trained);
    }
}

#[test]
fn a_record_restores_the_layer() {
    let device = device();
    let neighborhood = dense();
    let config = PointwiseConvConfig::for_shape(3, 5, neighborhood.shape());
    let (trained, fresh) = (config.init(&device), config.init(&device));
    let features = Tensor::<2>::random([74, 3], Distribution::Default, &device);
    let expected = values(trained.forward(features.clone(), &neighborhood));
    assert_ne!(values(fresh.forward(features.clone(), &neighborhood)), expected);
    let restored = fresh.load_record(trained.into_record());
    assert_same_bits("restored", &values(restored.forward(features, &neighborhood)), &expected);
}

#[test]
fn display_names_the_sizes() {
    let text = PointwiseConvConfig::new(3, 9, 27).init(&device()).to_string();
    for part in ["channels_in: 3", "channels_out: 9", "subdomains: 27", "bias: true", "params: 738"] {
        assert!(text.contains(part), "`{part}` in {text}");
    }
}
