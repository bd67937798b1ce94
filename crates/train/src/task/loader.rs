//! A loader that prepares batches in advance on a separate thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};

use burn::data::dataloader::{DataLoader, DataLoaderIterator, Progress};
use burn::data::dataset::DatasetError;
use burn::tensor::Device;
use pointcloud::transform::shuffled_indices;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::source::BatchError;
use super::{BatchSource, CloudBatch, ShardedBatch, Shards};
use crate::streams::Stream;

/// Number of batches that are prepared in advance.
pub(crate) const AHEAD: usize = 2;

/// Iterates over a [`BatchSource`] in batches: for training in a new order in every epoch, otherwise in order.
///
/// The batches depend only on the source and on the epoch. The last batch of an epoch may be smaller; no item is left out.
#[derive(Clone, Debug)]
pub struct Loader<S> {
    source: S,
    batch_size: usize,
    shuffle: bool,
    epoch: Arc<AtomicUsize>,
    skipped: Arc<AtomicUsize>,
}

impl<S: BatchSource> Loader<S> {
    /// A loader that shuffles.
    #[must_use]
    pub fn shuffled(source: S, batch_size: usize) -> Self {
        Self { source, batch_size, shuffle: true, epoch: Arc::default(), skipped: Arc::default() }
    }

    /// A loader that iterates over all items once, in order.
    #[must_use]
    pub fn in_order(source: S, batch_size: usize) -> Self {
        Self { source, batch_size, shuffle: false, epoch: Arc::default(), skipped: Arc::default() }
    }

    /// The source of the batches.
    #[must_use]
    pub fn source(&self) -> &S {
        &self.source
    }

    /// Sets the epoch of the next [`iter`](DataLoader::iter).
    pub fn start_epoch(&self, epoch: usize) {
        self.resume_epoch(epoch, 0);
    }

    /// Sets the epoch and skips its first `batches` batches; the others do not change.
    pub fn resume_epoch(&self, epoch: usize, batches: usize) {
        self.epoch.store(epoch, Ordering::Relaxed);
        self.skipped.store(batches, Ordering::Relaxed);
    }

    /// The same batches as [`iter`](DataLoader::iter), of which only the own ones of `shards` are made.
    pub fn sharded(&self, shards: &Shards) -> impl DataLoaderIterator<ShardedBatch> + use<S> {
        let shards = shards.clone();
        self.prepare(move |source, epoch, members| {
            let filled = shards.own().map(|shard| (shard, shards.items(shard, members.len())));
            let made = filled.filter(|(_, items)| !items.is_empty()).map(|(shard, items)| {
                source.batch(epoch, members[items].to_vec()).map(|batch| (shard, batch))
            });
            Ok(ShardedBatch { members: members.to_vec(), shards: made.collect::<Result<_, _>>()? })
        })
    }

    /// The batches of the epoch, which another thread makes of their members.
    fn prepare<T: Send + 'static>(
        &self,
        make: impl Fn(&S, usize, &[usize]) -> Result<T, DatasetError> + Send + 'static,
    ) -> Batches<T> {
        let epoch = self.epoch.load(Ordering::Relaxed);
        let skipped = self.skipped.load(Ordering::Relaxed);
        let len = self.source.len();
        let order = if self.shuffle {
            let seed = Stream::Shuffle.seed(self.source.seed(), &[epoch as u64]);
            shuffled_indices(len, &mut ChaCha8Rng::seed_from_u64(seed))
        } else {
            (0..len).collect()
        };
        let (sender, receiver) = sync_channel(AHEAD);
        let (source, batch_size) = (self.source.clone(), self.batch_size);
        // The thread ends after the last batch, or when the receiver is dropped.
        std::thread::spawn(move || {
            for members in order.chunks(batch_size).skip(skipped) {
                if sender.send(make(&source, epoch, members)).is_err() {
                    break;
                }
            }
        });
        let done = len.min(skipped * self.batch_size);
        Batches { receiver, done, total: len, batch_size, unit: S::UNIT }
    }
}

impl<S: BatchSource> DataLoader<CloudBatch> for Loader<S> {
    fn iter<'a>(&'a self) -> Box<dyn DataLoaderIterator<CloudBatch> + 'a> {
        Box::new(self.prepare(|source, epoch, members| source.batch(epoch, members.to_vec())))
    }

    fn num_items(&self) -> usize {
        self.source.len()
    }

    fn to_device(&self, device: &Device) -> Arc<dyn DataLoader<CloudBatch>> {
        Arc::new(Self { source: self.source.to_device(device), ..self.clone() })
    }

    fn slice(&self, start: usize, end: usize) -> Arc<dyn DataLoader<CloudBatch>> {
        Arc::new(Self { source: self.source.slice(start, end), ..self.clone() })
    }
}

struct Batches<T> {
    receiver: Receiver<Result<T, DatasetError>>,
    done: usize,
    total: usize,
    batch_size: usize,
    unit: &'static str,
}

impl<T> Iterator for Batches<T> {
    type Item = Result<T, DatasetError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done == self.total {
            return None;
        }
        let batch = self.receiver.recv().unwrap_or_else(|_| Err(DatasetError::new(BatchError::Ended)));
        self.done = match &batch {
            Ok(_) => self.total.min(self.done + self.batch_size),
            Err(_) => self.total,
        };
        Some(batch)
    }
}

impl<T> DataLoaderIterator<T> for Batches<T> {
    fn progress(&self) -> Progress {
        Progress::new(self.done, self.total, Some(self.unit.into()))
    }
}
