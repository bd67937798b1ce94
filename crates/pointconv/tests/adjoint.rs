//! The adjoint identities: without bias the operator is linear in the features and linear in the weight, so
//! `<conv(x), g> = <x, dL/dx> = <W, dL/dW>` for `L = <y, g>`, and `<b, dL/db> = <y(b) - y(0), g>`.
//!
//! The gradient for one argument must not depend on the argument itself: it is taken elsewhere than where it is tested.

mod common;

use burn::tensor::{DType, Device};
use common::{Batch, Inputs, Tracked, device, kernels, pass, precisions, round_off, values};
use neighbors::{KernelShape, Neighborhood};
use pointconv::pointwise_conv;

fn dot(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn output(inputs: &Inputs, neighborhood: &Neighborhood, dtype: DType, device: &Device) -> Vec<f64> {
    let (features, weight) = (inputs.features(dtype, device), inputs.weight(dtype, device));
    values(pointwise_conv(features, weight, inputs.bias(dtype, device), neighborhood))
}

fn check(what: &str, neighborhood: &Neighborhood, channels: (usize, usize), seed: u64) {
    let device = device();
    let here = Inputs::random(neighborhood, channels, seed);
    let there = Inputs::random(neighborhood, channels, seed + 1000);
    for dtype in precisions(&device) {
        let what = format!("{what}, {channels:?} channels, {dtype:?}");
        let linear = here.clone().without_bias();
        let left = dot(&output(&linear, neighborhood, dtype, &device), &here.grad);
        let absolute = linear.absolute();
        let magnitude = dot(&output(&absolute, neighborhood, dtype, &device), &absolute.grad);
        let near = |name: &str, right: f64| {
            let error = (left - right).abs() / magnitude;
            assert!(
                error <= round_off(dtype),
                "{what}: <conv(x), g> is {left}, <{name}, dL/d{name}> is {right}; off by {error:.2e} of {magnitude}"
            );
        };
        let gradients =
            |inputs: &Inputs| pass(pointwise_conv, inputs, neighborhood, dtype, &device, Tracked::ALL);

        let elsewhere = Inputs { features: there.features.clone(), ..here.clone() };
        near("x", dot(&here.features, &gradients(&elsewhere).features.expect("tracked")));
        let elsewhere = Inputs { weight: there.weight.clone(), ..here.clone() };
        let gradients = gradients(&elsewhere);
        near("W", dot(&here.weight, &gradients.weight.expect("tracked")));

        // The bias adds the same to every point.
        let bias = here.bias.as_deref().expect("the inputs have a bias");
        let (added, right): (f64, f64) = (
            here.grad.chunks(channels.1).map(|grad| dot(grad, bias)).sum(),
            dot(bias, &gradients.bias.expect("tracked")),
        );
        let magnitude: f64 = here.grad.chunks(channels.1).map(|g| dot(g, bias).abs()).sum();
        assert!(
            (added - right).abs() <= round_off(dtype) * magnitude,
            "{what}: <b, g> is {added}, <b, dL/db> is {right}"
        );
    }
}

#[test]
fn every_kernel_shape() {
    for (seed, shape) in (0..).zip(kernels()) {
        let neighborhood = Batch::random(&[23, 37], seed).neighborhood(&shape);
        check(&format!("{shape:?}"), &neighborhood, (3, 5), seed);
    }
}

#[test]
fn wide_rows() {
    let neighborhood = Batch::random(&[23, 37], 20).neighborhood(&KernelShape::cells(0.3));
    for channels in [(4, 16), (5, 16), (17, 16), (16, 17), (20, 33)] {
        check("3x3x3", &neighborhood, channels, 21);
    }
}

/// So many points that the partial sums of the weight gradient grow beyond one chunk each.
#[test]
fn forty_thousand_points() {
    let neighborhood = Batch::in_cube(&[25_000, 15_001], 4.0, 30).neighborhood(&KernelShape::cells(0.1));
    check("large", &neighborhood, (3, 5), 31);
}
