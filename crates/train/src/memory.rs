//! How much memory a training will take, before it is started.

use std::fmt;

use burn::tensor::Device;
use neighbors::{ListSizes, PackedClouds};
use pointcloud::synth::{SceneSynthConfig, scene};
use pointconv::VoxelMap;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::Serialize;

use crate::config::{AugmentConfig, Config, DataConfig, ScenesConfig};
use crate::error::RunError;
use crate::network::{NetworkSpec, Task};
use crate::synthetic::{surfaces, with_columns};
use crate::task::classification::{CloudSet, Preparation};
use crate::task::segmentation::{
    Frame, RegionBuilder, RegionSource, Scene, decide_lengths, load_scenes, thin,
};
use crate::task::{AHEAD, Columns, list_sizes, offsets};

/// Bytes of a number.
const FLOAT: u64 = 4;

/// Program, threads and small things.
const PROGRAM: u64 = 40 << 20;

/// Memory of one step of training, by what it is for; all but `parameters` in bytes.
///
/// Weights, gradients and neighbour lists are exact. What is alive at the same time in the forward and the backward
/// pass, and inside the optimizer, is a model of the program. Whole trainings of 32 clouds of 512 and of 2,048 points took
/// 8 and 7 % more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct StepMemory {
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
    /// Expected peak of the process, without the data set.
    pub total: u64,
}

impl StepMemory {
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
                // Files are listed class by class.
                let stride = (samples.len() / batch).max(1);
                let some: Vec<_> = samples.iter().step_by(stride).take(batch).cloned().collect();
                let (set, _) = CloudSet::load_alike(&some, &config.data, config.seed, &|_| ())?;
                Self::of_clouds(config, dataset.classes().len(), &set.clouds)
            }
            _ => {
                let clouds = surfaces(batch.min(10), config.data.points);
                Self::of_clouds(config, 10, &with_columns(clouds, &config.data.attributes()))
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
        assert!(!clouds.is_empty(), "StepMemory: expected at least one cloud");
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
        let (scene, classes) = match files.unwrap_or_default().first() {
            Some(path) => {
                let names = scenes.class_names(&config.data.root)?;
                let map = scenes.label_map(&names);
                // A bad file is an error here.
                let data = DataConfig { skip_bad: false, ..config.data.clone() };
                let mut found = load_scenes(std::slice::from_ref(path), scenes, &map, &data, &|_| ())?.scenes;
                (found.swap_remove(0), names.len())
            }
            None => {
                let settings =
                    scenes.synth.as_ref().map_or_else(SceneSynthConfig::default, |synth| synth.settings());
                let whole = scene(&settings, &mut ChaCha8Rng::seed_from_u64(1));
                let cloud = thin(&whole, scenes)?.cloud;
                let frame = Frame::of(cloud.positions());
                (Scene { path: "synthetic".into(), cloud, frame }, settings.kind.classes().len())
            }
        };
        let config = &config.scaled([scene.cloud.positions()])?;
        let builder = RegionBuilder::of(&config.model, scenes, classes, 0.0, &Device::flex());
        let source = RegionSource::for_training(vec![scene], builder, scenes, &config.augment, config.seed);
        let members: Vec<usize> = (0..config.train.batch_size.min(scenes.regions)).collect();
        let regions = source.regions(1, &members);
        let offsets = offsets(regions.iter().map(|region| region.positions.len()));
        let positions: Vec<[f32; 3]> =
            regions.iter().flat_map(|region| region.positions.iter().copied()).collect();
        let spec = NetworkSpec { points: scenes.points, channels_in: scenes.channels_in(), classes };
        Self::of_batch(config, &spec, &positions, &offsets, members.len())
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
        for level in config.model.coarser() {
            clouds = VoxelMap::build(&clouds, level.voxel)?.coarse().clone();
            sizes.extend(list_sizes(clouds.positions(), clouds.offsets(), &level.kernels)?);
        }
        let of_batch = |bytes: u64| bytes * batch / counted;
        let lists = of_batch(sizes.iter().map(ListSizes::bytes).sum());
        let inverse_counts = of_batch(sizes.iter().map(inverse_count_bytes).sum());

        let parameters = config.model.parameters(spec) as u64;
        let weights = FLOAT * parameters;
        let (lasting, passing) = config.optimizer.copies_of_weights();
        let (optimizer, update) = (lasting * weights, passing * weights);
        let alive = config.model.activations(spec);
        let of_points = positions.len() as u64 * batch / counted * alive.training_per_point as u64;
        let activations = FLOAT * (of_points + batch * alive.training_per_cloud as u64);
        let neighbors = lists + inverse_counts;
        let waiting = (AHEAD as u64 + 1) * lists + lists;
        // The activations are gone when the weights are updated; the batch is not.
        let total = PROGRAM + 2 * weights + optimizer + waiting + neighbors + activations.max(update);
        Ok(Self {
            parameters,
            weights,
            gradients: weights,
            optimizer,
            update,
            activations,
            neighbors,
            waiting,
            total,
        })
    }
}

/// Bytes of the inverse counts that the backward pass on the CPU reads: one number for each pair.
fn inverse_count_bytes(sizes: &ListSizes) -> u64 {
    FLOAT * sizes.edges
}

impl fmt::Display for StepMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let megabytes = |bytes: u64| format!("{:.0} MB", bytes as f64 / 1e6);
        writeln!(f, "parameters {}", self.parameters)?;
        writeln!(
            f,
            "memory     about {} for a step: {} weights, {} gradients, {} optimizer and {} for its update,",
            megabytes(self.total),
            megabytes(self.weights),
            megabytes(self.gradients),
            megabytes(self.optimizer),
            megabytes(self.update)
        )?;
        writeln!(
            f,
            "           {} activations, {} neighbour lists, {} batches that wait; the data set apart",
            megabytes(self.activations),
            megabytes(self.neighbors),
            megabytes(self.waiting)
        )
    }
}
