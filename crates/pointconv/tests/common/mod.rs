//! What the tests of the operator share.
#![allow(dead_code, unused_imports)] // no test file wants all of it

mod adjoint;
mod clouds;
mod compare;
mod device;
mod differences;
mod fixture;
mod instruction_sets;
#[cfg(feature = "wgpu")]
mod limits;
mod pass;

pub(crate) use adjoint::check_adjoint;
pub(crate) use clouds::{Batch, kernels};
pub(crate) use compare::{assert_close, assert_same_bits, magnitudes, magnitudes_of, round_off};
pub(crate) use device::{cases, device, precisions, uses_instruction_sets};
pub(crate) use differences::check_differences;
pub(crate) use fixture::{Fixture, check_fixtures, fixture_names};
pub(crate) use instruction_sets::run_again_with_other_instruction_sets;
pub(crate) use pass::{Inputs, Op, Pass, Tracked, pass, values};
