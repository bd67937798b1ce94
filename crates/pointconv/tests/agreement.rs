//! The operator and the reference give the same output and gradients.
//!
//! The reference is built from plain tensor operations and differentiated by burn, the operator's gradients are written
//! by hand: the two share nothing but the neighbour lists.

mod common;

use burn::tensor::activation::relu;
use burn::tensor::{DType, Tensor};
use common::{
    Batch, Inputs, Op, Tracked, cases, device, kernels, magnitudes, pass, precisions, round_off, values,
};
use neighbors::{KernelShape, Neighborhood};
use pointconv::{pointwise_conv, reference};
use proptest::prelude::*;

const SIZES: [usize; 2] = [23, 37];

/// Compares all outputs in every precision of the device.
fn check(what: &str, inputs: &Inputs, neighborhood: &Neighborhood, tracked: Tracked) {
    let device = device();
    let magnitude = magnitudes(inputs, neighborhood);
    for dtype in precisions(&device) {
        let run = |op: Op| pass(op, inputs, neighborhood, dtype, &device, tracked);
        let what = format!("{what}, {dtype:?}");
        run(pointwise_conv).assert_close(
            &what,
            &run(reference::pointwise_conv),
            &magnitude,
            round_off(dtype),
        );
    }
}

#[test]
fn every_kernel_shape() {
    for (seed, shape) in (0..).zip(kernels()) {
        let neighborhood = Batch::random(&SIZES, seed).neighborhood(&shape);
        let inputs = Inputs::random(&neighborhood, (3, 5), seed);
        check(&format!("{shape:?}"), &inputs, &neighborhood, Tracked::ALL);
    }
}

/// The lists of a large cloud are not in the order of its points.
#[test]
fn a_large_cloud() {
    let batch = Batch::in_cube(&[37, 20_000, 23], 3.0, 5);
    let neighborhood = batch.neighborhood(&KernelShape::cells(0.1));
    assert!(!neighborhood.centres().is_sorted());
    for channels in [(3, 5), (9, 9), (20, 33)] {
        let inputs = Inputs::random(&neighborhood, channels, 5);
        check(&format!("{channels:?} channels"), &inputs, &neighborhood, Tracked::ALL);
    }
}

#[test]
fn without_bias() {
    for (seed, shape) in (10..).zip(kernels()) {
        let neighborhood = Batch::random(&SIZES, seed).neighborhood(&shape);
        let inputs = Inputs::random(&neighborhood, (3, 5), seed).without_bias();
        check(&format!("{shape:?}"), &inputs, &neighborhood, Tracked::ALL);
    }
}

/// Features that are data take a way of their own through the backward pass.
#[test]
fn untracked_features() {
    for (seed, shape) in (20..).zip(kernels()) {
        let neighborhood = Batch::random(&SIZES, seed).neighborhood(&shape);
        let inputs = Inputs::random(&neighborhood, (3, 5), seed);
        check(&format!("{shape:?}"), &inputs, &neighborhood, Tracked::PARAMETERS);
        check(&format!("{shape:?}, no bias"), &inputs.without_bias(), &neighborhood, Tracked::PARAMETERS);
    }
}

/// The kernels differ for narrow and wide rows and pad them to blocks; these widths lie at and beside the borders.
#[test]
fn every_width() {
    const WIDTHS: [(usize, usize); 18] = [
        (1, 1),
        (1, 17),
        (3, 16),
        (4, 16),
        (4, 17),
        (5, 1),
        (5, 16),
        (15, 9),
        (16, 16),
        (16, 17),
        (17, 16),
        (17, 1),
        (20, 33),
        (33, 32),
        (40, 64),
        (64, 50),
        (70, 90),
        (12, 113),
    ];
    let shape = KernelShape::cells(0.3);
    for (seed, channels) in (30..).zip(WIDTHS) {
        let neighborhood = Batch::random(&SIZES, seed).neighborhood(&shape);
        let inputs = Inputs::random(&neighborhood, channels, seed);
        check(&format!("{channels:?} channels"), &inputs, &neighborhood, Tracked::ALL);
        check(&format!("{channels:?} channels, data"), &inputs, &neighborhood, Tracked::PARAMETERS);
    }
}

