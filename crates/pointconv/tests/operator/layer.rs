//! The layers: parameters, dense batches, frozen weights, records, and their cost.

use burn::module::Module;
use burn::tensor::{Device, Distribution, Tensor};
use neighbors::KernelShape;
use pointconv::{
    DepthwisePointConv, DepthwisePointConvConfig, Neighborhood, PointwiseConv, PointwiseConvConfig,
    SeparablePointConv, SeparablePointConvConfig, depthwise_point_conv, pointwise_conv,
};

use crate::common::{assert_same_bits, device, lists, packed, random_clouds, values};

/// Two clouds of 37 points.
fn dense() -> Neighborhood {
    lists(&random_clouds(&[37, 37], 1), &KernelShape::cells(0.2))
}

/// Shapes with their numbers of sub-domains.
fn shapes() -> [(KernelShape, usize); 3] {
    let cells = KernelShape::cells(0.1);
    [(cells, 27), (cells.with_size([5, 1, 3]).with_dilation([4; 3]), 15), (KernelShape::shells(0.5, 4), 4)]
}

fn random<const D: usize>(shape: [usize; D], device: &Device) -> Tensor<D> {
    Tensor::random(shape, Distribution::Default, device)
}

/// Glorot's bound is sqrt(6 / (fan_in + fan_out)). Panics unless `values` reach a share of it, and not beyond.
fn assert_fills(values: &[f64], share: f64, fan_in: usize, fan_out: usize) {
    let bound = (6.0 / (fan_in + fan_out) as f64).sqrt();
    let largest = values.iter().fold(0.0, |a: f64, b| a.max(b.abs()));
    assert!(largest <= bound * (1.0 + 1e-6) && largest > share * bound, "{largest} of {bound}");
}

#[test]
fn parameters_of_the_full_layer() {
    let device = device();
    for (shape, subdomains) in shapes() {
        let config = PointwiseConvConfig::for_shape(3, 5, &shape);
        assert_eq!((config.channels_in, config.channels_out, config.subdomains), (3, 5, subdomains));
        let conv = config.init(&device);
        assert_eq!(conv.weight.dims(), [subdomains, 3, 5]);
        assert_eq!(values(conv.bias.as_ref().expect("a bias by default").val()), [0.0; 5]);
        assert_eq!(conv.num_params(), subdomains * 15 + 5);

        let conv = config.with_bias(false).init(&device);
        assert!(conv.bias.is_none());
        assert_eq!(conv.num_params(), subdomains * 15);
    }
    // Both fans count all sub-domains. Of 6480 uniform values the largest misses the bound by more than a hundredth once
    // in 10^28 draws.
    let conv = PointwiseConvConfig::for_shape(12, 20, &KernelShape::cells(0.1)).init(&device);
    assert_fills(&values(conv.weight.val()), 0.99, 27 * 12, 27 * 20);
}

