//! The loop over epochs: burn's learner steps, with a seed for every step, a guard on the loss, and one row of metrics
//! per epoch and split.

use std::sync::{Arc, Mutex};
use std::time::Instant;

use burn::data::dataloader::DataLoader;
use burn::module::{Module, ModuleVisitor, Param};
use burn::store::ModuleSnapshot;
use burn::tensor::{Device, Tensor};
use burn::train::{
    ClassificationOutput, EventProcessorTraining, InferenceStep, Interrupter, Learner, LearnerEvent,
    SupervisedLearningStrategy, SupervisedTrainingEventProcessor, TrainLoader, TrainingComponents,
    TrainingItem, ValidLoader,
};
use pointcloud::derive_seed;

use crate::config::Task;
use crate::data::{BatchSource, CloudBatch, Loader};
use crate::error::RunError;
use crate::evaluation::{Confusion, Weights};
use crate::metrics_log::{EpochMetrics, MetricsLog};
use crate::network::Network;
use crate::run::{Manifest, RunDirectory, WeightsEntry, save_weights};

/// Selects the random numbers of the network (dropout) within a step.
pub(super) const STEP: u64 = 5;

/// The training strategy that burn's `SupervisedTraining` is given.
pub(super) struct Epochs<S> {
    pub(super) train: Loader<S>,
    pub(super) device: Device,
    pub(super) seed: u64,
    pub(super) task: Task,
    pub(super) run: RunDirectory,
    pub(super) progress: Arc<Mutex<Progress>>,
    /// Called with every new row of metrics.
    pub(super) on_epoch: Box<dyn Fn(&EpochMetrics) + Send + Sync>,
}

/// What changes while training, and outlives it.
pub(super) struct Progress {
    pub(super) log: MetricsLog,
    pub(super) manifest: Manifest,
    pub(super) best: Option<Best>,
    /// What stopped the training, unless it was burn.
    pub(super) failure: Option<RunError>,
}

/// The epoch that did best on the validation files.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Best {
    pub(super) epoch: usize,
    /// Accuracy, or the mean intersection over union of a segmenter.
    pub(super) score: f64,
    pub(super) loss: f64,
}

impl Best {
    /// The best of `rows`: highest accuracy, or mean intersection over union, on the validation files, then lowest loss, then the earliest.
    pub(super) fn of(rows: &[EpochMetrics]) -> Option<Self> {
        let mut best: Option<Self> = None;
        for row in rows.iter().filter(|row| row.split == "valid") {
            if best.is_none_or(|best| best.is_beaten_by(row)) {
                best = Some(Self { epoch: row.epoch, score: row.score(), loss: row.loss });
            }
        }
        best
    }

    fn is_beaten_by(&self, row: &EpochMetrics) -> bool {
        row.score() > self.score || (row.score() == self.score && row.loss < self.loss)
    }
}

/// Sums over one epoch and split.
struct Tally {
    confusion: Confusion,
    loss: f64,
    started: Instant,
}

impl Tally {
    fn new(classes: usize) -> Self {
        Self { confusion: Confusion::new(classes), loss: 0.0, started: Instant::now() }
    }

    /// Adds a batch, and gives its mean loss. A target that is no class does not count.
    fn add(&mut self, output: &ClassificationOutput) -> f32 {
        let loss: f32 = output.loss.clone().into_scalar();
        let targets = output.targets.clone().into_data().iter::<i64>().collect::<Vec<_>>();
        let predicted = output.output.clone().argmax(1).into_data().iter::<i64>().collect::<Vec<_>>();
        let before = self.confusion.total();
        for (&truth, &predicted) in targets.iter().zip(&predicted) {
            if (truth as usize) < self.confusion.classes() {
                self.confusion.record(truth as usize, predicted as usize);
            }
        }
        self.loss += f64::from(loss) * (self.confusion.total() - before) as f64;
        loss
    }

    fn row(&self, task: Task, epoch: usize, split: &str, lr: Option<f64>) -> EpochMetrics {
        EpochMetrics {
            epoch,
            split: split.to_owned(),
            loss: self.loss / self.confusion.total().max(1) as f64,
            accuracy: self.confusion.overall_accuracy().unwrap_or(0.0),
            mean_class_accuracy: self.confusion.mean_class_accuracy(),
            mean_iou: (task == Task::Segmentation).then(|| self.confusion.mean_iou()).flatten(),
            lr,
            seconds: self.started.elapsed().as_secs_f64(),
        }
    }
}

