//! The searches that fill the lists of a batch.

mod boxes;
mod brute_force;
mod cell_lists;
mod cell_rows;
mod custom_search;
mod kernel_search;
mod point_cells;
mod region;
mod region_search;
mod region_structure;
mod region_tree;
mod regions;
mod tiles;

pub(crate) use brute_force::search as brute_force;
pub(crate) use brute_force::search_points;
pub(crate) use kernel_search::{count_all, search_all};
pub(crate) use region_search::RegionSearch;
