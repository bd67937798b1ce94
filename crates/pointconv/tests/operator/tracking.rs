//! Exactly the arguments that ask for a gradient get one, and always the same.

use burn::tensor::Device;
use neighbors::KernelShape;
use pointconv::Neighborhood;

use crate::common::{
    Inputs, Kind, Tracked, Widths, assert_same_bits, device, lists, pass, precisions, random_clouds, values,
};

fn problem(kind: Kind, widths: Widths) -> (Inputs, Neighborhood) {
    let neighborhood = lists(&random_clouds(&[23, 37], 1), &KernelShape::cells(0.2));
    (Inputs::random(kind, &neighborhood, widths, 2), neighborhood)
}

fn check_every_combination(kind: Kind, widths: Widths) {
    let device = device();
    let (inputs, neighborhood) = problem(kind, widths);
    for dtype in precisions(&device) {
        let run = |tracked| pass(kind.op(), &inputs, &neighborhood, dtype, &device, tracked);
        let all = run(Tracked::ALL);
        for bits in 1..8 {
            let tracked = Tracked { features: bits & 1 != 0, weight: bits & 2 != 0, bias: bits & 4 != 0 };
            let mut expected = all.clone();
            expected.features = expected.features.filter(|_| tracked.features);
            expected.weight = expected.weight.filter(|_| tracked.weight);
            expected.bias = expected.bias.filter(|_| tracked.bias);
            run(tracked)
                .assert_same_bits(&format!("{kind:?}, {widths:?}, {tracked:?}, {dtype:?}"), &expected);
        }
    }
}

#[test]
fn every_combination() {
    for kind in Kind::ALL {
        for widths in kind.narrow_and_wide() {
            check_every_combination(kind, widths);
        }
    }
    check_every_combination(Kind::Depthwise, (5, 1));
}

#[test]
fn nothing_tracked() {
    let plain = device();
    for kind in Kind::ALL {
        let (inputs, neighborhood) = problem(kind, kind.narrow());
        for dtype in precisions(&plain) {
            let run = |device: &Device| {
                let (features, weight) = (inputs.features(dtype, device), inputs.weight(dtype, device));
                kind.op()(features, weight, inputs.bias(dtype, device), &neighborhood)
            };
            let output = run(&plain.clone().autodiff());
            assert!(!output.is_tracked());
            assert_same_bits("with and without autodiff", &values(output), &values(run(&plain)));
        }
    }
}

/// Gradient checkpointing changes what is kept, not what comes out.
#[test]
fn checkpointing() {
    let plain = device();
    for kind in Kind::ALL {
        let (inputs, neighborhood) = problem(kind, kind.narrow());
        for dtype in precisions(&plain) {
            let run = |device: Device| {
                let features = inputs.features(dtype, &device).require_grad();
                let weight = inputs.weight(dtype, &device).require_grad();
                // Operations that are recomputed, before and after.
                let output = kind.op()(features.clone() * 2.0, weight.clone(), None, &neighborhood).exp();
                let gradients = output.sum().backward();
                [
                    values(features.grad(&gradients).expect("tracked")),
                    values(weight.grad(&gradients).expect("tracked")),
                ]
            };
            let kept = run(plain.clone().autodiff());
            let recomputed = run(plain.clone().autodiff().gradient_checkpointing());
            for (kept, recomputed) in kept.into_iter().zip(recomputed) {
                assert_same_bits("checkpointing", &recomputed, &kept);
            }
        }
    }
}
