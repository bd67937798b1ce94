//! What the tests of the operator share.
#![allow(dead_code, unused_imports)] // no test file wants all of it

mod clouds;
mod compare;
mod device;
mod pass;

pub(crate) use clouds::{Batch, kernels};
pub(crate) use compare::{assert_close, assert_same_bits, magnitudes, round_off};
pub(crate) use device::{device, precisions};
pub(crate) use pass::{Inputs, Op, Pass, Tracked, pass, values};
