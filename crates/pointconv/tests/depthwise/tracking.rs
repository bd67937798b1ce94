//! Exactly the arguments that ask for a gradient get one, and always the same.

use burn::tensor::Device;
use neighbors::{KernelShape, Neighborhood};
use pointconv::depthwise_point_conv;

use crate::common::{Batch, Inputs, Tracked, assert_same_bits, device, pass, precisions, values};

fn problem(sizes: (usize, usize)) -> (Inputs, Neighborhood) {
    let neighborhood = Batch::random(&[23, 37], 1).neighborhood(&KernelShape::cells(0.2));
    (Inputs::depthwise(&neighborhood, sizes, 2), neighborhood)
}

#[test]
fn every_combination() {
    let device = device();
    for sizes in [(5, 1), (3, 2), (20, 3)] {
        let (inputs, neighborhood) = problem(sizes);
        for dtype in precisions(&device) {
            let run = |tracked| pass(depthwise_point_conv, &inputs, &neighborhood, dtype, &device, tracked);
            let all = run(Tracked::ALL);
            for bits in 1..8 {
                let tracked = Tracked { features: bits & 1 != 0, weight: bits & 2 != 0, bias: bits & 4 != 0 };
                let mut expected = all.clone();
                expected.features = expected.features.filter(|_| tracked.features);
                expected.weight = expected.weight.filter(|_| tracked.weight);
                expected.bias = expected.bias.filter(|_| tracked.bias);
                run(tracked).assert_same_bits(&format!("{sizes:?}, {tracked:?}, {dtype:?}"), &expected);
            }
        }
    }
}

#[test]
fn nothing_tracked() {
    let (inputs, neighborhood) = problem((3, 2));
    let plain = device();
    for dtype in precisions(&plain) {
        let run = |device: &Device| {
            let (features, weight) = (inputs.features(dtype, device), inputs.weight(dtype, device));
            depthwise_point_conv(features, weight, inputs.bias(dtype, device), &neighborhood)
        };
        let output = run(&plain.clone().autodiff());
        assert!(!output.is_tracked());
        assert_same_bits("with and without autodiff", &values(output), &values(run(&plain)));
    }
}

/// Gradient checkpointing changes what is kept, not what comes out.
#[test]
fn checkpointing() {
    let (inputs, neighborhood) = problem((3, 2));
    let plain = device();
    for dtype in precisions(&plain) {
        let run = |device: Device| {
            let features = inputs.features(dtype, &device).require_grad();
            let weight = inputs.weight(dtype, &device).require_grad();
            // Operations that are recomputed, before and after.
            let output = depthwise_point_conv(features.clone() * 2.0, weight.clone(), None, &neighborhood);
            let gradients = output.exp().sum().backward();
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
