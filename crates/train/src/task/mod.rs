//! From files to batches.

mod batch;
mod blocks;
mod clouds;
mod loader;
mod part;
mod prepare;
mod regions;
mod scene_set;
mod set;
mod source;

pub use batch::{BatchBuilder, CloudBatch};
pub use blocks::{Block, RegionBuilder, class_weights};
pub use clouds::CloudSource;
pub(crate) use loader::AHEAD;
pub use loader::Loader;
pub use prepare::Preparation;
pub use regions::RegionSource;
pub use scene_set::{Frame, LoadedScenes, Scene, check, class_counts, load_scenes, read_scene, thin};
pub use set::{CloudSet, split_validation};
pub use source::BatchSource;
