//! The loop over epochs: burn's learner steps, with a seed for every step, a guard on the loss, one row of metrics per
//! epoch and split, and a checkpoint in memory after every epoch and whenever the training is stopped.

use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex};

use burn::data::dataloader::{DataLoader, DataLoaderIterator};
use burn::module::Module;
use burn::train::{
    EventProcessorTraining, InferenceStep, Interrupter, Learner, LearnerEvent, SupervisedLearningStrategy,
    SupervisedTrainingEventProcessor, TrainLoader, TrainingComponents, TrainingItem, ValidLoader,
};

use super::average::Average;
use super::checkpointing::{Checkpoints, Reached, Record};
use super::eta::Eta;
use super::finite::first_bad_parameter;
use super::state::TrainingState;
use super::step::{Setting, Steps, UnusableStep};
use super::tally::{Tally, counted};
use crate::config::Task;
use crate::error::RunError;
use crate::metrics::{EpochMetrics, Values, Weights};
use crate::network::Network;
use crate::progress::{Progress, ProgressMode};
use crate::run::{Best, Position, RunDirectory, WeightsEntry, weights_file};
use crate::stop::Stop;
use crate::task::{BatchSource, CloudBatch, Loader};

/// The training strategy for burn's `SupervisedTraining`.
pub(super) struct Epochs<S> {
    pub(super) train: Loader<S>,
    pub(super) setting: Setting,
    pub(super) task: Task,
    pub(super) run: RunDirectory,
    /// Steps per epoch.
    pub(super) steps: usize,
    /// Number of epochs at the start in which only the head is trained.
    pub(super) freeze_epochs: usize,
    /// The averaged weights at the start, if the config asks for an average.
    pub(super) average: Mutex<Option<Average>>,
    /// The checkpoints that exist.
    pub(super) kept: Vec<usize>,
    /// The records of the learner, for checkpoints.
    pub(super) records: Mutex<Option<Receiver<Record>>>,
    pub(super) state: Arc<Mutex<TrainingState>>,
    pub(super) stop: Stop,
    /// How the steps of an epoch are shown.
    pub(super) bars: ProgressMode,
    /// Called with every new row of metrics.
    pub(super) on_epoch: Box<dyn Fn(&EpochMetrics) + Send + Sync>,
}

/// Why an epoch ended early.
pub(super) enum Halt {
    /// A request to stop.
    Requested,
    /// An error, stored in burn or in the state of the training.
    Failed,
}

type Processor = SupervisedTrainingEventProcessor<Network>;

