//! `dL/dx_j = sum_k W_k · s_j(k)`, a workgroup for each tile of points and block of input channels.
//!
//! As for narrow layers, `s_j(k) = sum_{i: j in Ω_i(k)} g_i / |Ω_i(k)|` is gathered from the list of `j` itself, through
//! the mirror map.

use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

use super::product::{
    ACROSS, CHUNK, MEMBERS, MEMBERS_STRIDE, THREADS, add_to_rows, blocks, clear, load_weights, multiply,
    write_rows,
};
use crate::gpu::launch::{allocate, one_group_each};
use crate::neighborhood::cube::InverseCounts;
use crate::neighborhood::cube::Lists;
use crate::neighborhood::cube::mirror;
use crate::neighborhood::cube::{ROWS, TILE_RUN, stride};
use crate::op::cube::sizes::{Sizes, types};

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
    let [blocks_in, _] = blocks(sizes.channels_in);
    for part in inverse_counts {
        for (slab, tiles) in lists.tiles() {
            let groups = tiles.count * blocks_in;
            let (count, dim) = one_group_each(&client, groups, THREADS as u32);
            wide_backward_features_kernel::launch(
                &client,
                count,
                dim,
                tiles.runs.clone().into_buffer_arg(),
                tiles.table.clone().into_buffer_arg(),
                slab.indices.clone().into_buffer_arg(),
                part.table.clone().into_buffer_arg(),
                weight.clone().into_buffer_arg(),
                grad.clone().into_buffer_arg(),
                output.clone().into_buffer_arg(),
                slab.len,
                groups,
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
fn wide_backward_features_kernel<F: Float, A: Float>(
    runs: &[u32],
    table: &[u32],
    indices: &[u32],
    inverse_counts: &[f32],
    weight: &[F],
    grad: &[F],
    output: &mut [F],
    len: usize,
    groups: usize,
    counts_first: usize,
    counts_len: usize,
    #[comptime] adds: bool,
    #[comptime] sizes: Sizes,
    #[define(F, A)] _types: [ElemType; 2],
) {
    let channels_in = comptime!(sizes.channels_in);
    let channels_out = comptime!(sizes.channels_out);
    let subdomains = comptime!(sizes.subdomains);
    let [blocks_in, width] = comptime!(blocks(sizes.channels_in));
    let outputs = comptime!(width / ACROSS);
    if CUBE_POS >= groups {
        terminate!();
    }
    let tile = CUBE_POS / blocks_in;
    let first_in = CUBE_POS % blocks_in * width;
    let first = tile * comptime!(stride(subdomains));
    let thread = usize::cast_from(UNIT_POS);
    let first_member = thread / ACROSS * MEMBERS;
    let lane = thread % ACROSS;

    let mut sums = Shared::<[A]>::new_slice(comptime!(ROWS * width));
    let centres = first + comptime!(subdomains + 1);
    let rows = len - tile * ROWS;
    start_rows::<F, A>(&mut sums, table, output, centres, rows, first_in, adds, channels_in, width);
    let mut gathered = Shared::<[A]>::new_slice(comptime!(CHUNK * MEMBERS_STRIDE));
    let mut weights = Shared::<[A]>::new_slice(comptime!(CHUNK * (width + 1)));
    let mut block = Array::<A>::new(comptime!(MEMBERS * outputs));
    for column in 0..counts_len {
        let k = counts_first + column;
        let begin = usize::cast_from(table[first + k]);
        let members = usize::cast_from(table[first + k + 1]) - begin;
        if members > 0 {
            let seen = mirror(k, subdomains, comptime!(sizes.mirrored));
            clear::<A>(&mut block, comptime!(MEMBERS * outputs));
            for chunk in 0..comptime!(channels_out.div_ceil(CHUNK)) {
                let first_out = chunk * CHUNK;
                load_sums::<F, A>(
                    grad,
                    inverse_counts,
                    indices,
                    runs,
                    &mut gathered,
                    begin,
                    members,
                    first_out,
                    column,
                    counts_len,
                    channels_out,
                );
                load_weights::<F, A>(weight, &mut weights, seen, first_in, first_out, true, sizes, width);
                sync_cube();
                if first_member < members {
                    multiply::<A>(&gathered, &weights, &mut block, first_member, lane, CHUNK, width);
                }
                sync_cube();
            }
            add_to_rows::<A>(&block, &mut sums, runs, begin, members, first_member, lane, width);
        }
    }
    sync_cube();
    write_rows::<F, A>(&sums, table, output, centres, rows, first_in, thread, channels_in, width);
}

/// `s_j(k)` of the runs from `begin` on, for `CHUNK` output channels.
///
/// # Shapes
/// - gathered `[CHUNK, MEMBERS_STRIDE]`
#[cube]
fn load_sums<F: Float, A: Float>(
    grad: &[F],
    inverse_counts: &[f32],
    indices: &[u32],
    runs: &[u32],
    gathered: &mut Shared<[A]>,
    begin: usize,
    members: usize,
    first_out: usize,
    column: usize,
    counts_len: usize,
    #[comptime] channels_out: usize,
) {
    let items = members.div_ceil(MEMBERS) * comptime!(MEMBERS * CHUNK);
    for item in range_stepped(usize::cast_from(UNIT_POS), items, THREADS) {
        let (member, o) = (item / CHUNK, item % CHUNK);
        let out = first_out + o;
        let mut sum = A::new(0.0);
        if member < members && out < channels_out {
            let at = (begin + member) * TILE_RUN;
            for edge in usize::cast_from(runs[at])..usize::cast_from(runs[at + 1]) {
                let neighbour = usize::cast_from(indices[edge]);
                sum += A::cast_from(inverse_counts[neighbour * counts_len + column])
                    * A::cast_from(grad[neighbour * channels_out + out]);
            }
        }
        gathered[o * MEMBERS_STRIDE + member] = sum;
    }
}

/// Starts the sums of a tile, at 0 or at what `output` holds already; shapes as in [`write_rows`].
#[cube]
fn start_rows<F: Float, A: Float>(
    sums: &mut Shared<[A]>,
    table: &[u32],
    output: &mut [F],
    centres: usize,
    rows: usize,
    first: usize,
    #[comptime] adds: bool,
    #[comptime] channels: usize,
    #[comptime] width: usize,
) {
    for item in range_stepped(usize::cast_from(UNIT_POS), comptime!(ROWS * width), THREADS) {
        let mut sum = A::new(0.0);
        if comptime!(adds) {
            let (row, channel) = (item / width, first + item % width);
            if row < rows && channel < channels {
                let centre = usize::cast_from(table[centres + row]);
                sum = A::cast_from(output[centre * channels + channel]);
            }
        }
        sums[item] = sum;
    }
}
