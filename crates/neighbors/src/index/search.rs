//! Which structure answers a search.

/// Which structure answers a search. The answer is the same for all, bit for bit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Search {
    /// The faster one, by the number of points in a sample of the cells: for lists of kernels and balls region by
    /// region, for nearest points cloud by cloud. The same points always get the same structure. The crate documentation
    /// has a table of what was measured.
    #[default]
    Auto,
    /// A uniform grid of occupied cells.
    Grid,
    /// A kd-tree.
    KdTree,
}
