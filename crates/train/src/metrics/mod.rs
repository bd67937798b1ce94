//! How well predictions agree with the truth: the confusion matrix, the metrics that follow from it, where they are logged,
//! their tables, and examples to look at.

mod confusion;
mod examples;
mod log;
mod packed;
mod reliability;
mod rows;
mod summary;
mod text_table;

pub use confusion::Confusion;
pub use examples::{Examples, FileExample, SceneExample};
pub(crate) use examples::{FileGuesses, LabelledPoint, SceneCollector};
pub use log::{EpochMetrics, MetricsLog, MetricsLogError};
pub use reliability::Reliability;
pub(crate) use rows::validation_named;
pub use rows::{Figure, METRICS, Metric, Values};
pub use summary::{ClassMetrics, Evaluation, Weights};
