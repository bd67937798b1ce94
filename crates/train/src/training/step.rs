//! One step of training, in parts: the loop over epochs runs them, and the benches time them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use burn::lr_scheduler::module_lr_scheduler::ModuleLrScheduler;
use burn::module::{Module, ParamId};
use burn::optim::{GradientsParams, ModuleOptimizer};
use burn::tensor::{Device, Int, Tensor};
use burn::train::{ClassificationOutput, InferenceStep, Learner, TrainOutput, TrainStep};

use super::average::Average;
use super::finite::first_bad_layer;
use super::optimizer::optimizer;
use super::reduce::{Alone, Reduce};
use super::schedule::schedule;
use super::sharded::{Layout, Total, set_statistics};
use super::tally::{count, counted};
use super::transfer;
use crate::config::Config;
use crate::metrics::Confusion;
use crate::network::{Network, NetworkSpec};
use crate::streams::Stream;
use crate::task::{CloudBatch, LossSum, ShardedBatch, Shards, forward_loss, forward_sum, training_loss};

impl TrainStep for Network {
    type Input = CloudBatch;
    type Output = ClassificationOutput;

    fn step(&self, batch: CloudBatch) -> TrainOutput<ClassificationOutput> {
        backward(self, training_loss(self, batch))
    }
}

impl InferenceStep for Network {
    type Input = CloudBatch;
    type Output = ClassificationOutput;

    fn step(&self, batch: CloudBatch) -> ClassificationOutput {
        forward_loss(self, batch)
    }
}

/// Computes the gradients of all weights from the loss.
fn backward(network: &Network, output: ClassificationOutput) -> TrainOutput<ClassificationOutput> {
    let gradients = in_pool(|| output.loss.backward());
    TrainOutput::new(network, gradients, output)
}

/// Does `work` on a thread of rayon's pool. Any other thread would wake one of the pool, and be woken, for each of the many parallel
/// operations. A forward pass must stay on one thread: burn keeps the running statistics of each thread apart.
fn in_pool<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    rayon::scope(|_| work())
}

/// The state before the first step: the network with weights drawn from the seed, the optimizer, and the schedule, which spans
/// `epochs` epochs of `steps` steps.
pub(super) fn first(
    config: &Config,
    spec: &NetworkSpec,
    epochs: usize,
    steps: usize,
    device: &Device,
) -> (Network, ModuleOptimizer, ModuleLrScheduler) {
    device.seed(Stream::Weights.seed(config.seed, &[]));
    let network = config.model.init(spec, device);
    let schedule = schedule(&config.schedule, config.optimizer.lr(), epochs, steps);
    (network, optimizer(&config.optimizer), schedule)
}

/// The average of the weights before the first step, if `config` asks for one.
pub(super) fn average(config: &Config, network: &Network) -> Option<Average> {
    (config.train.average > 0.0).then(|| Average::new(network.valid(), config.train.average))
}

/// Waits until no other training of this process draws random numbers: burn has one stream of them per process.
pub fn take_turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What all steps of a training have in common.
#[derive(Clone, Debug)]
pub(super) struct Setting {
    /// With autodiff.
    pub(super) device: Device,
    pub(super) seed: u64,
    pub(super) classes: usize,
    pub(super) shards: Shards,
    pub(super) reduce: Arc<dyn Reduce>,
}

/// A network with its optimizer and schedule, trained step by step.
pub struct Steps {
    learner: Learner<Network>,
    setting: Setting,
    average: Option<Average>,
    done: usize,
    /// The parameters that are trained; the others are frozen.
    head: Option<Vec<ParamId>>,
}

impl std::fmt::Debug for Steps {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Steps").field("setting", &self.setting).finish_non_exhaustive()
    }
}

/// What a step computes before it changes the weights.
pub struct Computed {
    /// The gradients of the mean loss of the whole batch.
    pub gradients: GradientsParams,
    /// The mean loss of the whole batch.
    pub loss: f32,
    /// The predictions for the whole batch.
    pub(super) predictions: Confusion,
    /// Whether a process was asked to stop.
    pub(super) stop: bool,
    /// For the metrics of burn: the items of this process; `None` if it has none.
    pub(super) output: Option<ClassificationOutput>,
}

impl std::fmt::Debug for Computed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Computed").field("loss", &self.loss).finish_non_exhaustive()
    }
}

/// A step with a value that is not finite.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct UnusableStep {
    /// The mean loss: of the batch or, in a training with several shards, of the first shard with such a value.
    pub loss: f32,
    /// The first layer whose output, weight or gradient is not finite.
    pub layer: String,
}

impl Steps {
    /// Starts before the first step of `config` on `device`, with weights drawn from the seed; the schedule spans `epochs`
    /// epochs of `steps` steps.
    #[must_use]
    pub fn new(config: &Config, spec: &NetworkSpec, epochs: usize, steps: usize, device: &Device) -> Self {
        let device = device.clone().autodiff();
        let (network, optimizer, schedule) = first(config, spec, epochs, steps, &device);
        let average = average(config, &network);
        let shards = Shards::all(config.train.shards);
        let (seed, classes) = (config.seed, spec.classes);
        let mut learner = Learner::new(network, optimizer, schedule);
        // Draws the weights, which would otherwise be drawn when a step needs them, with the seed of that step.
        learner.fork(&device);
        let setting = Setting { device, seed, classes, shards, reduce: Arc::new(Alone) };
        Self::of(learner, setting, average, 0)
    }

