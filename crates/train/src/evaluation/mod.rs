//! How well predictions agree with the truth: the confusion matrix, the figures that follow from it
//! and their tables.

mod confusion;
mod summary;
mod table;

pub use confusion::Confusion;
pub use summary::{ClassMetrics, Evaluation, Weights};
