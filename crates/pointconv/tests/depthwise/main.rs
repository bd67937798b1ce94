//! The depthwise operator and its layers, tested as the full operator is.

#[path = "../common/mod.rs"]
mod common;

mod agreement;
mod determinism;
mod fixtures;
mod gradients;
mod layers;
mod misuse;
mod tracking;
mod views;

#[test]
fn with_other_instruction_sets() {
    common::run_again_with_other_instruction_sets("with_other_instruction_sets");
}
