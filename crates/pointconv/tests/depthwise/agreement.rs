//! The operator and the reference give the same output and gradients, for every shape, width and batch.

use burn::tensor::DType;
use neighbors::{KernelShape, Neighborhood};
use pointconv::{depthwise_point_conv, pointwise_conv, reference};
use proptest::prelude::*;

use crate::common::{
    Batch, Inputs, Op, Tracked, cases, device, kernels, magnitudes_of, pass, precisions, round_off,
};

const SIZES: [usize; 2] = [23, 37];

/// Channels and multiplier: at and beside the borders of the blocks, in features and in outputs.
const WIDTHS: [(usize, usize); 24] = [
    (1, 1),
    (3, 1),
    (4, 1),
    (5, 1),
    (9, 1),
    (16, 1),
    (17, 1),
    (33, 1),
    (40, 1),
    (1, 2),
    (3, 2),
    (9, 2),
    (16, 2),
    (17, 2),
    (33, 2),
    (40, 2),
    (1, 3),
    (3, 3),
    (9, 3),
    (16, 3),
    (17, 3),
    (33, 3),
    (1, 20),
    (2, 5),
];

/// Compares all outputs in every precision of the device.
fn check(what: &str, inputs: &Inputs, neighborhood: &Neighborhood, tracked: Tracked) {
    let device = device();
    let magnitude = magnitudes_of(reference::depthwise_point_conv, inputs, neighborhood);
    for dtype in precisions(&device) {
        let run = |op: Op| pass(op, inputs, neighborhood, dtype, &device, tracked);
        let (got, expected) = (run(depthwise_point_conv), run(reference::depthwise_point_conv));
        got.assert_close(&format!("{what}, {dtype:?}"), &expected, &magnitude, round_off(dtype));
    }
}

/// All of [`check`], with and without bias, with features that are data and that are not.
fn check_all(what: &str, inputs: &Inputs, neighborhood: &Neighborhood) {
    for (bias, inputs) in [("bias", inputs.clone()), ("no bias", inputs.clone().without_bias())] {
        check(&format!("{what}, {bias}"), &inputs, neighborhood, Tracked::ALL);
        check(&format!("{what}, {bias}, data"), &inputs, neighborhood, Tracked::PARAMETERS);
    }
}

/// The lists of a large cloud are not in the order of its points.
#[test]
fn a_large_cloud() {
    let neighborhood = Batch::in_cube(&[37, 20_000, 23], 3.0, 5).neighborhood(&KernelShape::cells(0.1));
    assert!(!neighborhood.centres().is_sorted());
    for (channels, multiplier) in [(3, 1), (9, 2), (33, 1)] {
        let inputs = Inputs::depthwise(&neighborhood, (channels, multiplier), 5);
        check(&format!("{channels} x {multiplier}"), &inputs, &neighborhood, Tracked::ALL);
    }
}

#[test]
fn every_kernel_shape() {
    for (seed, shape) in (0..).zip(kernels()) {
        let neighborhood = Batch::random(&SIZES, seed).neighborhood(&shape);
        for sizes in [(3, 2), (5, 1), (18, 3)] {
            let inputs = Inputs::depthwise(&neighborhood, sizes, seed);
            check_all(&format!("{shape:?}, {sizes:?}"), &inputs, &neighborhood);
        }
    }
}

#[test]
fn every_width() {
    for shape in [KernelShape::cells(0.3), KernelShape::shells(0.6, 3)] {
        for (seed, sizes) in (30..).zip(WIDTHS) {
            let neighborhood = Batch::random(&SIZES, seed).neighborhood(&shape);
            let inputs = Inputs::depthwise(&neighborhood, sizes, seed);
            check_all(&format!("{shape:?}, {sizes:?}"), &inputs, &neighborhood);
        }
    }
}

/// One point, clouds of one point, empty clouds and none.
#[test]
fn small_clouds() {
    for sizes in [&[1][..], &[1, 0, 7, 0, 1], &[0, 0, 13], &[0], &[]] {
        let batch = Batch::random(sizes, 70);
        for shape in [KernelShape::cells(0.2), KernelShape::shells(0.4, 2)] {
            let neighborhood = batch.neighborhood(&shape);
            if neighborhood.points() == 0 {
                continue;
            }
            for widths in [(3, 1), (5, 2), (20, 1), (18, 3)] {
                let inputs = Inputs::depthwise(&neighborhood, widths, 71);
                check_all(&format!("clouds of {sizes:?}, {shape:?}, {widths:?}"), &inputs, &neighborhood);
            }
        }
    }
}

/// Without points there is no output, and the parameters' gradients are zero.
#[test]
fn no_points() {
    let neighborhood = Batch::random(&[0, 0], 1).neighborhood(&KernelShape::cells(0.2));
    for sizes in [(3, 2), (20, 1)] {
        let inputs = Inputs::depthwise(&neighborhood, sizes, 72);
        for dtype in precisions(&device()) {
            for tracked in [Tracked::ALL, Tracked::PARAMETERS] {
                let got = pass(depthwise_point_conv, &inputs, &neighborhood, dtype, &device(), tracked);
                assert!(got.output.is_empty());
                assert_eq!(got.features, tracked.features.then(Vec::new));
                assert_eq!(got.weight, Some(vec![0.0; inputs.weight.len()]));
                assert_eq!(got.bias, Some(vec![0.0; inputs.channels_out]));
            }
        }
    }
}

