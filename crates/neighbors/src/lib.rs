//! Neighbour search for point clouds: sub-domain lists for point convolutions, fixed-radius lists, and point
//! queries. No deep-learning framework is needed.
//!
//! | to | use |
//! |---|---|
//! | pack clouds into a batch, checked once | [`PackedClouds`] |
//! | sort the neighbours of every point into the sub-domains of a kernel | [`SubdomainLists`], read by [`Row`]; counted beforehand by [`ListSizes`] |
//! | say what the kernel is | [`KernelShape`]: cubic cells or spherical shells, with à-trous gaps; a [`CustomKernel`] of your own and its [`Mirror`] |
//! | list the neighbours of every point within a ball | [`RadiusLists`] |
//! | list the nearest points of every query | [`NearestLists`] |
//! | ask about single positions | [`PointIndex`], which answers with [`Neighbor`]s |
//! | choose the structure that searches | [`Search`] |
//! | see which vector instructions are used | [`InstructionSet`] |
//! | learn why something was refused | [`NeighborError`] |
//!
//! `cargo run --release -p neighbors --example tour` shows them on one cloud.
//!
//! Positions are `[f32; 3]` in any unit. Every answer is a function of the input alone: the structure that
//! searches, the number of threads and the instruction set make no difference, down to the last bit.
//! Positions that are not finite are refused by name, and no memory is spent on empty space.
//!
//! # Grid or kd-tree
//! The paper searches a uniform grid up to 16,384 points and a kd-tree above. Measured, the number of points does not
//! decide, but how they lie does. [`Search::Auto`] counts, in one pass over the points, how many share a cell with those
//! of a sample, and takes the tree
//!
//! - for lists of kernels and balls, in each region (a small cloud, or about 8,192 points of a large one) whose cells need
//!   a hash table because the region is thinly filled, and where few points are within reach: up to about forty;
//! - for nearest points, in each cloud that no single cell edge suits: a few cells hold most of the points, or some points
//!   have no neighbour for many cells, or the cells need a hash table.
//!
//! The grid is faster everywhere else, at every size: 3 to 20 times for kernels of an even density.
//!
//! Processor time in ns per point, and what the choice takes relative to the better of the two (`cargo run --release -p
//! neighbors --example grid_or_tree`; two threads of an x86-64 machine with AVX-512 that other programs loaded, 2026-11-29;
//! single figures vary by a tenth, those of lists with few neighbours by two). `OneCluster` has nine in ten points in a
//! thousandth of the extent, the kernels of `Sparse` hold about three points.
//!
//! | cloud | points | kernel: grid | tree | auto | ball: grid | tree | auto | nearest 16: grid | tree | auto |
//! |---|---|---|---|---|---|---|---|---|---|---|
//! | Uniform | 16384 | 536 | 3762 | 0.98 | 242 | 1218 | 1.03 | 1251 | 1426 | 1.03 |
//! | Surface | 16384 | 417 | 2850 | 0.98 | 154 | 1315 | 0.94 | 887 | 1362 | 1.02 |
//! | Clustered | 16384 | 2603 | 606 | 1.07 | 1149 | 348 | 1.17 | 36478 | 1308 | 1.03 |
//! | Scanner | 16384 | 7967 | 31025 | 1.14 | 2165 | 14650 | 0.95 | 10038 | 1628 | 1.01 |
//! | OneCluster | 16384 | 1297 | 2713 | 1.02 | 513 | 961 | 1.10 | 38618 | 1435 | 1.07 |
//! | Sparse | 16384 | 380 | 490 | 1.01 | 102 | 284 | 1.00 | 1263 | 1466 | 1.02 |
//! | Uniform | 20000 | 560 | 4216 | 0.99 | 268 | 1344 | 1.01 | 1284 | 1534 | 0.99 |
//! | Surface | 20000 | 430 | 2807 | 0.98 | 152 | 1284 | 1.04 | 871 | 1325 | 1.04 |
//! | Clustered | 20000 | 2241 | 708 | 1.02 | 1117 | 350 | 1.08 | 218329 | 1552 | 1.05 |
//! | Scanner | 20000 | 7712 | 36606 | 0.92 | 2339 | 16521 | 0.91 | 9553 | 1841 | 1.02 |
//! | OneCluster | 20000 | 1510 | 3153 | 0.99 | 574 | 1102 | 1.12 | 57097 | 1701 | 1.04 |
//! | Sparse | 20000 | 436 | 596 | 0.98 | 113 | 321 | 0.99 | 1281 | 1642 | 1.05 |
//! | Uniform | 100000 | 580 | 7572 | 0.98 | 283 | 2007 | 1.01 | 1359 | 1700 | 1.02 |
//! | Surface | 100000 | 645 | 5330 | 0.98 | 230 | 2024 | 0.99 | 4038 | 1642 | 1.01 |
//! | Clustered | 100000 | 2611 | 1737 | 0.74 | 1239 | 704 | 0.88 | 201241 | 1742 | 1.02 |
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
