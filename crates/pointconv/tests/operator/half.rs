//! Tensors in half precision on a GPU: stored as such, summed in single precision.

use burn::tensor::{DType, Device};
use neighbors::KernelShape;
use pointconv::Neighborhood;

use crate::common::{
    Inputs, Kind, Tracked, device, lists, magnitudes, packed, pass, random_clouds, round_off,
    uses_instruction_sets,
};

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

fn check(what: &str, inputs: Inputs, lists: &Neighborhood) {
    let kind = inputs.kind;
    let inputs = coarse(inputs);
    let magnitude = magnitudes(&inputs, lists);
    let expected = pass(kind.reference(), &inputs, lists, DType::F64, &Device::flex(), Tracked::ALL);
    for half in halves() {
        let got = pass(kind.op(), &inputs, lists, half, &device(), Tracked::ALL);
        got.assert_close(&format!("{what}, {kind:?}, {half:?}"), &expected, &magnitude, one_rounding(half));
    }
}

#[test]
fn narrow_and_wide_layers() {
    let lists = lists(&random_clouds(&[23, 37], 1), &KernelShape::cells(0.2));
    for kind in Kind::ALL {
        for &widths in kind.choose(&[(3, 5), (20, 33), (34, 40)][..], &[(5, 1), (20, 2)]) {
            check(&format!("{widths:?}"), Inputs::random(kind, &lists, widths, 2), &lists);
        }
    }
}

/// A sum of 1000 numbers between 1/2 and 1: in half precision every addition would cost digits.
#[test]
fn long_sums_are_kept_in_single_precision() {
    let lists = lists(&packed([[0.5; 3]; 1000], &[0, 1000]), &KernelShape::cells(0.2));
    for kind in Kind::ALL {
        let mut inputs = Inputs::random(kind, &lists, kind.narrow(), 5);
        for value in inputs.features.iter_mut().chain(&mut inputs.grad) {
            *value = 0.5 + 0.5 * value.abs();
        }
        check("1000 in one position", inputs, &lists);
    }
}
