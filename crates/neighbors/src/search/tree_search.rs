//! Neighbour lists from kd-trees, one tree for each cloud.

use rayon::prelude::*;

use crate::distance::conservative_radius;
use crate::error::NeighborError;
use crate::index::KdTree;
use crate::packed_clouds::PackedClouds;
use crate::search::brute_force;
use crate::shape::KernelShape;
use crate::tables::Tables;

/// The kd-tree of every cloud.
pub(crate) struct Trees<'a> {
    clouds: &'a PackedClouds,
    trees: Vec<KdTree>,
}

impl<'a> Trees<'a> {
    pub(crate) fn build(clouds: &'a PackedClouds) -> Result<Self, NeighborError> {
        let build = |cloud| KdTree::build(clouds.cloud(cloud));
        let trees = (0..clouds.len()).into_par_iter().map(build).collect::<Result<_, _>>()?;
        Ok(Self { clouds, trees })
    }

    /// Lists point by point: `find(tree, first, centre, keys)` appends the sub-domain and index of every neighbour, in
    /// any order. The tree counts the points of its cloud from `first`.
    pub(crate) fn lists(
        &self,
        max_edges: u64,
        find: impl Fn(&KdTree, usize, usize, &mut Vec<(u16, u32)>) + Sync,
    ) -> Result<Tables, NeighborError> {
        brute_force::search_points(self.clouds, max_edges, |cloud, i, keys| {
            // Of the clouds that start here only the last can hold the point.
            let b = self.clouds.offsets().partition_point(|&offset| offset <= i) - 1;
            find(&self.trees[b], cloud.start, i, keys);
        })
    }
}

/// Builds the lists of all shapes, in their order.
pub(crate) fn search(
    clouds: &PackedClouds,
    shapes: &[KernelShape],
    max_edges: u64,
) -> Result<Vec<Tables>, NeighborError> {
    let trees = Trees::build(clouds)?;
    let positions = clouds.positions();
    shapes
        .iter()
        .map(|shape| {
            // Covers the rounding of the differences, their quotients and the query itself.
            let half = conservative_radius(shape.reach().into_iter().fold(0.0, f32::max));
            trees.lists(max_edges, |tree, first, i, keys| {
                tree.visit_cube(positions[i], half, |j| {
                    let j = first + j as usize;
                    if let Some(k) = shape.subdomain(positions[i], positions[j]) {
                        keys.push((k as u16, j as u32));
                    }
                });
            })
        })
        .collect()
}
