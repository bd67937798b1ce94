//! The adjoint identities of a bilinear operator.

use burn::tensor::{DType, Device};
use neighbors::Neighborhood;

use super::{Inputs, Op, Tracked, device, pass, precisions, round_off, values};

fn dot(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn output(op: Op, inputs: &Inputs, neighborhood: &Neighborhood, dtype: DType, device: &Device) -> Vec<f64> {
    let (features, weight) = (inputs.features(dtype, device), inputs.weight(dtype, device));
    values(op(features, weight, inputs.bias(dtype, device), neighborhood))
}

/// Checks the identities at `here`; `there` are other arguments of the same sizes.
pub(crate) fn check_adjoint(what: &str, op: Op, here: &Inputs, there: &Inputs, neighborhood: &Neighborhood) {
    let device = device();
    for dtype in precisions(&device) {
        let what = format!("{what}, {dtype:?}");
        let linear = here.clone().without_bias();
        let left = dot(&output(op, &linear, neighborhood, dtype, &device), &here.grad);
        let absolute = linear.absolute();
        let magnitude = dot(&output(op, &absolute, neighborhood, dtype, &device), &absolute.grad);
        let near = |name: &str, right: f64| {
            let error = (left - right).abs() / magnitude;
            assert!(
                error <= round_off(dtype),
                "{what}: <conv(x), g> is {left}, <{name}, dL/d{name}> is {right}; off by {error:.2e} of {magnitude}"
            );
        };
        let gradients = |inputs: &Inputs| pass(op, inputs, neighborhood, dtype, &device, Tracked::ALL);

        let elsewhere = Inputs { features: there.features.clone(), ..here.clone() };
        near("x", dot(&here.features, &gradients(&elsewhere).features.expect("tracked")));
        let elsewhere = Inputs { weight: there.weight.clone(), ..here.clone() };
        let gradients = gradients(&elsewhere);
        near("W", dot(&here.weight, &gradients.weight.expect("tracked")));

        // The bias adds the same to every point.
        let bias = here.bias.as_deref().expect("the inputs have a bias");
        let (added, right): (f64, f64) = (
            here.grad.chunks(here.channels_out).map(|grad| dot(grad, bias)).sum(),
            dot(bias, &gradients.bias.expect("tracked")),
        );
        let magnitude: f64 = here.grad.chunks(here.channels_out).map(|g| dot(g, bias).abs()).sum();
        assert!(
            (added - right).abs() <= round_off(dtype) * magnitude,
            "{what}: <b, g> is {added}, <b, dL/db> is {right}"
        );
    }
}
