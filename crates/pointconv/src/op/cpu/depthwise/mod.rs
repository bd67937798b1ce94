//! The kernels of the depthwise operator.
//!
//! Channels do not mix, so that everything is lane by lane: sums over neighbours stay in registers, and there is no
//! product of matrices. `channels_out` of a [`Problem`](super::Problem) is `C_in · M` here.

mod backward;
mod forward;
mod host;
