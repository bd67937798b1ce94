//! Tensors in half precision on a GPU: stored as such, summed in single precision.

mod common;

use burn::tensor::{DType, Device};
use common::{Batch, Inputs, Op, Tracked, device, magnitudes_of, pass, round_off, uses_instruction_sets};
use neighbors::{KernelShape, Neighborhood};
use pointconv::{depthwise_point_conv, pointwise_conv, reference};

/// The half precisions that the device computes in.
fn halves() -> Vec<DType> {
    let device = device();
    let halves = [DType::F16, DType::BF16];
    let found = halves.into_iter().filter(|&half| !uses_instruction_sets() && device.supports_dtype(half));
    let found: Vec<DType> = found.collect();
    for missing in halves.iter().filter(|half| !found.contains(half)) {
        eprintln!("SKIPPED: {missing:?}, {device:?} does not compute in it");
    }
    found
}

/// The error of one rounding to storage, for a sum that is exact up to single precision.
fn one_rounding(half: DType) -> f64 {
    let mantissa = if half == DType::F16 { 11 } else { 8 };
    0.5f64.powi(mantissa) + round_off(DType::F32)
}

/// The same values with as few digits as both halves hold exactly.
fn coarse(inputs: Inputs) -> Inputs {
    let round = |values: Vec<f64>| values.iter().map(|value| (value * 128.0).round() / 128.0).collect();
    Inputs {
        features: round(inputs.features),
        weight: round(inputs.weight),
        bias: inputs.bias.map(round),
        grad: round(inputs.grad),
        ..inputs
    }
}

fn check(what: &str, op: Op, reference: Op, inputs: Inputs, lists: &Neighborhood) {
    let inputs = coarse(inputs);
    let magnitude = magnitudes_of(reference, &inputs, lists);
    let expected = pass(reference, &inputs, lists, DType::F64, &Device::flex(), Tracked::ALL);
    for half in halves() {
        let got = pass(op, &inputs, lists, half, &device(), Tracked::ALL);
        got.assert_close(&format!("{what}, {half:?}"), &expected, &magnitude, one_rounding(half));
    }
}

#[test]
fn the_full_operator() {
    let lists = Batch::random(&[23, 37], 1).neighborhood(&KernelShape::cells(0.2));
    for channels in [(3, 5), (20, 33), (34, 40)] {
        let inputs = Inputs::random(&lists, channels, 2);
        check(&format!("{channels:?}"), pointwise_conv, reference::pointwise_conv, inputs, &lists);
    }
}

#[test]
fn the_depthwise_operator() {
    let lists = Batch::random(&[23, 37], 3).neighborhood(&KernelShape::cells(0.2));
    for sizes in [(5, 1), (20, 2)] {
        let inputs = Inputs::depthwise(&lists, sizes, 4);
        check(&format!("{sizes:?}"), depthwise_point_conv, reference::depthwise_point_conv, inputs, &lists);
    }
}

/// A sum of 1000 numbers between 1/2 and 1: in half precision every addition would cost digits.
#[test]
fn long_sums_are_kept_in_single_precision() {
    let batch = Batch { positions: vec![[0.5; 3]; 1000], offsets: vec![0, 1000] };
    let lists = batch.neighborhood(&KernelShape::cells(0.2));
    let mut inputs = Inputs::random(&lists, (3, 5), 5);
    for value in inputs.features.iter_mut().chain(&mut inputs.grad) {
        *value = 0.5 + 0.5 * value.abs();
    }
    check("1000 in one place", pointwise_conv, reference::pointwise_conv, inputs, &lists);
}
