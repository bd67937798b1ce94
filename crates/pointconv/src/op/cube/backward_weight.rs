//! `dL/dW_k = sum_i mean_{j in Ω_i(k)}(x_j) ⊗ g_i`, in two stages.
//!
//! The runs of the lists are cut into chunks whose borders follow from their number alone. A workgroup sums one chunk,
//! for some of the weights; every weight belongs to one of its threads, which adds the runs in their order. Then
//! [`reduce`](super::reduce) adds the chunks in their order. Nothing depends on which workgroup is done first, so the
//! bits are the same in every run.

use burn::tensor::DType;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

use super::gather::mean_of_channel;
use super::reduce::sum_chunks;
use super::sizes::{Sizes, accumulator, types};
use crate::gpu::launch::{empty_like, largest_binding, one_group_each};
use crate::neighborhood::cube::{Lists, RUN};

/// Threads of a workgroup.
const THREADS: usize = 128;

/// Runs whose means and gradients lie in shared memory at the same time.
const BATCH: usize = 64;

/// Most chunks, and fewest runs of a chunk.
const CHUNKS: usize = 1024;
const CHUNK_RUNS: usize = 4 * BATCH;

/// Shared memory of a workgroup, in bytes: what every device has.
const SHARED: usize = 32 * 1024;

/// Memory for the sums of all chunks, in bytes.
const PARTIALS: usize = 64 << 20;

/// The weights that one workgroup sums: some sub-domains, input channels and output channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Tile {
    subdomains: usize,
    channels_in: usize,
    channels_out: usize,
}

impl Tile {
    /// A tile whose sums lie in shared memory beside the means and the gradients of a batch.
    fn new(sizes: Sizes, bytes: usize) -> Self {
        let mut tile = Self {
            subdomains: sizes.subdomains,
            channels_in: sizes.channels_in.min(16),
            channels_out: sizes.channels_out.min(16),
        };
        while tile.words(sizes.depthwise()) > SHARED / bytes {
            // The neighbours are read again for every tile of output channels, so these are the last to be cut.
            let Self { subdomains, channels_in, channels_out } = &mut tile;
            let cut = if *channels_in > 4 {
                channels_in
            } else if *channels_out > 4 {
                channels_out
            } else {
                subdomains
            };
            *cut = cut.div_ceil(2);
        }
        tile
    }

    fn sums(&self) -> usize {
        self.subdomains * self.channels_in * self.channels_out
    }

    /// Gradients of a point that the tile meets.
    fn grads(&self, depthwise: bool) -> usize {
        if depthwise { self.channels_in * self.channels_out } else { self.channels_out }
    }

    /// Numbers in shared memory: the sums, and of every run of a batch its means, its gradients and its sub-domain.
    fn words(&self, depthwise: bool) -> usize {
        self.sums() + BATCH * (self.channels_in + self.grads(depthwise) + 1)
    }

    /// Tiles along sub-domains, input and output channels.
    fn counts(&self, sizes: Sizes) -> [usize; 3] {
        [
            sizes.subdomains.div_ceil(self.subdomains),
            sizes.channels_in.div_ceil(self.channels_in),
            sizes.channels_out.div_ceil(self.channels_out),
        ]
    }
}

/// Most chunks of which the sums of all `weights` are kept.
pub(super) fn most_chunks(client: &Client, weights: usize, accumulator: DType) -> usize {
    (PARTIALS.min(largest_binding(client)) / (weights * accumulator.size())).clamp(1, CHUNKS)
}

/// # Shapes
/// - features `[P, C_in]`, grad `[P, C_out]` (depthwise `[P, C_in · M]`)
/// - output `[K, C_in, C_out]` (depthwise `[K, C_in, M]`)
pub(super) fn backward_weight(
    sizes: Sizes,
    lists: &Lists,
    features: CubeTensor,
    grad: CubeTensor,
) -> CubeTensor {
    let (client, dtype) = (grad.client.clone(), grad.dtype);
    let weights = sizes.subdomains * sizes.channels_in * sizes.channels_out;
    let bytes = accumulator(dtype).size();
    let tile = Tile::new(sizes, bytes);
    let tiles: usize = tile.counts(sizes).into_iter().product();
    let most = most_chunks(&client, weights, accumulator(dtype));
    let chunk_of = |runs: usize| runs.div_ceil(most.div_ceil(lists.slabs.len())).max(CHUNK_RUNS);
    let chunks_of = |runs: usize| runs.div_ceil(chunk_of(runs));

    let chunks = lists.slabs.iter().map(|slab| chunks_of(slab.runs_len)).sum();
    let partials = empty_like(&grad, [chunks, weights], accumulator(dtype));
    let mut first = 0;
    for slab in &lists.slabs {
        let mine = chunks_of(slab.runs_len);
        let (count, dim) = one_group_each(&client, mine * tiles, THREADS as u32);
        backward_weight_kernel::launch(
            &client,
            count,
            dim,
            slab.runs.clone().into_buffer_arg(),
            slab.indices.clone().into_buffer_arg(),
            features.clone().into_buffer_arg(),
            grad.clone().into_buffer_arg(),
            partials.clone().into_buffer_arg(),
            slab.runs_len,
            chunk_of(slab.runs_len),
            mine,
            first,
            sizes,
            tile,
            types(dtype),
        );
        first += mine;
    }
    let shape = [sizes.subdomains, sizes.channels_in, sizes.channels_out];
    sum_chunks(partials, shape, dtype)
}

