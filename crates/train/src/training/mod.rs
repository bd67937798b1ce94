//! Training on burn's learner.

mod epochs;
mod keep;
mod optimize;
mod pace;
mod place;
mod renderer;
mod session;
mod step;
mod tally;

pub use place::check_place;
pub use session::{TrainOptions, TrainOutcome, train};
pub use step::{StepBench, StepTimes};
