//! A class for every point: from scenes to batches of regions, and from a trained run to labelled scenes.

mod builder;
mod label;
mod points;
mod scene_file;
mod scene_set;
mod segmenter;
mod source;
mod training_data;
mod votes;

pub use builder::{RegionBuilder, RegionInput};
pub(crate) use label::scene_bytes;
pub use label::{LabelEstimate, LabelOptions};
pub use scene_file::{ClassCodes, LabelColumns, class_color, labelled};
pub use scene_set::{
    Frame, LoadedScenes, Scene, check, class_counts, load_scenes, read_labelled_scene, read_scene, thin,
};
pub use segmenter::Segmenter;
pub use source::RegionSource;
pub(crate) use training_data::{decide_lengths, training_data};
pub use votes::Votes;
