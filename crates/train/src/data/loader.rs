//! Batches, made ahead of time on a thread of their own.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};

use burn::data::dataloader::{DataLoader, DataLoaderIterator, Progress};
use burn::data::dataset::DatasetError;
use burn::tensor::Device;
use neighbors::NeighborError;
use pointcloud::{derive_seed, shuffled_indices};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::{BatchBuilder, CloudBatch, CloudSet, Preparation};

/// Batches that may wait for the network.
pub(crate) const AHEAD: usize = 2;

const SHUFFLE: u64 = 3;
const CHANGE: u64 = 4;

/// Goes through a [`CloudSet`] in batches: shuffled and augmented for training, in order otherwise.
///
/// What it gives depends on the seed and on the epoch alone. The last batch of an epoch may be smaller; no cloud is
/// left out.
#[derive(Clone)]
pub struct CloudLoader {
    set: Arc<CloudSet>,
    builder: BatchBuilder,
    preparation: Preparation,
    batch_size: usize,
    shuffle: bool,
    epoch: Arc<AtomicUsize>,
}

impl CloudLoader {
    /// A loader for training: another order and other random changes in every epoch.
    #[must_use]
    pub fn for_training(
        set: CloudSet,
        builder: BatchBuilder,
        preparation: Preparation,
        batch_size: usize,
    ) -> Self {
        Self::new(set, builder, preparation, batch_size, true)
    }

    /// A loader that gives every cloud as it is, in order.
    #[must_use]
    pub fn in_order(
        set: CloudSet,
        builder: BatchBuilder,
        preparation: Preparation,
        batch_size: usize,
    ) -> Self {
        let preparation = Preparation { augment: None, ..preparation };
        Self::new(set, builder, preparation, batch_size, false)
    }

    fn new(
        set: CloudSet,
        builder: BatchBuilder,
        preparation: Preparation,
        batch_size: usize,
        shuffle: bool,
    ) -> Self {
        assert!(batch_size > 0, "CloudLoader: the batch size must be at least 1");
        Self {
            set: Arc::new(set),
            builder,
            preparation,
            batch_size,
            shuffle,
            epoch: Arc::new(AtomicUsize::new(0)),
        }
    }

    /// The clouds.
    #[must_use]
    pub fn set(&self) -> &CloudSet {
        &self.set
    }

    /// Chooses the epoch that the next [`iter`](DataLoader::iter) goes through.
    pub fn start_epoch(&self, epoch: usize) {
        self.epoch.store(epoch, Ordering::Relaxed);
    }

    fn batch(&self, epoch: usize, members: Vec<usize>) -> Result<CloudBatch, DatasetError> {
        let clouds = self.prepare(epoch, &members);
        let files = || members.iter().map(|&index| self.set.paths[index].clone()).collect();
        self.pack(&clouds, members.clone())
            .map_err(|source| DatasetError::new(BatchError::Neighbors { files: files(), source }))
    }

    /// The first half of a batch: its clouds, augmented and ordered.
    pub(crate) fn prepare(&self, epoch: usize, members: &[usize]) -> Vec<Vec<[f32; 3]>> {
        let prepared = members.par_iter().map(|&index| {
            let stream = [CHANGE, epoch as u64, index as u64];
            self.preparation.apply(&self.set.clouds[index], &stream)
        });
        prepared.collect()
    }

    /// The second half of a batch: neighbourhoods and tensors.
    pub(crate) fn pack(
        &self,
        clouds: &[Vec<[f32; 3]>],
        members: Vec<usize>,
    ) -> Result<CloudBatch, NeighborError> {
        let classes: Vec<usize> = members.iter().map(|&index| self.set.classes[index]).collect();
        self.builder.build(clouds, &classes, members)
    }
}

impl DataLoader<CloudBatch> for CloudLoader {
    fn iter<'a>(&'a self) -> Box<dyn DataLoaderIterator<CloudBatch> + 'a> {
        let epoch = self.epoch.load(Ordering::Relaxed);
        let len = self.set.len();
        let order = if self.shuffle {
            let seed = derive_seed(self.preparation.seed, &[SHUFFLE, epoch as u64]);
            shuffled_indices(len, &mut ChaCha8Rng::seed_from_u64(seed))
        } else {
            (0..len).collect()
        };
        let (sender, receiver) = sync_channel(AHEAD);
        let loader = self.clone();
        // Ends by itself: after the last batch, or when the receiver is gone.
        std::thread::spawn(move || {
            for members in order.chunks(loader.batch_size) {
                if sender.send(loader.batch(epoch, members.to_vec())).is_err() {
                    break;
                }
            }
        });
        Box::new(Batches { receiver, done: 0, total: len })
    }

    fn num_items(&self) -> usize {
        self.set.len()
    }

    fn to_device(&self, device: &Device) -> Arc<dyn DataLoader<CloudBatch>> {
        let mut loader = self.clone();
        loader.builder.device = device.clone();
        Arc::new(loader)
    }

    fn slice(&self, start: usize, end: usize) -> Arc<dyn DataLoader<CloudBatch>> {
        let mut loader = self.clone();
        let indices: Vec<usize> = (start..end).collect();
        loader.set = Arc::new(self.set.select(&indices));
        Arc::new(loader)
    }
}

/// Why there is no batch.
#[derive(Debug, thiserror::Error)]
enum BatchError {
    #[error("{source}; points are counted through the files {}", files.iter().map(|file| file.display().to_string()).collect::<Vec<_>>().join(", "))]
    Neighbors { files: Vec<PathBuf>, source: NeighborError },
    #[error("the thread that makes the batches ended before the last one")]
    Ended,
}

struct Batches {
    receiver: Receiver<Result<CloudBatch, DatasetError>>,
    done: usize,
    total: usize,
}

impl Iterator for Batches {
    type Item = Result<CloudBatch, DatasetError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done == self.total {
            return None;
        }
        let batch = self.receiver.recv().unwrap_or_else(|_| Err(DatasetError::new(BatchError::Ended)));
        match &batch {
            Ok(batch) => self.done += batch.members.len(),
            Err(_) => self.done = self.total,
        }
        Some(batch)
    }
}

impl DataLoaderIterator<CloudBatch> for Batches {
    fn progress(&self) -> Progress {
        Progress::new(self.done, self.total, Some("clouds".into()))
    }
}
