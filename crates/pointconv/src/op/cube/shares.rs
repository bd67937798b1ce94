//! `1/|Ω_i(k)|`, the share of a neighbour in the mean of its sub-domain.

use burn::tensor::FloatDType;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

use super::gather::mirror;
use super::launch::{allocate_zeros, one_thread_each};
use super::lists::{Lists, RUN};

/// The shares for some sub-domains of the point that gathers: for all, where a kernel can be given so much.
#[derive(Debug)]
pub(super) struct Shares {
    /// The first of the sub-domains.
    pub(super) first: usize,
    /// How many there are.
    pub(super) len: usize,
    /// `[P, len]`: the share that neighbour `i` in sub-domain `first + k` of a point gives this point in its own mean, which is
    /// `1/|Ω_i(mirror(first + k))|`; zero where `i` sees nobody.
    pub(super) table: CubeTensor,
}

/// The shares of all points in the order of the sub-domains, in tables of at most `limit` words.
///
/// # Panics
/// When the shares of one sub-domain do not fit.
pub(super) fn shares(lists: &Lists, limit: usize) -> Vec<Shares> {
    let most = (limit / lists.points.max(1)).max(1);
    let parts = lists.subdomains.div_ceil(most);
    // Parts of about the same size, since every part is a walk of its own through the lists.
    let len = lists.subdomains.div_ceil(parts.max(1)).max(1);
    (0..lists.subdomains)
        .step_by(len)
        .map(|first| {
            let len = len.min(lists.subdomains - first);
            Shares { first, len, table: table(lists, first, len) }
        })
        .collect()
}

/// One thread for each run of the lists.
fn table(lists: &Lists, first: usize, len: usize) -> CubeTensor {
    let client = lists.device.client();
    let shape = [lists.points, len];
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
            first,
            len,
            lists.subdomains,
            lists.mirrored,
        );
    }
    output
}

#[cube(launch)]
fn shares_kernel(
    runs: &[u32],
    shares: &mut [f32],
    runs_len: usize,
    first: usize,
    len: usize,
    #[comptime] subdomains: usize,
    #[comptime] mirrored: bool,
) {
    let run = ABSOLUTE_POS;
    if run >= runs_len {
        terminate!();
    }
    let at = run * RUN;
    let centre = usize::cast_from(runs[at + 2]);
    let k = mirror(usize::cast_from(runs[at + 1]), subdomains, mirrored);
    if k >= first && k < first + len {
        shares[centre * len + k - first] = 1.0f32 / f32::cast_from(runs[at + RUN] - runs[at]);
    }
}
