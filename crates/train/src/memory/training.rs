//! The memory of a training, by what it is for.

use std::fmt;
use std::path::Path;

use burn::tensor::Device;
use neighbors::{ListSizes, PackedClouds};
use pointcloud::synth::{SceneSynthConfig, scene};
use pointconv::VoxelMap;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::Serialize;

use super::ensure_fits;
use crate::config::{AugmentConfig, Config, DataConfig, ScenesConfig};
use crate::error::RunError;
use crate::network::{NetworkSpec, Task};
use crate::synthetic::{surfaces, with_columns};
use crate::task::classification::{CloudSet, Preparation};
use crate::task::segmentation::{
    Frame, RegionBuilder, RegionSource, Scene, decide_lengths, load_scenes, scene_bytes, thin,
};
use crate::task::{AHEAD, Columns, list_sizes, offsets};

/// Batches of regions from which the largest regions are taken.
const SAMPLED_BATCHES: usize = 4;

/// Bytes of a number.
pub(super) const FLOAT: u64 = 4;

/// Program, threads and small things.
const PROGRAM: u64 = 60 << 20;

/// The memory of the process for each byte that comes and goes with the steps: freed memory stays with the allocator for some
/// seconds. Measured on whole trainings.
const HELD: f64 = 1.25;

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
    /// One gradient per weight.
    pub gradients: u64,
    /// The state of the optimizer between steps.
    pub optimizer: u64,
    /// What the optimizer takes while it computes new weights, the old ones still there.
    pub update: u64,
    /// Values that the forward pass stores for the backward pass, and the gradients of them.
    pub activations: u64,
    /// Neighbour lists of one batch, with what their backward pass needs.
    pub neighbors: u64,
    /// Batches that wait or are being made beside the one in use, each with its own lists.
    pub waiting: u64,
    /// The training data, which is copied once while it is split.
    pub data: u64,
    /// Expected peak of the process.
    pub total: u64,
}

impl TrainingMemory {
    /// The estimate for the training that `config` describes, on the first files of `data.root`; on synthetic shapes or a
    /// synthetic room when there are no such files yet.
    ///
    /// # Errors
    /// Files that cannot be used.
    pub fn of_config(config: &Config) -> Result<Self, RunError> {
        if let Some(scenes) = &config.scenes {
            return Self::of_scenes(config, scenes);
        }
        let dataset = config.data.dataset(&config.data.root, config.seed, None).ok();
        let samples = dataset.as_ref().and_then(|dataset| dataset.split("train").ok()).unwrap_or_default();
        let batch = config.train.batch_size;
        match &dataset {
            Some(dataset) if !samples.is_empty() => {
                ensure_fits(config, samples.len(), dataset.classes().len())?;
                // Files are listed class by class.
                let stride = (samples.len() / batch).max(1);
                let some: Vec<_> = samples.iter().step_by(stride).take(batch).cloned().collect();
                let (set, _) = CloudSet::load_alike(&some, &config.data, config.seed, &|_| ())?;
                let data = match config.data.resample {
                    // All points of the files stay in memory.
                    true => samples.iter().map(|sample| file_bytes(&sample.path)).sum(),
                    false => mean_bytes(&set.clouds) * samples.len() as u64,
                };
                Ok(Self::of_clouds(config, dataset.classes().len(), &set.clouds)?.with_data(2 * data))
            }
            _ => {
                let classes = 10;
                let clouds = surfaces(batch.min(classes), config.data.points);
                let clouds = with_columns(clouds, &config.data.attributes());
                let files = config.data.synth.as_ref().map_or(0, |synth| classes * synth.train_per_class);
                let data = 2 * mean_bytes(&clouds) * files as u64;
                Ok(Self::of_clouds(config, classes, &clouds)?.with_data(data))
            }
        }
    }

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

