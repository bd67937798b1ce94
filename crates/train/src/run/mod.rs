//! The directory of a run: what `train` leaves and `eval`, `predict` and `inspect` need.

mod directory;
mod manifest;
mod weights;

pub use directory::RunDirectory;
pub use manifest::{CHECKPOINT_VERSION, FORMAT_VERSION, Manifest, WeightsEntry};
pub use weights::{load_weights, save_weights};
