//! When checkpoints are written, and which stay.

use std::collections::VecDeque;

use burn::train::checkpoint::{CheckpointingAction, CheckpointingStrategy};
use burn::train::metric::store::EventStoreClient;

use crate::run::RunDirectory;

/// Checkpoints that stay: the last may be the one that is being written when the power fails.
const COUNT: usize = 2;

/// Saves at every request and deletes all but the last checkpoints. Their numbers are steps since the start, not epochs.
pub(super) struct KeepLast {
    run: RunDirectory,
    there: VecDeque<usize>,
}

impl KeepLast {
    /// With the checkpoints that are there already.
    pub(super) fn of(run: &RunDirectory) -> Self {
        Self { run: run.clone(), there: run.whole_checkpoints().into() }
    }
}

impl CheckpointingStrategy for KeepLast {
    fn checkpointing(&mut self, steps: usize, _store: &EventStoreClient) -> Vec<CheckpointingAction> {
        let mut actions = vec![CheckpointingAction::Save];
        // An epoch that was stopped after its last step ends with the checkpoint that is there.
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
