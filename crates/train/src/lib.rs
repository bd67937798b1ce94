//! Training, evaluation and prediction on point clouds with pointwise convolution: the library behind the program
//! `pointwise`.
//!
//! - A trained run in another program: [`Classifier`] gives a class to a cloud, [`Segmenter`] one to every point of a scene,
//!   [`TrainedRun`] is either. All they need is the run directory and a [`device()`].
//! - [`train()`] trains what a [`Config`](config::Config) says, and leaves a run directory.
//! - [`network`] has the networks, a file each; [`task`] makes their batches, for programs with a training of their own.
//! - [`metrics`] has the confusion matrix and the table of metrics that follow from it.
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
#![deny(clippy::print_stdout, clippy::print_stderr)] // `terminal` escapes what it prints

mod check;
pub mod config;
mod device;
mod error;
mod memory;
pub mod metrics;
mod models;
pub mod network;
mod preview;
pub mod progress;
mod recipe;
pub mod run;
mod stop;
mod streams;
pub mod synthetic;
pub mod task;
mod temperature;
pub mod terminal;
pub mod text;
mod training;

pub use device::{FoundDevice, device, devices};
pub use error::RunError;
pub use memory::{AvailableMemory, TrainingMemory, available_memory};
pub use metrics::{EpochMetrics, Evaluation, MetricsLog, MetricsLogError, Weights};
pub use models::Model;
pub use preview::Preview;
pub use progress::{Progress, ProgressMode};
pub use recipe::{Recipe, recipe};
pub use stop::Stop;
pub use task::TrainedRun;
pub use task::classification::{Classifier, Prediction};
pub use task::segmentation::{
    ClassCodes, LabelColumns, LabelEstimate, LabelOptions, Segmenter, Votes, class_color, labelled,
};
pub use training::{
    Alone, Computed, Processes, Reduce, Steps, TrainOptions, TrainOutcome, UnusableStep, check_output,
    take_turn, train,
};

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
