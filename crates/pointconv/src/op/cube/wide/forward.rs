//! `y_i = b + sum_k W_k · mean_{j in Ω_i(k)} x_j`, a workgroup for each tile of points and block of output channels.

use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

use super::product::{
    ACROSS, CHUNK, MEMBERS, MEMBERS_STRIDE, THREADS, add_to_rows, blocks, clear, load_means, load_weights,
    multiply, write_rows,
};
use crate::gpu::launch::{allocate, one_group_each};
use crate::neighborhood::cube::Lists;
use crate::neighborhood::cube::{ROWS, stride};
use crate::op::cube::sizes::{Sizes, types};

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
    let [blocks_out, _] = blocks(sizes.channels_out);
    for (slab, tiles) in lists.tiles() {
        let groups = tiles.count * blocks_out;
        let (count, dim) = one_group_each(&client, groups, THREADS as u32);
        wide_forward_kernel::launch(
            &client,
            count,
            dim,
            tiles.runs.clone().into_buffer_arg(),
            tiles.table.clone().into_buffer_arg(),
            slab.indices.clone().into_buffer_arg(),
            features.clone().into_buffer_arg(),
            weight.clone().into_buffer_arg(),
            bias.clone().into_buffer_arg(),
            output.clone().into_buffer_arg(),
            slab.len,
            groups,
            sizes,
            types(output.dtype),
        );
    }
    output
}

#[cube(launch)]
fn wide_forward_kernel<F: Float, A: Float>(
    runs: &[u32],
    table: &[u32],
    indices: &[u32],
    features: &[F],
    weight: &[F],
    bias: &[F],
    output: &mut [F],
    len: usize,
    groups: usize,
    #[comptime] sizes: Sizes,
    #[define(F, A)] _types: [ElemType; 2],
) {
    let channels_in = comptime!(sizes.channels_in);
    let channels_out = comptime!(sizes.channels_out);
    let subdomains = comptime!(sizes.subdomains);
    let [blocks_out, width] = comptime!(blocks(sizes.channels_out));
    let outputs = comptime!(width / ACROSS);
    if CUBE_POS >= groups {
        terminate!();
    }
    let tile = CUBE_POS / blocks_out;
    let first_out = CUBE_POS % blocks_out * width;
    let first = tile * comptime!(stride(subdomains));
    let thread = usize::cast_from(UNIT_POS);
    let first_member = thread / ACROSS * MEMBERS;
    let lane = thread % ACROSS;

    let mut sums = Shared::<[A]>::new_slice(comptime!(ROWS * width));
    for item in range_stepped(thread, comptime!(ROWS * width), THREADS) {
        let out = first_out + item % width;
        let mut sum = A::new(0.0);
        if out < channels_out {
            sum = A::cast_from(bias[out]);
        }
        sums[item] = sum;
    }
    let mut means = Shared::<[A]>::new_slice(comptime!(CHUNK * MEMBERS_STRIDE));
    let mut weights = Shared::<[A]>::new_slice(comptime!(CHUNK * (width + 1)));
    let mut block = Array::<A>::new(comptime!(MEMBERS * outputs));
    for k in 0..subdomains {
        let begin = usize::cast_from(table[first + k]);
        let members = usize::cast_from(table[first + k + 1]) - begin;
        if members > 0 {
            clear::<A>(&mut block, comptime!(MEMBERS * outputs));
            for chunk in 0..comptime!(channels_in.div_ceil(CHUNK)) {
                let first_in = chunk * CHUNK;
                load_means::<F, A>(
                    features,
                    indices,
                    runs,
                    &mut means,
                    begin,
                    members,
                    first_in,
                    CHUNK,
                    true,
                    channels_in,
                );
                load_weights::<F, A>(weight, &mut weights, k, first_in, first_out, false, sizes, width);
                sync_cube();
                if first_member < members {
                    multiply::<A>(&means, &weights, &mut block, first_member, lane, CHUNK, width);
                }
                sync_cube();
            }
            add_to_rows::<A>(&block, &mut sums, runs, begin, members, first_member, lane, width);
        }
    }
    sync_cube();
    let centres = first + comptime!(subdomains + 1);
    let rows = len - tile * ROWS;
    write_rows::<F, A>(&sums, table, output, centres, rows, first_out, thread, channels_out, width);
}
