//! The memory of a training, by what it is for.

use std::fmt;

use neighbors::{ListSizes, PackedClouds};
use pointconv::VoxelMap;
use rayon::prelude::*;
use serde::Serialize;

use crate::config::{AugmentConfig, Config};
use crate::error::RunError;
use crate::network::{NetworkSpec, Task};
use crate::task::classification::Preparation;
use crate::task::{AHEAD, Columns, list_sizes, offsets};

/// Bytes of a number.
pub(super) const FLOAT: u64 = 4;

/// Program, threads and small things.
const PROGRAM: u64 = 60 << 20;

/// The memory of the process for each byte that comes and goes with the steps: freed memory stays with the allocator for some
/// seconds. Measured on whole trainings.
const HELD: f64 = 1.25;

/// Bytes of the candidate lists of a search for each point: it is in eight lists, and a list takes at least a block of 16
/// candidates of 16 bytes, however few points its cell holds.
const SEARCH: u64 = 8 * 16 * 16;

/// Memory of a training, by what it is for; all but `parameters` in bytes.
///
/// Weights, gradients and neighbour lists are exact. What is alive at the same time in the forward and the backward
/// pass, and inside the optimizer, is a model of the program. A test compares it with the peak of whole trainings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct TrainingMemory {
    /// Learnable weights.
    pub parameters: u64,
    /// The weights themselves.
    pub weights: u64,
    /// One gradient per weight; with several shards those of every shard and their sums.
    pub gradients: u64,
    /// The state of the optimizer between steps.
    pub optimizer: u64,
    /// What the optimizer takes while it computes new weights, the old ones still there.
    pub update: u64,
    /// Values that the forward pass stores for the backward pass, and the gradients of them.
    pub activations: u64,
    /// Neighbour lists of one batch, with what their backward pass needs.
    pub neighbors: u64,
    /// Batches that wait or are being made beside the one in use, each with its own lists, and the search of one.
    pub waiting: u64,
    /// The training data, which is copied once while it is split.
    pub data: u64,
    /// Expected peak of the process.
    pub total: u64,
}

impl TrainingMemory {
    /// The estimate for a classifier with `classes` classes that is trained on clouds like `clouds`.
    ///
    /// The lists of the first clouds, up to one batch, are counted, not made; fewer than a batch are scaled to one.
    ///
    /// # Errors
    /// A network that is no classifier, a position that is not finite.
    ///
    /// # Panics
    /// When there is no cloud.
    pub fn of_clouds(config: &Config, classes: usize, clouds: &[Columns]) -> Result<Self, RunError> {
        assert!(!clouds.is_empty(), "TrainingMemory: expected at least one cloud");
        if config.model.task() != Task::Classification {
            return Err(RunError::NoSuchTask { network: config.model.kind(), wanted: "a classifier" });
        }
        let config = &config.scaled(clouds.par_iter().map(|cloud| cloud.positions.as_slice()))?;
        let batch = config.train.batch_size;
        // The clouds are drawn already; a batch without dropped points is the largest.
        let augment = AugmentConfig { drop: 0.0, ..config.augment.clone() };
        let preparation = Preparation { augment: Some(augment), ..Preparation::unchanged(config) };
        let prepared: Vec<Vec<[f32; 3]>> = clouds
            .iter()
            .take(batch)
            .enumerate()
            .map(|(index, cloud)| preparation.apply(cloud, 0, index).positions)
            .collect();
        let channels_in = config.channels_in();
        let spec = NetworkSpec { points: clouds[0].len(), channels_in, classes };
        let offsets = offsets(prepared.iter().map(Vec::len));
        Self::of_batch(config, &spec, &prepared.concat(), &offsets, batch)
    }

    /// The estimate for batches of `batch` clouds like `clouds`.
    pub(crate) fn of_packed(
        config: &Config,
        spec: &NetworkSpec,
        clouds: &[Vec<[f32; 3]>],
        batch: usize,
    ) -> Result<Self, RunError> {
        Self::of_batch(config, spec, &clouds.concat(), &offsets(clouds.iter().map(Vec::len)), batch)
    }

