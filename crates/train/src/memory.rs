//! How much memory a training will take, before it is started.

use std::fmt;

use burn::module::Module;
use burn::tensor::Device;
use neighbors::{ListSizes, PackedClouds};
use pointcloud::dataset::FolderDataset;
use pointcloud::synth::{SCENE_CLASSES, SceneSynthConfig, scene};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use crate::bench::surfaces;
use crate::config::{
    Config, DataConfig, Head, ModelConfig, OptimizerConfig, PaperClassifierConfig, ScenesConfig,
};
use crate::data::{
    AHEAD, CloudSet, Frame, Preparation, RegionBuilder, RegionSource, Scene, load_scenes, thin,
};
use crate::error::RunError;
use crate::network::Purpose;

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
    /// What the optimizer keeps between steps.
    pub optimizer: u64,
    /// What the optimizer takes while it computes new weights, the old ones still there.
    pub update: u64,
    /// What the forward pass keeps for the backward pass, and the gradients that go back through it.
    pub activations: u64,
    /// Neighbour lists of one batch, with what their backward pass needs.
    pub neighbors: u64,
    /// Batches that wait or are being made beside the one in use, each with its own lists.
    pub waiting: u64,
    /// Expected peak of the process, without the data set.
    pub total: u64,
}

impl StepMemory {
    /// The estimate for a network with `classes` classes that is trained on clouds like `clouds`.
    ///
    /// The lists of the first clouds, up to one batch, are counted, not made; fewer than a batch stand for all.
    ///
    /// # Errors
    /// A network that is no classifier, a position that is not finite.
    ///
    /// # Panics
    /// When there is no cloud.
    pub fn estimate(config: &Config, classes: usize, clouds: &[Vec<[f32; 3]>]) -> Result<Self, RunError> {
        assert!(!clouds.is_empty(), "StepMemory: expected at least one cloud");
        let ModelConfig::PaperClassifier(model) = &config.model else {
            return Err(RunError::NoSuchTask { network: config.model.kind(), wanted: "a classifier" });
        };
        let batch = config.train.batch_size;
        let preparation = Preparation {
            order: config.data.order,
            augment: Some(config.augment.clone()),
            seed: config.seed,
        };
        let mut positions = Vec::new();
        let mut offsets = vec![0];
        for (index, cloud) in clouds.iter().take(batch).enumerate() {
            positions.extend(preparation.apply(cloud, &[index as u64]));
            offsets.push(positions.len());
        }
        let counted = offsets.len() as u64 - 1;
        let packed = PackedClouds::new(positions, offsets)?;
        let sizes = ListSizes::count(&packed, &model.kernel_shapes())?;
        let of_batch = |bytes: u64| bytes * batch as u64 / counted;
        let lists = of_batch(sizes.iter().map(ListSizes::bytes).sum());
        let inverse_counts = of_batch(sizes.iter().map(inverse_count_bytes).sum());

        let points = packed.points() as u64 * batch as u64 / counted;
        let parameters = parameters(model, clouds[0].len() as u64, classes as u64);
        let weights = FLOAT * parameters;
        let (kept, passing) = optimizer_copies(&config.optimizer);
        let activations = activations(model, points, batch as u64, classes as u64);
        let optimizer = kept * weights;
        let update = passing * weights;
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

    /// The estimate for a segmenter: the regions of one batch, cut from the first training scene; from a synthetic room when there
    /// are no scenes yet.
    fn of_scenes(config: &Config, scenes: &ScenesConfig) -> Result<Self, RunError> {
        let files = scenes.folder(&config.data.root).and_then(|folder| Ok(folder.split("train")?.to_vec()));
        let (scene, classes) = match files.unwrap_or_default().first() {
            Some(path) => {
                let names = scenes.class_names(&config.data.root)?;
                let map = scenes.label_map(&names);
                let mut found = load_scenes(
                    std::slice::from_ref(path),
                    scenes,
                    &map,
                    &DataConfig { skip_bad: false, ..config.data.clone() },
                    &|_| (),
                )?
                .scenes;
                (found.swap_remove(0), names.len())
            }
            None => {
                let room = scene(&SceneSynthConfig::default(), &mut ChaCha8Rng::seed_from_u64(1));
                let cloud = thin(&room, scenes)?.cloud;
                let frame = Frame::of(cloud.positions());
                (Scene { path: "synthetic".into(), cloud, frame }, SCENE_CLASSES.len())
            }
        };
        let device = Device::flex();
        let builder = RegionBuilder::of(&config.model, scenes, classes, &device);
        let shapes = builder.shapes.clone();
        let source = RegionSource::for_training(vec![scene], builder, scenes, &config.augment, config.seed);
        let members: Vec<usize> = (0..config.train.batch_size.min(scenes.regions)).collect();
        let blocks = source.blocks(1, &members);
        let mut offsets = vec![0];
        for block in &blocks {
            offsets.push(offsets[offsets.len() - 1] + block.positions.len());
        }
        let positions: Vec<[f32; 3]> =
            blocks.iter().flat_map(|block| block.positions.iter().copied()).collect();
        let packed = PackedClouds::new(positions, offsets)?;
        let sizes = ListSizes::count(&packed, &shapes)?;
        let lists: u64 = sizes.iter().map(ListSizes::bytes).sum();
        let inverse_counts: u64 = sizes.iter().map(inverse_count_bytes).sum();
        let (channels_in, points) = (scenes.channels_in(), scenes.points);
        let purpose = Purpose { points, channels_in, classes, label_smoothing: 0.0 };
        let parameters = config.model.init(&purpose, &device).num_params() as u64;
        let weights = FLOAT * parameters;
        let (kept, passing) = optimizer_copies(&config.optimizer);
        // Forward and backward: what is alive without gradients, and as much again for what the backward pass needs.
        let alive = config.model.channels_alive(channels_in, classes) as u64;
        let activations = 3 * FLOAT * alive * packed.points() as u64;
        let neighbors = lists + inverse_counts;
        let waiting = (AHEAD as u64 + 1) * lists + lists;
        let (optimizer, update) = (kept * weights, passing * weights);
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

    /// The estimate for the training that `config` describes, on the first files of `data.root`; on synthetic shapes
    /// when there are no such files yet.
    ///
    /// # Errors
    /// Files that cannot be used.
    pub fn of_config(config: &Config) -> Result<Self, RunError> {
        if let Some(scenes) = &config.scenes {
            return Self::of_scenes(config, scenes);
        }
        let dataset = FolderDataset::open(&config.data.root).ok();
        let samples = dataset.as_ref().and_then(|dataset| dataset.split("train").ok()).unwrap_or_default();
        let batch = config.train.batch_size;
        match &dataset {
            Some(dataset) if !samples.is_empty() => {
                // Files are listed class by class.
                let stride = (samples.len() / batch).max(1);
                let some: Vec<_> = samples.iter().step_by(stride).take(batch).cloned().collect();
                let (set, _) = CloudSet::load_alike(&some, &config.data, config.seed, &|_| ())?;
                Self::estimate(config, dataset.classes().len(), &set.clouds)
            }
            _ => Self::estimate(config, 10, &surfaces(batch.min(10), config.data.points)),
        }
    }
}

/// Learnable weights of the network.
fn parameters(model: &PaperClassifierConfig, points: u64, classes: u64) -> u64 {
    use crate::config::ConvolutionKind::{Depthwise, Full, OneByOne, Separable};
    let (subdomains, out) = (model.kernel_size.iter().product::<usize>() as u64, model.channels as u64);
    let mut channels = model.input_channels() as u64;
    let mut sum = 0;
    for _ in &model.dilations {
        let weights = match model.convolution {
            Full => subdomains * channels * out,
            Depthwise => subdomains * out,
            Separable => subdomains * channels + channels * out,
            OneByOne => channels * out,
        };
        sum += weights + out;
        channels = out;
    }
    let hidden = model.hidden as u64;
    sum + head_width(model, points) * hidden + hidden + hidden * classes + classes
}

/// Channels of a point, or of a cloud, that the hidden layer reads.
fn head_width(model: &PaperClassifierConfig, points: u64) -> u64 {
    let per_point = model.channels as u64 * if model.concat { model.dilations.len() as u64 } else { 1 };
    match model.head {
        Head::Flatten => points * per_point,
        Head::Pooled => 2 * per_point,
    }
}

/// Bytes of the inverse counts that the backward pass on the CPU reads: one number for each pair.
fn inverse_count_bytes(sizes: &ListSizes) -> u64 {
    FLOAT * sizes.edges
}

/// Tensors as large as the weights: those that stay between steps, and those that come and go within an update.
fn optimizer_copies(optimizer: &OptimizerConfig) -> (u64, u64) {
    match optimizer {
        OptimizerConfig::Sgd { momentum: 0.0, .. } => (0, 2),
        OptimizerConfig::Sgd { .. } => (1, 2),
        OptimizerConfig::Adam { .. } | OptimizerConfig::AdamW { .. } => (2, 4),
    }
}

/// Activations of `points` points in all, in `clouds` clouds.
fn activations(model: &PaperClassifierConfig, points: u64, clouds: u64, classes: u64) -> u64 {
    let (layers, out) = (model.dilations.len() as u64, model.channels as u64);
    let per_point = out * if model.concat { layers } else { 1 };
    // Input; before and after SELU in every layer; side by side; and the gradients of the last two.
    let convolutions = model.input_channels() as u64 + 2 * layers * out + 3 * per_point;
    // Before and after SELU and dropout, its mask, and as many gradients.
    let head = 8 * model.hidden as u64 + 4 * classes;
    FLOAT * (points * convolutions + clouds * head)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{ConvolutionKind, Inputs};

    #[test]
    fn parameters_are_those_of_the_network() {
        for convolution in ConvolutionKind::ALL {
            for (head, inputs, concat) in [
                (Head::Flatten, Inputs::Xyz, true),
                (Head::Pooled, Inputs::One, true),
                (Head::Flatten, Inputs::One, false),
            ] {
                let dilations = vec![1, 3];
                let config = PaperClassifierConfig {
                    convolution,
                    head,
                    inputs,
                    concat,
                    dilations,
                    hidden: 7,
                    ..Default::default()
                };
                let network = config.init(11, 5, 0.0, &Device::flex());
                assert_eq!(parameters(&config, 11, 5), network.num_params() as u64, "{config:?}");
            }
        }
    }
}
