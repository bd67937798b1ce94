//! Training, evaluation and prediction on point clouds with pointwise convolution.
#![recursion_limit = "256"]
#![forbid(unsafe_code)]

mod any_run;
pub mod bench;
mod classifier;
pub mod config;
pub mod data;
mod device;
mod error;
pub mod evaluation;
pub mod inspect;
mod memory;
mod metrics_log;
pub mod network;
mod progress;
mod report;
pub mod run;
mod scene_file;
mod segmenter;
mod text;
mod training;

pub use any_run::TrainedRun;
pub use classifier::{Classifier, Prediction};
pub use device::{FoundDevice, device, devices};
pub use error::RunError;
pub use evaluation::{Evaluation, Weights};
pub use memory::StepMemory;
pub use metrics_log::{EpochMetrics, MetricsLog, MetricsLogError};
pub use progress::{Progress, ProgressMode};
pub use report::{Report, RunFacts, markdown};
pub use scene_file::{class_color, write_labelled};
pub use segmenter::{LabelEstimate, LabelOptions, Segmenter, Votes};
pub use training::{TrainOptions, TrainOutcome, train};

/// The Rust of the guide is compiled and run with the documentation tests.
#[cfg(doctest)]
mod guide {
    #[doc = include_str!("../../../docs/src/operator.md")]
    struct Operator;
    #[doc = include_str!("../../../docs/src/layer.md")]
    struct Layer;
    #[doc = include_str!("../../../docs/src/predicting.md")]
    struct Predicting;
}
