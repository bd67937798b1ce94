//! Training a classifier on burn's learner.

mod epochs;
mod optimize;
mod place;
mod renderer;
mod session;
mod step;

pub use session::{TrainOptions, TrainOutcome, train};
pub use step::{StepBench, StepTimes};
