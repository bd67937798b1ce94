//! The adjoint identities: without bias the operator is linear in the features and linear in the weight, so
//! `<conv(x), g> = <x, dL/dx> = <W, dL/dW>` for `L = <y, g>`, and `<b, dL/db> = <y(b) - y(0), g>`.
//!
//! The gradient for one argument must not depend on the argument itself: it is taken elsewhere than where it is tested.

mod common;

use common::{Batch, Inputs, check_adjoint, kernels};
use neighbors::{KernelShape, Neighborhood};
use pointconv::pointwise_conv;

fn check(what: &str, neighborhood: &Neighborhood, channels: (usize, usize), seed: u64) {
    let [here, there] = [seed, seed + 1000].map(|seed| Inputs::random(neighborhood, channels, seed));
    check_adjoint(&format!("{what}, {channels:?} channels"), pointwise_conv, &here, &there, neighborhood);
}

#[test]
fn every_kernel_shape() {
    for (seed, shape) in (0..).zip(kernels()) {
        let neighborhood = Batch::random(&[23, 37], seed).neighborhood(&shape);
        check(&format!("{shape:?}"), &neighborhood, (3, 5), seed);
    }
}

#[test]
fn wide_rows() {
    let neighborhood = Batch::random(&[23, 37], 20).neighborhood(&KernelShape::cells(0.3));
    for channels in [(4, 16), (5, 16), (17, 16), (16, 17), (20, 33)] {
        check("3x3x3", &neighborhood, channels, 21);
    }
}

/// So many points that the partial sums of the weight gradient grow beyond one chunk each.
#[test]
fn forty_thousand_points() {
    let neighborhood = Batch::in_cube(&[25_000, 15_001], 4.0, 30).neighborhood(&KernelShape::cells(0.1));
    check("large", &neighborhood, (3, 5), 31);
}

#[test]
fn with_other_instruction_sets() {
    common::run_again_with_other_instruction_sets("with_other_instruction_sets");
}