    /// Continues with `learner` after `done` steps.
    pub(super) fn of(
        learner: Learner<Network>,
        setting: Setting,
        average: Option<Average>,
        done: usize,
    ) -> Self {
        Self { learner, setting, average, done, head: None }
    }

    /// Trains only the head of the network, or all of it.
    pub(super) fn freeze_trunk(&mut self, frozen: bool) {
        self.head = frozen.then(|| transfer::head(&self.network()));
    }

    /// The averaged weights, if the config asks for an average.
    pub(super) fn average(&self) -> Option<&Network> {
        self.average.as_ref().map(Average::network)
    }

    /// The current network.
    #[must_use]
    pub fn network(&self) -> Network {
        self.learner.model()
    }

    /// The learner of burn.
    pub(super) fn learner(&self) -> &Learner<Network> {
        &self.learner
    }

    /// Computes loss and gradients of a batch. `stop` is whether this process was asked to stop: with the sums, all processes learn
    /// whether one of them was.
    ///
    /// # Errors
    /// A loss or, with several shards, a gradient that is not finite.
    pub fn compute(
        &self,
        (epoch, step): (usize, usize),
        batch: ShardedBatch,
        stop: bool,
    ) -> Result<Computed, UnusableStep> {
        if self.setting.shards.count() == 1 {
            let (_, batch) = batch.shards.into_iter().next().expect("every batch has items");
            return self.whole((epoch, step), batch, stop);
        }
        let ShardedBatch { members, shards: batches } = batch;
        let Setting { shards, reduce, .. } = &self.setting;
        let network = self.network();
        let layout = Layout::of(&network);
        let before = layout.has_statistics().then(|| layout.statistics(&network));
        let (mut parts, mut outputs) = (Vec::new(), Vec::new());
        let mut predictions = Confusion::new(self.setting.classes);
        for (shard, batch) in &batches {
            // Every shard starts with the statistics before the step.
            before.iter().for_each(|before| set_statistics(&network, before.clone()));
            self.seed_shard(epoch, step, *shard);
            let LossSum { sum, weight, logits, targets } = forward_sum(&network, batch.clone());
            let gradients = GradientsParams::from_grads(in_pool(|| sum.backward()), &network);
            count(logits.clone(), targets.clone(), &mut predictions);
            let loss: f32 = sum.into_scalar();
            parts.push(layout.part(*shard, [loss, weight].map(f64::from), gradients, &network));
            outputs.push((logits.detach(), targets));
        }
        let whole = (shards, members.len());
        match layout.sum(parts, &predictions, whole, stop, (&network, &**reduce)) {
            Ok(Total { gradients, statistics, loss, predictions, stop }) => {
                set_statistics(&network, statistics);
                let output = of_shards(outputs, loss);
                Ok(Computed { gradients, loss, predictions, stop, output })
            }
            Err(bad) => {
                let (loss, layer) = bad.describe(&network, &batches, shards, &**reduce);
                Err(UnusableStep { loss, layer })
            }
        }
    }

    /// A step without shards.
    fn whole(
        &self,
        (epoch, step): (usize, usize),
        batch: CloudBatch,
        stop: bool,
    ) -> Result<Computed, UnusableStep> {
        self.seed(epoch, step);
        let TrainOutput { grads, item } = self.backward(self.forward(batch.clone()));
        let (loss, predictions) = counted(&item, self.setting.classes);
        if !loss.is_finite() {
            return Err(UnusableStep { loss, layer: first_bad_layer(&self.network(), &batch) });
        }
        Ok(Computed { gradients: grads, loss, predictions, stop, output: Some(item) })
    }

    /// Seeds the random numbers of the network (dropout) for the step.
    pub fn seed(&self, epoch: usize, step: usize) {
        let Setting { device, seed, .. } = &self.setting;
        device.seed(Stream::Step.seed(*seed, &[epoch as u64, step as u64]));
    }

    /// Seeds the random numbers of the network (dropout) for a shard of the step.
    fn seed_shard(&self, epoch: usize, step: usize, shard: usize) {
        let Setting { device, seed, .. } = &self.setting;
        device.seed(Stream::Step.seed(*seed, &[epoch as u64, step as u64, shard as u64]));
    }

    /// Computes the loss of a batch.
    #[must_use]
    pub fn forward(&self, batch: CloudBatch) -> ClassificationOutput {
        training_loss(&self.network(), batch)
    }

    /// Computes the gradients.
    #[must_use]
    pub fn backward(&self, output: ClassificationOutput) -> TrainOutput<ClassificationOutput> {
        backward(&self.network(), output)
    }

    /// Updates the weights; returns the learning rate of the step.
    pub fn update(&mut self, gradients: GradientsParams) -> f64 {
        let gradients = match &self.head {
            Some(head) => transfer::of_head(&self.network(), head, gradients),
            None => gradients,
        };
        self.learner.lr_step();
        self.learner.optimizer_step(gradients);
        self.done += 1;
        if let Some(average) = &mut self.average {
            average.add(&self.learner.model().valid(), self.done);
        }
        self.learner.lr_current().base()
    }
}

/// The items of several shards together.
fn of_shards(outputs: Vec<(Tensor<2>, Tensor<1, Int>)>, loss: f32) -> Option<ClassificationOutput> {
    let device = outputs.first()?.0.device();
    let (logits, targets) = outputs.into_iter().unzip();
    let loss = Tensor::from_floats([loss], &device);
    Some(ClassificationOutput::new(loss, Tensor::cat(logits, 0), Tensor::cat(targets, 0)))
}
