//! The operators and their references give the same output and gradients.
//!
//! A reference is built from plain tensor operations and differentiated by burn, the gradients of the operators are
//! written by hand: the two share nothing but the neighbour lists.

use burn::tensor::activation::relu;
use burn::tensor::{DType, Device, Tensor};
use neighbors::KernelShape;
use pointconv::Neighborhood;
use proptest::prelude::*;

use crate::common::{
    Inputs, Kind, Op, Tracked, Widths, assert_close, cases, clouds_in_cube, device, kernels, lists,
    magnitudes, pass, precisions, random_clouds, round_off, values,
};

const SIZES: [usize; 2] = [23, 37];

/// Compares all outputs in every precision of the device.
fn check_inputs(what: &str, inputs: &Inputs, neighborhood: &Neighborhood, tracked: Tracked) {
    check_against(&device(), what, inputs, neighborhood, tracked);
}

/// As [`check_inputs`], with the reference on another device.
fn check_against(
    reference: &Device,
    what: &str,
    inputs: &Inputs,
    neighborhood: &Neighborhood,
    tracked: Tracked,
) {
    let (device, kind) = (device(), inputs.kind);
    let magnitude = magnitudes(inputs, neighborhood);
    for dtype in precisions(&device) {
        let run = |op: Op, device: &Device| pass(op, inputs, neighborhood, dtype, device, tracked);
        let what = format!("{what}, {kind:?}, {} x {}, {dtype:?}", inputs.channels_in, inputs.columns);
        let expected = run(kind.reference(), reference);
        run(kind.op(), &device).assert_close(&what, &expected, &magnitude, round_off(dtype));
    }
}

fn check(what: &str, kind: Kind, neighborhood: &Neighborhood, widths: Widths, seed: u64) {
    check_inputs(what, &Inputs::random(kind, neighborhood, widths, seed), neighborhood, Tracked::ALL);
}

/// As [`check`], with and without bias. Features that are data take a way of their own through the backward pass.
fn check_all(what: &str, kind: Kind, neighborhood: &Neighborhood, widths: Widths, seed: u64) {
    let inputs = Inputs::random(kind, neighborhood, widths, seed);
    for (bias, inputs) in [("bias", inputs.clone()), ("no bias", inputs.without_bias())] {
        check_inputs(&format!("{what}, {bias}"), &inputs, neighborhood, Tracked::ALL);
        check_inputs(&format!("{what}, {bias}, data"), &inputs, neighborhood, Tracked::PARAMETERS);
    }
}

#[test]
fn every_kernel_shape() {
    for (seed, shape) in (0..).zip(kernels()) {
        let neighborhood = lists(&random_clouds(&SIZES, seed), &shape);
        for kind in Kind::ALL {
            for &widths in kind.choose(&[(3, 5), (18, 20)][..], &[(3, 2), (5, 1), (18, 3)]) {
                check_all(&format!("{shape:?}"), kind, &neighborhood, widths, seed);
            }
        }
    }
}

#[test]
fn every_width() {
    for shape in [KernelShape::cells(0.3), KernelShape::shells(0.6, 3)] {
        for kind in Kind::ALL {
            for (seed, widths) in (30..).zip(kind.every_width()) {
                let neighborhood = lists(&random_clouds(&SIZES, seed), &shape);
                check_all(&format!("{shape:?}"), kind, &neighborhood, widths, seed);
            }
        }
    }
}

/// One point, clouds of one point, and empty clouds.
#[test]
fn small_clouds() {
    for sizes in [&[1][..], &[1, 0, 7, 0, 1], &[0, 0, 13]] {
        for shape in [KernelShape::cells(0.2), KernelShape::shells(0.4, 2)] {
            let neighborhood = lists(&random_clouds(sizes, 70), &shape);
            for kind in Kind::ALL {
                for &widths in kind.choose(&[(3, 5), (20, 33)][..], &[(3, 1), (5, 2), (20, 1), (18, 3)]) {
                    check_all(&format!("clouds of {sizes:?}, {shape:?}"), kind, &neighborhood, widths, 71);
                }
            }
        }
    }
}

/// The lists of a large cloud are not in the order of its points.
#[test]
fn a_large_cloud() {
    let neighborhood = lists(&clouds_in_cube(&[37, 20_000, 23], 3.0, 5), &KernelShape::cells(0.1));
    assert!(!neighborhood.lists().centres().is_sorted());
    for kind in Kind::ALL {
        for widths in kind.choose([(3, 5), (9, 9), (20, 33)], [(3, 1), (9, 2), (33, 1)]) {
            check("a large cloud", kind, &neighborhood, widths, 5);
        }
    }
}

/// The lists of a cloud with more than 65,535 points count neighbours among the points of boxes. The reference runs on the CPU:
/// Mesa's software Vulkan ends every loop after 65,535 iterations, and burn's `select_assign` loops over all neighbours.
#[test]
fn a_cloud_in_boxes() {
    let neighborhood = lists(&clouds_in_cube(&[37, 66_000, 23], 8.0, 6), &KernelShape::cells(0.15));
    let blocks = neighborhood.lists().row_blocks(0..neighborhood.points());
    assert!(blocks.filter(|block| block.points.is_some()).count() > 4);
    for kind in Kind::ALL {
        for widths in kind.choose([(3, 5), (9, 9), (20, 33)], [(3, 1), (9, 2), (33, 1)]) {
            let inputs = Inputs::random(kind, &neighborhood, widths, 6);
            check_against(&Device::flex(), "a cloud in boxes", &inputs, &neighborhood, Tracked::ALL);
        }
    }
}

