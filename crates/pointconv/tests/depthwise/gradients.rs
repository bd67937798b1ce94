//! The gradients are those of the output: the adjoint identities, and central differences in every entry.

use neighbors::{KernelShape, Neighborhood};
use pointconv::depthwise_point_conv;

use crate::common::{Batch, Inputs, check_adjoint, check_differences, kernels};

fn adjoint(what: &str, neighborhood: &Neighborhood, sizes: (usize, usize), seed: u64) {
    let [here, there] = [seed, seed + 1000].map(|seed| Inputs::depthwise(neighborhood, sizes, seed));
    check_adjoint(&format!("{what}, {sizes:?}"), depthwise_point_conv, &here, &there, neighborhood);
}

#[test]
fn adjoint_of_every_kernel_shape() {
    for (seed, shape) in (0..).zip(kernels()) {
        let neighborhood = Batch::random(&[23, 37], seed).neighborhood(&shape);
        adjoint(&format!("{shape:?}"), &neighborhood, (3, 2), seed);
    }
}

#[test]
fn adjoint_of_every_width() {
    let neighborhood = Batch::random(&[23, 37], 20).neighborhood(&KernelShape::cells(0.3));
    for sizes in [(1, 1), (4, 1), (9, 1), (16, 1), (17, 1), (40, 1), (2, 3), (16, 2), (17, 3)] {
        adjoint("3x3x3", &neighborhood, sizes, 21);
    }
}

/// So many points that the partial sums of the weight gradient grow beyond one chunk each.
#[test]
fn adjoint_of_forty_thousand_points() {
    let neighborhood = Batch::in_cube(&[25_000, 15_001], 4.0, 30).neighborhood(&KernelShape::cells(0.1));
    adjoint("large", &neighborhood, (3, 2), 31);
}

fn differences(shape: KernelShape, sizes: (usize, usize), seed: u64) {
    let neighborhood = Batch::random(&[8, 13], seed).neighborhood(&shape);
    let inputs = Inputs::depthwise(&neighborhood, sizes, seed);
    check_differences(&format!("{shape:?}, {sizes:?}"), depthwise_point_conv, inputs, &neighborhood);
}

#[test]
fn differences_of_every_kernel_shape() {
    for (seed, shape) in (0..).zip(kernels()) {
        differences(shape, (3, 2), seed);
    }
}

#[test]
fn differences_of_several_widths() {
    let shape = KernelShape::cells(0.3).with_size([3, 1, 1]);
    for (seed, sizes) in (20..).zip([(5, 1), (17, 1), (2, 9), (40, 1)]) {
        differences(shape, sizes, seed);
    }
}
