//! The searches that fill the lists of a batch.

mod boxes;
mod brute_force;
mod cell_lists;
mod custom_search;
mod grid_search;
mod kernel_search;
mod point_cells;
mod region;
mod regions;
mod tree_search;

pub(crate) use brute_force::search as brute_force;
pub(crate) use brute_force::search_points;
pub(crate) use grid_search::search as grid_search;
pub(crate) use kernel_search::{count_all, search_all};
pub(crate) use tree_search::Trees;