/// More points than the kernels take at a time, and not a multiple of it.
#[test]
fn many_points() {
    let neighborhood = lists(&clouds_in_cube(&[1100, 700], 3.0, 50), &KernelShape::cells(0.25));
    for kind in Kind::ALL {
        for widths in kind.choose([(3, 5), (18, 20), (34, 70)], [(3, 2), (9, 1), (18, 3)]) {
            check("many points", kind, &neighborhood, widths, 51);
        }
    }
}

/// So many points that the chunks of the backward pass are larger than the tiles of its products.
#[test]
fn more_points_than_chunks() {
    let neighborhood = lists(&clouds_in_cube(&[20_345, 14_000], 4.0, 52), &KernelShape::cells(0.1));
    for kind in Kind::ALL {
        for widths in kind.choose([(3, 4), (2, 18)], [(3, 2), (2, 9)]) {
            check("more points", kind, &neighborhood, widths, 53);
        }
    }
}

/// Two layers with different kernels, and features that are used by both: gradients pass through and add up.
#[test]
fn a_stack_of_two() {
    let clouds = random_clouds(&SIZES, 60);
    let [near, far] = [[1; 3], [2; 3]].map(|d| lists(&clouds, &KernelShape::cells(0.2).with_dilation(d)));
    let device = device();
    for kind in Kind::ALL {
        let first = Inputs::random(kind, &near, kind.narrow(), 61);
        let second = Inputs::random(kind, &far, (first.channels_out + 3, kind.choose(4, 2)), 62);
        for dtype in precisions(&device) {
            let run = |op: Op| -> [Vec<f64>; 4] {
                let device = device.clone().autodiff();
                let features = first.features(dtype, &device).require_grad();
                let weights = [&first, &second].map(|inputs| inputs.weight(dtype, &device).require_grad());
                let hidden =
                    relu(op(features.clone(), weights[0].clone(), first.bias(dtype, &device), &near));
                let both = Tensor::cat(vec![hidden, features.clone()], 1);
                let output = op(both, weights[1].clone(), None, &far);
                let gradients = (output.clone() * second.grad(dtype, &device)).sum().backward();
                let [first, second] = weights.map(|weight| values(weight.grad(&gradients).expect("tracked")));
                [values(output), values(features.grad(&gradients).expect("tracked")), first, second]
            };
            // Errors of the first layer go through the second: relative to the largest value, with room for both.
            let tolerance = 8.0 * round_off(dtype);
            let names = ["output", "features", "first weight", "second weight"];
            for ((name, got), expected) in names.into_iter().zip(run(kind.op())).zip(run(kind.reference())) {
                let largest = expected.iter().fold(0.0, |a: f64, b| a.max(b.abs()));
                let magnitude = vec![largest; got.len()];
                assert_close(&format!("{kind:?}, {name}, {dtype:?}"), &got, &expected, &magnitude, tolerance);
            }
        }
    }
}

/// The full operator gives what the depthwise one gives with a weight that is zero where channels would mix.
#[test]
fn full_operator_with_a_diagonal_weight() {
    let device = device();
    for (seed, widths) in (80..).zip([(3, 1), (5, 2), (9, 3), (20, 1)]) {
        let (channels, multiplier) = widths;
        let neighborhood = lists(&random_clouds(&SIZES, seed), &KernelShape::cells(0.2));
        let inputs = Inputs::random(Kind::Depthwise, &neighborhood, widths, seed);
        // [K, C_in, M] -> [K, C_in, C_in · M], with W[k, c, q] at [k, c, c · M + q].
        let mut weight = vec![0.0; inputs.subdomains * channels * inputs.channels_out];
        for (row, values) in inputs.weight.chunks(multiplier).enumerate() {
            let start = row * inputs.channels_out + row % channels * multiplier;
            weight[start..start + multiplier].copy_from_slice(values);
        }
        let diagonal = Inputs { kind: Kind::Full, weight, columns: inputs.channels_out, ..inputs.clone() };
        let magnitude = magnitudes(&inputs, &neighborhood);
        for dtype in precisions(&device) {
            let run =
                |inputs: &Inputs| pass(inputs.kind.op(), inputs, &neighborhood, dtype, &device, Tracked::ALL);
            let (got, mut expected) = (run(&inputs), run(&diagonal));
            let full = expected.weight.take().expect("tracked");
            let rows = full.chunks(inputs.channels_out).enumerate();
            expected.weight = Some(
                rows.flat_map(|(row, values)| {
                    values.chunks(multiplier).nth(row % channels).expect("a group")
                })
                .copied()
                .collect(),
            );
            got.assert_close(&format!("{widths:?}, {dtype:?}"), &expected, &magnitude, round_off(dtype));
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

    /// Any kernel, clouds of any size and none, any number of channels and columns.
    #[test]
    fn anything(
        shape in shapes(),
        sizes in prop::collection::vec(0usize..40, 1..4),
        full in (1usize..24, 1usize..24),
        depthwise in (1usize..40, 1usize..5),
        seed in any::<u64>(),
    ) {
        let neighborhood = lists(&random_clouds(&sizes, seed), &shape);
        prop_assume!(neighborhood.points() > 0);
        let device = device();
        let dtype = *precisions(&device).last().unwrap_or(&DType::F32);
        for kind in Kind::ALL {
            let inputs = Inputs::random(kind, &neighborhood, kind.choose(full, depthwise), seed);
            let run = |op: Op| pass(op, &inputs, &neighborhood, dtype, &device, Tracked::ALL);
            let magnitude = magnitudes(&inputs, &neighborhood);
            run(kind.op()).assert_close("anything", &run(kind.reference()), &magnitude, round_off(dtype));
        }
    }
}
