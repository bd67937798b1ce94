//! How large neighbour lists will be, before they are made.

use crate::error::NeighborError;
use crate::packed_clouds::PackedClouds;
use crate::search::count_all;
use crate::shape::KernelShape;
use crate::tables::MOST_NARROW;

/// The exact size of the lists of one kernel shape; see [`ListSizes::count`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListSizes {
    /// Number of clouds B.
    pub clouds: usize,
    /// Number of points P.
    pub points: usize,
    /// Number of points of the largest cloud, which decides about the bytes of an index.
    pub largest_cloud: usize,
    /// Number of occupied sub-domains R of all points.
    pub runs: u64,
    /// Number of neighbour pairs E, each point with itself included. Lists can hold 2^32 - 1.
    pub edges: u64,
}

impl ListSizes {
    /// Counts what [`SubdomainLists::build_all`](crate::SubdomainLists::build_all) would find, in the order of
    /// `shapes`, without making the lists.
    ///
    /// Takes the memory of the grid but not of the lists, and a part of their time. The lists of a
    /// [custom](crate::CustomKernel) kernel are made, and dropped.
    ///
    /// # Errors
    /// An invalid shape. More than 2^32 - 1 pairs are counted, not refused, but for a custom kernel.
    ///
    /// ```
    /// use neighbors::{KernelShape, ListSizes, PackedClouds, Search, SubdomainLists};
    ///
    /// let clouds = PackedClouds::single([[0.0, 0.0, 0.0], [0.1, 0.0, 0.0], [0.02, 0.0, 0.0]])?;
    /// let shape = KernelShape::cells(0.1);
    /// let sizes = ListSizes::count(&clouds, &[shape])?[0];
    /// assert_eq!((sizes.runs, sizes.edges), (6, 9));
    ///
    /// let lists = SubdomainLists::build(&clouds, &shape, Search::Auto)?;
    /// assert_eq!(lists.bytes() as u64, sizes.bytes());
    /// # Ok::<(), neighbors::NeighborError>(())
    /// ```
    pub fn count(clouds: &PackedClouds, shapes: &[KernelShape]) -> Result<Vec<Self>, NeighborError> {
        shapes.iter().try_for_each(KernelShape::validate)?;
        let totals = count_all(clouds, shapes)?;
        let sizes = totals.into_iter().map(|totals| Self {
            clouds: clouds.len(),
            points: clouds.points(),
            largest_cloud: clouds.largest(),
            runs: totals.runs,
            edges: totals.edges,
        });
        Ok(sizes.collect())
    }

    /// Memory of the lists in bytes: the [`bytes`](crate::SubdomainLists::bytes) of new lists. Building them takes
    /// about twice as much for a moment.
    pub fn bytes(&self) -> u64 {
        let offsets = (self.clouds as u64 + 1) * size_of::<usize>() as u64;
        let index = self.index_bytes();
        // Centre and offsets of each row, and the ends of the last; sub-domain and end of each run; indices.
        offsets + 12 * self.points as u64 + 8 + (2 + index) * self.runs + index * self.edges
    }

    /// Bytes of one index: 2, or 4 where a cloud has more than 65,535 points.
    pub fn index_bytes(&self) -> u64 {
        if self.largest_cloud <= MOST_NARROW { 2 } else { 4 }
    }
}
