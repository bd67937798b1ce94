//! Which structure answers a search.

/// Which structure answers a search. The answer is the same for all, bit for bit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Search {
    /// The faster structure for the work, see the crate documentation for the measurement.
    #[default]
    Auto,
    /// A uniform grid of occupied cells.
    Grid,
    /// A kd-tree.
    KdTree,
}
