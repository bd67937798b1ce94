//! The operators, full and depthwise, their neighbourhoods and their layers.
//!
//! `POINTWISE_TEST_DEVICE` names the device, see `common/device.rs`; `cargo test --test operator agreement::` runs one file.

mod common;

mod adjoint;
mod agreement;
mod between;
mod corner_cases;
mod determinism;
mod finite_differences;
mod fixtures;
mod half;
mod layer;
mod misuse;
mod neighborhood;
mod pooling_and_norm;
mod search;
mod symmetry;
mod tracking;
mod views;

#[test]
fn with_other_instruction_sets() {
    common::run_again_with_other_instruction_sets("with_other_instruction_sets");
}
