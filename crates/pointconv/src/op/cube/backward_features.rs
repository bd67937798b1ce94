//! `dL/dx_j = sum_k W_k · s_j(k)`, one thread for each point and block of input channels.
//!
//! `s_j(k) = sum_{i: j in Ω_i(k)} g_i / |Ω_i(k)|` is gathered from the list of `j` itself, through the mirror map: no
//! thread adds to what another one writes. Where the inverse counts `1/|Ω_i(k)|` are in several tables, the sums go on from one
//! to the next.

use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

use super::gather::{in_range, start, weighted, write};
use super::sizes::{Sizes, types};
use crate::gpu::launch::{allocate, one_thread_each};
use crate::neighborhood::cube::{InverseCounts, Lists, ROW, RUN, mirror};

/// # Shapes
/// - weight `[K, C_in, C_out]`, grad `[P, C_out]`
/// - output `[P, C_in]`
pub(in crate::op::cube) fn backward_features(
    sizes: Sizes,
    lists: &Lists,
    inverse_counts: &[InverseCounts],
    weight: CubeTensor,
    grad: CubeTensor,
) -> CubeTensor {
    let output = allocate(
        sizes.op(),
        "gradients of the features",
        &grad,
        [lists.points, sizes.channels_in],
        grad.dtype,
    );
    let client = grad.client.clone();
    for part in inverse_counts {
        for slab in &lists.slabs {
            let (count, dim) = one_thread_each(&client, slab.len * sizes.blocks_in());
            backward_features_kernel::launch(
                &client,
                count,
                dim,
                slab.rows.clone().into_buffer_arg(),
                slab.runs.clone().into_buffer_arg(),
                slab.indices.clone().into_buffer_arg(),
                part.table.clone().into_buffer_arg(),
                weight.clone().into_buffer_arg(),
                grad.clone().into_buffer_arg(),
                output.clone().into_buffer_arg(),
                slab.len,
                part.first,
                part.len,
                part.first > 0,
                sizes,
                types(output.dtype),
            );
        }
    }
    output
}

#[cube(launch)]
fn backward_features_kernel<F: Float, A: Float>(
    rows: &[u32],
    runs: &[u32],
    indices: &[u32],
    inverse_counts: &[f32],
    weight: &[F],
    grad: &[F],
    output: &mut [F],
    len: usize,
    counts_first: usize,
    counts_len: usize,
    #[comptime] adds: bool,
    #[comptime] sizes: Sizes,
    #[define(F, A)] _types: [ElemType; 2],
) {
    let channels_in = comptime!(sizes.channels_in);
    let channels_out = comptime!(sizes.channels_out);
    let subdomains = comptime!(sizes.subdomains);
    let (block_in, block_out) = comptime!((sizes.block_in(), sizes.block_out()));
    let blocks_in = comptime!(sizes.blocks_in());
    let row = ABSOLUTE_POS / blocks_in;
    if row >= len {
        terminate!();
    }
    let first_in = (ABSOLUTE_POS % blocks_in) * block_in;
    let target = usize::cast_from(rows[row * ROW]) * channels_in + first_in;
    let mut sums = Array::<A>::new(block_in);
    start::<F, A>(&mut sums, output, target, first_in, adds, channels_in, block_in);
    let mut gathered = Array::<A>::new(block_out);
    for run in rows[row * ROW + 1]..rows[row * ROW + ROW + 1] {
        let at = usize::cast_from(run) * RUN;
        let begin = usize::cast_from(runs[at]);
        let end = usize::cast_from(runs[at + RUN]);
        let k = usize::cast_from(runs[at + 1]);
        if k >= counts_first && k < counts_first + counts_len {
            let seen = mirror(k, subdomains, sizes.mirrored);
            // j lies in Ω_i(mirror(k)), so these are the weights of the mirrored sub-domain.
            let first_weight = (seen * channels_in + first_in) * channels_out;
            for block in 0..sizes.blocks_out() {
                let first_out = block * block_out;
                weighted::<F, A>(
                    grad,
                    inverse_counts,
                    indices,
                    begin,
                    end,
                    first_out,
                    k - counts_first,
                    counts_len,
                    &mut gathered,
                    channels_out,
                    sizes,
                    block_out,
                );
                #[unroll]
                for c in 0..block_in {
                    if in_range(first_in, c, channels_in, block_in) {
                        let weights = first_weight + c * channels_out + first_out;
                        #[unroll]
                        for o in 0..block_out {
                            if in_range(first_out, o, channels_out, block_out) {
                                sums[c] += gathered[o] * A::cast_from(weight[weights + o]);
                            }
                        }
                    }
                }
            }
        }
    }
    write::<F, A>(&sums, output, target, first_in, channels_in, block_in);
}