impl<S: BatchSource> SupervisedLearningStrategy<Network> for Epochs<S> {
    fn fit(
        &self,
        components: TrainingComponents<Network>,
        mut learner: Learner<Network>,
        _train: TrainLoader<Network>,
        validation: ValidLoader<Network>,
        _starting_epoch: usize,
    ) -> (Network, Processor) {
        let mut processor = components.event_processor;
        let mut checkpointer = components.checkpointer.expect("the session sets the checkpointers");
        let records = self.records.lock().expect("nothing else takes the records").take();
        let mut checkpoints =
            Checkpoints::of(&self.run, records.expect("a training has one loop"), self.kept.clone());
        let interrupter = &components.interrupter;
        let epochs = components.num_epochs;
        learner.fork(&self.setting.device);

        let Position { steps: before, epochs: done, step, sums, .. } = self.state().position.clone();
        let average = self.average.lock().expect("nothing else takes the average").take();
        let mut steps = Steps::of(learner, self.setting.clone(), average, before);
        let eta = Eta::new(before, epochs * self.steps);
        let mut tally = Tally::resumed(step, &sums, self.setting.classes);
        // Tell burn which epochs are done: its dashboard counts from here.
        interrupter.fail_on_error(processor.process_train(LearnerEvent::EndEpoch(done)));

        for epoch in done + 1..=epochs {
            if self.halt_of_all(interrupter).is_some() {
                break;
            }
            self.train.resume_epoch(epoch, tally.steps);
            steps.freeze_trunk(epoch <= self.freeze_epochs);
            let mut watched = Watched { processor: &mut processor, interrupter, eta: &eta, epoch, epochs };
            let pass = self.train_epoch(&mut tally, &mut steps, &mut watched);
            let reached = match pass.and_then(|()| self.same_weights(&steps, &watched)) {
                Err(Halt::Requested) => Ok(self.stop_within(epoch, &steps, &tally)),
                Err(Halt::Failed) => break,
                Ok(()) if !self.is_first() => Ok(self.follow(epoch, &mut tally)),
                Ok(()) => self.close_epoch(&mut tally, &steps, &*validation, &mut watched),
            };
            let Ok(reached) = reached else { break };
            self.state().position = reached.position.clone();
            if !self.is_first() {
                continue;
            }
            checkpoints.hold(reached, steps.learner(), &mut checkpointer, &components.event_store);
            if checkpoints.is_due() {
                let written = checkpoints.write(&self.state());
                written.unwrap_or_else(|error| self.fail(interrupter, error));
            }
        }
        // Whatever ended the training: the last whole epoch is kept.
        let written = checkpoints.write(&self.state());
        if let Err(error) = written
            && self.state().failure.is_none()
        {
            self.fail(interrupter, error);
        }
        // Read the error now: it is lost when the dashboard is dropped.
        let mut state = self.state();
        if let Some(error) = interrupter.error().filter(|_| state.failure.is_none()) {
            state.failure = Some(RunError::Learner(error.to_string()));
        }
        drop(state);
        (steps.network(), processor)
    }
}

/// An epoch, and the receivers of its progress.
pub(super) struct Watched<'a> {
    processor: &'a mut Processor,
    pub(super) interrupter: &'a Interrupter,
    eta: &'a Eta,
    pub(super) epoch: usize,
    epochs: usize,
}

impl<S: BatchSource> Epochs<S> {
    /// Runs the steps of the epoch that are not in `tally` yet.
    fn train_epoch(
        &self,
        tally: &mut Tally,
        steps: &mut Steps,
        watched: &mut Watched<'_>,
    ) -> Result<(), Halt> {
        let Watched { processor, interrupter, eta, epoch, epochs } = watched;
        let epoch = *epoch;
        let start = LearnerEvent::StartSplit { epoch_number: epoch, total_items: self.train.num_items() };
        interrupter.fail_on_error(processor.process_train(start));
        tally.start_clock();
        let bar = Progress::part(self.bars, &format!("epoch {epoch}/{epochs}"), "steps", self.steps);
        bar.skip(tally.steps);
        let mut batches = self.train.sharded(&self.setting.shards);
        let (mut loss, mut members) = (0.0, Vec::new());
        let halt = loop {
            let Some(batch) = batches.next() else { break None };
            let batch = batch.map_err(|error| {
                interrupter.fail(error);
                Halt::Failed
            })?;
            let step = tally.steps + 1;
            members.clone_from(&batch.members);
            let computed = steps.compute((epoch, step), batch, self.is_asked(interrupter));
            let computed = computed.map_err(|UnusableStep { loss, layer }| {
                self.fail(interrupter, self.not_finite(loss, epoch, step, layer, &members));
                Halt::Failed
            })?;
            let stop = computed.stop;
            loss = computed.loss;
            tally.add(loss, &computed.predictions);
            tally.lr = steps.update(computed.gradients);

            if let Some(output) = computed.output {
                let lr = Some(steps.learner().lr_current());
                let item = TrainingItem::new(output, batches.progress(), Some(step), lr);
                interrupter.fail_on_error(processor.process_train(LearnerEvent::ProcessedItem(item)));
            }
            let done = (epoch - 1) * self.steps + step;
            let logged = self.state().events.as_mut().map(|events| events.step(done, loss, tally.lr));
            if let Some(Err(error)) = logged {
                self.fail(interrupter, error);
            }
            bar.remark(&format!("loss {loss:.4}{}", eta.left(done)));
            bar.advance(1);
            // Several processes stop after the same step: the one with whose sums all of them learnt of the request.
            let asked = if self.setting.reduce.size() == 1 { self.is_asked(interrupter) } else { stop };
            if let Some(halt) = self.halt(interrupter, asked) {
                break Some(halt);
            }
        };
        bar.finish();
        tally.stop_clock();
        // No later loss checks these weights, and a checkpoint must not contain weights that are not finite.
        if let Some(layer) = first_bad_parameter(&steps.network()) {
            self.fail(interrupter, self.not_finite(loss, epoch, tally.steps, layer, &members));
            return Err(Halt::Failed);
        }
        if let Some(halt) = halt {
            return Err(halt);
        }
        interrupter.fail_on_error(processor.process_train(LearnerEvent::EndSplit(epoch)));
        Ok(())
    }

