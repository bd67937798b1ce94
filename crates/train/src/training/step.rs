//! One step of training, part by part: what `train` does with a batch, timed.

use std::path::PathBuf;
use std::time::Instant;

use burn::data::dataloader::DataLoader;
use burn::module::Module;
use burn::optim::GradientsParams;
use burn::tensor::Device;
use burn::train::Learner;
use neighbors::InstructionSet;
use pointcloud::derive_seed;
use pointconv::Neighborhood;
use serde::Serialize;

use super::epochs::STEP;
use super::optimize::{optimizer, schedule};
use super::session::{WEIGHTS, take_turn};
use crate::bench::{Spread, peak_memory};
use crate::config::{Config, ModelConfig};
use crate::data::{BatchBuilder, CloudSet, CloudSource, Loader, Preparation};
use crate::error::RunError;
use crate::memory::StepMemory;
use crate::network::Purpose;

/// Steps before the first that is timed: one makes the optimizer's state, one finds the memory that steps free.
const WARM_UP: usize = 2;

/// A training whose steps are timed.
#[derive(Clone, Debug)]
pub struct StepBench {
    /// Network, optimizer, augmentation, order and batch size.
    pub config: Config,
    /// Classes of the network.
    pub classes: usize,
    /// Steps that are timed, after two that are not.
    pub repetitions: usize,
}

/// Times of one step, and what they are times of.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct StepTimes {
    /// All parts one after the other.
    pub step: Spread,
    /// Augmentation and order of the points.
    pub prepare: Spread,
    /// Neighbour lists of all convolutions, and packing.
    pub search: Spread,
    /// From the batch to the loss.
    pub forward: Spread,
    /// From the loss to all gradients.
    pub backward: Spread,
    /// From the gradients to new weights.
    pub optimizer: Spread,
    /// From the end of one step to the end of the next when, as in a training, another thread makes the next batches
    /// meanwhile.
    pub pipelined: Spread,
    /// Clouds of a step.
    pub batch: usize,
    /// Points of a cloud.
    pub points: usize,
    /// Classes.
    pub classes: usize,
    /// Learnable weights.
    pub parameters: usize,
    /// Neighbour pairs of all convolutions in the last batch.
    pub edges: usize,
    /// Loss of the last step.
    pub loss: f32,
    /// Threads of the pool.
    pub threads: usize,
    /// The vector instructions in use.
    pub instruction_set: String,
    /// The most memory that the process held; `None` where the system does not tell.
    pub peak_bytes: Option<u64>,
    /// What was to be expected of it.
    pub estimate: StepMemory,
}

/// Times in the order of their repetitions.
#[derive(Default)]
struct Log {
    step: Vec<f64>,
    prepare: Vec<f64>,
    search: Vec<f64>,
    forward: Vec<f64>,
    backward: Vec<f64>,
    optimizer: Vec<f64>,
}