    /// The estimate for a segmenter: the regions of one batch, cut from the first training scene; from a synthetic room when
    /// there are no scenes yet.
    fn of_scenes(config: &Config, scenes: &ScenesConfig) -> Result<Self, RunError> {
        let mut scenes = scenes.clone();
        let found =
            scenes.folder(&config.data.root).and_then(|folder| Ok(!folder.split("train")?.is_empty()));
        if found.unwrap_or(false) {
            decide_lengths(&mut scenes, &config.data)?;
        }
        let scenes = &scenes;
        let files = scenes.folder(&config.data.root).and_then(|folder| Ok(folder.split("train")?.to_vec()));
        let files = files.unwrap_or_default();
        let (scene, classes, factor) = match files.first() {
            Some(path) => {
                let names = scenes.class_names(&config.data.root)?;
                let map = scenes.label_map(&names);
                // A bad file is an error here.
                let data = DataConfig { skip_bad: false, ..config.data.clone() };
                let mut found = load_scenes(std::slice::from_ref(path), scenes, &map, &data, &|_| ())?.scenes;
                let all: u64 = files.iter().map(|path| file_bytes(path)).sum();
                (found.swap_remove(0), names.len(), all as f64 / file_bytes(path).max(1) as f64)
            }
            None => {
                let settings =
                    scenes.synth.as_ref().map_or_else(SceneSynthConfig::default, |synth| synth.settings());
                let whole = scene(&settings, &mut ChaCha8Rng::seed_from_u64(1));
                let cloud = thin(&whole, scenes)?.cloud;
                let frame = Frame::of(cloud.positions());
                let rooms = scenes.synth.as_ref().map_or(0, |synth| synth.train);
                let scene = Scene { path: "synthetic".into(), cloud, frame };
                (scene, settings.kind.classes().len(), rooms as f64)
            }
        };
        let data = (factor * scene_bytes(&scene.cloud) as f64) as u64;
        let config = &config.scaled([scene.cloud.positions()])?;
        let builder = RegionBuilder::of(&config.model, scenes, classes, 0.0, &Device::flex());
        // A region without dropped points is the largest.
        let augment = AugmentConfig { drop: 0.0, ..config.augment.clone() };
        let source = RegionSource::for_training(vec![scene], builder, scenes, &augment, config.seed);
        let batch = config.train.batch_size.min(scenes.regions);
        let members: Vec<usize> = (0..scenes.regions.min(SAMPLED_BATCHES * batch)).collect();
        let mut regions = source.regions(1, &members);
        // The largest batch of an epoch decides.
        regions.sort_by_key(|region| std::cmp::Reverse(region.positions.len()));
        regions.truncate(batch);
        let offsets = offsets(regions.iter().map(|region| region.positions.len()));
        let positions: Vec<[f32; 3]> =
            regions.iter().flat_map(|region| region.positions.iter().copied()).collect();
        let spec = NetworkSpec { points: scenes.points, channels_in: scenes.channels_in(), classes };
        Ok(Self::of_batch(config, &spec, &positions, &offsets, batch)?.with_data(data))
    }

    /// The estimate for batches of `batch` clouds like `clouds`.
    pub(super) fn of_packed(
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
        let alive = config.model.activations(spec);
        let mut values = clouds.points() as u64 * alive.training_per_point as u64;
        for (level, &per_point) in config.model.coarser().iter().zip(&alive.training_per_coarse_point) {
            clouds = VoxelMap::build(&clouds, level.voxel)?.coarse().clone();
            values += clouds.points() as u64 * per_point as u64;
            sizes.extend(list_sizes(clouds.positions(), clouds.offsets(), &level.kernels)?);
        }
        let of_batch = |bytes: u64| bytes * batch / counted;
        let lists = of_batch(sizes.iter().map(ListSizes::bytes).sum());
        let inverse_counts = of_batch(sizes.iter().map(inverse_count_bytes).sum());

        let parameters = config.model.parameters(spec);
        let weights = FLOAT.saturating_mul(parameters);
        let (lasting, passing) = config.optimizer.copies_of_weights();
        let (optimizer, update) = (lasting * weights, passing * weights);
        let activations = FLOAT * (of_batch(values) + batch * alive.training_per_cloud as u64);
        let neighbors = lists + inverse_counts;
        let waiting = (AHEAD + 2) as f64 * kept_pairs(config.augment.drop) * lists as f64;
        let step = Self {
            parameters,
            weights,
            gradients: weights,
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
    fn with_data(self, data: u64) -> Self {
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

/// The size of a file; 0 where it is unknown.
fn file_bytes(path: &Path) -> u64 {
    path.metadata().map_or(0, |file| file.len())
}

/// The memory of a cloud, on average.
fn mean_bytes(clouds: &[Columns]) -> u64 {
    clouds.iter().map(Columns::bytes).sum::<u64>() / clouds.len().max(1) as u64
}

/// Bytes of the inverse counts that the backward pass on the CPU reads: one number for each pair.
fn inverse_count_bytes(sizes: &ListSizes) -> u64 {
    FLOAT * sizes.edges
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
