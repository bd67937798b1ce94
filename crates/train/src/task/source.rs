//! The sources of batches.

use std::path::PathBuf;

use burn::data::dataset::DatasetError;
use burn::tensor::Device;
use neighbors::NeighborError;

use super::CloudBatch;
use crate::config::Config;
use crate::network::NetworkSpec;

/// Items from which a [`Loader`](super::Loader) makes batches. The content of an item depends only on the epoch and on the
/// source.
pub trait BatchSource: Clone + Send + Sync + 'static {
    /// The name of the items, in the plural.
    const UNIT: &'static str;

    /// Items of an epoch.
    fn len(&self) -> usize;

    /// Whether there are no items.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The batch of the items `members` in `epoch`.
    ///
    /// # Errors
    /// When the items cannot be used, with the files that they come from.
    fn batch(&self, epoch: usize, members: Vec<usize>) -> Result<CloudBatch, DatasetError>;

    /// The files that the items `members` come from in `epoch`.
    fn files(&self, epoch: usize, members: &[usize]) -> Vec<PathBuf>;

    /// The points of an item without augmentation, for checks of the config.
    fn points(&self, item: usize) -> Vec<[f32; 3]>;

    /// Seed of the order of the items.
    fn seed(&self) -> u64;

    /// The same items, with tensors on `device`.
    fn to_device(&self, device: &Device) -> Self;

    /// Only the items `start..end`.
    fn slice(&self, start: usize, end: usize) -> Self;
}

/// The training data of a network, for either task.
#[derive(Clone, Debug)]
pub struct TrainingData<S> {
    /// The items for training.
    pub train: S,
    /// The items for validation; empty without validation.
    pub validation: S,
    /// The sizes that the network must have.
    pub spec: NetworkSpec,
    /// Class names, in the order of the outputs of the network.
    pub classes: Vec<String>,
    /// How clouds are normalised, as `data.normalize` in the config.
    pub normalize: &'static str,
    /// The config of the training, with every `"auto"` resolved.
    pub config: Config,
    /// Files that are trained on.
    pub train_files: usize,
    /// Files that are held back for validation.
    pub validation_files: usize,
    /// Files that were left out (`data.skip_bad`).
    pub skipped_files: usize,
    /// The test files, if they were drawn from a data set without splits, as paths relative to its root.
    pub drawn_test_files: Option<Vec<String>>,
}

/// Why there is no batch.
#[derive(Debug, thiserror::Error)]
pub(super) enum BatchError {
    #[error("{source}; points are counted through the files {}", files.iter().map(|file| file.display().to_string()).collect::<Vec<_>>().join(", "))]
    Neighbors { files: Vec<PathBuf>, source: NeighborError },
    #[error("the thread that makes the batches ended before the last one")]
    Ended,
}
