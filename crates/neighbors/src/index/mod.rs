//! Structures that answer single queries about one cloud.

mod cell_keys;
mod cell_table;
mod kd_tree;
mod neighbor;
mod uniform_grid;

pub(crate) use cell_keys::{CellKeys, CellSpan};
pub(crate) use cell_table::CellTable;
pub use kd_tree::KdTree;
pub use neighbor::Neighbor;
pub use uniform_grid::UniformGrid;
