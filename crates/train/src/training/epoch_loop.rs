//! The loop over epochs: burn's learner steps, with a seed for every step, a guard on the loss, one row of metrics per
//! epoch and split, and a checkpoint after every epoch and wherever it is stopped.

use std::sync::{Arc, Mutex};

use burn::data::dataloader::DataLoader;
use burn::module::{Module, ModuleVisitor, Param};
use burn::store::ModuleSnapshot;
use burn::tensor::{Device, Tensor};
use burn::train::{
    EventProcessorTraining, InferenceStep, Interrupter, Learner, LearnerEvent, SupervisedLearningStrategy,
    SupervisedTrainingEventProcessor, TrainLoader, TrainingComponents, TrainingItem, ValidLoader,
};
use pointcloud::derive_seed;

use super::pace::Pace;
use super::tally::Tally;
use crate::config::Task;
use crate::data::{BatchSource, CloudBatch, Loader};
use crate::error::RunError;
use crate::evaluation::Weights;
use crate::metrics_log::{EpochMetrics, MetricsLog};
use crate::network::Network;
use crate::progress::{Progress, ProgressMode};
use crate::run::{Best, Manifest, Position, RunDirectory, WeightsEntry, save_weights};
use crate::stop::Stop;
use crate::tensorboard::EventLogs;

/// Selects the random numbers of the network (dropout) within a step.
pub(super) const STEP: u64 = 5;

/// The training strategy that burn's `SupervisedTraining` is given.
pub(super) struct Epochs<S> {
    pub(super) train: Loader<S>,
    pub(super) device: Device,
    pub(super) seed: u64,
    pub(super) task: Task,
    pub(super) run: RunDirectory,
    /// Steps of an epoch.
    pub(super) steps: usize,
    pub(super) standing: Arc<Mutex<Standing>>,
    pub(super) stop: Stop,
    /// How the steps of an epoch are shown.
    pub(super) bars: ProgressMode,
    /// Called with every new row of metrics.
    pub(super) on_epoch: Box<dyn Fn(&EpochMetrics) + Send + Sync>,
}

/// What changes while training, and outlives it.
pub(super) struct Standing {
    pub(super) log: MetricsLog,
    pub(super) events: Option<EventLogs>,
    pub(super) manifest: Manifest,
    /// Where the last checkpoint stands.
    pub(super) position: Position,
    /// What stopped the training, unless it was burn.
    pub(super) failure: Option<RunError>,
}

/// Why an epoch did not come to its end.
enum Halt {
    /// Somebody asked for it.
    Asked,
    /// Something failed, and is kept where the failures of burn or our own are kept.
    Failed,
}

type Processor = SupervisedTrainingEventProcessor<Network>;

impl<S: BatchSource> SupervisedLearningStrategy<Network> for Epochs<S> {
    fn fit(
        &self,
        components: TrainingComponents<Network>,
        mut learner: Learner<Network>,
        train: TrainLoader<Network>,
        validation: ValidLoader<Network>,
        _starting_epoch: usize,
    ) -> (Network, Processor) {
        let mut processor = components.event_processor;
        let mut checkpointer = components.checkpointer;
        let interrupter = &components.interrupter;
        let epochs = components.num_epochs;
        learner.fork(&self.device);

        let Position { steps, epochs: done, step, sums, .. } = self.standing().position.clone();
        let pace = Pace::new(steps, epochs * self.steps);
        let mut tally = Tally::resumed(step, &sums, self.classes());
        // burn does not know where this begins; its dashboard counts on from here.
        interrupter.fail_on_error(processor.process_train(LearnerEvent::EndEpoch(done)));

        for epoch in done + 1..=epochs {
            if self.halt(interrupter).is_some() {
                break;
            }
            self.train.resume_epoch(epoch, tally.steps);
            let mut watched = Watched { processor: &mut processor, interrupter, pace: &pace, epoch, epochs };
            let pass = self.train_epoch(&mut tally, &mut learner, &*train, &mut watched);
            let pass = pass.and_then(|()| self.validate_epoch(&learner, &*validation, &mut watched));
            let kept = match pass {
                Err(Halt::Failed) => break,
                Err(Halt::Asked) => self.stop_within(epoch, &tally),
                Ok(validated) => {
                    interrupter.fail_on_error(processor.process_train(LearnerEvent::EndEpoch(epoch)));
                    interrupter.fail_on_error(processor.flush());
                    let trained = tally.row(self.task, epoch, "train");
                    let rows: Vec<EpochMetrics> = [trained].into_iter().chain(validated).collect();
                    tally = Tally::new(self.classes());
                    self.finish_epoch(epoch, &learner, &rows)
                }
            };
            match kept {
                Ok(position) => {
                    let steps = position.steps;
                    self.standing().position = position;
                    if let Some(checkpointer) = &mut checkpointer {
                        checkpointer.checkpoint(&learner, steps, &components.event_store);
                    }
                }
                Err(error) => self.fail(interrupter, error),
            }
        }
        // Waits until the checkpoint is written.
        drop(checkpointer);
        // The dashboard forgets it when it goes.
        let mut standing = self.standing();
        if let Some(error) = interrupter.error().filter(|_| standing.failure.is_none()) {
            standing.failure = Some(RunError::Learner(error.to_string()));
        }
        drop(standing);
        (learner.model(), processor)
    }
}

