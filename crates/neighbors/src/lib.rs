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
//! The grid is faster everywhere else, at every size: 3 to 9 times for kernels of an even density. A tree of a large cloud
//! is cut into regions, too.
//!
//! Processor time in ns per point, and what the choice takes relative to the better of the two (`cargo run --release -p
//! neighbors --example grid_or_tree -- 10000000`; two threads of an x86-64 machine with AVX-512, 2026-11-29; single figures
//! vary by a tenth). `OneCluster` has nine in ten points in a thousandth of the extent, the kernels of `Sparse` hold about
//! three points. `~` marks times that were estimated from every thousandth point.
//!
//! | cloud | points | kernel: grid | tree | auto | ball: grid | tree | auto | nearest 16: grid | tree | auto |
//! |---|---|---|---|---|---|---|---|---|---|---|
//! | Uniform | 2000 | 493 | 3446 | 1.00 | 163 | 1093 | 1.02 | 1193 | 1166 | 1.04 |
//! | Surface | 2000 | 421 | 2525 | 1.00 | 136 | 1008 | 0.96 | 743 | 1134 | 1.05 |
//! | Clustered | 2000 | 272 | 1450 | 0.99 | 136 | 507 | 0.95 | 1047 | 1038 | 1.01 |
//! | Scanner | 2000 | 1528 | 693 | 1.01 | 961 | 337 | 0.96 | 1994 | 1272 | 1.02 |
//! | OneCluster | 2000 | 924 | 2333 | 1.10 | 373 | 831 | 1.05 | 11363 | 1251 | 1.06 |
//! | Sparse | 2000 | 296 | 404 | 1.02 | 109 | 207 | 0.94 | 1177 | 1177 | 1.02 |
//! | Uniform | 16384 | 409 | 3651 | 1.00 | 190 | 1259 | 1.00 | 1104 | 1250 | 1.01 |
//! | Surface | 16384 | 319 | 2699 | 1.00 | 129 | 1172 | 1.00 | 772 | 1187 | 1.02 |
//! | Clustered | 16384 | 1667 | 591 | 1.02 | 813 | 311 | 1.02 | 33047 | 1233 | 1.02 |
//! | Scanner | 16384 | 1381 | 922 | 1.00 | 742 | 557 | 1.03 | 9581 | 1458 | 1.03 |
//! | OneCluster | 16384 | 1034 | 2669 | 1.03 | 448 | 988 | 1.02 | 35159 | 1350 | 1.04 |
//! | Sparse | 16384 | 361 | 523 | 1.00 | 105 | 314 | 1.01 | 1109 | 1258 | 1.02 |
//! | Uniform | 20000 | 427 | 3701 | 1.01 | 202 | 1260 | 1.00 | 1135 | 1397 | 1.01 |
//! | Surface | 20000 | 349 | 2589 | 1.01 | 146 | 1177 | 1.00 | 789 | 1202 | 1.02 |
//! | Clustered | 20000 | 1687 | 667 | 1.01 | 894 | 350 | 1.01 | 196987 | 1415 | 1.01 |
//! | Scanner | 20000 | 1919 | 847 | 0.83 | 812 | 495 | 0.79 | 8903 | 1632 | 1.03 |
//! | OneCluster | 20000 | 1286 | 2723 | 1.01 | 523 | 1007 | 1.03 | 48160 | 1535 | 1.04 |
//! | Sparse | 20000 | 376 | 542 | 1.03 | 109 | 314 | 0.99 | 1178 | 1453 | 1.01 |
//! | Uniform | 100000 | 530 | 4023 | 0.99 | 265 | 1348 | 0.96 | 1247 | 1520 | 1.01 |
//! | Surface | 100000 | 534 | 2725 | 1.01 | 184 | 1272 | 0.99 | 3703 | 1520 | 1.01 |
//! | Clustered | 100000 | 2383 | 1147 | 1.03 | 1048 | 503 | 1.05 | 176017 | 1520 | 1.00 |
//! | Scanner | 100000 | 1783 | 932 | 0.55 | 755 | 540 | 0.52 | 10236 | 1930 | 1.02 |
//! | OneCluster | 100000 | 1208 | 2758 | 1.02 | 522 | 1024 | 1.03 | 112560 | 1458 | 1.02 |
//! | Sparse | 100000 | 377 | 499 | 1.01 | 113 | 310 | 1.01 | 1140 | 1364 | 1.01 |
//! | Uniform | 1000000 | 642 | 3965 | 1.00 | 298 | 1369 | 0.98 | 1478 | 1810 | 1.02 |
//! | Surface | 1000000 | 550 | 2595 | 1.06 | 247 | 1346 | 1.02 | 4337 | 1921 | 1.02 |
//! | Clustered | 1000000 | 2297 | 1695 | 0.46 | 1190 | 700 | 0.65 | ~150298 | 1921 | 1.01 |
//! | Scanner | 1000000 | 1814 | 976 | 0.37 | 881 | 587 | 0.42 | 14353 | 2922 | 1.01 |
//! | OneCluster | 1000000 | 1173 | 3300 | 0.80 | 522 | 1175 | 0.81 | ~1433405 | 2800 | 1.00 |
//! | Sparse | 1000000 | 434 | 577 | 1.01 | 148 | 361 | 1.02 | 1501 | 1859 | 1.00 |
//! | Uniform | 10000000 | 960 | 4494 | 0.89 | 424 | 1562 | 0.96 | ~6265 | 2422 | 0.77 |
//! | Surface | 10000000 | 577 | 2622 | 0.99 | 299 | 1328 | 0.99 | 5486 | 2815 | 1.05 |
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