/// # Shapes
/// - features `[P, C_in]`, grad `[P, C_out]`
/// - partials `[chunks, K, C_in, C_out]`
#[cube(launch)]
fn backward_weight_kernel<F: Float, A: Float>(
    runs: &[u32],
    indices: &[u32],
    features: &[F],
    grad: &[F],
    partials: &mut [A],
    runs_len: usize,
    chunk_len: usize,
    chunks: usize,
    first_chunk: usize,
    #[comptime] sizes: Sizes,
    #[comptime] tile: Tile,
    #[define(F, A)] _types: [ElemType; 2],
) {
    let channels_in = comptime!(sizes.channels_in);
    let channels_out = comptime!(sizes.channels_out);
    let [_, tiles_in, tiles_out] = comptime!(tile.counts(sizes));
    let tiles = comptime!(tile.counts(sizes).into_iter().product::<usize>());
    let tile_out = comptime!(tile.channels_out);
    let pairs = comptime!(tile.channels_in * tile.channels_out);
    let width = comptime!(tile.grads(sizes.depthwise()));

    let chunk = CUBE_POS / tiles;
    if chunk >= chunks {
        terminate!();
    }
    let index = CUBE_POS % tiles;
    let first_subdomain = index / (tiles_in * tiles_out) * comptime!(tile.subdomains);
    let first_in = index / tiles_out % tiles_in * comptime!(tile.channels_in);
    let first_out = index % tiles_out * tile_out;
    let thread = usize::cast_from(UNIT_POS);

    let mut sums = Shared::<[A]>::new_slice(comptime!(tile.sums()));
    let mut means = Shared::<[A]>::new_slice(comptime!(BATCH * tile.channels_in));
    let mut grads = Shared::<[A]>::new_slice(comptime!(BATCH * width));
    let mut subdomains = Shared::<[u32]>::new_slice(BATCH);
    // A thread clears and adds to the same pairs of channels, whatever the sub-domain.
    for pair in range_stepped(thread, pairs, THREADS) {
        for k in 0..comptime!(tile.subdomains) {
            sums[k * pairs + pair] = A::new(0.0);
        }
    }

    let chunk_begin = chunk * chunk_len;
    let chunk_end = clamp_max(chunk_begin + chunk_len, runs_len);
    for batch in range_stepped(chunk_begin, chunk_end, BATCH) {
        let batch_len = clamp_max(BATCH, chunk_end - batch);
        load_means::<F, A>(features, indices, runs, &mut means, batch, batch_len, first_in, sizes, tile);
        load_grads::<F, A>(grad, runs, &mut grads, batch, batch_len, first_in, first_out, sizes, tile);
        for r in range_stepped(thread, batch_len, THREADS) {
            subdomains[r] = runs[(batch + r) * RUN + 1];
        }
        sync_cube();
        for pair in range_stepped(thread, pairs, THREADS) {
            let (c, o) = (pair / tile_out, pair % tile_out);
            if first_in + c < channels_in && first_out + o < channels_out {
                let mut column = o;
                if comptime!(sizes.depthwise()) {
                    column = pair;
                }
                for r in 0..batch_len {
                    let k = usize::cast_from(subdomains[r]);
                    if k >= first_subdomain && k < first_subdomain + comptime!(tile.subdomains) {
                        sums[(k - first_subdomain) * pairs + pair] +=
                            means[r * comptime!(tile.channels_in) + c] * grads[r * width + column];
                    }
                }
            }
        }
        sync_cube();
    }

    let target = (first_chunk + chunk) * comptime!(sizes.subdomains * sizes.channels_in * sizes.channels_out);
    write_sums::<A>(&sums, partials, target, first_subdomain, first_in, first_out, sizes, tile);
}

