//! The layers: parameters, dense batches, gradients, records, and their cost.

use burn::module::Module;
use burn::tensor::{Distribution, Tensor};
use neighbors::{KernelShape, Neighborhood};
use pointconv::{
    DepthwisePointConvConfig, PointwiseConvConfig, SeparablePointConvConfig, depthwise_point_conv,
};

use crate::common::{Batch, assert_same_bits, device, values};

/// Two clouds of 37 points.
fn dense() -> Neighborhood {
    Batch::random(&[37, 37], 1).neighborhood(&KernelShape::cells(0.2))
}

/// Glorot's bound for these fans.
fn bound(fan_in: usize, fan_out: usize) -> f64 {
    (6.0 / (fan_in + fan_out) as f64).sqrt()
}

/// Panics unless `values` reach the bound to a tenth, and not beyond.
fn assert_fills(values: &[f64], bound: f64) {
    let largest = values.iter().fold(0.0, |a: f64, b| a.max(b.abs()));
    assert!(largest <= bound * (1.0 + 1e-6) && largest > 0.9 * bound, "{largest} of {bound}");
}

#[test]
fn parameters_of_the_depthwise_layer() {
    let device = device();
    let shapes = [
        (KernelShape::cells(0.1), 27),
        (KernelShape::cells(0.1).with_size([5, 1, 3]).with_dilation([4; 3]), 15),
        (KernelShape::shells(0.5, 4), 4),
    ];
    for (shape, subdomains) in shapes {
        let config = DepthwisePointConvConfig::for_shape(50, &shape);
        assert_eq!((config.channels, config.subdomains, config.multiplier), (50, subdomains, 1));
        let config = config.with_multiplier(3);
        let conv = config.init(&device);
        assert_eq!(conv.weight.dims(), [subdomains, 50, 3]);
        assert_eq!(values(conv.bias.as_ref().expect("a bias by default").val()), [0.0; 150]);
        assert_eq!(conv.num_params(), subdomains * 150 + 150);
        // Of 600 uniform values or more the largest misses nine tenths of the bound once in 10^27 draws.
        assert_fills(&values(conv.weight.val()), bound(subdomains, subdomains * 3));

        let conv = config.with_bias(false).init(&device);
        assert!(conv.bias.is_none());
        assert_eq!(conv.num_params(), subdomains * 150);
    }
}

#[test]
fn parameters_of_the_separable_layer() {
    let device = device();
    let config = SeparablePointConvConfig::for_shape(30, 40, &KernelShape::cells(0.1));
    assert_eq!(
        (config.channels_in, config.channels_out, config.subdomains, config.multiplier),
        (30, 40, 27, 1)
    );
    let conv = config.clone().with_multiplier(2).init(&device);
    assert_eq!(conv.depthwise.weight.dims(), [27, 30, 2]);
    assert!(conv.depthwise.bias.is_none());
    assert_eq!(conv.pointwise.weight.dims(), [60, 40]);
    assert_eq!(values(conv.pointwise.bias.as_ref().expect("a bias by default").val()), [0.0; 40]);
    assert_eq!(conv.num_params(), 27 * 60 + 60 * 40 + 40);
    assert_fills(&values(conv.depthwise.weight.val()), bound(27, 54));
    assert_fills(&values(conv.pointwise.weight.val()), bound(60, 40));
    assert!(config.with_bias(false).init(&device).pointwise.bias.is_none());
}

#[test]
fn forward_of_the_depthwise_layer_is_the_operator() {
    let device = device();
    let neighborhood = Batch::random(&[23, 37], 2).neighborhood(&KernelShape::cells(0.2));
    let features = Tensor::<2>::random([60, 3], Distribution::Default, &device);
    for bias in [true, false] {
        let mut conv = DepthwisePointConvConfig::new(3, 27).with_multiplier(2).with_bias(bias).init(&device);
        // The bias begins as zero, which would hide that it is left out.
        conv.bias = conv.bias.map(|bias| bias.map(|b| b + 0.75));
        let bias = conv.bias.as_ref().map(|bias| bias.val());
        let expected = depthwise_point_conv(features.clone(), conv.weight.val(), bias, &neighborhood);
        assert_same_bits("layer", &values(conv.forward(features.clone(), &neighborhood)), &values(expected));
    }
}

/// The separable layer is the operator, then a product of matrices.
#[test]
fn forward_of_the_separable_layer() {
    let device = device();
    let neighborhood = Batch::random(&[23, 37], 3).neighborhood(&KernelShape::cells(0.2));
    let features = Tensor::<2>::random([60, 3], Distribution::Default, &device);
    let mut conv = SeparablePointConvConfig::new(3, 5, 27).with_multiplier(2).init(&device);
    conv.pointwise.bias = conv.pointwise.bias.map(|bias| bias.map(|b| b + 0.75));
    let middle =
        values(depthwise_point_conv(features.clone(), conv.depthwise.weight.val(), None, &neighborhood));
    let mixing = values(conv.pointwise.weight.val());
    let output = conv.forward(features, &neighborhood);
    assert_eq!(output.dims(), [60, 5]);
    for (row, output) in middle.chunks(6).zip(values(output).chunks(5)) {
        for (o, &output) in output.iter().enumerate() {
            let terms = || row.iter().enumerate().map(|(m, z)| z * mixing[m * 5 + o]);
            let (expected, magnitude) =
                (0.75 + terms().sum::<f64>(), 0.75 + terms().map(f64::abs).sum::<f64>());
            assert!(
                (output - expected).abs() <= 8.0 * f64::from(f32::EPSILON) * magnitude,
                "{output}, {expected}"
            );
        }
    }
}

