//! The gradients are those of the output: central differences in every entry of every argument.

mod common;

use common::{Batch, Inputs, check_differences, kernels};
use neighbors::KernelShape;
use pointconv::pointwise_conv;

#[test]
fn every_kernel_shape() {
    for (seed, shape) in (0..).zip(kernels()) {
        let neighborhood = Batch::random(&[8, 13], seed).neighborhood(&shape);
        check_differences(
            &format!("{shape:?}"),
            pointwise_conv,
            Inputs::random(&neighborhood, (3, 5), seed),
            &neighborhood,
        );
    }
}

/// Rows of more than one block of lanes.
#[test]
fn wide_rows() {
    let shape = KernelShape::cells(0.3).with_size([3, 1, 1]);
    for (seed, channels) in (20..).zip([(5, 3), (17, 2), (2, 19)]) {
        let neighborhood = Batch::random(&[8, 13], seed).neighborhood(&shape);
        check_differences(
            &format!("{channels:?}"),
            pointwise_conv,
            Inputs::random(&neighborhood, channels, seed),
            &neighborhood,
        );
    }
}

#[test]
fn with_other_instruction_sets() {
    common::run_again_with_other_instruction_sets("with_other_instruction_sets");
}
