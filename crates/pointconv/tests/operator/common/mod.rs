//! What the tests of the operator share.

mod adjoint;
mod clouds;
mod compare;
mod device;
mod differences;
mod fixture;
mod instruction_sets;
mod kind;
#[cfg(feature = "wgpu")]
mod limits;
mod panics;
mod pass;
mod threads;

pub(crate) use adjoint::check_adjoint;
pub(crate) use clouds::{clouds_in_cube, kernels, lists, packed, random_clouds};
pub(crate) use compare::{assert_close, assert_same_bits, magnitudes, round_off};
pub(crate) use device::{cases, device, precisions, uses_instruction_sets};
pub(crate) use differences::check_differences;
pub(crate) use fixture::{Fixture, check_fixtures, fixture_names};
pub(crate) use instruction_sets::run_again_with_other_instruction_sets;
pub(crate) use kind::{Kind, Widths};
pub(crate) use panics::assert_panics;
pub(crate) use pass::{Inputs, Op, Pass, Tracked, pass, values};
pub(crate) use threads::assert_same_bits_for_any_threads;
