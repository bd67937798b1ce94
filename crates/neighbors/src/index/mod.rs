//! Structures that answer single queries about one cloud.

mod cell_keys;
mod cell_table;
mod kd_tree;
mod neighbor;
mod occupancy;
mod point_index;
mod search;
mod uniform_grid;

pub(crate) use cell_keys::{CellKeys, CellSpan};
pub(crate) use cell_table::CellTable;
pub(crate) use kd_tree::KdTree;
pub use neighbor::Neighbor;
pub(crate) use occupancy::Occupancy;
pub use point_index::PointIndex;
pub use search::Search;
