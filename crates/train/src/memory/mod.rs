//! How much memory a training takes, compared with what the machine has, before it is allocated.

mod check;
mod machine;
mod training;

pub(crate) use check::{ensure_fits, ensure_step_fits};
pub use machine::{AvailableMemory, available_memory};
pub use training::TrainingMemory;
