//! Reciprocal sizes of the mirrored runs, for gathering gradients.

use rayon::prelude::*;

use crate::batch::cloud_ranges;
use crate::shape::KernelShape;
use crate::tables::Tables;

/// Edges whose mirrored sub-domain is written together.
const BLOCK: usize = 16;

/// See [`Neighborhood::edge_weights`](crate::Neighborhood::edge_weights).
pub(crate) fn edge_weights(tables: &Tables, offsets: &[usize], shape: &KernelShape) -> Vec<f32> {
    let mut weights = vec![0.0f32; tables.indices.len()];
    let mut left = &mut weights[..];
    let mut tasks = Vec::with_capacity(offsets.len());
    for cloud in cloud_ranges(offsets) {
        let runs = tables.run_offsets[cloud.start] as usize..tables.run_offsets[cloud.end] as usize;
        let edges = (tables.run_starts[runs.end] - tables.run_starts[runs.start]) as usize;
        let (mine, rest) = left.split_at_mut(edges);
        left = rest;
        tasks.push((cloud, mine));
    }
    let subdomains = shape.subdomains();
    tasks.into_par_iter().for_each(|(cloud, weights)| {
        let mut reciprocals = vec![0.0f32; cloud.len() * subdomains];
        for i in cloud.clone() {
            for run in tables.run_offsets[i] as usize..tables.run_offsets[i + 1] as usize {
                let size = tables.run_starts[run + 1] - tables.run_starts[run];
                let k = usize::from(tables.run_subdomains[run]);
                reciprocals[(i - cloud.start) * subdomains + k] = 1.0 / size as f32;
            }
        }
        // The mirrored sub-domain of every edge of a centre first, in whole blocks, then one loop over its
        // edges: runs are short, and a loop for each would be mispredicted each time.
        let mut mirrors: Vec<u32> = Vec::new();
        let mut weights = weights;
        for i in cloud.clone() {
            let runs = tables.run_offsets[i] as usize..tables.run_offsets[i + 1] as usize;
            let first = tables.run_starts[runs.start] as usize;
            let edges = tables.run_starts[runs.end] as usize - first;
            if mirrors.len() < edges + BLOCK {
                mirrors.resize(2 * edges + BLOCK, 0);
            }
            let mut at = 0;
            for run in runs {
                let mirror = shape.mirror(usize::from(tables.run_subdomains[run])) as u32;
                let end = tables.run_starts[run + 1] as usize - first;
                while at < end {
                    mirrors[at..at + BLOCK].fill(mirror);
                    at += BLOCK;
                }
                at = end;
            }
            let (mine, rest) = weights.split_at_mut(edges);
            weights = rest;
            let indices = &tables.indices[first..first + edges];
            for ((weight, &neighbour), &mirror) in mine.iter_mut().zip(indices).zip(&mirrors) {
                let row = neighbour as usize - cloud.start;
                *weight = reciprocals[row * subdomains + mirror as usize];
            }
        }
    });
    weights
}
