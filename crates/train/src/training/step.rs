//! One step of training, in parts: the loop over epochs runs them, and the benches time them.

use std::sync::{Mutex, MutexGuard, PoisonError};

use burn::lr_scheduler::module_lr_scheduler::ModuleLrScheduler;
use burn::module::{Module, ParamId};
use burn::optim::{GradientsParams, ModuleOptimizer};
use burn::tensor::Device;
use burn::train::{ClassificationOutput, InferenceStep, Learner, TrainOutput, TrainStep};

use super::average::Average;
use super::optimizer::optimizer;
use super::schedule::schedule;
use super::transfer;
use crate::config::Config;
use crate::network::{Network, NetworkSpec};
use crate::streams::Stream;
use crate::task::{CloudBatch, forward_loss};

impl TrainStep for Network {
    type Input = CloudBatch;
    type Output = ClassificationOutput;

    fn step(&self, batch: CloudBatch) -> TrainOutput<ClassificationOutput> {
        backward(self, forward_loss(self, batch))
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
    let gradients = output.loss.backward();
    TrainOutput::new(network, gradients, output)
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

/// A network with its optimizer and schedule, trained step by step.
pub struct Steps {
    learner: Learner<Network>,
    device: Device,
    seed: u64,
    average: Option<Average>,
    done: usize,
    /// The parameters that are trained; the others are frozen.
    head: Option<Vec<ParamId>>,
}

impl std::fmt::Debug for Steps {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Steps")
            .field("device", &self.device)
            .field("seed", &self.seed)
            .finish_non_exhaustive()
    }
}

impl Steps {
    /// Starts before the first step of `config` on `device`, with weights drawn from the seed; the schedule spans `epochs`
    /// epochs of `steps` steps.
    #[must_use]
    pub fn new(config: &Config, spec: &NetworkSpec, epochs: usize, steps: usize, device: &Device) -> Self {
        let device = device.clone().autodiff();
        let (network, optimizer, schedule) = first(config, spec, epochs, steps, &device);
        let average = average(config, &network);
        Self::of(Learner::new(network, optimizer, schedule), device, config.seed, average, 0)
    }

    /// Continues with `learner` on `device`, after `done` steps.
    pub(super) fn of(
        learner: Learner<Network>,
        device: Device,
        seed: u64,
        average: Option<Average>,
        done: usize,
    ) -> Self {
        Self { learner, device, seed, average, done, head: None }
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

    /// Seeds the random numbers of the network (dropout) for the step.
    pub fn seed(&self, epoch: usize, step: usize) {
        self.device.seed(Stream::Step.seed(self.seed, &[epoch as u64, step as u64]));
    }

    /// Computes the loss of a batch.
    #[must_use]
    pub fn forward(&self, batch: CloudBatch) -> ClassificationOutput {
        forward_loss(&self.network(), batch)
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
