//! Central differences.
//!
//! `L = 1/2 sum(c · y²)` is quadratic in each argument, so that central differences are exact whatever the step. The step
//! is as large as the values and only round-off is left.

use burn::tensor::{DType, Device};
use pointconv::Neighborhood;

use super::{Inputs, Kind, Widths, device, precisions, values};

const STEP: f64 = 0.5;

/// Largest error of a difference quotient relative to the sum of the absolute terms of the loss. An output is a sum of
/// about a hundred terms and is off by some epsilon; the quotient divides two such errors by `2 · STEP = 1`.
fn tolerance(dtype: DType) -> f64 {
    match dtype {
        DType::F32 => 8.0 * f64::from(f32::EPSILON),
        _ => 8.0 * f64::EPSILON,
    }
}

/// `[1/2 sum(c · y²), 1/2 sum(|c| · y²)]`, summed in double precision; `c` is the gradient of the inputs.
fn loss(inputs: &Inputs, neighborhood: &Neighborhood, dtype: DType, device: &Device) -> [f64; 2] {
    let (features, weight) = (inputs.features(dtype, device), inputs.weight(dtype, device));
    let output = values(inputs.kind.op()(features, weight, inputs.bias(dtype, device), neighborhood));
    let terms = || output.iter().zip(&inputs.grad).map(|(y, c)| 0.5 * c * y * y);
    [terms().sum(), terms().map(f64::abs).sum()]
}

/// The gradients of [`loss`] for features, weight and bias.
fn gradients(inputs: &Inputs, neighborhood: &Neighborhood, dtype: DType, device: &Device) -> [Vec<f64>; 3] {
    let device = device.clone().autodiff();
    let features = inputs.features(dtype, &device).require_grad();
    let weight = inputs.weight(dtype, &device).require_grad();
    let bias = inputs.bias(dtype, &device).expect("the inputs have a bias").require_grad();
    let output = inputs.kind.op()(features.clone(), weight.clone(), Some(bias.clone()), neighborhood);
    let loss = (output.clone() * output * inputs.grad(dtype, &device)).sum() * 0.5;
    let gradients = loss.backward();
    let missing = "every argument asks for a gradient";
    [
        values(features.grad(&gradients).expect(missing)),
        values(weight.grad(&gradients).expect(missing)),
        values(bias.grad(&gradients).expect(missing)),
    ]
}

/// One argument of the inputs, to be changed.
fn argument(inputs: &mut Inputs, which: usize) -> &mut [f64] {
    match which {
        0 => &mut inputs.features,
        1 => &mut inputs.weight,
        _ => inputs.bias.as_mut().expect("the inputs have a bias"),
    }
}

/// Compares the gradients for every entry of every argument with difference quotients.
pub(crate) fn check_differences(
    what: &str,
    kind: Kind,
    neighborhood: &Neighborhood,
    widths: Widths,
    seed: u64,
) {
    let device = device();
    let mut inputs = Inputs::random(kind, neighborhood, widths, seed);
    for dtype in precisions(&device) {
        let gradients = gradients(&inputs, neighborhood, dtype, &device);
        for (which, (name, gradient)) in ["features", "weight", "bias"].into_iter().zip(gradients).enumerate()
        {
            for (entry, gradient) in gradient.into_iter().enumerate() {
                let value = argument(&mut inputs, which)[entry];
                let mut at = |value: f64| {
                    argument(&mut inputs, which)[entry] = value;
                    loss(&inputs, neighborhood, dtype, &device)
                };
                let ([above, high], [below, low]) = (at(value + STEP), at(value - STEP));
                at(value);
                let difference = (above - below) / (2.0 * STEP);
                let error = (difference - gradient).abs() / high.max(low);
                assert!(
                    error <= tolerance(dtype),
                    "{what}, {kind:?}, {widths:?}, {dtype:?}: dL/d{name}[{entry}] is {gradient}, the difference quotient {difference}; \
                     off by {error:.2e} of the loss",
                );
            }
        }
    }
}
