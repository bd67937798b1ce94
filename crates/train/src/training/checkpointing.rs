//! When checkpoints are written, and which ones are kept.

use std::collections::VecDeque;

use burn::train::checkpoint::{CheckpointingAction, CheckpointingStrategy};
use burn::train::metric::store::EventStoreClient;

use crate::run::RunDirectory;

/// Number of checkpoints that are kept. One is not enough: a power failure may interrupt the write of the last.
const COUNT: usize = 2;

/// Saves at every request and deletes all but the last checkpoints. Their numbers are steps since the start, not epochs.
pub(super) struct KeepLast {
    run: RunDirectory,
    there: VecDeque<usize>,
}

impl KeepLast {
    /// Starts with the existing checkpoints.
    pub(super) fn of(run: &RunDirectory) -> Self {
        Self { run: run.clone(), there: run.whole_checkpoints().into() }
    }
}

impl CheckpointingStrategy for KeepLast {
    fn checkpointing(&mut self, steps: usize, _store: &EventStoreClient) -> Vec<CheckpointingAction> {
        let mut actions = vec![CheckpointingAction::Save];
        // An epoch that was stopped after its last step already has this checkpoint.
        if !self.there.contains(&steps) {
            self.there.push_back(steps);
        }
        while self.there.len() > COUNT
            && let Some(oldest) = self.there.pop_front()
        {
            self.run.remove_position(oldest);
            actions.push(CheckpointingAction::Delete(oldest));
        }
        actions
    }
}