type Processor = SupervisedTrainingEventProcessor<Network>;

impl<S: BatchSource> SupervisedLearningStrategy<Network> for Epochs<S> {
    fn fit(
        &self,
        components: TrainingComponents<Network>,
        mut learner: Learner<Network>,
        train: TrainLoader<Network>,
        validation: ValidLoader<Network>,
        starting_epoch: usize,
    ) -> (Network, Processor) {
        let mut processor = components.event_processor;
        let mut checkpointer = components.checkpointer;
        let interrupter = &components.interrupter;
        learner.fork(&self.device);

        for epoch in starting_epoch..=components.num_epochs {
            self.train.start_epoch(epoch);
            let trained = self.train_epoch(epoch, &mut learner, &*train, &mut processor, interrupter);
            if interrupter.should_stop() || trained.is_none() {
                break;
            }
            let validated = self.validate_epoch(epoch, &learner, &*validation, &mut processor, interrupter);
            if interrupter.should_stop() {
                break;
            }
            interrupter.fail_on_error(processor.process_train(LearnerEvent::EndEpoch(epoch)));
            interrupter.fail_on_error(processor.flush());

            let rows: Vec<EpochMetrics> = trained.into_iter().chain(validated).collect();
            if let Err(error) = self.finish_epoch(epoch, &learner, &rows) {
                self.stop(interrupter, error);
                break;
            }
            if let Some(checkpointer) = &mut checkpointer {
                checkpointer.checkpoint(&learner, epoch, &components.event_store);
            }
        }
        (learner.model(), processor)
    }
}

impl<S: BatchSource> Epochs<S> {
    fn train_epoch(
        &self,
        epoch: usize,
        learner: &mut Learner<Network>,
        loader: &dyn DataLoader<CloudBatch>,
        processor: &mut Processor,
        interrupter: &Interrupter,
    ) -> Option<EpochMetrics> {
        let start = LearnerEvent::StartSplit { epoch_number: epoch, total_items: loader.num_items() };
        interrupter.fail_on_error(processor.process_train(start));
        let mut tally = Tally::new(self.classes());
        let mut batches = loader.iter();
        let (mut step, mut loss, mut members) = (0, 0.0, Vec::new());
        while let Some(batch) = batches.next() {
            let batch = match batch {
                Ok(batch) => batch,
                Err(error) => {
                    interrupter.fail(error);
                    return None;
                }
            };
            step += 1;
            members.clone_from(&batch.members);
            self.device.seed(derive_seed(self.seed, &[STEP, epoch as u64, step as u64]));
            let output = learner.train_step(batch.clone());
            loss = tally.add(&output.item);
            if !loss.is_finite() {
                let layer = first_bad_layer(&learner.model(), &batch);
                self.stop(interrupter, self.not_finite(loss, epoch, step, layer, &members));
                return None;
            }
            learner.lr_step();
            learner.optimizer_step(output.grads);
            let item =
                TrainingItem::new(output.item, batches.progress(), Some(step), Some(learner.lr_current()));
            interrupter.fail_on_error(processor.process_train(LearnerEvent::ProcessedItem(item)));
            if interrupter.should_stop() {
                return None;
            }
        }
        // The last step of the epoch has no next one whose loss would tell; no checkpoint may hold such weights.
        if let Some(layer) = first_bad_parameter(&learner.model()) {
            self.stop(interrupter, self.not_finite(loss, epoch, step, layer, &members));
            return None;
        }
        interrupter.fail_on_error(processor.process_train(LearnerEvent::EndSplit(epoch)));
        Some(tally.row(self.task, epoch, "train", Some(learner.lr_current().base())))
    }