    /// Validates and logs an epoch whose steps are done.
    fn close_epoch(
        &self,
        tally: &mut Tally,
        steps: &Steps,
        validation: &dyn DataLoader<CloudBatch>,
        watched: &mut Watched<'_>,
    ) -> Result<Reached, Halt> {
        let (epoch, interrupter) = (watched.epoch, watched.interrupter);
        let validated = match self.validate_epoch(steps, validation, watched) {
            Err(Halt::Requested) => return Ok(self.stop_within(epoch, steps, tally)),
            validated => validated?,
        };
        let averaged = match self.validate_average(epoch == watched.epochs, steps, validation) {
            Err(Halt::Requested) => None,
            averaged => averaged?,
        };
        interrupter.fail_on_error(watched.processor.process_train(LearnerEvent::EndEpoch(epoch)));
        interrupter.fail_on_error(watched.processor.flush());
        let trained = tally.row(self.task, epoch, "train");
        let rows: Vec<EpochMetrics> = [trained].into_iter().chain(validated).collect();
        *tally = Tally::new(self.setting.classes);
        self.finish_epoch(epoch, steps, &rows, averaged).map_err(|error| {
            self.fail(interrupter, error);
            Halt::Failed
        })
    }

    /// `None` if there is no validation data.
    fn validate_epoch(
        &self,
        steps: &Steps,
        loader: &dyn DataLoader<CloudBatch>,
        watched: &mut Watched<'_>,
    ) -> Result<Option<EpochMetrics>, Halt> {
        let Watched { processor, interrupter, epoch, epochs, .. } = watched;
        let epoch = *epoch;
        let items = loader.num_items();
        let start = LearnerEvent::StartSplit { epoch_number: epoch, total_items: items };
        interrupter.fail_on_error(processor.process_valid(start));
        let label = format!("epoch {epoch}/{epochs}, validation");
        let bar = (items > 0).then(|| Progress::part(self.bars, &label, S::UNIT, items));
        let model = steps.network().valid();
        let mut tally = Tally::new(self.setting.classes);
        tally.start_clock();
        let mut batches = loader.iter();
        while let Some(batch) = batches.next() {
            let batch = batch.map_err(|error| {
                interrupter.fail(error);
                Halt::Failed
            })?;
            let output = InferenceStep::step(&model, batch);
            let (loss, predictions) = counted(&output, self.setting.classes);
            tally.add(loss, &predictions);
            if let Some(bar) = &bar {
                bar.set(batches.progress().items_processed);
            }
            let item = TrainingItem::new(output, batches.progress(), Some(tally.steps), None);
            interrupter.fail_on_error(processor.process_valid(LearnerEvent::ProcessedItem(item)));
            if let Some(halt) = self.halt(interrupter, self.is_asked(interrupter)) {
                return Err(halt);
            }
        }
        interrupter.fail_on_error(processor.process_valid(LearnerEvent::EndSplit(epoch)));
        Ok((tally.steps > 0).then(|| tally.row(self.task, epoch, "valid")))
    }

