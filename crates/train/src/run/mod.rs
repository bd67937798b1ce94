//! The directory of a run, which `train` writes and `eval`, `predict` and `inspect` read.

mod checkpoint;
mod directory;
mod manifest;
mod position;
mod weights;

pub use directory::RunDirectory;
pub(crate) use manifest::BURN_VERSION;
pub use manifest::{CHECKPOINT_VERSION, FORMAT_VERSION, Manifest, WeightsEntry};
pub use position::{Best, Position, Sums};
pub use weights::{Fitted, load_weights};
pub(crate) use weights::{load_fitting_weights, load_weights_from, weights_file};
