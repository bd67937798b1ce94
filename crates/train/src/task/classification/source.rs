//! Clouds as the items of batches, with a class each.

use std::path::PathBuf;
use std::sync::Arc;

use burn::data::dataset::DatasetError;
use burn::tensor::Device;
use neighbors::NeighborError;
use rayon::prelude::*;

use super::{BatchBuilder, CloudSet, Preparation};
use crate::task::source::BatchError;
use crate::task::{BatchSource, CloudBatch, Columns};

/// The clouds of a [`CloudSet`], augmented and ordered.
#[derive(Clone, Debug)]
pub struct CloudSource {
    set: Arc<CloudSet>,
    builder: BatchBuilder,
    preparation: Preparation,
}

impl CloudSource {
    /// Batches of `set` for the network that `builder` was made for.
    #[must_use]
    pub fn new(set: CloudSet, builder: BatchBuilder, preparation: Preparation) -> Self {
        Self { set: Arc::new(set), builder, preparation }
    }

    /// The clouds.
    #[must_use]
    pub fn set(&self) -> &CloudSet {
        &self.set
    }

    /// The first half of a batch: its clouds, augmented and ordered.
    #[must_use]
    pub fn prepare(&self, epoch: usize, members: &[usize]) -> Vec<Columns> {
        let prepare = |&index: &usize| self.preparation.apply(&self.set.clouds[index], epoch, index);
        members.par_iter().map(prepare).collect()
    }

    /// The second half of a batch: neighbourhoods and tensors.
    ///
    /// # Errors
    /// A position that is not finite, or too many neighbours.
    pub fn pack(&self, clouds: &[Columns], members: Vec<usize>) -> Result<CloudBatch, NeighborError> {
        let classes: Vec<usize> = members.iter().map(|&index| self.set.classes[index]).collect();
        self.builder.build(clouds, &classes, members)
    }
}

impl BatchSource for CloudSource {
    const UNIT: &'static str = "clouds";

    fn len(&self) -> usize {
        self.set.len()
    }

    fn batch(&self, epoch: usize, members: Vec<usize>) -> Result<CloudBatch, DatasetError> {
        let clouds = self.prepare(epoch, &members);
        let files = self.files(epoch, &members);
        self.pack(&clouds, members)
            .map_err(|source| DatasetError::new(BatchError::Neighbors { files, source }))
    }

    fn files(&self, _epoch: usize, members: &[usize]) -> Vec<PathBuf> {
        members.iter().map(|&index| self.set.paths[index].clone()).collect()
    }

    fn points(&self, item: usize) -> Vec<[f32; 3]> {
        self.preparation.drawn(&self.set.clouds[item], item).positions
    }

    fn seed(&self) -> u64 {
        self.preparation.seed
    }

    fn to_device(&self, device: &Device) -> Self {
        let mut source = self.clone();
        source.builder.packer.device = device.clone();
        source
    }

    fn slice(&self, start: usize, end: usize) -> Self {
        let indices: Vec<usize> = (start..end).collect();
        Self { set: Arc::new(self.set.select(&indices)), ..self.clone() }
    }
}
