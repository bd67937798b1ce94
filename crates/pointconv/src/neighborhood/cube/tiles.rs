//! Runs sorted by sub-domain, tile by tile.

use burn::tensor::DType;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

use super::words::{ROW, RUN};
use crate::gpu::launch::{allocate, one_group_each};

/// Rows of a tile.
pub(crate) const ROWS: usize = 64;

/// Words of a run in [`Tiles::runs`]: its first neighbour, the end of its neighbours, its row within the tile.
pub(crate) const TILE_RUN: usize = 3;

/// The tiles of a slab: `ROWS` rows each, fewer in the last.
#[derive(Debug)]
pub(crate) struct Tiles {
    /// Number of tiles.
    pub(crate) count: usize,
    /// `[R, TILE_RUN]`: the runs of a tile after those of the tile before, sorted by sub-domain and then by row.
    pub(crate) runs: CubeTensor,
    /// `[count, K + 1 + ROWS]`: where the runs of every sub-domain begin, where the last ends, and the points of the rows.
    pub(crate) table: CubeTensor,
}

/// Words of a tile in [`Tiles::table`].
pub(crate) fn stride(subdomains: usize) -> usize {
    subdomains + 1 + ROWS
}

impl Tiles {
    /// The tiles of the `rows` of a slab with their `runs`, each a table and its length.
    pub(crate) fn new(
        (rows, len): (&CubeTensor, usize),
        (unsorted, runs_len): (&CubeTensor, usize),
        subdomains: usize,
    ) -> Self {
        let name = "runs by sub-domain";
        let count = len.div_ceil(ROWS);
        let runs = allocate("pointwise_conv", name, unsorted, [runs_len.max(1), TILE_RUN], DType::U32);
        let table = allocate("pointwise_conv", name, unsorted, [count, stride(subdomains)], DType::U32);
        let client = runs.client.clone();
        let (groups, dim) = one_group_each(&client, count, ROWS as u32);
        tiles_kernel::launch(
            &client,
            groups,
            dim,
            rows.clone().into_buffer_arg(),
            unsorted.clone().into_buffer_arg(),
            runs.clone().into_buffer_arg(),
            table.clone().into_buffer_arg(),
            len,
            count,
            subdomains,
        );
        Self { count, runs, table }
    }
}

/// A workgroup sorts a tile, a thread has one of its rows. The sub-domains of a row ascend, so that each thread has at most
/// one run to write for every sub-domain, behind those of the rows before its own.
#[cube(launch)]
fn tiles_kernel(
    rows: &[u32],
    runs: &[u32],
    sorted: &mut [u32],
    table: &mut [u32],
    len: usize,
    count: usize,
    #[comptime] subdomains: usize,
) {
    let tile = CUBE_POS;
    if tile >= count {
        terminate!();
    }
    let thread = usize::cast_from(UNIT_POS);
    let first = tile * comptime!(stride(subdomains));
    let row = tile * ROWS + thread;
    let mut run = 0usize;
    let mut end = 0usize;
    if row < len {
        run = usize::cast_from(rows[row * ROW + 1]);
        end = usize::cast_from(rows[row * ROW + ROW + 1]);
        table[first + comptime!(subdomains + 1) + thread] = rows[row * ROW];
    }
    let mut next = rows[tile * comptime!(ROWS * ROW) + 1];
    let mut here = Shared::<[u32]>::new_slice(ROWS);
    for k in 0..subdomains {
        let mut has = 0u32;
        if run < end {
            if usize::cast_from(runs[run * RUN + 1]) == k {
                has = 1u32;
            }
        }
        here[thread] = has;
        sync_cube();
        let mut before = 0u32;
        let mut all = 0u32;
        for other in 0..ROWS {
            if other < thread {
                before += here[other];
            }
            all += here[other];
        }
        if has == 1u32 {
            let at = usize::cast_from(next + before) * TILE_RUN;
            sorted[at] = runs[run * RUN];
            sorted[at + 1] = runs[run * RUN + RUN];
            sorted[at + 2] = u32::cast_from(thread);
            run += 1;
        }
        if thread == 0 {
            table[first + k] = next;
        }
        next += all;
        sync_cube();
    }
    if thread == 0 {
        table[first + subdomains] = next;
    }
}
