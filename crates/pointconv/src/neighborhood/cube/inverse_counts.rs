//! `1/|Ω_i(k)|`, the weight of a neighbour in the mean of its sub-domain, on a device.

use burn::tensor::FloatDType;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

use super::lists::Lists;
use super::words::RUN;
use crate::gpu::launch::{allocate_zeros, one_thread_each};

/// The inverse counts for some sub-domains of the point that gathers: for all, where one table holds so much.
#[derive(Debug)]
pub(crate) struct InverseCounts {
    /// The first of the sub-domains.
    pub(crate) first: usize,
    /// Number of sub-domains.
    pub(crate) len: usize,
    /// `[P, len]`: the weight that centre `i`, in sub-domain `first + k` of a point, gives this point in its own mean, which is
    /// `1/|Ω_i(mirror(first + k))|`; zero where that sub-domain is empty.
    pub(crate) table: CubeTensor,
}

/// The inverse counts of all centres in the order of the sub-domains, in tables of at most as many words as the lists
/// may have.
///
/// # Panics
/// When those of one sub-domain do not fit.
pub(super) fn inverse_counts(lists: &Lists) -> Vec<InverseCounts> {
    let most = (lists.limit / lists.points.max(1)).max(1);
    let parts = lists.subdomains.div_ceil(most);
    // Parts of about the same size: every part costs a walk of its own through the lists.
    let len = lists.subdomains.div_ceil(parts.max(1)).max(1);
    (0..lists.subdomains)
        .step_by(len)
        .map(|first| {
            let len = len.min(lists.subdomains - first);
            InverseCounts { first, len, table: table(lists, first, len) }
        })
        .collect()
}

/// One thread for each run of the lists.
fn table(lists: &Lists, first: usize, len: usize) -> CubeTensor {
    let client = lists.device.client();
    let shape = [lists.points, len];
    let output = allocate_zeros("pointwise_conv", "inverse counts", &lists.device, shape, FloatDType::F32);
    // Lists between two sets may have no pairs.
    for slab in lists.slabs.iter().filter(|slab| slab.runs_len > 0) {
        let (count, dim) = one_thread_each(&client, slab.runs_len);
        inverse_counts_kernel::launch(
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

/// The sub-domain in which a neighbour in sub-domain `k` sees the centre.
#[cube]
pub(crate) fn mirror(k: usize, #[comptime] subdomains: usize, #[comptime] mirrored: bool) -> usize {
    if comptime!(mirrored) { subdomains - 1 - k } else { k }
}

#[cube(launch)]
fn inverse_counts_kernel(
    runs: &[u32],
    output: &mut [f32],
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
        output[centre * len + k - first] = 1.0f32 / f32::cast_from(runs[at + RUN] - runs[at]);
    }
}
