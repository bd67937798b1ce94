//! Neighbour lists from kd-trees, one tree for each cloud.

use rayon::prelude::*;

use crate::batch::cloud_ranges;
use crate::brute::search_points;
use crate::error::NeighborError;
use crate::kd_tree::KdTree;
use crate::metric::conservative_radius;
use crate::shape::KernelShape;
use crate::tables::Tables;

/// Builds the lists of all shapes, in their order.
pub(crate) fn search(
    positions: &[[f32; 3]],
    offsets: &[usize],
    shapes: &[KernelShape],
    max_edges: u64,
) -> Result<Vec<Tables>, NeighborError> {
    let clouds: Vec<_> = cloud_ranges(offsets).collect();
    let trees: Vec<KdTree> =
        clouds.into_par_iter().map(|cloud| KdTree::build(&positions[cloud])).collect::<Result<_, _>>()?;
    shapes
        .iter()
        .map(|shape| {
            // Covers the rounding of the differences, their quotients and the query itself.
            let half = conservative_radius(shape.reach().into_iter().fold(0.0, f32::max));
            search_points(offsets, max_edges, |cloud, i, keys| {
                // Of the clouds that start here only the last can hold the point.
                let b = offsets.partition_point(|&offset| offset <= i) - 1;
                trees[b].visit_cube(positions[i], half, |j| {
                    let j = cloud.start + j as usize;
                    if let Some(k) = shape.subdomain(positions[i], positions[j]) {
                        keys.push((k as u16, j as u32));
                    }
                });
            })
        })
        .collect()
}
