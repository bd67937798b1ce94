//! `dL/dW_k = sum_i mean_{j in Ω_i(k)}(x_j) ⊗ g_i`, in two stages.
//!
//! A workgroup takes the runs of one sub-domain in some tiles, and a block of input by output channels: the product of two
//! matrices whose rows are these runs. Then [`reduce`](crate::op::cube::reduce) adds what the groups have, in the order of
//! the tiles.

use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

use super::product::{ACROSS, CHUNK, MEMBERS, MEMBERS_STRIDE, THREADS, blocks, clear, load_means, multiply};
use crate::gpu::launch::{empty_like, one_group_each};
use crate::neighborhood::cube::Lists;
use crate::neighborhood::cube::{TILE_RUN, stride};
use crate::op::cube::backward_weight::most_chunks;
use crate::op::cube::reduce::sum_chunks;
use crate::op::cube::sizes::{Sizes, accumulator, types};

/// Fewest tiles of a chunk.
const CHUNK_TILES: usize = 4;

/// # Shapes
/// - features `[P, C_in]`, grad `[P, C_out]`
/// - output `[K, C_in, C_out]`
pub(in crate::op::cube) fn backward_weight(
    sizes: Sizes,
    lists: &Lists,
    features: CubeTensor,
    grad: CubeTensor,
) -> CubeTensor {
    let (client, dtype) = (grad.client.clone(), grad.dtype);
    let shape = [sizes.subdomains, sizes.channels_in, sizes.channels_out];
    let weights = shape.iter().product();
    let most = most_chunks(&client, weights, accumulator(dtype)).div_ceil(lists.slabs.len());
    let chunk_of = |tiles: usize| tiles.div_ceil(most).max(CHUNK_TILES);
    let chunks_of = |tiles: usize| tiles.div_ceil(chunk_of(tiles));

    let chunks = lists.tiles().map(|(_, tiles)| chunks_of(tiles.count)).sum();
    let partials = empty_like(&grad, [chunks, weights], accumulator(dtype));
    let mut first = 0;
    for (slab, tiles) in lists.tiles() {
        let mine = chunks_of(tiles.count);
        let groups = mine * sizes.subdomains * blocks(sizes.channels_in)[0] * blocks(sizes.channels_out)[0];
        let (count, dim) = one_group_each(&client, groups, THREADS as u32);
        wide_backward_weight_kernel::launch(
            &client,
            count,
            dim,
            tiles.runs.clone().into_buffer_arg(),
            tiles.table.clone().into_buffer_arg(),
            slab.indices.clone().into_buffer_arg(),
            features.clone().into_buffer_arg(),
            grad.clone().into_buffer_arg(),
            partials.clone().into_buffer_arg(),
            tiles.count,
            chunk_of(tiles.count),
            first,
            groups,
            sizes,
            types(dtype),
        );
        first += mine;
    }
    sum_chunks(partials, shape, dtype)
}