    /// The estimate for batches of `batch` clouds like the packed ones.
    fn of_batch(
        config: &Config,
        spec: &NetworkSpec,
        positions: &[[f32; 3]],
        offsets: &[usize],
        batch: usize,
    ) -> Result<Self, RunError> {
        let (batch, counted) = (batch as u64, offsets.len() as u64 - 1);
        let mut sizes = list_sizes(positions, offsets, &config.model.kernel_shapes())?;
        let mut clouds = PackedClouds::new(positions.to_vec(), offsets.to_vec())?;
        let search = SEARCH * clouds.points() as u64;
        let alive = config.model.activations(spec);
        let mut values = clouds.points() as u64 * alive.training_per_point as u64;
        for (level, &per_point) in config.model.coarser().iter().zip(&alive.training_per_coarse_point) {
            clouds = VoxelMap::build(&clouds, level.voxel)?.coarse().clone();
            values += clouds.points() as u64 * per_point as u64;
            sizes.extend(list_sizes(clouds.positions(), clouds.offsets(), &level.kernels)?);
        }
        let of_batch = |bytes: u64| bytes * batch / counted;
        let lists = of_batch(sizes.iter().map(ListSizes::bytes).sum());
        let counts = of_batch(sizes.iter().map(count_bytes).sum());

        let parameters = config.model.parameters(spec);
        let weights = FLOAT.saturating_mul(parameters);
        let (lasting, passing) = config.optimizer.copies_of_weights();
        let (optimizer, update) = (lasting * weights, passing * weights);
        // Shards are computed one after the other, but their gradients are kept until all are there. The sums are integers of 8 bytes.
        let shards = config.train.shards as u64;
        let activations = FLOAT * (of_batch(values) + batch * alive.training_per_cloud as u64) / shards;
        let gradients = if shards == 1 { weights } else { weights.saturating_mul(shards + 3) };
        let neighbors = lists + counts;
        let waiting =
            (AHEAD + 2) as f64 * kept_pairs(config.augment.drop) * lists as f64 + of_batch(search) as f64;
        let step = Self {
            parameters,
            weights,
            gradients,
            optimizer,
            update,
            activations,
            neighbors,
            waiting: waiting as u64,
            data: 0,
            total: 0,
        };
        Ok(step.with_data(0))
    }

    /// The estimate for a training with `data` bytes of training data.
    pub(crate) fn with_data(self, data: u64) -> Self {
        let Self { weights, gradients, optimizer, update, activations, neighbors, waiting, .. } = self;
        // The activations are gone when the weights are updated; the batch is not.
        let passing = [waiting, neighbors, activations.max(update), data];
        let passing = passing.into_iter().fold(0, u64::saturating_add);
        let lasting = [PROGRAM, weights, gradients, optimizer].into_iter().fold(0, u64::saturating_add);
        Self { data, total: lasting.saturating_add((HELD * passing as f64) as u64), ..self }
    }
}

/// The neighbour pairs of a cloud of which up to the share `drop` of the points is left out, as a part of those of the whole cloud,
/// on average: the mean of `(1 - d)²` for `d` drawn evenly from 0 to `drop`.
fn kept_pairs(drop: f32) -> f64 {
    let drop = f64::from(drop);
    1.0 - drop + drop * drop / 3.0
}

/// Bytes of the counts that the backward pass on the CPU reads: one for each pair, as wide as its index.
fn count_bytes(sizes: &ListSizes) -> u64 {
    sizes.index_bytes() * sizes.edges
}

impl fmt::Display for TrainingMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let megabytes = |bytes: u64| format!("{:.0} MB", bytes as f64 / 1e6);
        writeln!(f, "parameters {}", self.parameters)?;
        writeln!(
            f,
            "memory     about {}: {} weights, {} gradients, {} optimizer and {} for its update,",
            megabytes(self.total),
            megabytes(self.weights),
            megabytes(self.gradients),
            megabytes(self.optimizer),
            megabytes(self.update)
        )?;
        writeln!(
            f,
            "           {} activations, {} neighbour lists, {} batches that wait, {} data",
            megabytes(self.activations),
            megabytes(self.neighbors),
            megabytes(self.waiting),
            megabytes(self.data)
        )
    }
}
