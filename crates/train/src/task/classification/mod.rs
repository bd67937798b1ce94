//! A class for every cloud: from files to batches, and from a trained run to predictions.

mod builder;
mod classifier;
mod cloud_set;
mod draw;
mod pose;
mod predict;
mod prepare;
mod source;
mod training_data;
mod votes;

pub use builder::BatchBuilder;
pub use classifier::{Classifier, Prediction};
pub(crate) use cloud_set::validation_share;
pub use cloud_set::{CloudSet, split_validation};
pub use draw::Draw;
pub(crate) use pose::{Pose, pose};
pub use prepare::Preparation;
pub use source::CloudSource;
pub(crate) use training_data::training_data;
