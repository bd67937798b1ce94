//! From files to batches.

mod batch;
mod loader;
mod prepare;
mod set;

pub use batch::{BatchBuilder, CloudBatch};
pub(crate) use loader::AHEAD;
pub use loader::CloudLoader;
pub use prepare::Preparation;
pub use set::{CloudSet, split_validation};
