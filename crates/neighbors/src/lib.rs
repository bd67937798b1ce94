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
//! - for the lists of a single kernel also in regions where its cells hold so few points that listing them costs more than
//!   it saves: a kernel has about four points or fewer;
//! - for nearest points, in each cloud that no single cell edge suits: a few cells hold most of the points, or some points
//!   have no neighbour for many cells, or the cells need a hash table.
//!
//! The grid is faster everywhere else, at every size: 3 to 9 times for kernels of an even density. A tree of a large cloud
//! is cut into regions, too.
//!
//! Processor time in ns per point, and what the choice takes relative to the better of the two (`cargo run --release -p
//! neighbors --example grid_or_tree -- 10000000`; two threads of an x86-64 machine with AVX-512, 2026-11-29; single figures
//! vary by a tenth, those of 2,000 points by more). `OneCluster` has nine in ten points in a thousandth of the extent, the kernels of `Sparse` hold about
//! three points. `~` marks times that were estimated from every thousandth point.
//!
//! | cloud | points | kernel: grid | tree | auto | ball: grid | tree | auto | nearest 16: grid | tree | auto |
//! |---|---|---|---|---|---|---|---|---|---|---|
//! | Uniform | 2000 | 590 | 3332 | 0.97 | 217 | 1133 | 0.95 | 1193 | 1166 | 1.04 |
//! | Surface | 2000 | 528 | 2498 | 0.93 | 169 | 1033 | 0.87 | 743 | 1134 | 1.05 |
//! | Clustered | 2000 | 407 | 1427 | 0.99 | 160 | 560 | 1.04 | 1047 | 1038 | 1.01 |
//! | Scanner | 2000 | 1353 | 672 | 1.00 | 699 | 361 | 0.91 | 1994 | 1272 | 1.02 |
//! | OneCluster | 2000 | 925 | 2265 | 1.06 | 368 | 830 | 1.14 | 11363 | 1251 | 1.06 |
//! | Sparse | 2000 | 363 | 387 | 1.09 | 109 | 215 | 0.83 | 1177 | 1177 | 1.02 |
//! | Uniform | 16384 | 386 | 3521 | 0.99 | 190 | 1208 | 1.01 | 1104 | 1250 | 1.01 |
//! | Surface | 16384 | 313 | 2505 | 0.99 | 130 | 1182 | 1.01 | 772 | 1187 | 1.02 |
//! | Clustered | 16384 | 3258 | 581 | 1.03 | 823 | 311 | 1.01 | 33047 | 1233 | 1.02 |
//! | Scanner | 16384 | 1884 | 904 | 1.00 | 721 | 544 | 1.04 | 9581 | 1458 | 1.03 |
//! | OneCluster | 16384 | 1076 | 2613 | 1.01 | 451 | 967 | 1.02 | 35159 | 1350 | 1.04 |
//! | Sparse | 16384 | 645 | 500 | 1.03 | 99 | 324 | 1.02 | 1109 | 1258 | 1.02 |
//! | Uniform | 20000 | 420 | 3684 | 0.98 | 201 | 1256 | 1.00 | 1135 | 1397 | 1.01 |
//! | Surface | 20000 | 312 | 2536 | 1.00 | 144 | 1160 | 0.99 | 789 | 1202 | 1.02 |
//! | Clustered | 20000 | 2133 | 653 | 1.03 | 854 | 328 | 1.01 | 196987 | 1415 | 1.01 |
//! | Scanner | 20000 | 1912 | 816 | 0.83 | 723 | 482 | 0.79 | 8903 | 1632 | 1.03 |
//! | OneCluster | 20000 | 1124 | 2682 | 1.02 | 483 | 975 | 1.03 | 48160 | 1535 | 1.04 |
//! | Sparse | 20000 | 629 | 515 | 1.03 | 107 | 334 | 1.00 | 1178 | 1453 | 1.01 |
//! | Uniform | 100000 | 466 | 3885 | 1.01 | 233 | 1308 | 1.01 | 1247 | 1520 | 1.01 |
//! | Surface | 100000 | 487 | 2811 | 0.98 | 156 | 1224 | 1.02 | 3703 | 1520 | 1.01 |
//! | Clustered | 100000 | 2309 | 1119 | 1.06 | 900 | 482 | 1.04 | 176017 | 1520 | 1.00 |
//! | Scanner | 100000 | 2017 | 926 | 0.56 | 695 | 549 | 0.53 | 10236 | 1930 | 1.02 |
//! | OneCluster | 100000 | 1192 | 2785 | 1.02 | 503 | 1033 | 1.02 | 112560 | 1458 | 1.02 |
//! | Sparse | 100000 | 745 | 505 | 1.04 | 110 | 331 | 1.02 | 1140 | 1364 | 1.01 |
//! | Uniform | 1000000 | 671 | 4028 | 1.00 | 318 | 1419 | 1.02 | 1478 | 1810 | 1.02 |
//! | Surface | 1000000 | 524 | 2647 | 0.99 | 225 | 1422 | 1.00 | 4337 | 1921 | 1.02 |
//! | Clustered | 1000000 | 2570 | 1756 | 0.63 | 1054 | 699 | 0.63 | ~150298 | 1921 | 1.01 |
//! | Scanner | 1000000 | 1948 | 962 | 0.38 | 727 | 566 | 0.41 | 14353 | 2922 | 1.01 |
//! | OneCluster | 1000000 | 1124 | 3127 | 0.78 | 505 | 1180 | 0.83 | ~1433405 | 2800 | 1.00 |
//! | Sparse | 1000000 | 818 | 548 | 1.06 | 132 | 364 | 0.99 | 1501 | 1859 | 1.00 |
//! | Uniform | 10000000 | 960 | 4494 | 0.89 | 424 | 1562 | 0.96 | ~6265 | 2422 | 0.77 |
//! | Surface | 10000000 | 577 | 2622 | 0.99 | 299 | 1328 | 0.99 | 5486 | 2815 | 1.05 |
//! | Clustered | 10000000 | 2675 | 2101 | 0.32 | 1179 | 826 | 0.51 | ~728825 | 2444 | 0.99 |
//! | Scanner | 10000000 | 1961 | 1168 | 0.37 | 754 | 611 | 0.42 | ~35376 | 4227 | 1.01 |
//! | OneCluster | 10000000 | 1057 | 3333 | 0.76 | 518 | 1232 | 0.72 | ~14168843 | 5076 | 0.96 |
//! | Sparse | 10000000 | 830 | 630 | 1.03 | 194 | 402 | 1.04 | 1711 | 2226 | 0.95 |
//!
//! ```
//! use neighbors::{KernelShape, PackedClouds, Search, SubdomainLists};
//!
//! // Two clouds of two points each, and two layers that differ in dilation.
//! let clouds = PackedClouds::new([[0.0; 3], [0.1, 0.0, 0.0], [0.0; 3], [0.0, 0.2, 0.0]], [0, 2, 4])?;
//! let layers = [1, 2].map(|dilation| KernelShape::cells(0.1).with_dilation([dilation; 3]));
//! let lists = SubdomainLists::build_all(&clouds, &layers, Search::Auto)?;
//! let neighbours = |layer: usize| -> Vec<u32> {
//!     lists[layer].rows().flat_map(|row| row.runs().flat_map(|(_, found)| found)).collect()
//! };
//! assert_eq!(neighbours(0), [0, 1, 0, 1, 2, 3]);
//! assert_eq!(neighbours(1), [0, 1, 2, 3, 2, 3]);
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
pub use lists::{ListSizes, NearestLists, RadiusLists, Row, RowBlock, SubdomainLists};
pub use packed_clouds::PackedClouds;
pub use shape::{CustomKernel, KernelShape, Mirror};
pub use simd::InstructionSet;

/// The examples of the README are compiled and run with the documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