/// # Shapes
/// - features `[P, C_in]`, grad `[P, C_out]`
/// - partials `[chunks, K, C_in, C_out]`
#[cube(launch)]
fn wide_backward_weight_kernel<F: Float, A: Float>(
    runs: &[u32],
    table: &[u32],
    indices: &[u32],
    features: &[F],
    grad: &[F],
    partials: &mut [A],
    tiles: usize,
    chunk_len: usize,
    first_chunk: usize,
    groups: usize,
    #[comptime] sizes: Sizes,
    #[define(F, A)] _types: [ElemType; 2],
) {
    let channels_in = comptime!(sizes.channels_in);
    let channels_out = comptime!(sizes.channels_out);
    let subdomains = comptime!(sizes.subdomains);
    let [blocks_in, width_in] = comptime!(blocks(sizes.channels_in));
    let [blocks_out, width_out] = comptime!(blocks(sizes.channels_out));
    let outputs = comptime!(width_out / ACROSS);
    if CUBE_POS >= groups {
        terminate!();
    }
    // The groups that gather the same runs follow each other.
    let first_out = CUBE_POS % blocks_out * width_out;
    let first_in = CUBE_POS / blocks_out % blocks_in * width_in;
    let k = CUBE_POS / comptime!(blocks_out * blocks_in) % subdomains;
    let chunk = CUBE_POS / comptime!(blocks_out * blocks_in * subdomains);
    let thread = usize::cast_from(UNIT_POS);
    let first_member = thread / ACROSS * MEMBERS;
    let lane = thread % ACROSS;

    let mut means = Shared::<[A]>::new_slice(comptime!(CHUNK * MEMBERS_STRIDE));
    let mut grads = Shared::<[A]>::new_slice(comptime!(CHUNK * (width_out + 1)));
    let mut block = Array::<A>::new(comptime!(MEMBERS * outputs));
    clear::<A>(&mut block, comptime!(MEMBERS * outputs));
    for tile in chunk * chunk_len..clamp_max((chunk + 1) * chunk_len, tiles) {
        let first = tile * comptime!(stride(subdomains));
        let begin = usize::cast_from(table[first + k]);
        let end = usize::cast_from(table[first + k + 1]);
        for batch in range_stepped(begin, end, CHUNK) {
            let depth = clamp_max(CHUNK, end - batch);
            load_means::<F, A>(
                features,
                indices,
                runs,
                &mut means,
                batch,
                depth,
                first_in,
                width_in,
                false,
                channels_in,
            );
            load_grads::<F, A>(
                grad,
                runs,
                table,
                &mut grads,
                batch,
                depth,
                first + comptime!(subdomains + 1),
                first_out,
                channels_out,
                width_out,
            );
            sync_cube();
            if first_member < width_in {
                multiply::<A>(&means, &grads, &mut block, first_member, lane, depth, width_out);
            }
            sync_cube();
        }
    }

    let target = ((first_chunk + chunk) * subdomains + k) * comptime!(channels_in * channels_out);
    write_block::<A>(&block, partials, target, first_in, first_out, first_member, lane, sizes);
}

/// Writes the block of a thread to the sums of its sub-domain and chunk, which begin at `target`.
///
/// # Shapes
/// - block `[MEMBERS, width_out / ACROSS]`: input channels from `first_in + first_member` on
#[cube]
fn write_block<A: Float>(
    block: &Array<A>,
    partials: &mut [A],
    target: usize,
    first_in: usize,
    first_out: usize,
    first_member: usize,
    lane: usize,
    #[comptime] sizes: Sizes,
) {
    let (channels_in, channels_out) = comptime!((sizes.channels_in, sizes.channels_out));
    let [_, width_in] = comptime!(blocks(sizes.channels_in));
    let outputs = comptime!(blocks(sizes.channels_out)[1] / ACROSS);
    #[unroll]
    for m in 0..MEMBERS {
        let c = first_member + m;
        #[unroll]
        for j in 0..outputs {
            let o = lane + j * ACROSS;
            if c < width_in && first_in + c < channels_in && first_out + o < channels_out {
                let at = (first_in + c) * channels_out + first_out + o;
                partials[target + at] = block[comptime!(m * outputs + j)];
            }
        }
    }
}

/// The gradients at the centres of `depth` runs from `begin` on; the centres are in the table from `centres` on.
///
/// # Shapes
/// - grads `[CHUNK, width_out + 1]`
#[cube]
fn load_grads<F: Float, A: Float>(
    grad: &[F],
    runs: &[u32],
    table: &[u32],
    grads: &mut Shared<[A]>,
    begin: usize,
    depth: usize,
    centres: usize,
    first_out: usize,
    #[comptime] channels_out: usize,
    #[comptime] width_out: usize,
) {
    for item in range_stepped(usize::cast_from(UNIT_POS), depth * width_out, THREADS) {
        let (d, o) = (item / width_out, item % width_out);
        let mut value = A::new(0.0);
        if first_out + o < channels_out {
            let row = usize::cast_from(runs[(begin + d) * TILE_RUN + 2]);
            let centre = usize::cast_from(table[centres + row]);
            value = A::cast_from(grad[centre * channels_out + first_out + o]);
        }
        grads[d * comptime!(width_out + 1) + o] = value;
    }
}
