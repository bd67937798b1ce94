//! `dL/dx_j[c] = sum_k sum_q W[k, c, q] · s_j(k)[c·M + q]`, one thread for each point and block of channels.

use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

use super::blocks::Blocks;
use crate::gpu::launch::{allocate, one_thread_each};
use crate::neighborhood::cube::{InverseCounts, Lists, ROW, RUN, mirror};
use crate::op::cube::gather::{in_range, start, weighted, write};
use crate::op::cube::sizes::{Sizes, types};

/// # Shapes
/// - weight `[K, C, M]`, grad `[P, C · M]`
/// - output `[P, C]`
pub(in crate::op::cube) fn backward_features(
    sizes: Sizes,
    lists: &Lists,
    inverse_counts: &[InverseCounts],
    weight: CubeTensor,
    grad: CubeTensor,
) -> CubeTensor {
    let blocks = Blocks::new(sizes);
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
            let (count, dim) = one_thread_each(&client, slab.len * blocks.along_channels);
            depthwise_backward_features_kernel::launch(
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
                blocks,
                types(output.dtype),
            );
        }
    }
    output
}

#[cube(launch)]
fn depthwise_backward_features_kernel<F: Float, A: Float>(
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
    #[comptime] blocks: Blocks,
    #[define(F, A)] _types: [ElemType; 2],
) {
    let channels = comptime!(sizes.channels_in);
    let multiplier = comptime!(sizes.channels_out);
    let channels_out = comptime!(channels * multiplier);
    let subdomains = comptime!(sizes.subdomains);
    let block = comptime!(blocks.channels);
    let outputs = comptime!(blocks.outputs);
    let width = comptime!(blocks.width());

    let row = ABSOLUTE_POS / comptime!(blocks.along_channels);
    if row >= len {
        terminate!();
    }
    let first = ABSOLUTE_POS % comptime!(blocks.along_channels) * block;
    let target = usize::cast_from(rows[row * ROW]) * channels + first;
    let mut sums = Array::<A>::new(block);
    start::<F, A>(&mut sums, output, target, first, adds, channels, block);
    let mut gathered = Array::<A>::new(width);
    for run in rows[row * ROW + 1]..rows[row * ROW + ROW + 1] {
        let at = usize::cast_from(run) * RUN;
        let begin = usize::cast_from(runs[at]);
        let end = usize::cast_from(runs[at + RUN]);
        let k = usize::cast_from(runs[at + 1]);
        if k >= counts_first && k < counts_first + counts_len {
            let seen = mirror(k, subdomains, comptime!(sizes.mirrored));
            for along in 0..comptime!(blocks.along_outputs) {
                let first_output = along * outputs;
                // Where the outputs of one channel are cut, the last block reads into those of the next one; they are not used.
                let from = first * multiplier + first_output;
                weighted::<F, A>(
                    grad,
                    inverse_counts,
                    indices,
                    begin,
                    end,
                    from,
                    k - counts_first,
                    counts_len,
                    &mut gathered,
                    channels_out,
                    sizes,
                    width,
                );
                #[unroll]
                for c in 0..block {
                    let weights = (seen * channels + first + c) * multiplier + first_output;
                    #[unroll]
                    for q in 0..outputs {
                        if in_range(first, c, channels, block)
                            && in_range(first_output, q, multiplier, outputs)
                        {
                            sums[c] +=
                                gathered[comptime!(c * outputs + q)] * A::cast_from(weight[weights + q]);
                        }
                    }
                }
            }
        }
    }
    write::<F, A>(&sums, output, target, first, channels, block);
}
