//! `y_i[c·M + q] = b[c·M + q] + sum_k W[k, c, q] · mean_{j in Ω_i(k)} x_j[c]`, one thread for each point and block of
//! outputs.

use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

use super::blocks::Blocks;
use crate::gpu::launch::{allocate, one_thread_each};
use crate::neighborhood::cube::{Lists, ROW, RUN};
use crate::op::cube::gather::{in_range, mean};
use crate::op::cube::sizes::{Sizes, types};

/// # Shapes
/// - features `[P, C]`, weight `[K, C, M]`, bias `[C · M]`
/// - output `[P, C · M]`
pub(in crate::op::cube) fn forward(
    sizes: Sizes,
    lists: &Lists,
    features: CubeTensor,
    weight: CubeTensor,
    bias: CubeTensor,
) -> CubeTensor {
    let blocks = Blocks::new(sizes);
    let shape = [lists.points, sizes.channels_in * sizes.channels_out];
    let output = allocate(sizes.op(), "output", &features, shape, features.dtype);
    let client = features.client.clone();
    for slab in &lists.slabs {
        let threads = slab.len * blocks.along_channels * blocks.along_outputs;
        let (count, dim) = one_thread_each(&client, threads);
        depthwise_forward_kernel::launch(
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
            blocks,
            types(output.dtype),
        );
    }
    output
}

#[cube(launch)]
fn depthwise_forward_kernel<F: Float, A: Float>(
    rows: &[u32],
    runs: &[u32],
    indices: &[u32],
    features: &[F],
    weight: &[F],
    bias: &[F],
    output: &mut [F],
    len: usize,
    #[comptime] sizes: Sizes,
    #[comptime] blocks: Blocks,
    #[define(F, A)] _types: [ElemType; 2],
) {
    let channels = comptime!(sizes.channels_in);
    let multiplier = comptime!(sizes.channels_out);
    let channels_out = comptime!(channels * multiplier);
    let block = comptime!(blocks.channels);
    let outputs = comptime!(blocks.outputs);
    let along_outputs = comptime!(blocks.along_outputs);
    let per_row = comptime!(blocks.along_channels * blocks.along_outputs);

    let row = ABSOLUTE_POS / per_row;
    if row >= len {
        terminate!();
    }
    let place = ABSOLUTE_POS % per_row;
    let first = place / along_outputs * block;
    let first_output = place % along_outputs * outputs;
    let mut sums = Array::<A>::new(comptime!(blocks.width()));
    #[unroll]
    for s in 0..comptime!(blocks.width()) {
        sums[s] = A::new(0.0);
    }
    let mut means = Array::<A>::new(block);
    for run in rows[row * ROW + 1]..rows[row * ROW + ROW + 1] {
        let at = usize::cast_from(run) * RUN;
        let begin = usize::cast_from(runs[at]);
        let end = usize::cast_from(runs[at + RUN]);
        let k = usize::cast_from(runs[at + 1]);
        mean::<F, A>(features, indices, begin, end, first, &mut means, channels, block);
        #[unroll]
        for c in 0..block {
            let weights = (k * channels + first + c) * multiplier + first_output;
            #[unroll]
            for q in 0..outputs {
                if in_range(first, c, channels, block) && in_range(first_output, q, multiplier, outputs) {
                    sums[comptime!(c * outputs + q)] += means[c] * A::cast_from(weight[weights + q]);
                }
            }
        }
    }
    let centre = usize::cast_from(rows[row * ROW]);
    #[unroll]
    for c in 0..block {
        let channel = (first + c) * multiplier + first_output;
        #[unroll]
        for q in 0..outputs {
            if in_range(first, c, channels, block) && in_range(first_output, q, multiplier, outputs) {
                let sum = sums[comptime!(c * outputs + q)] + A::cast_from(bias[channel + q]);
                output[centre * channels_out + channel + q] = F::cast_from(sum);
            }
        }
    }
}
