//! Training a classifier on burn's learner.

mod epochs;
mod optimize;
mod place;
mod renderer;
mod session;

pub use session::{TrainOptions, TrainOutcome, train};
