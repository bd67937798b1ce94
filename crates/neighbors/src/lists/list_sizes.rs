//! How large neighbour lists will be, before they are made.

use crate::error::NeighborError;
use crate::packed_clouds::PackedClouds;
use crate::search::count_all;
use crate::shape::KernelShape;
use crate::tables::Numbering;

/// The exact size of the lists of one kernel shape; see [`ListSizes::count`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListSizes {
    /// Number of clouds B.
    pub clouds: usize,
    /// Number of points P.
    pub points: usize,
    /// Number of occupied sub-domains R of all points.
    pub runs: u64,
    /// Number of neighbour pairs E, each point with itself included. Lists can hold 2^32 - 1.
    pub edges: u64,
    numbering: Numbering,
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
        let sizes = totals.into_iter().map(|(totals, numbering)| Self {
            clouds: clouds.len(),
            points: clouds.points(),
            runs: totals.runs,
            edges: totals.edges,
            numbering,
        });
        Ok(sizes.collect())
    }

    /// Memory of the lists in bytes: the [`bytes`](crate::SubdomainLists::bytes) of new lists. Building them takes
    /// about twice as much for a moment.
    pub fn bytes(&self) -> u64 {
        self.numbering.list_bytes([self.clouds, self.points], self.runs, self.edges)
    }

    /// Bytes of one index: 2, or 4 as in [`wide`](crate::SubdomainLists::wide) lists.
    pub fn index_bytes(&self) -> u64 {
        self.numbering.index_bytes()
    }
}