#[test]
fn dense_is_packed() {
    let device = device();
    let neighborhood = dense();
    let features = Tensor::<3>::random([2, 37, 3], Distribution::Default, &device);
    let packed = features.clone().reshape([74, 3]);

    let conv = DepthwisePointConvConfig::for_shape(3, neighborhood.shape()).with_multiplier(2).init(&device);
    let output = conv.forward_dense(features.clone(), &neighborhood);
    assert_eq!(output.dims(), [2, 37, 6]);
    assert_same_bits("dense", &values(output), &values(conv.forward(packed.clone(), &neighborhood)));

    let conv = SeparablePointConvConfig::for_shape(3, 5, neighborhood.shape()).init(&device);
    let output = conv.forward_dense(features, &neighborhood);
    assert_eq!(output.dims(), [2, 37, 5]);
    assert_same_bits("dense", &values(output), &values(conv.forward(packed, &neighborhood)));
}

/// All parameters of the separable layer learn, and frozen ones let the gradient through to the features.
#[test]
fn gradients_of_the_separable_layer() {
    let device = device().autodiff();
    let neighborhood = dense();
    let conv =
        SeparablePointConvConfig::for_shape(3, 5, neighborhood.shape()).with_multiplier(2).init(&device);
    let features = Tensor::<2>::random([74, 3], Distribution::Default, &device).require_grad();
    let gradients = conv.forward(features.clone(), &neighborhood).powi_scalar(2).sum().backward();
    assert_eq!(conv.depthwise.weight.grad(&gradients).expect("trained").dims(), [27, 3, 2]);
    assert_eq!(conv.pointwise.weight.grad(&gradients).expect("trained").dims(), [6, 5]);
    let bias = conv.pointwise.bias.as_ref().expect("a bias by default").val();
    assert_eq!(bias.grad(&gradients).expect("trained").dims(), [5]);
    let expected = values(features.grad(&gradients).expect("tracked"));

    let frozen = conv.no_grad();
    let gradients = frozen.forward(features.clone(), &neighborhood).powi_scalar(2).sum().backward();
    assert!(frozen.depthwise.weight.grad(&gradients).is_none());
    assert!(frozen.pointwise.weight.grad(&gradients).is_none());
    assert_same_bits("frozen", &values(features.grad(&gradients).expect("tracked")), &expected);
}

#[test]
fn a_record_restores_the_separable_layer() {
    let device = device();
    let neighborhood = dense();
    let config = SeparablePointConvConfig::for_shape(3, 5, neighborhood.shape()).with_multiplier(2);
    let (trained, fresh) = (config.init(&device), config.init(&device));
    let features = Tensor::<2>::random([74, 3], Distribution::Default, &device);
    let expected = values(trained.forward(features.clone(), &neighborhood));
    assert_ne!(values(fresh.forward(features.clone(), &neighborhood)), expected);
    let restored = fresh.load_record(trained.into_record());
    assert_same_bits("restored", &values(restored.forward(features, &neighborhood)), &expected);
}

/// Three points that see each other in sub-domains of their own, and one alone: (3 + 3 + 3 + 1) / 4 occupied ones.
#[test]
fn multiplications() {
    let positions = vec![[0.0; 3], [0.1, 0.0, 0.0], [0.0, 0.1, 0.1], [9.0; 3]];
    let shape = KernelShape::cells(0.1);
    let neighborhood = Batch { positions, offsets: vec![0, 4] }.neighborhood(&shape);
    let full = PointwiseConvConfig::for_shape(3, 5, &shape);
    assert_eq!(full.multiplications_per_point(&neighborhood), 2.5 * 15.0);
    let depthwise = DepthwisePointConvConfig::for_shape(3, &shape).with_multiplier(2);
    assert_eq!(depthwise.multiplications_per_point(&neighborhood), 2.5 * 6.0);
    let separable = SeparablePointConvConfig::for_shape(3, 5, &shape).with_multiplier(2);
    assert_eq!(separable.multiplications_per_point(&neighborhood), 2.5 * 6.0 + 30.0);
}

#[test]
fn display_names_the_sizes() {
    let assert_shows = |text: String, parts: &[&str]| {
        for part in parts {
            assert!(text.contains(part), "`{part}` in {text}");
        }
    };
    assert_shows(
        DepthwisePointConvConfig::new(9, 27).with_multiplier(2).init(&device()).to_string(),
        &["channels: 9", "multiplier: 2", "subdomains: 27", "bias: true", "params: 504"],
    );
    assert_shows(
        SeparablePointConvConfig::new(3, 9, 27).init(&device()).to_string(),
        &[
            "channels_in: 3",
            "channels_out: 9",
            "multiplier: 1",
            "subdomains: 27",
            "bias: true",
            "params: 117",
        ],
    );
}
