//! All fixed-radius neighbours of all points of a batch.

use std::sync::{Arc, OnceLock};

use crate::error::NeighborError;
use crate::index::Search;
use crate::packed_clouds::PackedClouds;
use crate::search::{RegionSearch, search_points};
use crate::shape::BallRule;
use crate::tables::MAX_EDGES;
use crate::tables::inverse;

/// The neighbours of every point, as compressed rows.
///
/// The rows of a large cloud are in the order of the boxes in which it was searched;
/// [`centres`](Self::centres) tells the point of a row. Two are equal when the neighbours of all points are.
#[derive(Debug, Clone)]
pub struct RadiusLists {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    centres: Vec<u32>,
    offsets: Vec<u32>,
    indices: Vec<u32>,
    row_from_point: OnceLock<Vec<u32>>,
}

impl RadiusLists {
    /// The neighbours of every point within a closed ball, `squared_distance <= radius * radius` in `f32`, in parallel.
    ///
    /// Neighbours are searched within the same cloud only. Takes time and memory in proportion to the points and the
    /// pairs, at an even density; while they are built, about twice the memory of the lists.
    ///
    /// # Units
    /// `radius` is a length in the unit of the positions.
    ///
    /// # Errors
    /// A negative or not finite radius, or more than 2^32 - 1 pairs.
    ///
    /// ```
    /// use neighbors::{PackedClouds, RadiusLists, Search};
    ///
    /// let clouds = PackedClouds::single([[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 3.0, 0.0]])?;
    /// let lists = RadiusLists::build(&clouds, 1.0, Search::Auto)?;
    /// assert_eq!(lists.neighbors(0), [0, 1]);
    /// assert_eq!(lists.neighbors(2), [2]);
    /// # Ok::<(), neighbors::NeighborError>(())
    /// ```
    pub fn build(clouds: &PackedClouds, radius: f32, search: Search) -> Result<Self, NeighborError> {
        if !(radius.is_finite() && radius >= 0.0) {
            return Err(NeighborError::Radius { found: radius });
        }
        let tables = if (radius * radius).is_infinite() {
            search_points(clouds, MAX_EDGES, |cloud, _, keys| {
                keys.extend((0..cloud.len() as u32).map(|index| (0, index)));
            })?
        } else {
            let rule = BallRule::closed(radius);
            RegionSearch::new(clouds, rule.cells(), search).wide().lists(&[rule], MAX_EDGES)?.swap_remove(0)
        };
        let [centres, offsets, indices] = tables.into_packed(clouds);
        let inner = Inner { centres, offsets, indices, row_from_point: OnceLock::new() };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Number of points.
    pub fn points(&self) -> usize {
        self.inner.centres.len()
    }

    /// The point `[P]` of each row; every point has one.
    pub fn centres(&self) -> &[u32] {
        &self.inner.centres
    }

    /// Offsets `[P + 1]` into the indices: those of row `r` are `offsets[r]..offsets[r + 1]`.
    pub fn offsets(&self) -> &[u32] {
        &self.inner.offsets
    }

    /// Neighbour indices `[E]`, ascending for each point, the point itself included.
    pub fn indices(&self) -> &[u32] {
        &self.inner.indices
    }

    /// The neighbours of one point.
    ///
    /// # Panics
    /// When `point` is not less than [`points`](Self::points).
    pub fn neighbors(&self, point: usize) -> &[u32] {
        let rows = self.inner.row_from_point.get_or_init(|| inverse(self.centres(), 0));
        let row = rows[point] as usize;
        &self.indices()[self.offsets()[row] as usize..self.offsets()[row + 1] as usize]
    }
}

impl PartialEq for RadiusLists {
    fn eq(&self, other: &Self) -> bool {
        self.points() == other.points()
            && (0..self.points()).all(|point| self.neighbors(point) == other.neighbors(point))
    }
}