/// A multiplier of zero gives nothing, and takes nothing back.
#[test]
fn no_channels() {
    let neighborhood = Batch::random(&SIZES, 7).neighborhood(&KernelShape::cells(0.2));
    for sizes in [(3, 0), (0, 2)] {
        let inputs = Inputs::depthwise(&neighborhood, sizes, 8);
        for dtype in precisions(&device()) {
            for tracked in [Tracked::ALL, Tracked::PARAMETERS] {
                let got = pass(depthwise_point_conv, &inputs, &neighborhood, dtype, &device(), tracked);
                assert!(got.output.is_empty());
                assert_eq!(got.features, tracked.features.then(|| vec![0.0; 60 * sizes.0]));
            }
        }
    }
}

/// More points than the kernels take in one piece, and not a multiple of it.
#[test]
fn many_points() {
    let neighborhood = Batch::in_cube(&[1100, 700], 3.0, 50).neighborhood(&KernelShape::cells(0.25));
    for sizes in [(3, 2), (9, 1), (18, 3)] {
        let inputs = Inputs::depthwise(&neighborhood, sizes, 51);
        check(&format!("{sizes:?}"), &inputs, &neighborhood, Tracked::ALL);
    }
}

/// The full operator gives the same with a weight that is zero where channels would mix.
#[test]
fn full_operator_with_a_diagonal_weight() {
    let device = device();
    for (seed, sizes) in (80..).zip([(3, 1), (5, 2), (9, 3), (20, 1)]) {
        let (channels, multiplier) = sizes;
        let neighborhood = Batch::random(&SIZES, seed).neighborhood(&KernelShape::cells(0.2));
        let inputs = Inputs::depthwise(&neighborhood, sizes, seed);
        // [K, C_in, M] -> [K, C_in, C_in · M], with W[k, c, q] at [k, c, c · M + q].
        let mut weight = vec![0.0; inputs.subdomains * channels * inputs.channels_out];
        for (row, values) in inputs.weight.chunks(multiplier).enumerate() {
            let start = row * inputs.channels_out + row % channels * multiplier;
            weight[start..start + multiplier].copy_from_slice(values);
        }
        let diagonal = Inputs { weight, columns: inputs.channels_out, ..inputs.clone() };
        let magnitude = magnitudes_of(reference::depthwise_point_conv, &inputs, &neighborhood);
        for dtype in precisions(&device) {
            let run = |op, inputs| pass(op, inputs, &neighborhood, dtype, &device, Tracked::ALL);
            let got = run(depthwise_point_conv, &inputs);
            let mut expected = run(pointwise_conv, &diagonal);
            let full = expected.weight.take().expect("tracked");
            let rows = full.chunks(inputs.channels_out).enumerate();
            expected.weight = Some(
                rows.flat_map(|(row, values)| {
                    values.chunks(multiplier).nth(row % channels).expect("a group")
                })
                .copied()
                .collect(),
            );
            got.assert_close(&format!("{sizes:?}, {dtype:?}"), &expected, &magnitude, round_off(dtype));
        }
    }
}

/// Cells or shells with small numbers of everything.
fn shapes() -> impl Strategy<Value = KernelShape> {
    let size = || prop_oneof![Just(1usize), Just(3), Just(5)];
    let cells = (0.05f32..0.5, [size(), size(), size()], [1usize..4, 1..4, 1..4])
        .prop_map(|(cell, size, dilation)| KernelShape::Cells { size, cell, dilation });
    let shells = (0.1f32..1.0, 1usize..5, 1usize..4)
        .prop_map(|(radius, shells, dilation)| KernelShape::Shells { radius, shells, dilation });
    prop_oneof![2 => cells, 1 => shells]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]

    /// Any kernel, clouds of any size and none, any number of channels and outputs of each.
    #[test]
    fn anything(
        shape in shapes(),
        clouds in prop::collection::vec(0usize..40, 1..4),
        sizes in (1usize..40, 1usize..5),
        seed in any::<u64>(),
    ) {
        let neighborhood = Batch::random(&clouds, seed).neighborhood(&shape);
        prop_assume!(neighborhood.points() > 0);
        let inputs = Inputs::depthwise(&neighborhood, sizes, seed);
        let device = device();
        let dtype = *precisions(&device).last().unwrap_or(&DType::F32);
        let run = |op: Op| pass(op, &inputs, &neighborhood, dtype, &device, Tracked::ALL);
        let magnitude = magnitudes_of(reference::depthwise_point_conv, &inputs, &neighborhood);
        run(depthwise_point_conv).assert_close(
            "anything",
            &run(reference::depthwise_point_conv),
            &magnitude,
            round_off(dtype),
        );
    }
}
