//! Training on burn's learner: one loop for both tasks.

mod average;
mod calibrate;
mod checkpointing;
mod disk_space;
mod epoch_loop;
mod eta;
mod finite;
#[cfg(feature = "mpi")]
mod mpi;
mod optimizer;
mod output;
mod processes;
mod reduce;
mod renderer;
mod schedule;
mod sense;
mod session;
mod sharded;
mod start;
mod state;
mod step;
mod tally;
mod tensorboard;
mod together;
mod transfer;

pub use output::check_output;
pub use processes::Processes;
pub use reduce::{Alone, Reduce};
pub(crate) use sense::Sense;
pub use session::{TrainOptions, TrainOutcome, train};
pub use step::{Computed, Steps, UnusableStep, take_turn};
