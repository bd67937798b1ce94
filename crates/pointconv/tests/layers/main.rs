//! The layers around the convolutions: pooling, interpolation, normalisation, SELU.

#[path = "../operator/common/mod.rs"]
mod common;

mod harness;
mod interpolate;
mod norm;
mod pool;
mod records;

#[test]
fn with_other_instruction_sets() {
    common::run_again_with_other_instruction_sets("with_other_instruction_sets");
}
