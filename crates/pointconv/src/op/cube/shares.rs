//! `1/|Ω_i(k)|`, the share of a neighbour in the mean of its sub-domain.

use burn::tensor::FloatDType;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

use super::launch::{allocate_zeros, one_thread_each};
use super::lists::{Lists, RUN};

/// The shares of all points, zero where the sub-domain is empty; one thread for each run of the lists.
///
/// # Shapes
/// - output `[P, K]`
pub(super) fn shares(lists: &Lists) -> CubeTensor {
    let client = lists.device.client();
    let shape = [lists.points, lists.subdomains];
    let output =
        allocate_zeros("pointwise_conv", "shares of the neighbours", &lists.device, shape, FloatDType::F32);
    for slab in &lists.slabs {
        let (count, dim) = one_thread_each(&client, slab.runs_len);
        shares_kernel::launch(
            &client,
            count,
            dim,
            slab.runs.clone().into_buffer_arg(),
            output.clone().into_buffer_arg(),
            slab.runs_len,
            lists.subdomains,
        );
    }
    output
}

#[cube(launch)]
fn shares_kernel(runs: &[u32], shares: &mut [f32], runs_len: usize, subdomains: usize) {
    let run = ABSOLUTE_POS;
    if run >= runs_len {
        terminate!();
    }
    let at = run * RUN;
    let centre = usize::cast_from(runs[at + 2]);
    let k = usize::cast_from(runs[at + 1]);
    shares[centre * subdomains + k] = 1.0f32 / f32::cast_from(runs[at + RUN] - runs[at]);
}
