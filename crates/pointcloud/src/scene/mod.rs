//! Scenes that are larger than what a network takes at once: labelled clouds, thinned, cut into regions, stored on disk.

mod cache;
mod centres;
mod dataset;
mod labels;
mod regions;
mod stray;
mod voxel;

pub use cache::SceneCache;
pub use centres::{LeastSeen, class_balanced_point};
pub use dataset::SceneFolder;
pub use labels::{IGNORED, LabelMap};
pub use regions::{Region, RegionIndex, regular_centres};
pub use stray::bounds_without_strays;
pub use voxel::{Voxelized, voxelize};
