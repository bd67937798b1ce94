//! What batches are made of.

use std::path::PathBuf;

use burn::data::dataset::DatasetError;
use burn::tensor::Device;
use neighbors::NeighborError;

use super::CloudBatch;
use crate::config::Config;
use crate::network::NetworkSpec;

/// Items that a [`Loader`](super::Loader) makes batches of. What an item is in an epoch depends on the epoch and on the
/// source alone.
pub trait BatchSource: Clone + Send + Sync + 'static {
    /// What the items are called, in the plural.
    const UNIT: &'static str;

    /// Items of an epoch.
    fn len(&self) -> usize;

    /// Whether there is none.
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

    /// The items `start..end` alone.
    fn slice(&self, start: usize, end: usize) -> Self;
}

/// What a network is trained on: the same for both tasks.
#[derive(Clone, Debug)]
pub struct TrainingData<S> {
    /// The items of the training.
    pub train: S,
    /// Those of the validation; empty where there is none.
    pub validation: S,
    /// The sizes that the network must have.
    pub spec: NetworkSpec,
    /// Class names, in the order of the outputs of the network.
    pub classes: Vec<String>,
    /// How clouds are normalised, as `data.normalize` in the config.
    pub normalize: &'static str,
    /// The config of the training, with every `"auto"` decided.
    pub config: Config,
    /// Files that are trained on.
    pub train_files: usize,
    /// Files that are held back for validation.
    pub validation_files: usize,
    /// Files that were left out (`data.skip_bad`).
    pub skipped_files: usize,
    /// Files of the split `test` where it was drawn from a data set without splits, as paths from its root.
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
