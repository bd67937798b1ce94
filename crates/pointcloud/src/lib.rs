//! Point clouds in columns, and how to get them from and to disk.
//!
//! - [`PointCloud`]: positions, normals, colours, labels and further numbers per point; [`Mesh`]: triangles over points.
//! - [`io`]: [`io::read`], [`io::Reader`] and [`io::write`] for PLY, OFF, OBJ, STL, PCD, text tables, NumPy arrays, LAS, LAZ and
//!   HDF5.
//! - [`transform`]: [`transform::Normalizer`], [`transform::rotate`], [`transform::jitter`], [`transform::resample`],
//!   [`transform::sample_uniform`] and others.
//! - [`dataset`]: [`dataset::FolderDataset`] lists data sets of several layouts, [`dataset::load_samples`] reads it;
//!   [`dataset::Hdf5Folder`] reads data sets such as ModelNet40 and S3DIS.
//! - [`scene`]: scenes with labels, [`scene::voxelize`], [`scene::Region`] and ways to choose their centres.
//! - [`synth`]: shapes and labelled scenes as data sets that need no download.
//!
//! Everything random is seeded: functions take a generator, and [`derive_seed`] makes the seeds of
//! independent streams.

#![forbid(unsafe_code)]

mod bounds;
mod cloud;
pub mod dataset;
mod error;
pub mod io;
mod mesh;
mod metadata;
mod names;
mod origin;
mod printable;
mod scalar;
pub mod scene;
mod seed;
pub mod synth;
pub mod transform;

pub use bounds::Bounds;
pub use cloud::PointCloud;
pub use error::{Error, Malformed, Position, Result};
pub use mesh::Mesh;
pub use printable::{printable, printable_line, printable_number};
pub use scalar::{ScalarProperty, ScalarType};
pub use seed::derive_seed;

/// The example of the README is compiled with the documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
