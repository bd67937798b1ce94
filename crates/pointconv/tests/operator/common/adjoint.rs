//! The adjoint identities of a bilinear operator.

use burn::tensor::{DType, Device};
use pointconv::Neighborhood;

use super::{Inputs, Kind, Tracked, Widths, device, pass, precisions, round_off, values};

fn dot(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn output(inputs: &Inputs, neighborhood: &Neighborhood, dtype: DType, device: &Device) -> Vec<f64> {
    let (features, weight) = (inputs.features(dtype, device), inputs.weight(dtype, device));
    values(inputs.kind.op()(features, weight, inputs.bias(dtype, device), neighborhood))
}

/// Checks the identities at random arguments.
///
/// The gradient for one argument must not depend on the argument itself: it is taken elsewhere than where it is tested.
pub(crate) fn check_adjoint(what: &str, kind: Kind, neighborhood: &Neighborhood, widths: Widths, seed: u64) {
    let device = device();
    let [here, there] = [seed, seed + 1000].map(|seed| Inputs::random(kind, neighborhood, widths, seed));
    for dtype in precisions(&device) {
        let what = format!("{what}, {kind:?}, {widths:?}, {dtype:?}");
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
        let gradients = |inputs: &Inputs| pass(kind.op(), inputs, neighborhood, dtype, &device, Tracked::ALL);

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
