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
//! neighbors --example grid_or_tree`; two threads of an x86-64 machine with AVX-512, 2026-11-29; single figures vary by a tenth). `OneCluster` has nine in ten points in a
//! thousandth of the extent, the kernels of `Sparse` hold about three points.
//!
//! | cloud | points | kernel: grid | tree | auto | ball: grid | tree | auto | nearest 16: grid | tree | auto |
//! |---|---|---|---|---|---|---|---|---|---|---|
//! | Uniform | 16384 | 398 | 3460 | 1.00 | 231 | 1317 | 1.01 | 1198 | 1401 | 1.03 |
//! | Surface | 16384 | 319 | 2522 | 1.00 | 134 | 1267 | 0.99 | 795 | 1222 | 1.03 |
//! | Clustered | 16384 | 1656 | 566 | 1.08 | 872 | 297 | 1.13 | 29996 | 1271 | 1.03 |
//! | Scanner | 16384 | 8093 | 29443 | 1.03 | 2078 | 14198 | 1.15 | 9118 | 1490 | 1.03 |
//! | OneCluster | 16384 | 1018 | 2492 | 1.03 | 438 | 917 | 1.07 | 31486 | 1357 | 1.06 |
//! | Sparse | 16384 | 364 | 481 | 1.00 | 104 | 284 | 1.04 | 1094 | 1278 | 1.04 |
//! | Uniform | 20000 | 439 | 3682 | 0.99 | 201 | 1261 | 0.99 | 1123 | 1413 | 1.02 |
//! | Surface | 20000 | 340 | 2564 | 1.00 | 147 | 1233 | 1.00 | 792 | 1234 | 1.04 |
//! | Clustered | 20000 | 1619 | 648 | 1.05 | 907 | 340 | 1.06 | 174073 | 1377 | 1.04 |
//! | Scanner | 20000 | 7482 | 29216 | 0.91 | 1925 | 15591 | 0.99 | 7937 | 1627 | 1.01 |
//! | OneCluster | 20000 | 1139 | 2706 | 1.06 | 483 | 968 | 1.07 | 42225 | 1482 | 1.05 |
//! | Sparse | 20000 | 378 | 512 | 1.00 | 113 | 301 | 1.02 | 1129 | 1419 | 1.03 |
//! | Uniform | 100000 | 508 | 4265 | 1.01 | 260 | 1462 | 0.99 | 1228 | 1502 | 1.02 |
//! | Surface | 100000 | 516 | 2913 | 1.04 | 186 | 1504 | 1.00 | 3298 | 1450 | 1.00 |
//! | Clustered | 100000 | 1919 | 1212 | 0.92 | 907 | 510 | 1.01 | 155319 | 1567 | 1.02 |
//! | Scanner | 100000 | 8040 | 43708 | 0.89 | 2951 | 19298 | 0.99 | 9534 | 1951 | 1.01 |
//! | OneCluster | 100000 | 1171 | 3022 | 1.01 | 517 | 1141 | 1.09 | 105010 | 1508 | 1.04 |
//! | Sparse | 100000 | 385 | 529 | 1.02 | 119 | 326 | 1.01 | 1179 | 1413 | 1.02 |
//! | Uniform | 1000000 | 696 | 8502 | 1.00 | 312 | 2718 | 1.00 | 1408 | 1762 | 1.02 |
//! | Surface | 1000000 | 537 | 5695 | 1.02 | 243 | 3020 | 1.00 | 3939 | 1896 | 1.02 |
//! | Clustered | 1000000 | 2284 | 3625 | 0.35 | 1114 | 1446 | 0.43 | 95714 | 1951 | 1.00 |
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