/// More points than the kernels take in one piece, and not a multiple of it.
#[test]
fn many_points() {
    let neighborhood = Batch::in_cube(&[1100, 700], 3.0, 50).neighborhood(&KernelShape::cells(0.25));
    for channels in [(3, 5), (18, 20), (34, 70)] {
        let inputs = Inputs::random(&neighborhood, channels, 51);
        check(&format!("{channels:?} channels"), &inputs, &neighborhood, Tracked::ALL);
    }
}

/// So many points that the pieces of the backward pass are larger than the tiles of its products.
#[test]
fn more_points_than_pieces() {
    let neighborhood = Batch::in_cube(&[20_345, 14_000], 4.0, 52).neighborhood(&KernelShape::cells(0.1));
    for channels in [(3, 4), (2, 18)] {
        let inputs = Inputs::random(&neighborhood, channels, 53);
        check(&format!("{channels:?} channels"), &inputs, &neighborhood, Tracked::ALL);
    }
}

/// Two layers with different kernels, and features that are used by both: gradients pass through and add up.
#[test]
fn a_stack_of_two() {
    let batch = Batch::random(&SIZES, 60);
    let [near, far] = [[1; 3], [2; 3]].map(|d| batch.neighborhood(&KernelShape::cells(0.2).with_dilation(d)));
    let (first, second) = (Inputs::random(&near, (3, 5), 61), Inputs::random(&far, (8, 4), 62));
    let device = device();
    for dtype in precisions(&device) {
        let run = |op: Op| -> [Vec<f64>; 4] {
            let device = device.clone().autodiff();
            let features = first.features(dtype, &device).require_grad();
            let weights = [&first, &second].map(|inputs| inputs.weight(dtype, &device).require_grad());
            let hidden = relu(op(features.clone(), weights[0].clone(), first.bias(dtype, &device), &near));
            let both = Tensor::cat(vec![hidden, features.clone()], 1);
            let output = op(both, weights[1].clone(), None, &far);
            let gradients = (output.clone() * second.grad(dtype, &device)).sum().backward();
            let [first, second] = weights.map(|weight| values(weight.grad(&gradients).expect("tracked")));
            [values(output), values(features.grad(&gradients).expect("tracked")), first, second]
        };
        // Errors of the first layer go through the second: relative to the largest value, with room for both.
        let tolerance = 8.0 * round_off(dtype);
        let names = ["output", "features", "first weight", "second weight"];
        for ((name, got), expected) in
            names.into_iter().zip(run(pointwise_conv)).zip(run(reference::pointwise_conv))
        {
            let largest = expected.iter().fold(0.0, |a: f64, b| a.max(b.abs()));
            let magnitude = vec![largest; got.len()];
            common::assert_close(&format!("{name}, {dtype:?}"), &got, &expected, &magnitude, tolerance);
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

    /// Any kernel, clouds of any size and none, any number of channels.
    #[test]
    fn anything(
        shape in shapes(),
        sizes in prop::collection::vec(0usize..40, 1..4),
        channels in (1usize..24, 1usize..24),
        seed in any::<u64>(),
    ) {
        let neighborhood = Batch::random(&sizes, seed).neighborhood(&shape);
        prop_assume!(neighborhood.points() > 0);
        let inputs = Inputs::random(&neighborhood, channels, seed);
        let device = device();
        let dtype = *precisions(&device).last().unwrap_or(&DType::F32);
        let run = |op: Op| pass(op, &inputs, &neighborhood, dtype, &device, Tracked::ALL);
        let magnitude = magnitudes(&inputs, &neighborhood);
        run(pointwise_conv).assert_close("anything", &run(reference::pointwise_conv), &magnitude, round_off(dtype));
    }
}

#[test]
fn with_other_instruction_sets() {
    common::run_again_with_other_instruction_sets("with_other_instruction_sets");
}
