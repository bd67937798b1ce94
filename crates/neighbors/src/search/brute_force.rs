//! Lists point by point, and the oracle of the crate: every pair tested with the rule itself.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;

use crate::error::NeighborError;
use crate::packed_clouds::PackedClouds;
use crate::shape::KernelShape;
use crate::tables::{Chunk, Tables, concatenate};

/// Centres of one task.
const CENTRES: usize = 512;

/// Lists by testing every pair of each cloud.
pub(crate) fn search(
    clouds: &PackedClouds,
    shape: &KernelShape,
    max_edges: u64,
) -> Result<Tables, NeighborError> {
    let positions = clouds.positions();
    search_points(clouds, max_edges, |cloud, i, keys| {
        keys.extend((0..).zip(cloud).filter_map(|(index, j)| {
            let k = shape.subdomain(positions[i], positions[j])?;
            Some((k as u16, index))
        }));
    })
}

/// Lists point by point: `find(cloud, centre, keys)` appends the sub-domain of every neighbour and its index in the cloud,
/// in any order.
pub(crate) fn search_points(
    clouds: &PackedClouds,
    max_edges: u64,
    find: impl Fn(Range<usize>, usize, &mut Vec<(u16, u32)>) + Sync,
) -> Result<Tables, NeighborError> {
    let tasks: Vec<(Range<usize>, Range<usize>)> = clouds
        .ranges()
        .flat_map(|cloud| {
            let end = cloud.end;
            let starts = cloud.clone().step_by(CENTRES);
            starts.map(move |start| (cloud.clone(), start..end.min(start + CENTRES)))
        })
        .collect();
    let total = AtomicU64::new(0);
    let chunks: Vec<Chunk> = tasks
        .into_par_iter()
        .map(|(cloud, centres)| {
            let mut chunk = Chunk::default();
            let mut keys = Vec::new();
            for i in centres {
                keys.clear();
                find(cloud.clone(), i, &mut keys);
                keys.sort_unstable();
                let edges = keys.len() as u64;
                if total.fetch_add(edges, Ordering::Relaxed) + edges > max_edges {
                    return Err(NeighborError::TooManyEdges { max: max_edges });
                }
                chunk.push_centre(&keys);
            }
            Ok(chunk)
        })
        .collect::<Result<_, _>>()?;
    concatenate(&chunks, (0..clouds.points() as u32).collect(), clouds.largest(), max_edges)
}
