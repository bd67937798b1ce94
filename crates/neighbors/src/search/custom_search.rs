//! The lists of a custom kernel: those of its ball, divided pair by pair.

use rayon::prelude::*;

use crate::error::NeighborError;
use crate::index::Search;
use crate::packed_clouds::PackedClouds;
use crate::search::region_search::RegionSearch;
use crate::shape::{BallRule, CustomKernel, custom_subdomain};
use crate::tables::{Chunk, Tables, concatenate};

/// Rows that are divided by one task.
const ROWS: usize = 512;

/// The lists of a valid kernel: those of its ball, divided.
pub(crate) fn search(
    clouds: &PackedClouds,
    kernel: &dyn CustomKernel,
    search: Search,
    max_edges: u64,
) -> Result<Tables, NeighborError> {
    let rule = BallRule::closed(kernel.radius());
    let positions = clouds.positions();
    let ball = RegionSearch::new(clouds, rule.cells(), search).lists(&[rule], max_edges)?.swap_remove(0);
    let rows: Vec<(usize, usize)> =
        clouds.ranges().flat_map(|cloud| cloud.clone().map(move |row| (row, cloud.start))).collect();
    let chunks: Vec<Chunk> = rows
        .par_chunks(ROWS)
        .map(|rows| {
            let mut chunk = Chunk::default();
            let mut keys = Vec::new();
            for &(row, first) in rows {
                let centre = positions[ball.centres[row] as usize];
                keys.clear();
                for j in ball.runs(row, 0).flat_map(|(_, neighbours)| neighbours) {
                    if let Some(k) = custom_subdomain(kernel, centre, positions[first + j as usize]) {
                        keys.push((k as u16, j));
                    }
                }
                keys.sort_unstable();
                chunk.push_centre(&keys);
            }
            chunk
        })
        .collect();
    concatenate(&chunks, ball.centres, clouds.largest(), max_edges)
}