/// An epoch, for those who look on.
struct Watched<'a> {
    processor: &'a mut Processor,
    interrupter: &'a Interrupter,
    pace: &'a Pace,
    epoch: usize,
    epochs: usize,
}

impl<S: BatchSource> Epochs<S> {
    /// The steps of the epoch that are not in `tally` yet.
    fn train_epoch(
        &self,
        tally: &mut Tally,
        learner: &mut Learner<Network>,
        loader: &dyn DataLoader<CloudBatch>,
        watched: &mut Watched<'_>,
    ) -> Result<(), Halt> {
        let Watched { processor, interrupter, pace, epoch, epochs } = watched;
        let epoch = *epoch;
        let start = LearnerEvent::StartSplit { epoch_number: epoch, total_items: loader.num_items() };
        interrupter.fail_on_error(processor.process_train(start));
        tally.start_clock();
        let bar = Progress::part(self.bars, &format!("epoch {epoch}/{epochs}"), "steps", self.steps);
        bar.skip(tally.steps);
        let mut batches = loader.iter();
        let (mut loss, mut members) = (0.0, Vec::new());
        let halt = loop {
            let Some(batch) = batches.next() else { break None };
            let batch = batch.map_err(|error| {
                interrupter.fail(error);
                Halt::Failed
            })?;
            let step = tally.steps + 1;
            members.clone_from(&batch.members);
            self.device.seed(derive_seed(self.seed, &[STEP, epoch as u64, step as u64]));
            let output = learner.train_step(batch.clone());
            loss = tally.add(&output.item);
            if !loss.is_finite() {
                let layer = first_bad_layer(&learner.model(), &batch);
                self.fail(interrupter, self.not_finite(loss, epoch, step, layer, &members));
                return Err(Halt::Failed);
            }
            learner.lr_step();
            learner.optimizer_step(output.grads);
            tally.lr = learner.lr_current().base();

            let item =
                TrainingItem::new(output.item, batches.progress(), Some(step), Some(learner.lr_current()));
            interrupter.fail_on_error(processor.process_train(LearnerEvent::ProcessedItem(item)));
            let steps = (epoch - 1) * self.steps + step;
            let logged = self.standing().events.as_mut().map(|events| events.step(steps, loss, tally.lr));
            if let Some(Err(error)) = logged {
                self.fail(interrupter, error);
            }
            bar.remark(&format!("loss {loss:.4}{}", pace.left(steps)));
            bar.advance(1);
            if let Some(halt) = self.halt(interrupter) {
                break Some(halt);
            }
        };
        bar.finish();
        tally.stop_clock();
        // This step has no next one whose loss would tell; no checkpoint may hold such weights.
        if let Some(layer) = first_bad_parameter(&learner.model()) {
            self.fail(interrupter, self.not_finite(loss, epoch, tally.steps, layer, &members));
            return Err(Halt::Failed);
        }
        if let Some(halt) = halt {
            return Err(halt);
        }
        interrupter.fail_on_error(processor.process_train(LearnerEvent::EndSplit(epoch)));
        Ok(())
    }

