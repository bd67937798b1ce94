//! One step of training, part by part: the parts of the training loop, timed.

use std::path::PathBuf;
use std::time::Instant;

use burn::data::dataloader::DataLoader;
use burn::module::Module;
use burn::tensor::Device;
use neighbors::InstructionSet;
use pointconv::Neighborhood;
use serde::Serialize;
use train::config::{Config, Task};
use train::network::NetworkSpec;
use train::synthetic::with_columns;
use train::task::classification::{BatchBuilder, CloudSet, CloudSource, Preparation};
use train::task::{Columns, Loader};
use train::{RunError, Steps, TrainingMemory, take_turn};

use super::{Spread, peak_memory};

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
    /// Points from memory, augmentation and order.
    pub prepare: Spread,
    /// Neighbour lists of all convolutions, and packing.
    pub search: Spread,
    /// From the batch to the loss.
    pub forward: Spread,
    /// From the loss to all gradients.
    pub backward: Spread,
    /// From the gradients to new weights.
    pub optimizer: Spread,
    /// The same when, as in a training, another thread makes the next batches meanwhile.
    pub pipelined: PipelinedTimes,
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
    /// The most memory that the process held; `None` where the system does not say.
    pub peak_bytes: Option<u64>,
    /// What was to be expected of it.
    pub estimate: TrainingMemory,
}

/// Times of one step while another thread makes the next batches.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct PipelinedTimes {
    /// From the end of one step to the end of the next.
    pub step: Spread,
    /// For the batch, which is ready or not.
    pub wait: Spread,
    /// From the batch to the loss.
    pub forward: Spread,
    /// From the loss to all gradients.
    pub backward: Spread,
    /// From the gradients to new weights.
    pub optimizer: Spread,
    /// The rest: random numbers, the loss for the log.
    pub other: Spread,
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
        if config.model.task() != Task::Classification {
            return Err(RunError::NoSuchTask { network: config.model.kind(), wanted: "a classifier" });
        }
        let batch = config.train.batch_size;
        let clouds = with_columns(clouds.to_vec(), &config.data.attributes());
        let estimate = TrainingMemory::of_clouds(config, self.classes, &clouds)?;
        let device = device.clone().autodiff();
        let points = clouds[0].len();
        let channels_in = config.channels_in();
        let spec = NetworkSpec { points, channels_in, classes: self.classes };
        let count = self.repetitions + WARM_UP;
        let mut steps = Steps::new(config, &spec, 1, 2 * count, &device);
        let parameters = steps.network().num_params();
        let builder = BatchBuilder::of(config, config.train.label_smoothing, &device);
        let set = self.set(&clouds, count * batch);
        let source = CloudSource::new(set, builder, Preparation::for_training(config));

        let (log, edges) = self.parts(&mut steps, &source, &device)?;
        let (pipelined, loss) = pipelined(&mut steps, &Loader::shuffled(source, batch), &device)?;
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
            pipelined,
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

    /// Times the parts of steps one after the other; also gives the neighbour pairs of the last batch.
    fn parts(
        &self,
        steps: &mut Steps,
        source: &CloudSource,
        device: &Device,
    ) -> Result<(Log, usize), RunError> {
        let batch = self.config.train.batch_size;
        let (mut log, mut edges) = (Log::default(), 0);
        for step in 0..self.repetitions + WARM_UP {
            steps.seed(1, step);
            let clock = Clock::start();
            let members: Vec<usize> = (step * batch..(step + 1) * batch).collect();
            let clouds = source.prepare(1, &members);
            let prepare = clock.lap(device);
            let packed = source.pack(&clouds, members)?;
            let search = clock.lap(device);
            edges = packed.input.neighborhoods.iter().map(Neighborhood::edges).sum();
            let output = steps.forward(packed);
            let forward = clock.lap(device);
            let output = steps.backward(output);
            let backward = clock.lap(device);
            steps.update(output.grads);
            let end = clock.lap(device);
            if step >= WARM_UP {
                log.prepare.push(prepare);
                log.search.push(search - prepare);
                log.forward.push(forward - search);
                log.backward.push(backward - forward);
                log.optimizer.push(end - backward);
                log.step.push(end);
            }
        }
        Ok((log, edges))
    }

    /// `count` clouds with a class and a name each.
    fn set(&self, clouds: &[Columns], count: usize) -> CloudSet {
        CloudSet {
            dropped: 0,
            clouds: clouds.iter().cycle().take(count).cloned().collect(),
            classes: (0..count).map(|index| index % self.classes).collect(),
            paths: (0..count).map(|index| PathBuf::from(format!("cloud {index}"))).collect(),
        }
    }
}

/// Times of steps while another thread makes batches; and the last loss.
fn pipelined(
    steps: &mut Steps,
    loader: &Loader<CloudSource>,
    device: &Device,
) -> Result<(PipelinedTimes, f32), RunError> {
    loader.start_epoch(2);
    let mut batches = loader.iter();
    let (mut rows, mut loss) = (Vec::new(), f32::NAN);
    for step in 0.. {
        let clock = Clock::start();
        let Some(batch) = batches.next() else { break };
        let batch = batch.map_err(|error| RunError::Learner(error.to_string()))?;
        let wait = clock.lap(device);
        steps.seed(2, step);
        let seeded = clock.lap(device);
        let output = steps.forward(batch);
        let forward = clock.lap(device);
        let output = steps.backward(output);
        let backward = clock.lap(device);
        loss = output.item.loss.into_scalar::<f32>();
        let logged = clock.lap(device);
        steps.update(output.grads);
        let end = clock.lap(device);
        // Nothing is ready before the first.
        if step >= WARM_UP {
            let other = (seeded - wait) + (logged - backward);
            rows.push([end, wait, forward - seeded, backward - forward, end - logged, other]);
        }
    }
    let spread = |part: usize| Spread::of(&rows.iter().map(|row| row[part]).collect::<Vec<f64>>());
    let [step, wait, forward, backward, optimizer, other] = [0, 1, 2, 3, 4, 5].map(spread);
    Ok((PipelinedTimes { step, wait, forward, backward, optimizer, other }, loss))
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
