//! Neighbour search for point clouds: sub-domain lists for point convolutions, fixed-radius lists, and point
//! queries. No deep-learning framework is needed.
//!
//! - [`Neighborhood`] sorts the neighbours of every point of a packed batch into the sub-domains of a
//!   [`KernelShape`]: cubic cells or spherical shells, with à-trous gaps, or a [`CustomKernel`] of your own.
//! - [`fixed_radius`] lists the neighbours of every point within a ball.
//! - [`ListSizes`] counts lists before they are made.
//! - [`VoxelMap`] makes one point of the points in a voxel; [`InterpolationMap`] leads from few points back to many.
//! - [`UniformGrid`] and [`KdTree`] answer single queries, both alike.
//!
//! `cargo run --release -p neighbors --example tour` shows them on one cloud.
//!
//! Positions are `[f32; 3]` in any unit. Every answer is a function of the input alone: the structure that
//! searches, the number of threads and the instruction set make no difference, down to the last bit.
//! Positions that are not finite are refused by name, and no memory is spent on empty space.
//!
//! # Grid or kd-tree
//! The paper searches a uniform grid up to 16,384 points and a kd-tree above. Measured here
//! (`cargo bench -p neighbors` and the example `search_radius`, two threads, about 30 neighbours per point),
//! the grid is quicker at every size from 2,048 to a million points: for [`fixed_radius`] 3 to 5 times,
//! its build included and the tree's not, and most of all for the largest clouds. So [`Search::Auto`] is the
//! grid. The kd-tree
//! remains for an explicit choice: point queries over clouds whose density varies so much that no cell edge
//! suits them.
//!
//! ```
//! use neighbors::{KernelShape, Neighborhood, Search};
//!
//! // Two clouds of two points each, and two layers that differ in dilation.
//! let positions = [[0.0; 3], [0.1, 0.0, 0.0], [0.0; 3], [0.0, 0.2, 0.0]];
//! let layers = [1, 2].map(|dilation| KernelShape::cells(0.1).with_dilation([dilation; 3]));
//! let lists = Neighborhood::build_all(&positions, &[0, 2, 4], &layers, Search::Auto)?;
//! assert_eq!(lists[0].indices(), [0, 1, 0, 1, 2, 3]);
//! assert_eq!(lists[1].indices(), [0, 1, 2, 3, 2, 3]);
//! # Ok::<(), neighbors::NeighborError>(())
//! ```
#![forbid(unsafe_code)]

mod assemble;
mod attached;
mod batch;
mod bounds;
mod brute;
mod build;
mod cell_key;
mod cell_lists;
mod cell_table;
mod custom;
mod cut;
mod edge_weights;
mod error;
mod fixed_radius;
mod instruction_set;
mod interpolation_map;
mod kd_search;
mod kd_tree;
mod lanes;
mod members;
mod metric;
mod neighbor;
mod neighborhood;
mod packed_clouds;
mod piece;
mod pieces;
mod rule;
mod search;
mod shape;
mod sizes;
mod tables;
mod tile_search;
mod uniform_grid;
mod voxel_cells;
mod voxel_map;
mod voxel_sort;

pub use batch::check_batch;
pub use custom::{CustomKernel, Mirror};
pub use error::NeighborError;
pub use fixed_radius::{RadiusLists, fixed_radius};
pub use instruction_set::InstructionSet;
pub use interpolation_map::InterpolationMap;
pub use kd_tree::KdTree;
pub use neighbor::Neighbor;
pub use neighborhood::Neighborhood;
pub use packed_clouds::PackedClouds;
pub use search::Search;
pub use shape::KernelShape;
pub use sizes::ListSizes;
pub use tables::Tables;
pub use uniform_grid::UniformGrid;
pub use voxel_map::VoxelMap;

/// The examples of the README are compiled and run with the documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