#[test]
fn parameters_of_the_depthwise_layer() {
    let device = device();
    for (shape, subdomains) in shapes() {
        let config = DepthwisePointConvConfig::for_shape(50, &shape);
        assert_eq!((config.channels, config.subdomains, config.multiplier), (50, subdomains, 1));
        let config = config.with_multiplier(3);
        let conv = config.init(&device);
        assert_eq!(conv.weight.dims(), [subdomains, 50, 3]);
        assert_eq!(values(conv.bias.as_ref().expect("a bias by default").val()), [0.0; 150]);
        assert_eq!(conv.num_params(), subdomains * 150 + 150);
        // Of 600 uniform values or more the largest misses nine tenths of the bound once in 10^27 draws.
        assert_fills(&values(conv.weight.val()), 0.9, subdomains, subdomains * 3);

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
    assert_fills(&values(conv.depthwise.weight.val()), 0.9, 27, 54);
    assert_fills(&values(conv.pointwise.weight.val()), 0.9, 60, 40);
    assert!(config.with_bias(false).init(&device).pointwise.bias.is_none());
}

#[test]
fn forward_is_the_operator() {
    let device = device();
    let shape = KernelShape::cells(0.2);
    let neighborhood = lists(&random_clouds(&[23, 37], 2), &shape);
    let features = random([60, 3], &device);
    for bias in [true, false] {
        let mut conv = PointwiseConvConfig::for_shape(3, 5, &shape).with_bias(bias).init(&device);
        // The bias begins as zero, which would hide that it is left out.
        conv.bias = conv.bias.map(|bias| bias.map(|b| b + 0.75));
        let added = conv.bias.as_ref().map(|bias| bias.val());
        let expected = pointwise_conv(features.clone(), conv.weight.val(), added, &neighborhood);
        assert_same_bits("full", &values(conv.forward(features.clone(), &neighborhood)), &values(expected));

        let config = DepthwisePointConvConfig::for_shape(3, &shape).with_multiplier(2);
        let mut conv = config.with_bias(bias).init(&device);
        conv.bias = conv.bias.map(|bias| bias.map(|b| b + 0.75));
        let added = conv.bias.as_ref().map(|bias| bias.val());
        let expected = depthwise_point_conv(features.clone(), conv.weight.val(), added, &neighborhood);
        let output = conv.forward(features.clone(), &neighborhood);
        assert_same_bits("depthwise", &values(output), &values(expected));
    }
}

/// The separable layer is the operator, then a product of matrices.
#[test]
fn forward_of_the_separable_layer() {
    let device = device();
    let shape = KernelShape::cells(0.2);
    let neighborhood = lists(&random_clouds(&[23, 37], 3), &shape);
    let features = random([60, 3], &device);
    let mut conv = SeparablePointConvConfig::for_shape(3, 5, &shape).with_multiplier(2).init(&device);
    conv.pointwise.bias = conv.pointwise.bias.map(|bias| bias.map(|b| b + 0.75));
    let weight = conv.depthwise.weight.val();
    let middle = values(depthwise_point_conv(features.clone(), weight, None, &neighborhood));
    let mixing = values(conv.pointwise.weight.val());
    let output = conv.forward(features, &neighborhood);
    assert_eq!(output.dims(), [60, 5]);
    for (row, output) in middle.chunks(6).zip(values(output).chunks(5)) {
        for (o, &output) in output.iter().enumerate() {
            let terms = || row.iter().enumerate().map(|(m, z)| z * mixing[m * 5 + o]);
            let (expected, magnitude) =
                (0.75 + terms().sum::<f64>(), 0.75 + terms().map(f64::abs).sum::<f64>());
            let error = (output - expected).abs();
            assert!(error <= 8.0 * f64::from(f32::EPSILON) * magnitude, "{output}, {expected}");
        }
    }
}

/// The same checks for the three layers, from their two ways to be applied.
macro_rules! for_every_layer {
    ($check:ident) => {
        let (device, shape) = (device(), KernelShape::cells(0.2));
        let full = || PointwiseConvConfig::for_shape(3, 5, &shape).init(&device);
        $check(full, PointwiseConv::forward, PointwiseConv::forward_dense);
        let depthwise = || DepthwisePointConvConfig::for_shape(3, &shape).with_multiplier(2).init(&device);
        $check(depthwise, DepthwisePointConv::forward, DepthwisePointConv::forward_dense);
        let separable = || SeparablePointConvConfig::for_shape(3, 5, &shape).with_multiplier(2).init(&device);
        $check(separable, SeparablePointConv::forward, SeparablePointConv::forward_dense);
    };
}

type Packed<L> = fn(&L, Tensor<2>, &Neighborhood) -> Tensor<2>;
type Dense<L> = fn(&L, Tensor<3>, &Neighborhood) -> Tensor<3>;

#[test]
fn dense_is_packed() {
    fn check<L>(layer: impl Fn() -> L, forward: Packed<L>, forward_dense: Dense<L>) {
        let (layer, neighborhood) = (layer(), dense());
        let features = random([2, 37, 3], &device());
        let packed = forward(&layer, features.clone().reshape([74, 3]), &neighborhood);
        let output = forward_dense(&layer, features, &neighborhood);
        assert_eq!(output.dims(), [2, 37, packed.dims()[1]]);
        assert_same_bits("dense", &values(output), &values(packed));
    }
    for_every_layer!(check);
}

#[test]
fn a_record_restores_the_layer() {
    fn check<L: Module>(layer: impl Fn() -> L, forward: Packed<L>, _: Dense<L>) {
        let (trained, fresh, neighborhood) = (layer(), layer(), dense());
        let features = random([74, 3], &device());
        let expected = values(forward(&trained, features.clone(), &neighborhood));
        assert_ne!(values(forward(&fresh, features.clone(), &neighborhood)), expected);
        let restored = fresh.load_record(trained.into_record());
        assert_same_bits("restored", &values(forward(&restored, features, &neighborhood)), &expected);
    }
    for_every_layer!(check);
}

/// All parameters learn. Frozen ones get no gradient and let it through to the features.
#[test]
fn frozen_parameters() {
    let (device, neighborhood) = (device().autodiff(), dense());
    let features = random([74, 3], &device).require_grad();
    let gradients = |output: Tensor<2>| output.powi_scalar(2).sum().backward();

    let conv = PointwiseConvConfig::for_shape(3, 5, neighborhood.shape()).init(&device);
    let run = |conv: &PointwiseConv| {
        let gradients = gradients(conv.forward(features.clone(), &neighborhood));
        let bias = conv.bias.as_ref().expect("a bias by default").val();
        let parameters = [
            conv.weight.grad(&gradients).map(|grad| grad.dims().to_vec()),
            bias.grad(&gradients).map(|grad| grad.dims().to_vec()),
        ];
        (values(features.grad(&gradients).expect("tracked")), parameters)
    };
    let (expected, parameters) = run(&conv);
    assert_eq!(parameters, [Some(vec![27, 3, 5]), Some(vec![5])]);
    for frozen in [conv.clone().no_grad(), conv.freeze()] {
        let (found, parameters) = run(&frozen);
        assert_eq!(parameters, [None, None]);
        assert_same_bits("frozen", &found, &expected);
    }

    let config = SeparablePointConvConfig::for_shape(3, 5, neighborhood.shape()).with_multiplier(2);
    let conv = config.init(&device);
    let run = |conv: &SeparablePointConv| {
        let gradients = gradients(conv.forward(features.clone(), &neighborhood));
        let bias = conv.pointwise.bias.as_ref().expect("a bias by default").val();
        let parameters = [
            conv.depthwise.weight.grad(&gradients).map(|grad| grad.dims().to_vec()),
            conv.pointwise.weight.grad(&gradients).map(|grad| grad.dims().to_vec()),
            bias.grad(&gradients).map(|grad| grad.dims().to_vec()),
        ];
        (values(features.grad(&gradients).expect("tracked")), parameters)
    };
    let (expected, parameters) = run(&conv);
    assert_eq!(parameters, [Some(vec![27, 3, 2]), Some(vec![6, 5]), Some(vec![5])]);
    for frozen in [conv.clone().no_grad(), conv.freeze()] {
        let (found, parameters) = run(&frozen);
        assert_eq!(parameters, [None, None, None]);
        assert_same_bits("frozen", &found, &expected);
    }
}

/// Three points that see each other in sub-domains of their own, and one alone: (3 + 3 + 3 + 1) / 4 occupied ones.
#[test]
fn multiplications() {
    let positions = [[0.0; 3], [0.1, 0.0, 0.0], [0.0, 0.1, 0.1], [9.0; 3]];
    let shape = KernelShape::cells(0.1);
    let neighborhood = lists(&packed(positions, &[0, 4]), &shape);
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
    let (device, shape) = (device(), KernelShape::cells(0.1));
    assert_shows(
        PointwiseConvConfig::for_shape(3, 9, &shape).init(&device).to_string(),
        &["channels_in: 3", "channels_out: 9", "subdomains: 27", "bias: true", "params: 738"],
    );
    assert_shows(
        DepthwisePointConvConfig::for_shape(9, &shape).with_multiplier(2).init(&device).to_string(),
        &["channels: 9", "multiplier: 2", "subdomains: 27", "bias: true", "params: 504"],
    );
    assert_shows(
        SeparablePointConvConfig::for_shape(3, 9, &shape).init(&device).to_string(),
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