    /// `None` when there is nothing to validate on, or when it was interrupted.
    fn validate_epoch(
        &self,
        epoch: usize,
        learner: &Learner<Network>,
        loader: &dyn DataLoader<CloudBatch>,
        processor: &mut Processor,
        interrupter: &Interrupter,
    ) -> Option<EpochMetrics> {
        let start = LearnerEvent::StartSplit { epoch_number: epoch, total_items: loader.num_items() };
        interrupter.fail_on_error(processor.process_valid(start));
        let model = learner.model().valid();
        let mut tally = Tally::new(self.classes());
        let mut batches = loader.iter();
        let mut step = 0;
        while let Some(batch) = batches.next() {
            let batch = match batch {
                Ok(batch) => batch,
                Err(error) => {
                    interrupter.fail(error);
                    return None;
                }
            };
            step += 1;
            let output = InferenceStep::step(&model, batch);
            tally.add(&output);
            let item = TrainingItem::new(output, batches.progress(), Some(step), None);
            interrupter.fail_on_error(processor.process_valid(LearnerEvent::ProcessedItem(item)));
            if interrupter.should_stop() {
                return None;
            }
        }
        interrupter.fail_on_error(processor.process_valid(LearnerEvent::EndSplit(epoch)));
        (step > 0).then(|| tally.row(self.task, epoch, "valid", None))
    }

    /// Logs the epoch and keeps its weights, as the last and, if they are, as the best so far. Without validation there
    /// is nothing to choose by: the last epoch is also the best.
    fn finish_epoch(
        &self,
        epoch: usize,
        learner: &Learner<Network>,
        rows: &[EpochMetrics],
    ) -> Result<(), RunError> {
        let model = learner.model().valid();
        let mut progress = self.progress();
        for row in rows {
            progress.log.append(row)?;
            (self.on_epoch)(row);
        }
        let validated = rows.iter().find(|row| row.split == "valid");
        let mut kept = vec![Weights::Last];
        match validated {
            Some(row) if progress.best.is_none_or(|best| best.is_beaten_by(row)) => {
                progress.best = Some(Best { epoch, score: row.score(), loss: row.loss });
                kept.push(Weights::Best);
            }
            Some(_) => {}
            None => kept.push(Weights::Best),
        }
        for weights in kept {
            let entry = WeightsEntry {
                file: format!("{}.safetensors", weights.name()),
                epoch,
                validation_accuracy: validated.map(|row| row.accuracy),
                validation_mean_iou: validated.and_then(|row| row.mean_iou),
            };
            progress.manifest.weights.insert(weights.name().into(), entry);
            save_weights(&model, &self.run, weights, &progress.manifest)?;
        }
        progress.manifest.write(&self.run)
    }

    fn classes(&self) -> usize {
        self.progress().manifest.classes.len()
    }

    fn progress(&self) -> std::sync::MutexGuard<'_, Progress> {
        self.progress.lock().expect("no thread panics while it holds the lock")
    }

    fn stop(&self, interrupter: &Interrupter, error: RunError) {
        interrupter.stop(Some(&error.to_string()));
        self.progress().failure = Some(error);
    }

    fn not_finite(&self, loss: f32, epoch: usize, step: usize, layer: String, members: &[usize]) -> RunError {
        RunError::NotFinite {
            run: self.run.path().to_owned(),
            loss,
            epoch,
            step,
            layer,
            files: self.train.source().files(epoch, members),
        }
    }
}

/// The first layer whose weights, or else whose outputs for `batch`, are not all finite.
fn first_bad_layer(model: &Network, batch: &CloudBatch) -> String {
    let of_outputs = || {
        let outputs = model.named_outputs(batch);
        outputs.into_iter().find(|(_, output)| !is_finite(output.clone())).map(|(name, _)| name)
    };
    first_bad_parameter(model).or_else(of_outputs).unwrap_or_else(|| "loss".into())
}

fn is_finite<const D: usize>(tensor: Tensor<D>) -> bool {
    // NaN and infinity both survive multiplication with zero and a sum.
    let sum: f32 = (tensor * 0.0).sum().into_scalar();
    sum == 0.0
}

/// The name of the first parameter with a value that is not finite.
fn first_bad_parameter(model: &Network) -> Option<String> {
    struct Search(Option<burn::module::ParamId>);
    impl ModuleVisitor for Search {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            if self.0.is_none() && !is_finite(param.val()) {
                self.0 = Some(param.id);
            }
        }
    }
    let mut search = Search(None);
    model.visit(&mut search);
    let id = search.0?;
    let snapshots = model.collect(None, None, true);
    let name =
        snapshots.iter().find(|tensor| tensor.param_id == Some(id.val())).map(|tensor| tensor.name.clone());
    Some(name.unwrap_or_else(|| id.to_string()))
}
