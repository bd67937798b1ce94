//! Point clouds in columns, and how to get them from and to disk.
//!
//! - [`PointCloud`]: positions, normals, colours, labels and further numbers per point.
//! - Files: [`read_cloud`], [`read_mesh`] and [`read_geometry`] read PLY, OFF, OBJ, STL, PCD, XYZ, TXT,
//!   CSV, NPY, NPZ, LAS and LAZ and choose by content and extension, [`write_cloud`] by extension;
//!   [`read_ply`], [`read_off`], [`inspect_ply`], [`write_ply`] and others are single formats.
//! - [`Mesh`] and [`sample_uniform`], points drawn evenly from a surface.
//! - Transforms: [`Normalizer`], [`rotate`], [`jitter`], [`resample`], [`xyz_order`] and others.
//! - HDF5: [`Hdf5Clouds`] reads the many clouds of a file, [`Hdf5Folder`] whole data sets such as ModelNet40 and S3DIS.
//! - Data sets: [`FolderDataset`] lists `root/<class>/<split>/*`, [`load_samples`] reads it.
//! - Scenes with labels: [`SceneFolder`], [`LabelMap`], [`voxelize`], [`Region`] and ways to choose their centres,
//!   [`SceneCache`].
//! - [`synth`]: ten families of shapes as a data set that needs no download.
//!
//! Everything random is seeded: functions take a generator, and [`derive_seed`] makes the seeds of
//! independent streams.

#![forbid(unsafe_code)]

mod bounds;
mod cloud;
mod columns;
mod dataset;
mod error;
mod formats;
mod geometry;
mod lines;
mod mesh;
mod off;
mod origin;
mod ply;
mod replace;
mod sample;
mod scalar;
mod scene;
mod seed;
pub mod synth;
mod transform;

pub use bounds::Bounds;
pub use cloud::{PointCloud, ScalarProperty};
pub use dataset::{
    FolderDataset, Hdf5Folder, LoadOptions, Loaded, LoadedCloud, Sample, Skipped, list_files, list_tree,
    load_file, load_samples,
};
pub use error::{Error, Place, Result};
pub use formats::{
    Format, Hdf5Clouds, Hdf5Dataset, SUPPORTED_EXTENSIONS, WRITABLE_EXTENSIONS, inspect_hdf5, parse_vertices,
    read_vertices, write_cloud, write_las, write_npy, write_pcd, write_xyz,
};
pub use geometry::{Geometry, read_cloud, read_geometry, read_mesh};
pub use mesh::Mesh;
pub use off::{parse_off, read_off};
pub use ply::{
    ElementSummary, PlyFormat, PlyProperty, PlySummary, PropertyKind, inspect_ply, parse_ply, read_ply,
    read_ply_mesh, summarize_ply, write_ply,
};
pub use replace::{Unfinished, remove_unfinished, replace_file};
pub use sample::sample_uniform;
pub use scalar::ScalarType;
pub use scene::{
    IGNORED, LabelMap, LeastSeen, Region, RegionIndex, SceneCache, SceneFolder, Voxelized,
    class_balanced_point, regular_centres, voxelize,
};
pub use seed::derive_seed;
pub use transform::{
    Axis, Normalizer, Sampling, drop_randomly, farthest_indices, jitter, jitter_colors, mirror, morton_order,
    random_indices, resample, resample_indices, rotate, rotate_randomly, scale, scale_randomly,
    shuffled_indices, stretch_colors, translate, xyz_order,
};

/// The example of the README is compiled with the documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
