//! Neighbour search for point clouds: sub-domain lists for point convolutions, fixed-radius lists, and point
//! queries. No deep-learning framework is needed.
//!
//! - [`SubdomainLists`] sorts the neighbours of every point of a packed batch into the sub-domains of a
//!   [`KernelShape`]: cubic cells or spherical shells, with à-trous gaps, or a [`CustomKernel`] of your own.
//! - [`RadiusLists`] lists the neighbours of every point within a ball.
//! - [`ListSizes`] counts lists before they are made.
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
//! the grid is quicker at every size from 2,048 to a million points: for [`RadiusLists`] 3 to 5 times,
//! its build included and the tree's not, and most of all for the largest clouds. So [`Search::Auto`] is the
//! grid. The kd-tree
//! remains for an explicit choice: point queries over clouds whose density varies so much that no cell edge
//! suits them.
//!
//! ```
//! use neighbors::{KernelShape, PackedClouds, Search, SubdomainLists};
//!
//! // Two clouds of two points each, and two layers that differ in dilation.
//! let clouds = PackedClouds::new([[0.0; 3], [0.1, 0.0, 0.0], [0.0; 3], [0.0, 0.2, 0.0]], [0, 2, 4])?;
//! let layers = [1, 2].map(|dilation| KernelShape::cells(0.1).with_dilation([dilation; 3]));
//! let lists = SubdomainLists::build_all(&clouds, &layers, Search::Auto)?;
//! assert_eq!(lists[0].indices(), [0, 1, 0, 1, 2, 3]);
//! assert_eq!(lists[1].indices(), [0, 1, 2, 3, 2, 3]);
//! # Ok::<(), neighbors::NeighborError>(())
//! ```
#![forbid(unsafe_code)]

mod distance;
mod error;
mod index;
mod lists;
mod packed_clouds;
mod search;
mod shape;
mod simd;
mod tables;

pub use error::NeighborError;
pub use index::{Neighbor, PointIndex, Search};
pub use lists::{ListSizes, NearestLists, RadiusLists, Row, SubdomainLists};
pub use packed_clouds::PackedClouds;
pub use shape::{CustomKernel, KernelShape, Mirror};
pub use simd::InstructionSet;

/// The examples of the README are compiled and run with the documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
