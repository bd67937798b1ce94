//! Clouds of several resolutions: which points become one, and which points features return to. Nothing here knows
//! tensors, so that a thread that loads data can build it ahead of time.

mod attached;
mod interpolation_map;
mod voxel_cells;
mod voxel_map;
mod voxel_sort;

pub(crate) use interpolation_map::InterpolationMap;
pub use voxel_map::VoxelMap;
