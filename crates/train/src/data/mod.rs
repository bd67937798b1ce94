//! From files to batches.

mod batch;
mod clouds;
mod loader;
mod part;
mod prepare;
mod regions;
mod scene_set;
mod set;
mod source;

pub use batch::{BatchBuilder, CloudBatch};
pub use clouds::CloudSource;
pub(crate) use loader::AHEAD;
pub use loader::Loader;
pub use prepare::Preparation;
pub use regions::{Block, RegionBuilder, RegionSource, class_weights};
pub use scene_set::{Frame, LoadedScenes, Scene, check, class_counts, load_scenes, read_scene, thin};
pub use set::{CloudSet, split_validation};
pub use source::BatchSource;
