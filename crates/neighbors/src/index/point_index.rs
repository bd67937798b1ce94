//! One structure for single queries, chosen for the cloud.

use crate::error::NeighborError;
use crate::index::kd_tree::KdTree;
use crate::index::neighbor::Neighbor;
use crate::index::occupancy::Occupancy;
use crate::index::search::Search;
use crate::index::uniform_grid::UniformGrid;
use crate::packed_clouds::check_positions;

/// Number of nearest points for which a grid is laid out when none is named.
const NEAREST: usize = 16;

/// The points of one cloud, ready for queries at any position.
///
/// A uniform grid of occupied cells, or a kd-tree where the density varies so much that no cell edge suits all points;
/// [`Search`] chooses. Both give the same answers, ties included.
///
/// ```
/// use neighbors::{PointIndex, Search};
///
/// let index = PointIndex::build(&[[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 2.0, 0.0]], Search::Auto)?;
/// let found: Vec<u32> = index.within([0.0; 3], 1.0).iter().map(|n| n.index).collect();
/// assert_eq!(found, [0, 1]);
/// assert_eq!(index.nearest_n([0.0, 3.0, 0.0], 1)[0].squared_distance, 1.0);
/// # Ok::<(), neighbors::NeighborError>(())
/// ```
#[derive(Debug)]
pub struct PointIndex {
    structure: Structure,
}

#[derive(Debug)]
enum Structure {
    Grid(UniformGrid),
    Tree(KdTree),
}

impl PointIndex {
    /// Builds the structure in `O(N log N)` at most.
    ///
    /// # Errors
    /// A position that is not finite, or too many points for 32-bit indices.
    pub fn build(positions: &[[f32; 3]], search: Search) -> Result<Self, NeighborError> {
        Self::for_nearest(positions, NEAREST, search)
    }

    /// The structure that is quickest for queries of `n` nearest points from all over the cloud.
    pub(crate) fn for_nearest(
        positions: &[[f32; 3]],
        n: usize,
        search: Search,
    ) -> Result<Self, NeighborError> {
        check_positions(positions)?;
        if search == Search::KdTree {
            return Ok(Self { structure: Structure::Tree(KdTree::build(positions)?) });
        }
        let target = (n as f64 / 4.0).clamp(2.0, 64.0);
        let (cell, occupancy) = suitable_cell(positions, target)?;
        let uneven = || -> Result<bool, NeighborError> {
            let around = Occupancy::count(positions, (4.0 * cell).min(f32::MAX))?;
            Ok(occupancy.mean() > CROWDED * target
                || (around.quantile(LONELY) as usize) < n.min(positions.len()))
        };
        let structure = if search == Search::Auto && uneven()? {
            Structure::Tree(KdTree::build(positions)?)
        } else {
            Structure::Grid(UniformGrid::build(positions, cell)?)
        };
        Ok(Self { structure })
    }

    /// Which structure was built: [`Search::Grid`] or [`Search::KdTree`].
    pub fn search(&self) -> Search {
        match &self.structure {
            Structure::Grid(_) => Search::Grid,
            Structure::Tree(_) => Search::KdTree,
        }
    }

    /// Number of points.
    pub fn len(&self) -> usize {
        match &self.structure {
            Structure::Grid(grid) => grid.len(),
            Structure::Tree(tree) => tree.len(),
        }
    }

    /// Whether there is no point.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The points in the closed ball, `squared_distance <= radius * radius`, sorted by distance, then index.
    ///
    /// Empty for a negative radius, and for a radius or query that is not finite.
    pub fn within(&self, query: [f32; 3], radius: f32) -> Vec<Neighbor> {
        let mut found = Vec::new();
        self.within_into(query, radius, &mut found);
        found
    }

    /// As [`within`](Self::within), into a buffer that is cleared first.
    pub fn within_into(&self, query: [f32; 3], radius: f32, found: &mut Vec<Neighbor>) {
        match &self.structure {
            Structure::Grid(grid) => grid.within_into(query, radius, found),
            Structure::Tree(tree) => tree.within_into(query, radius, found),
        }
    }

    /// The `n` nearest points, or all if there are fewer, sorted by distance, then index.
    ///
    /// Empty for a query that is not finite.
    pub fn nearest_n(&self, query: [f32; 3], n: usize) -> Vec<Neighbor> {
        let mut found = Vec::new();
        self.nearest_n_into(query, n, &mut found);
        found
    }

    /// As [`nearest_n`](Self::nearest_n), into a buffer that is cleared first.
    pub fn nearest_n_into(&self, query: [f32; 3], n: usize, found: &mut Vec<Neighbor>) {
        match &self.structure {
            Structure::Grid(grid) => grid.nearest_n_into(query, n, found),
            Structure::Tree(tree) => tree.nearest_n_into(query, n, found),
        }
    }
}

/// A tree is faster once a point shares its cell with so many times the points that it should, on average.
const CROWDED: f64 = 4.0;

/// A tree is also faster once this share of the points must look for their neighbours farther than four cells.
const LONELY: f64 = 0.02;

/// A cell edge for which half of the points share their cell with at most about `target` points.
fn suitable_cell(positions: &[[f32; 3]], target: f64) -> Result<(f32, Occupancy), NeighborError> {
    let extent = (0..3)
        .map(|axis| {
            let low = positions.iter().fold(f32::MAX, |a, p| a.min(p[axis]));
            let high = positions.iter().fold(f32::MIN, |a, p| a.max(p[axis]));
            f64::from(high) - f64::from(low)
        })
        .fold(0.0, f64::max);
    let largest = positions.iter().flatten().fold(0.0f32, |a, v| a.max(v.abs()));
    // Finer cells would tell apart what single precision cannot.
    let finest = (extent * 1e-7).max(f64::from(largest) * 1e-7).max(f64::from(f32::MIN_POSITIVE));
    let coarsest = f64::from(f32::MAX);
    // The first guess is right for an even sheet.
    let mut edge = extent / (positions.len() as f64 / target).max(1.0).sqrt();
    for _ in 0..PASSES {
        edge = edge.clamp(finest, coarsest);
        let occupancy = Occupancy::count(positions, edge as f32)?;
        let ratio = target / f64::from(occupancy.quantile(0.5)).max(0.5);
        if (0.6..1.6).contains(&ratio) || edge == finest && ratio < 1.0 {
            return Ok((edge as f32, occupancy));
        }
        // The exponent of points that fill something between a sheet and a volume.
        edge *= ratio.powf(0.4);
    }
    let edge = edge.clamp(finest, coarsest) as f32;
    Ok((edge, Occupancy::count(positions, edge)?))
}

/// Most attempts at a cell edge.
const PASSES: usize = 6;