    /// The metrics of the averaged weights on the validation files after the last epoch; `None` before the last epoch, without an
    /// average, or without validation data.
    fn validate_average(
        &self,
        is_last: bool,
        steps: &Steps,
        loader: &dyn DataLoader<CloudBatch>,
    ) -> Result<Option<EpochMetrics>, Halt> {
        let Some(model) = steps.average().filter(|_| is_last) else { return Ok(None) };
        let mut tally = Tally::new(self.setting.classes);
        tally.start_clock();
        for batch in loader.iter() {
            // No error is possible: the same batches have just been read.
            let output = InferenceStep::step(model, batch.map_err(|_| Halt::Failed)?);
            let (loss, predictions) = counted(&output, self.setting.classes);
            tally.add(loss, &predictions);
            if self.stop.is_requested() {
                return Err(Halt::Requested);
            }
        }
        Ok((tally.steps > 0).then(|| tally.row(self.task, 0, "valid")))
    }

    /// Logs the epoch. Its weights are the last, and also the best if they are the best so far. Without validation, the last
    /// epoch counts as the best.
    fn finish_epoch(
        &self,
        epoch: usize,
        steps: &Steps,
        rows: &[EpochMetrics],
        averaged: Option<EpochMetrics>,
    ) -> Result<Reached, RunError> {
        let model = steps.network().valid();
        let mut state = self.state();
        for row in rows {
            if let Some(log) = &mut state.log {
                log.append(row)?;
            }
            if let Some(events) = &mut state.events {
                events.epoch(row)?;
            }
            (self.on_epoch)(row);
        }
        let validated = rows.iter().find(|row| row.split == "valid");
        let mut best = state.position.best;
        let mut saved = vec![Weights::Last];
        match validated {
            Some(row) if best.is_none_or(|best| best.is_beaten_by(row.score(), row.loss)) => {
                best = Some(Best { epoch, score: row.score(), loss: row.loss });
                saved.push(Weights::Best);
            }
            Some(_) => {}
            None => saved.push(Weights::Best),
        }
        saved.extend(steps.average().map(|_| Weights::Average));
        let mut files = Vec::new();
        for weights in saved {
            let (network, row) = match weights {
                Weights::Average => (steps.average().unwrap_or(&model), averaged.as_ref()),
                _ => (&model, validated),
            };
            let entry = WeightsEntry {
                file: format!("{}.safetensors", weights.name()),
                epoch,
                temperature: None,
                validation: row.map_or_else(Values::undefined, |row| row.values.choosing()),
            };
            state.manifest.weights.insert(weights.name().into(), entry);
            files.push((weights, weights_file(network, &self.run, weights, &state.manifest)?));
        }
        let position = Position { steps: epoch * self.steps, epochs: epoch, best, ..Position::default() };
        let average = steps.average().cloned().map(Module::into_record);
        Ok(Reached { position, manifest: state.manifest.clone(), weights: files, average })
    }

    /// What is reached within `epoch`, after the steps in `tally`.
    fn stop_within(&self, epoch: usize, steps: &Steps, tally: &Tally) -> Reached {
        // The running statistics of a normalisation lag behind by one update; `valid` applies it.
        drop(steps.network().valid());
        let state = self.state();
        let position = Position {
            steps: (epoch - 1) * self.steps + tally.steps,
            epochs: epoch - 1,
            step: tally.steps,
            sums: tally.sums(),
            best: state.position.best,
        };
        let average = steps.average().cloned().map(Module::into_record);
        Reached { position, manifest: state.manifest.clone(), weights: Vec::new(), average }
    }

    pub(super) fn halt(&self, interrupter: &Interrupter, asked: bool) -> Option<Halt> {
        let failed = interrupter.error().is_some() || self.state().failure.is_some();
        if failed { Some(Halt::Failed) } else { asked.then_some(Halt::Requested) }
    }

    pub(super) fn state(&self) -> std::sync::MutexGuard<'_, TrainingState> {
        self.state.lock().expect("no thread panics while it holds the lock")
    }

    pub(super) fn fail(&self, interrupter: &Interrupter, error: RunError) {
        interrupter.stop(Some(&error.to_string()));
        self.state().failure = Some(error);
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