impl StepBench {
    /// Times steps on `clouds`, which are repeated as often as needed and have classes in turn.
    ///
    /// # Errors
    /// A network that is no classifier, clouds without neighbour lists, or a loss that is not finite.
    ///
    /// # Panics
    /// When there is no cloud.
    pub fn run(&self, clouds: &[Vec<[f32; 3]>], device: &Device) -> Result<StepTimes, RunError> {
        assert!(!clouds.is_empty(), "StepBench: expected at least one cloud");
        let _turn = take_turn();
        let config = &self.config;
        let ModelConfig::PaperClassifier(model) = &config.model else {
            return Err(RunError::NoSuchTask { network: config.model.kind(), wanted: "a classifier" });
        };
        let batch = config.train.batch_size;
        let estimate = StepMemory::estimate(config, self.classes, clouds)?;
        let device = device.clone().autodiff();
        device.seed(derive_seed(config.seed, &[WEIGHTS]));
        let points = clouds[0].len();
        let purpose = Purpose {
            points,
            channels_in: model.input_channels(),
            classes: self.classes,
            label_smoothing: config.train.label_smoothing,
        };
        let network = config.model.init(&purpose, &device);
        let parameters = network.num_params();
        let steps = self.repetitions + WARM_UP;
        let schedule = schedule(&config.schedule, config.optimizer.lr(), 1, 2 * steps);
        let mut learner = Learner::new(network, optimizer(&config.optimizer), schedule);
        let preparation = Preparation {
            order: config.data.order,
            augment: Some(config.augment.clone()),
            seed: config.seed,
        };
        let set = self.set(clouds, steps * batch);
        let source = CloudSource::new(set, BatchBuilder::of(model, &device), preparation);
        let loader = Loader::shuffled(source.clone(), batch);

        let mut log = Log::default();
        let (mut edges, mut loss) = (0, 0.0);
        for step in 0..steps {
            device.seed(derive_seed(config.seed, &[STEP, 1, step as u64]));
            let clock = Clock::start();
            let members: Vec<usize> = (step * batch..(step + 1) * batch).collect();
            let clouds = source.prepare(1, &members);
            let prepare = clock.lap(&device);
            let packed = source.pack(&clouds, members)?;
            let search = clock.lap(&device);
            edges = packed.neighborhoods.iter().map(Neighborhood::edges).sum();
            let model = learner.model();
            let output = model.judge(packed);
            let forward = clock.lap(&device);
            let gradients = output.loss.backward();
            let gradients = GradientsParams::from_grads(gradients, &model);
            loss = output.loss.into_scalar::<f32>();
            let backward = clock.lap(&device);
            learner.lr_step();
            learner.optimizer_step(gradients);
            let end = clock.lap(&device);
            if step >= WARM_UP {
                log.prepare.push(prepare);
                log.search.push(search - prepare);
                log.forward.push(forward - search);
                log.backward.push(backward - forward);
                log.optimizer.push(end - backward);
                log.step.push(end);
            }
        }

        loader.start_epoch(2);
        let mut pipelined = Vec::new();
        let mut started = Instant::now();
        for (step, batch) in loader.iter().enumerate() {
            let batch = batch.map_err(|error| RunError::Learner(error.to_string()))?;
            device.seed(derive_seed(config.seed, &[STEP, 2, step as u64]));
            let output = learner.train_step(batch);
            loss = output.item.loss.into_scalar::<f32>();
            learner.lr_step();
            learner.optimizer_step(output.grads);
            device.sync().expect("the device computes");
            // Nothing is ready before the first.
            if step >= WARM_UP {
                pipelined.push(started.elapsed().as_secs_f64());
            }
            started = Instant::now();
        }
        if !loss.is_finite() {
            return Err(RunError::Learner(format!("the loss is {loss}; lower optimizer.lr")));
        }
        Ok(StepTimes {
            step: Spread::of(&log.step),
            prepare: Spread::of(&log.prepare),
            search: Spread::of(&log.search),
            forward: Spread::of(&log.forward),
            backward: Spread::of(&log.backward),
            optimizer: Spread::of(&log.optimizer),
            pipelined: Spread::of(&pipelined),
            batch,
            points,
            classes: self.classes,
            parameters,
            edges,
            loss,
            threads: rayon::current_num_threads(),
            instruction_set: InstructionSet::current().to_string(),
            peak_bytes: peak_memory(),
            estimate,
        })
    }

    /// `count` clouds with a class and a name each.
    fn set(&self, clouds: &[Vec<[f32; 3]>], count: usize) -> CloudSet {
        CloudSet {
            dropped: 0,
            clouds: clouds.iter().cycle().take(count).cloned().collect(),
            classes: (0..count).map(|index| index % self.classes).collect(),
            paths: (0..count).map(|index| PathBuf::from(format!("cloud {index}"))).collect(),
        }
    }
}

/// Seconds since the start of a step.
struct Clock(Instant);

impl Clock {
    fn start() -> Self {
        Self(Instant::now())
    }

    /// Once the device has done what it was given.
    fn lap(&self, device: &Device) -> f64 {
        device.sync().expect("the device computes");
        self.0.elapsed().as_secs_f64()
    }
}
