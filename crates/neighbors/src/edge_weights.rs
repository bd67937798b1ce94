//! Reciprocal sizes of the mirrored runs, for gathering gradients.

use std::ops::Range;

use rayon::prelude::*;

use crate::batch::cloud_ranges;
use crate::shape::KernelShape;
use crate::tables::{Tables, inverse};

/// Edges whose mirrored sub-domain is written together.
const BLOCK: usize = 16;

/// Rows of one task; a larger cloud is cut into several.
const TASK_ROWS: usize = 8192;

/// See [`Neighborhood::edge_weights`](crate::Neighborhood::edge_weights).
pub(crate) fn edge_weights(tables: &Tables, offsets: &[usize], shape: &KernelShape) -> Vec<f32> {
    let mut weights = vec![0.0f32; tables.indices.len()];
    let mut left = &mut weights[..];
    let mut clouds = Vec::with_capacity(offsets.len());
    for cloud in cloud_ranges(offsets) {
        let mut tasks = Vec::with_capacity(cloud.len().div_ceil(TASK_ROWS));
        for start in cloud.clone().step_by(TASK_ROWS) {
            let rows = start..cloud.end.min(start + TASK_ROWS);
            let first = |row: usize| tables.run_starts[tables.run_offsets[row] as usize] as usize;
            let (mine, rest) = left.split_at_mut(first(rows.end) - first(rows.start));
            left = rest;
            tasks.push((rows, mine));
        }
        clouds.push((cloud, tasks));
    }
    let subdomains = shape.subdomains();
    clouds.into_par_iter().for_each(|(cloud, tasks)| {
        // By point, not by row: neighbours are points.
        let mut reciprocals = vec![0.0f32; cloud.len() * subdomains];
        let rows = inverse(&tables.centres[cloud.clone()], cloud.start);
        let chunks = reciprocals.par_chunks_mut(TASK_ROWS * subdomains).zip(rows.par_chunks(TASK_ROWS));
        chunks.for_each(|(reciprocals, rows)| {
            for (reciprocals, &row) in reciprocals.chunks_exact_mut(subdomains).zip(rows) {
                for run in tables.runs(cloud.start + row as usize) {
                    let size = tables.run_starts[run + 1] - tables.run_starts[run];
                    reciprocals[usize::from(tables.run_subdomains[run])] = 1.0 / size as f32;
                }
            }
        });
        tasks.into_par_iter().for_each(|(rows, weights)| {
            write_weights(tables, shape, rows, cloud.start, &reciprocals, weights);
        });
    });
    weights
}

/// Writes the weights of the edges of some rows of a cloud that starts with the point `first_point`.
fn write_weights(
    tables: &Tables,
    shape: &KernelShape,
    rows: Range<usize>,
    first_point: usize,
    reciprocals: &[f32],
    mut weights: &mut [f32],
) {
    let subdomains = shape.subdomains();
    // The mirrored sub-domain of every edge of a row first, in whole blocks, then one loop over its
    // edges: runs are short, and a loop for each would be mispredicted each time.
    let mut mirrors: Vec<u32> = Vec::new();
    for row in rows {
        let runs = tables.runs(row);
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
            let point = neighbour as usize - first_point;
            *weight = reciprocals[point * subdomains + mirror as usize];
        }
    }
}
