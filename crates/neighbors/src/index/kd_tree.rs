//! A kd-tree over one cloud.

use std::num::NonZero;

use kiddo::leaf_strategies::VecOfArenas;
use kiddo::stem_strategies::EytzingerNoPf;
use kiddo::{Chebyshev, SquaredEuclidean};

use crate::distance::{conservative_radius, squared_distance};
use crate::error::NeighborError;
use crate::index::neighbor::{Neighbor, sort, truncate_to_nearest};
use crate::packed_clouds::check_positions;

/// Coordinates from here on have squares that overflow: such a cloud is scanned instead.
const SQUARE_OVERFLOWS: f32 = 1e18;

/// Points in a leaf, at most.
const LEAF: usize = 32;

/// The tree of kiddo for points that do not change, without its prefetching: that computes addresses beyond the nodes, which Miri
/// reports as undefined behaviour.
type Tree = kiddo::KdTree<f32, u32, EytzingerNoPf, VecOfArenas<f32, u32, 3, LEAF>, 3, LEAF>;

/// A balanced kd-tree over the points of one cloud.
///
/// Answers are the same as those of [`UniformGrid`](crate::UniformGrid), ties included. Any number of equal
/// points is fine. Clouds with coordinates beyond 1e18 are scanned point by point.
#[derive(Debug)]
pub(crate) struct KdTree {
    positions: Vec<[f32; 3]>,
    tree: Option<Tree>,
}

impl KdTree {
    /// Builds the tree in `O(N log N)`.
    ///
    /// # Errors
    /// A position that is not finite, or too many points for 32-bit indices.
    pub(crate) fn build(positions: &[[f32; 3]]) -> Result<Self, NeighborError> {
        check_positions(positions)?;
        let tame = positions.iter().all(|p| p.iter().all(|v| v.abs() < SQUARE_OVERFLOWS));
        // Construction can only fail for indices that do not fit, which was checked; scanning is correct
        // whenever there is no tree.
        let tree = (tame && !positions.is_empty()).then(|| Tree::new_from_slice(positions).ok()).flatten();
        Ok(Self { positions: positions.to_vec(), tree })
    }

    /// Number of points.
    pub(crate) fn len(&self) -> usize {
        self.positions.len()
    }

    /// Whether there is no point.
    pub(crate) fn is_empty(&self) -> bool {
        self.positions.is_empty()
    }

    /// The points in the closed ball, `squared_distance <= radius * radius`, sorted by distance, then
    /// index.
    ///
    /// Empty for a negative radius, and for a radius or query that is not finite. Typically
    /// `O(log N + found)` before sorting.
    #[cfg(test)]
    pub(crate) fn within(&self, query: [f32; 3], radius: f32) -> Vec<Neighbor> {
        let mut found = Vec::new();
        self.within_into(query, radius, &mut found);
        found
    }

    /// As [`within`](Self::within), into a buffer that is cleared first.
    pub(crate) fn within_into(&self, query: [f32; 3], radius: f32, found: &mut Vec<Neighbor>) {
        found.clear();
        if radius >= 0.0 && radius.is_finite() {
            self.collect(query, radius * radius, conservative_radius(radius), found);
            sort(found);
        }
    }

    /// The `n` nearest points, or all if there are fewer, sorted by distance, then index.
    #[cfg(test)]
    pub(crate) fn nearest_n(&self, query: [f32; 3], n: usize) -> Vec<Neighbor> {
        let mut found = Vec::new();
        self.nearest_n_into(query, n, &mut found);
        found
    }

