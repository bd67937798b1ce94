//! Neighbour search for point clouds.
#![forbid(unsafe_code)]

mod batch;
mod bounds;
mod brute;
mod build;
mod cell_key;
mod cell_lists;
mod cell_table;
mod edge_weights;
mod error;
mod fill;
mod fixed_radius;
mod kd_search;
mod kd_tree;
mod lanes;
mod metric;
mod neighbor;
mod neighborhood;
mod rule;
mod search;
mod shape;
mod tables;
mod tile_search;
mod uniform_grid;

pub use error::NeighborError;
pub use fixed_radius::{RadiusLists, fixed_radius};
pub use kd_tree::KdTree;
pub use neighbor::Neighbor;
pub use neighborhood::Neighborhood;
pub use search::Search;
pub use shape::KernelShape;
pub use uniform_grid::UniformGrid;
