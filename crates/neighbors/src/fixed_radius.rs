//! All fixed-radius neighbours of all points of a cloud.

use crate::batch::check_positions;
use crate::brute::search_points;
use crate::error::NeighborError;
use crate::kd_tree::KdTree;
use crate::metric::{conservative_radius, squared_distance};
use crate::neighborhood::MAX_EDGES;
use crate::rule::BallRule;
use crate::search::Search;
use crate::tables::Tables;
use crate::tile_search;

/// The neighbours of every point, as compressed rows.
#[derive(Debug, Clone, PartialEq)]
pub struct RadiusLists {
    offsets: Vec<u32>,
    indices: Vec<u32>,
}

impl RadiusLists {
    /// Number of points.
    pub fn points(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Offsets `[P + 1]` into the indices.
    pub fn offsets(&self) -> &[u32] {
        &self.offsets
    }

    /// Neighbour indices `[E]`, ascending for each point, the point itself included.
    pub fn indices(&self) -> &[u32] {
        &self.indices
    }

    /// The neighbours of one point.
    ///
    /// # Panics
    /// When `point` is not less than [`points`](Self::points).
    pub fn neighbors(&self, point: usize) -> &[u32] {
        &self.indices[self.offsets[point] as usize..self.offsets[point + 1] as usize]
    }
}

/// The neighbours of every point of a cloud within a closed ball,
/// `squared_distance <= radius * radius` in `f32`, in parallel.
///
/// Takes time and memory in proportion to the points and the pairs, at an even density; in the building
/// about twice the memory of the lists.
///
/// # Units
/// `radius` is a length in the unit of the positions.
///
/// # Errors
/// A negative or not finite radius, a position that is not finite, or more than 2^32 - 1 pairs.
///
/// ```
/// use neighbors::{Search, fixed_radius};
///
/// let positions = [[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 3.0, 0.0]];
/// let lists = fixed_radius(&positions, 1.0, Search::Auto)?;
/// assert_eq!(lists.neighbors(0), [0, 1]);
/// assert_eq!(lists.neighbors(2), [2]);
/// # Ok::<(), neighbors::NeighborError>(())
/// ```
pub fn fixed_radius(
    positions: &[[f32; 3]],
    radius: f32,
    search: Search,
) -> Result<RadiusLists, NeighborError> {
    check_positions(positions)?;
    if !(radius.is_finite() && radius >= 0.0) {
        return Err(NeighborError::Radius { found: radius });
    }
    let squared = radius * radius;
    let offsets = [0, positions.len()];
    let tables = if squared.is_infinite() {
        search_points(&offsets, MAX_EDGES, |cloud, _, keys| {
            keys.extend(cloud.map(|j| (0, j as u32)));
        })?
    } else if search == Search::KdTree {
        let tree = KdTree::build(positions)?;
        let half = conservative_radius(radius);
        search_points(&offsets, MAX_EDGES, |_, i, keys| {
            tree.visit_ball(positions[i], half, |j| {
                if squared_distance(positions[i], positions[j as usize]) <= squared {
                    keys.push((0, j));
                }
            });
        })?
    } else {
        let rule = BallRule::closed(radius);
        let (cells, rules) = (rule.cells(), [rule]);
        let mut all = tile_search::search(positions, &offsets, cells, &rules, MAX_EDGES)?;
        all.swap_remove(0)
    };
    // Every point is its own neighbour, so there is exactly one run for each point.
    let Tables { run_starts, indices, .. } = tables;
    Ok(RadiusLists { offsets: run_starts, indices })
}