/// Writes the sums of a tile to those of its chunk, which begin at `target`.
#[cube]
fn write_sums<A: Float>(
    sums: &Shared<[A]>,
    partials: &mut [A],
    target: usize,
    first_subdomain: usize,
    first_in: usize,
    first_out: usize,
    #[comptime] sizes: Sizes,
    #[comptime] tile: Tile,
) {
    let (channels_in, channels_out) = comptime!((sizes.channels_in, sizes.channels_out));
    let tile_out = comptime!(tile.channels_out);
    let pairs = comptime!(tile.channels_in * tile.channels_out);
    for pair in range_stepped(usize::cast_from(UNIT_POS), pairs, THREADS) {
        let (c, o) = (first_in + pair / tile_out, first_out + pair % tile_out);
        if c < channels_in && o < channels_out {
            for k in 0..comptime!(tile.subdomains) {
                if first_subdomain + k < comptime!(sizes.subdomains) {
                    let at = ((first_subdomain + k) * channels_in + c) * channels_out + o;
                    partials[target + at] = sums[k * pairs + pair];
                }
            }
        }
    }
}

/// The means of the runs of a batch, `tile.channels_in` for each run.
#[cube]
fn load_means<F: Float, A: Float>(
    features: &[F],
    indices: &[u32],
    runs: &[u32],
    means: &mut Shared<[A]>,
    first_run: usize,
    len: usize,
    first_in: usize,
    #[comptime] sizes: Sizes,
    #[comptime] tile: Tile,
) {
    let channels_in = comptime!(sizes.channels_in);
    let tile_in = comptime!(tile.channels_in);
    for item in range_stepped(usize::cast_from(UNIT_POS), len * tile_in, THREADS) {
        let at = (first_run + item / tile_in) * RUN;
        let channel = first_in + item % tile_in;
        let mut mean = A::new(0.0);
        if channel < channels_in {
            let begin = usize::cast_from(runs[at]);
            let end = usize::cast_from(runs[at + RUN]);
            mean = mean_of_channel::<F, A>(features, indices, begin, end, channel, channels_in);
        }
        means[item] = mean;
    }
}

/// The gradients at the centres of the runs of a batch, `tile.grads` for each run.
#[cube]
fn load_grads<F: Float, A: Float>(
    grad: &[F],
    runs: &[u32],
    grads: &mut Shared<[A]>,
    first_run: usize,
    len: usize,
    first_in: usize,
    first_out: usize,
    #[comptime] sizes: Sizes,
    #[comptime] tile: Tile,
) {
    let tile_out = comptime!(tile.channels_out);
    let width = comptime!(tile.grads(sizes.depthwise()));
    for item in range_stepped(usize::cast_from(UNIT_POS), len * width, THREADS) {
        let at = (first_run + item / width) * RUN;
        let column = item % width;
        let mut c = first_in;
        if comptime!(sizes.depthwise()) {
            c += column / tile_out;
        }
        let o = first_out + column % tile_out;
        let mut value = A::new(0.0);
        if c < comptime!(sizes.channels_in) && o < comptime!(sizes.channels_out) {
            value = A::cast_from(grad[at_grad(usize::cast_from(runs[at + 2]), c, o, sizes)]);
        }
        grads[item] = value;
    }
}

/// Where the gradient lies that meets input channel `c` at output `o` of the point.
#[cube]
fn at_grad(centre: usize, c: usize, o: usize, #[comptime] sizes: Sizes) -> usize {
    if comptime!(sizes.depthwise()) {
        (centre * comptime!(sizes.channels_in) + c) * comptime!(sizes.channels_out) + o
    } else {
        centre * comptime!(sizes.channels_out) + o
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::op::kind::ConvKind;

    #[test]
    fn tiles_fit_into_shared_memory() {
        for (subdomains, channels_in, channels_out) in
            [(27, 9, 9), (27, 3, 36), (1, 1, 1), (27, 64, 128), (125, 64, 64), (9261, 20, 20), (65535, 1, 1)]
        {
            for (kind, bytes) in
                [ConvKind::Full, ConvKind::Depthwise].into_iter().flat_map(|k| [(k, 4), (k, 8)])
            {
                let sizes =
                    Sizes { subdomains, channels_in, channels_out, mirrored: true, kind, double: false };
                let tile = Tile::new(sizes, bytes);
                assert!(tile.words(sizes.depthwise()) * bytes <= SHARED, "{sizes:?}: {tile:?}");
                let counts = tile.counts(sizes);
                assert!(counts[0] * tile.subdomains >= subdomains, "{sizes:?}: {tile:?}");
                assert!(counts[1] * tile.channels_in >= channels_in, "{sizes:?}: {tile:?}");
                assert!(counts[2] * tile.channels_out >= channels_out, "{sizes:?}: {tile:?}");
            }
        }
        let paper = Sizes {
            subdomains: 27,
            channels_in: 9,
            channels_out: 9,
            mirrored: true,
            kind: ConvKind::Full,
            double: false,
        };
        assert_eq!(Tile::new(paper, 4).counts(paper), [1, 1, 1], "the layers of the paper are one tile");
    }
}
