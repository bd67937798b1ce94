//! Which structure answers a search.

/// Which structure answers a search. The answer is the same for all, bit for bit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Search {
    /// The quicker structure: the grid, at every size measured (see the crate documentation).
    #[default]
    Auto,
    /// A uniform grid of occupied cells.
    Grid,
    /// A kd-tree.
    KdTree,
}