    /// The `n` nearest points, or all if there are fewer, sorted by distance, then index.
    ///
    /// Empty for a query that is not finite. Typically `O(log N + n)`.
    pub(crate) fn nearest_n_into(&self, query: [f32; 3], n: usize, found: &mut Vec<Neighbor>) {
        found.clear();
        if n == 0 || self.is_empty() || !query.iter().all(|v| v.is_finite()) {
            return;
        }
        // One more than asked for, to see a tie.
        let wanted = NonZero::new(n.saturating_add(1).min(self.len()));
        let (Some(tree), Some(wanted), true) = (&self.tree, wanted, tame(query)) else {
            self.collect(query, f32::INFINITY, f64::INFINITY, found);
            return truncate_to_nearest(found, n);
        };
        let nearest = tree.query(&query).nearest_n::<SquaredEuclidean<f32>>(wanted).execute();
        found.extend(nearest.iter().map(|nearest| {
            let index = nearest.item;
            Neighbor { index, squared_distance: squared_distance(query, self.positions[index as usize]) }
        }));
        sort(found);
        let Some(beyond) = found.get(n).map(|neighbor| neighbor.squared_distance) else {
            return;
        };
        let farthest = found[n - 1].squared_distance;
        // The tree sums its squares in an order of its own and breaks ties as it likes. If the next point is farther by
        // more than the rounding, all others are; if not, take all that are not farther, then the lowest indices.
        if farthest * (1.0 + 1e-5) + f32::MIN_POSITIVE < beyond {
            found.truncate(n);
            return;
        }
        found.clear();
        self.collect(query, farthest, conservative_radius(farthest.sqrt()), found);
        truncate_to_nearest(found, n);
    }

    /// Calls `visit` for the points within a cube about the query, and possibly some more.
    pub(crate) fn visit_cube(&self, query: [f32; 3], half: f64, mut visit: impl FnMut(u32)) {
        let half = half as f32;
        match &self.tree {
            Some(tree) if tame(query) && half < SQUARE_OVERFLOWS => tree
                .query(&query)
                .within::<Chebyshev<f32>>(half.next_up())
                .unsorted()
                .visit(|found| visit(found.item)),
            _ => (0..self.len() as u32).for_each(visit),
        }
    }

    /// Calls `visit` for the points within a ball about the query, and possibly some more.
    pub(crate) fn visit_ball(&self, query: [f32; 3], reach: f64, mut visit: impl FnMut(u32)) {
        // The tree sums its squares in an order of its own: ask for a little more.
        let squared_reach = (reach * reach * (1.0 + 1e-5)) as f32;
        match &self.tree {
            Some(tree) if tame(query) && squared_reach.is_finite() => tree
                .query(&query)
                .within::<SquaredEuclidean<f32>>(squared_reach.next_up())
                .unsorted()
                .visit(|found| visit(found.item)),
            _ => (0..self.len() as u32).for_each(visit),
        }
    }

    /// Appends the points with at most this squared distance, all of which lie within `reach`.
    fn collect(&self, query: [f32; 3], squared: f32, reach: f64, found: &mut Vec<Neighbor>) {
        self.visit_ball(query, reach, |index| {
            let squared_distance = squared_distance(query, self.positions[index as usize]);
            if squared_distance <= squared {
                found.push(Neighbor { index, squared_distance });
            }
        });
    }
}

/// Whether no square of a difference to a tame cloud overflows.
fn tame(query: [f32; 3]) -> bool {
    query.iter().all(|v| v.abs() < SQUARE_OVERFLOWS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_equal_points() {
        // Miri takes minutes for more.
        let many = if cfg!(miri) { 500 } else { 100_000 };
        let tree = KdTree::build(&vec![[0.25, -1.0, 3.0]; many]).unwrap();
        assert_eq!(tree.within([0.25, -1.0, 3.0], 0.0).len(), many);
        let nearest = tree.nearest_n([0.0; 3], 3);
        assert_eq!(nearest.iter().map(|n| n.index).collect::<Vec<_>>(), [0, 1, 2]);
    }

    #[test]
    fn no_point() {
        let tree = KdTree::build(&[]).unwrap();
        assert!(tree.is_empty());
        assert!(tree.within([0.0; 3], 1.0).is_empty());
        assert!(tree.nearest_n([0.0; 3], 4).is_empty());
    }

    #[test]
    fn unusable_queries_find_nothing() {
        let tree = KdTree::build(&[[0.0; 3]]).unwrap();
        assert!(tree.within([f32::NAN, 0.0, 0.0], 1.0).is_empty());
        assert!(tree.within([0.0; 3], -1.0).is_empty());
        assert!(tree.within([0.0; 3], f32::NAN).is_empty());
        assert!(tree.nearest_n([f32::INFINITY, 0.0, 0.0], 1).is_empty());
    }

    #[test]
    fn not_a_number_is_refused() {
        let error = KdTree::build(&[[0.0; 3], [0.0, f32::NAN, 0.0]]).unwrap_err();
        assert!(matches!(error, NeighborError::NonFinite { index: 1, .. }));
    }
}
