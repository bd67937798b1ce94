//! Training, evaluation and prediction on point clouds with pointwise convolution: the library behind the program
//! `pointwise`.
//!
//! - A trained run in another program: [`Classifier`] gives a class to a cloud, [`Segmenter`] one to every point of a scene,
//!   [`TrainedRun`] is either. All they need is the run directory and a [`device()`].
//! - [`train()`] trains what a [`Config`](config::Config) says, and leaves a run directory.
//! - [`network`] has the networks, for programs with a training of their own; [`data`] makes their batches.
//! - [`evaluation`] has the confusion matrix and the figures that follow from it.
//! - [`inspect`], [`mod@bench`], [`Progress`] and the rest are what the program is made of.
//!
//! ```no_run
//! use train::config::Config;
//! use train::{TrainOptions, TrainedRun, Weights, device, train};
//!
//! let device = device("auto")?.device;
//! let config = Config::load("configs/shapes10.toml", &["train.epochs=5".to_owned()])?;
//! let outcome = train(&config, &TrainOptions::new(device.clone()))?;
//! if let TrainedRun::Classifier(run) = TrainedRun::open(outcome.run.path(), Weights::Best, &device)? {
//!     println!("{:?}", run.classify(&pointcloud::io::read("cup.ply")?)?.ranked);
//! }
//! # Ok::<(), train::RunError>(())
//! ```
//!
//! The example `predict` does this in a few seconds.
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
mod stop;
mod tensorboard;
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
pub use report::{EvaluationRecord, RunRecord, RunReport, TrainingFacts, comparison};
pub use scene_file::{class_color, write_labelled};
pub use segmenter::{LabelEstimate, LabelOptions, Segmenter, Votes};
pub use stop::Stop;
pub use training::{TrainOptions, TrainOutcome, check_place, train};

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

/// The example of the README is compiled with the documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
