//! `y_i = b + sum_k W_k · mean_{j in Ω_i(k)} x_j`, one thread for each point and block of output channels.

use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

use super::gather::{in_range, mean};
use super::sizes::{Sizes, types};
use crate::gpu::launch::{allocate, one_thread_each};
use crate::neighborhood::cube::{Lists, ROW, RUN};

/// # Shapes
/// - features `[P, C_in]`, weight `[K, C_in, C_out]`, bias `[C_out]`
/// - output `[P, C_out]`
pub(in crate::op::cube) fn forward(
    sizes: Sizes,
    lists: &Lists,
    features: CubeTensor,
    weight: CubeTensor,
    bias: CubeTensor,
) -> CubeTensor {
    let output =
        allocate(sizes.op(), "output", &features, [lists.points, sizes.channels_out], features.dtype);
    let client = features.client.clone();
    for slab in &lists.slabs {
        let (count, dim) = one_thread_each(&client, slab.len * sizes.blocks_out());
        forward_kernel::launch(
            &client,
            count,
            dim,
            slab.rows.clone().into_buffer_arg(),
            slab.runs.clone().into_buffer_arg(),
            slab.indices.clone().into_buffer_arg(),
            features.clone().into_buffer_arg(),
            weight.clone().into_buffer_arg(),
            bias.clone().into_buffer_arg(),
            output.clone().into_buffer_arg(),
            slab.len,
            sizes,
            types(output.dtype),
        );
    }
    output
}

#[cube(launch)]
fn forward_kernel<F: Float, A: Float>(
    rows: &[u32],
    runs: &[u32],
    indices: &[u32],
    features: &[F],
    weight: &[F],
    bias: &[F],
    output: &mut [F],
    len: usize,
    #[comptime] sizes: Sizes,
    #[define(F, A)] _types: [ElemType; 2],
) {
    let channels_in = comptime!(sizes.channels_in);
    let channels_out = comptime!(sizes.channels_out);
    let (block_in, block_out) = comptime!((sizes.block_in(), sizes.block_out()));
    let blocks_out = comptime!(sizes.blocks_out());
    let row = ABSOLUTE_POS / blocks_out;
    if row >= len {
        terminate!();
    }
    let first_out = (ABSOLUTE_POS % blocks_out) * block_out;
    let mut sums = Array::<A>::new(block_out);
    #[unroll]
    for o in 0..block_out {
        if in_range(first_out, o, channels_out, block_out) {
            sums[o] = A::cast_from(bias[first_out + o]);
        }
    }
    let mut means = Array::<A>::new(block_in);
    for run in rows[row * ROW + 1]..rows[row * ROW + ROW + 1] {
        let at = usize::cast_from(run) * RUN;
        let begin = usize::cast_from(runs[at]);
        let end = usize::cast_from(runs[at + RUN]);
        let first_weight = usize::cast_from(runs[at + 1]) * channels_in * channels_out + first_out;
        for block in 0..sizes.blocks_in() {
            let first_in = block * block_in;
            mean::<F, A>(features, indices, begin, end, first_in, &mut means, channels_in, block_in);
            #[unroll]
            for c in 0..block_in {
                if in_range(first_in, c, channels_in, block_in) {
                    let weights = first_weight + (first_in + c) * channels_out;
                    #[unroll]
                    for o in 0..block_out {
                        if in_range(first_out, o, channels_out, block_out) {
                            sums[o] += means[c] * A::cast_from(weight[weights + o]);
                        }
                    }
                }
            }
        }
    }
    let target = usize::cast_from(rows[row * ROW]) * channels_out + first_out;
    #[unroll]
    for o in 0..block_out {
        if in_range(first_out, o, channels_out, block_out) {
            output[target + o] = F::cast_from(sums[o]);
        }
    }
}
