//! A class for every cloud: from files to batches, and from a trained run to predictions.

mod builder;
mod classifier;
mod cloud_set;
mod prepare;
mod source;
mod training_data;

pub use builder::BatchBuilder;
pub use classifier::{Classifier, Prediction};
pub use cloud_set::{CloudSet, split_validation};
pub use prepare::Preparation;
pub use source::CloudSource;
pub(crate) use training_data::training_data;