    /// `None` when there is nothing to validate on.
    fn validate_epoch(
        &self,
        learner: &Learner<Network>,
        loader: &dyn DataLoader<CloudBatch>,
        watched: &mut Watched<'_>,
    ) -> Result<Option<EpochMetrics>, Halt> {
        let Watched { processor, interrupter, epoch, epochs, .. } = watched;
        let epoch = *epoch;
        let items = loader.num_items();
        let start = LearnerEvent::StartSplit { epoch_number: epoch, total_items: items };
        interrupter.fail_on_error(processor.process_valid(start));
        let model = learner.model().valid();
        let mut tally = Tally::new(self.classes());
        tally.start_clock();
        let label = format!("epoch {epoch}/{epochs}, validation");
        let bar = (items > 0).then(|| Progress::part(self.bars, &label, S::UNIT, items));
        let mut batches = loader.iter();
        while let Some(batch) = batches.next() {
            let batch = batch.map_err(|error| {
                interrupter.fail(error);
                Halt::Failed
            })?;
            let output = InferenceStep::step(&model, batch);
            tally.add(&output);
            if let Some(bar) = &bar {
                bar.set(batches.progress().items_processed);
            }
            let item = TrainingItem::new(output, batches.progress(), Some(tally.steps), None);
            interrupter.fail_on_error(processor.process_valid(LearnerEvent::ProcessedItem(item)));
            if let Some(halt) = self.halt(interrupter) {
                return Err(halt);
            }
        }
        interrupter.fail_on_error(processor.process_valid(LearnerEvent::EndSplit(epoch)));
        Ok((tally.steps > 0).then(|| tally.row(self.task, epoch, "valid")))
    }

    /// Logs the epoch and keeps its weights, as the last and, if they are, as the best so far. Without validation there
    /// is nothing to choose by: the last epoch is also the best. Gives the position of its checkpoint.
    fn finish_epoch(
        &self,
        epoch: usize,
        learner: &Learner<Network>,
        rows: &[EpochMetrics],
    ) -> Result<Position, RunError> {
        let model = learner.model().valid();
        let mut standing = self.standing();
        for row in rows {
            standing.log.append(row)?;
            if let Some(events) = &mut standing.events {
                events.epoch(row)?;
            }
            (self.on_epoch)(row);
        }
        let validated = rows.iter().find(|row| row.split == "valid");
        let mut best = standing.position.best;
        let mut kept = vec![Weights::Last];
        match validated {
            Some(row) if best.is_none_or(|best| best.is_beaten_by(row.score(), row.loss)) => {
                best = Some(Best { epoch, score: row.score(), loss: row.loss });
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
            standing.manifest.weights.insert(weights.name().into(), entry);
            save_weights(&model, &self.run, weights, &standing.manifest)?;
        }
        standing.manifest.write(&self.run)?;
        let steps = epoch * self.steps;
        let position = Position { steps, epochs: epoch, best, ..Position::default() };
        self.run.write_position(&position)?;
        Ok(position)
    }

    /// Gives the position of a checkpoint in `epoch`, after the steps in `tally`.
    fn stop_within(&self, epoch: usize, tally: &Tally) -> Result<Position, RunError> {
        let position = Position {
            steps: (epoch - 1) * self.steps + tally.steps,
            epochs: epoch - 1,
            step: tally.steps,
            sums: tally.sums(),
            best: self.standing().position.best,
        };
        self.run.write_position(&position)?;
        Ok(position)
    }

    fn halt(&self, interrupter: &Interrupter) -> Option<Halt> {
        let failed = interrupter.error().is_some() || self.standing().failure.is_some();
        let asked = interrupter.should_stop() || self.stop.is_requested();
        if failed { Some(Halt::Failed) } else { asked.then_some(Halt::Asked) }
    }

    fn classes(&self) -> usize {
        self.standing().manifest.classes.len()
    }

    fn standing(&self) -> std::sync::MutexGuard<'_, Standing> {
        self.standing.lock().expect("no thread panics while it holds the lock")
    }

    fn fail(&self, interrupter: &Interrupter, error: RunError) {
        interrupter.stop(Some(&error.to_string()));
        self.standing().failure = Some(error);
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
