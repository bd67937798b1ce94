//! A trained run of either task.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use burn::tensor::Device;

use super::Opened;
use super::classification::Classifier;
use super::segmentation::Segmenter;
use crate::config::{Config, Task};
use crate::error::RunError;
use crate::metrics::{Evaluation, Examples, Weights};
use crate::progress::ProgressMode;
use crate::run::Manifest;

/// A trained run, with a variant for each task.
#[derive(Debug)]
pub enum TrainedRun {
    /// Gives a class to every cloud.
    Classifier(Box<Classifier>),
    /// Gives a class to every point.
    Segmenter(Box<Segmenter>),
}

impl TrainedRun {
    /// Loads the weights of a run, or of the [model](crate::Model) of that name, onto `device`.
    ///
    /// # Errors
    /// As [`Classifier::open`] and [`Segmenter::open`].
    pub fn open(path: impl Into<PathBuf>, weights: Weights, device: &Device) -> Result<Self, RunError> {
        let opened = Opened::find(path, weights)?;
        Ok(match opened.config.model.task() {
            Task::Classification => Self::Classifier(Box::new(Classifier::from_opened(opened, device)?)),
            Task::Segmentation => Self::Segmenter(Box::new(Segmenter::from_opened(opened, device)?)),
        })
    }

    /// Whether the run, or the model of that name, gives a class to a cloud; else it labels points. The weights are not read.
    ///
    /// # Errors
    /// When `path` is neither a run nor a model, or its config cannot be read.
    pub fn is_classifier(path: impl Into<PathBuf>) -> Result<bool, RunError> {
        Ok(Opened::find(path, Weights::Last)?.config.model.task() == Task::Classification)
    }

    /// The config of the run.
    #[must_use]
    pub fn config(&self) -> &Config {
        match self {
            Self::Classifier(run) => run.config(),
            Self::Segmenter(run) => run.config(),
        }
    }

    /// The manifest: what is known about the weights.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        match self {
            Self::Classifier(run) => run.manifest(),
            Self::Segmenter(run) => run.manifest(),
        }
    }

    /// Sets pairs of a class of the data and the class of the network that it counts as in evaluations; an empty name leaves
    /// the class out.
    pub fn set_class_map(&mut self, map: Vec<(String, String)>) {
        match self {
            Self::Classifier(run) => run.class_map = map,
            Self::Segmenter(run) => run.class_map = map,
        }
    }

    /// In what the classes of the data at `root` differ from those of the network, and which of them a split lacks; a sentence each.
    ///
    /// # Errors
    /// Data without classes, a class that the network does not know.
    pub fn class_notes(&self, root: &Path, split: &str) -> Result<Vec<String>, RunError> {
        match self {
            Self::Classifier(run) => run.class_notes(root, split),
            Self::Segmenter(run) => run.class_notes(root),
        }
    }

    /// Evaluates the run on every file of a split.
    ///
    /// # Errors
    /// As [`Classifier::evaluate`] and [`Segmenter::evaluate`].
    pub fn evaluate(&self, root: &Path, split: &str, progress: ProgressMode) -> Result<Evaluation, RunError> {
        Ok(self.evaluate_with_examples(root, split, progress)?.0)
    }

    /// As [`evaluate`](Self::evaluate), with the mean of `votes` passes that differ by random changes.
    ///
    /// # Errors
    /// As [`Classifier::evaluate_votes`] and [`Segmenter::evaluate_votes`].
    pub fn evaluate_votes(
        &self,
        root: &Path,
        split: &str,
        votes: NonZeroUsize,
        progress: ProgressMode,
    ) -> Result<Evaluation, RunError> {
        match self {
            Self::Classifier(run) => run.evaluate_votes(root, split, votes, progress),
            Self::Segmenter(run) => run.evaluate_votes(root, split, votes, progress),
        }
    }

    /// As [`evaluate`](Self::evaluate), with examples for the report.
    ///
    /// # Errors
    /// As [`evaluate`](Self::evaluate).
    pub fn evaluate_with_examples(
        &self,
        root: &Path,
        split: &str,
        progress: ProgressMode,
    ) -> Result<(Evaluation, Examples), RunError> {
        match self {
            Self::Classifier(run) => run.evaluate_with_examples(root, split, progress),
            Self::Segmenter(run) => run.evaluate_with_examples(root, split, progress),
        }
    }
}
