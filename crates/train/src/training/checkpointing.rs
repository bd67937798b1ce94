//! When checkpoints are written, and which ones are kept.
//!
//! A checkpoint is made in memory after every epoch and whenever the training is stopped. It is written if the last one was
//! written some time ago, and when the training ends for whatever reason. So only a process that is killed loses steps.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use burn::lr_scheduler::LrSchedulerRecord;
use burn::optim::OptimizerRecord;
use burn::store::ModuleRecord;
use burn::train::checkpoint::{
    Checkpoint, Checkpointer, CheckpointerError, CheckpointingAction, CheckpointingStrategy,
};
use burn::train::metric::store::EventStoreClient;
use burn::train::{Learner, LearningCheckpointer};
use pointcloud::io::{ReplaceFiles, create_folder};

use super::state::TrainingState;
use crate::error::RunError;
use crate::metrics::Weights;
use crate::network::Network;
use crate::run::{Manifest, Position, RunDirectory};

/// Number of checkpoints that are kept. One is not enough: a power failure may interrupt the write of the last.
pub(super) const COUNT: usize = 2;

/// Least time between two checkpoints, unless the training ends.
const INTERVAL: Duration = Duration::from_secs(30);

/// Most bytes per second that checkpoints write on average: those of a large network are further apart.
const RATE: f64 = 5e6;

/// The state of one part of the learner. burn gives it only to its checkpointers.
pub(super) enum Record {
    Model(ModuleRecord),
    Optimizer(OptimizerRecord),
    Schedule(LrSchedulerRecord),
}

impl From<ModuleRecord> for Record {
    fn from(record: ModuleRecord) -> Self {
        Self::Model(record)
    }
}

impl From<OptimizerRecord> for Record {
    fn from(record: OptimizerRecord) -> Self {
        Self::Optimizer(record)
    }
}

impl From<LrSchedulerRecord> for Record {
    fn from(record: LrSchedulerRecord) -> Self {
        Self::Schedule(record)
    }
}

/// A checkpointer of burn that hands the record on and writes nothing.
#[derive(Clone)]
pub(super) struct Catch(Sender<Record>);

impl Catch {
    /// A checkpointer, and the records that it will be given.
    pub(super) fn new() -> (Self, Receiver<Record>) {
        let (sender, receiver) = channel();
        (Self(sender), receiver)
    }
}

impl<R: Checkpoint + Into<Record>> Checkpointer<R> for Catch {
    fn save(&self, _steps: usize, record: R) -> Result<(), CheckpointerError> {
        self.0.send(record.into()).map_err(|error| CheckpointerError::Unknown(error.to_string()))
    }

    fn delete(&self, _steps: usize) -> Result<(), CheckpointerError> {
        Ok(())
    }

    fn restore(&self, _steps: usize) -> Result<R, CheckpointerError> {
        Err(CheckpointerError::Unknown("nothing is restored through burn".into()))
    }
}

/// The strategy of burn: a record whenever one is asked for.
pub(super) struct WhenAsked;

impl CheckpointingStrategy for WhenAsked {
    fn checkpointing(&mut self, _steps: usize, _store: &EventStoreClient) -> Vec<CheckpointingAction> {
        vec![CheckpointingAction::Save]
    }
}

/// What the training has reached: a checkpoint without the records of the learner.
pub(super) struct Reached {
    pub(super) position: Position,
    pub(super) manifest: Manifest,
    /// Weights that are new, as files. A clone of the network would not do: it shares the running statistics of normalisations.
    pub(super) weights: Vec<(Weights, Vec<u8>)>,
    /// The averaged weights, if the config asks for them.
    pub(super) average: Option<ModuleRecord>,
}

/// The checkpoints of a run: those on the disk, and one in memory.
pub(super) struct Checkpoints {
    run: RunDirectory,
    records: Receiver<Record>,
    kept: VecDeque<usize>,
    /// When the next one is due; `None` before the first.
    due: Option<Instant>,
    held: Option<(Reached, Vec<Record>)>,
}

impl Checkpoints {
    /// Starts with the checkpoints `kept` that exist.
    pub(super) fn of(run: &RunDirectory, records: Receiver<Record>, kept: Vec<usize>) -> Self {
        Self { run: run.clone(), records, kept: kept.into(), due: None, held: None }
    }

    /// Makes a checkpoint in memory, in place of one that was not written yet.
    pub(super) fn hold(
        &mut self,
        mut reached: Reached,
        learner: &Learner<Network>,
        checkpointer: &mut LearningCheckpointer<Network>,
        store: &EventStoreClient,
    ) {
        checkpointer.checkpoint(learner, reached.position.steps, store);
        let records = self.records.iter().take(3).collect();
        // The best weights of an epoch whose checkpoint was not written are still the best.
        if let Some((before, _)) = self.held.take() {
            let is_new = |weights: &Weights| reached.weights.iter().any(|(new, _)| new == weights);
            let still: Vec<_> = before.weights.into_iter().filter(|(weights, _)| !is_new(weights)).collect();
            reached.weights.extend(still);
        }
        self.held = Some((reached, records));
    }

    /// Whether the checkpoint in memory should be written now.
    pub(super) fn is_due(&self) -> bool {
        self.due.is_none_or(|due| Instant::now() >= due)
    }

    /// Writes the checkpoint in memory, if there is one, and removes the oldest ones. All files are replaced together; before the
    /// position is named, the disk has all others and the logs of `state`.
    pub(super) fn write(&mut self, state: &TrainingState) -> Result<(), RunError> {
        let Some((reached, records)) = self.held.take() else { return Ok(()) };
        state.sync_logs()?;
        let Reached { position, manifest, weights, average } = reached;
        let mut files = ReplaceFiles::default();
        let mut size: usize = weights.iter().map(|(_, bytes)| bytes.len()).sum();
        for (weights, bytes) in &weights {
            files.write(&self.run.weights(*weights), |out| out.write_all(bytes))?;
        }
        let text = serde_json::to_string_pretty(&manifest).expect("a manifest is plain data");
        files.write(&self.run.manifest(), |out| out.write_all(text.as_bytes()))?;
        create_folder(&self.run.checkpoints())?;
        for record in records {
            let (kind, bytes) = match record {
                Record::Model(record) => ("model", record.into_bytes()),
                Record::Optimizer(record) => ("optim", record.into_bytes()),
                Record::Schedule(record) => ("scheduler", record.into_bytes()),
            };
            size += bytes.as_ref().map_or(0, |bytes| bytes.len());
            self.run.add_record(&mut files, position.steps, kind, bytes)?;
        }
        if let Some(average) = average {
            self.run.add_record(&mut files, position.steps, "average", average.into_bytes())?;
        }
        // With its position, a checkpoint is complete: it is written with the others, since a disk may be full, and named after them.
        let mut last = ReplaceFiles::default();
        self.run.add_position(&mut last, &position)?;
        files.finish()?;
        last.finish()?;
        self.due = Some(Instant::now() + INTERVAL.max(Duration::from_secs_f64(size as f64 / RATE)));
        // An epoch that was stopped after its last step already has this checkpoint.
        if !self.kept.contains(&position.steps) {
            self.kept.push_back(position.steps);
        }
        while self.kept.len() > COUNT
            && let Some(oldest) = self.kept.pop_front()
        {
            self.run.remove_checkpoint(oldest);
        }
        Ok(())
    }
}
