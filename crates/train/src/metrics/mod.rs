//! How well predictions agree with the truth: the confusion matrix, the figures that follow from it,
//! their tables, and examples to look at.

mod confusion;
mod examples;
mod packed;
mod summary;
mod table;

pub use confusion::Confusion;
pub use examples::{Examples, FileExample, SceneExample};
pub(crate) use examples::{LabelledPoint, SceneCollector, Verdict};
pub use summary::{ClassMetrics, Evaluation, Weights};
