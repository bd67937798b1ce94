//! Where the processes of a training meet: before every epoch, and after its steps.

use burn::train::Interrupter;

use super::checkpointing::Reached;
use super::epoch_loop::{Epochs, Halt, Watched};
use super::sharded::checksum;
use super::step::Steps;
use super::tally::Tally;
use crate::error::RunError;
use crate::run::Position;
use crate::task::BatchSource;

impl<S: BatchSource> Epochs<S> {
    /// Refuses to go on if a process has other weights than this one: then it computes differently.
    pub(super) fn same_weights(&self, steps: &Steps, watched: &Watched<'_>) -> Result<(), Halt> {
        let reduce = &self.setting.reduce;
        if reduce.size() == 1 {
            return Ok(());
        }
        let own = checksum(&steps.network());
        let mut ends = [own, -own];
        reduce.max(&mut ends);
        let [found, expected] = [ends[0], -ends[1]].map(|sum| format!("{sum:08x}"));
        if found == expected {
            return Ok(());
        }
        let name = format!("checksum of the weights after epoch {}", watched.epoch);
        self.fail(
            watched.interrupter,
            RunError::ProcessesDiffer { rank: reduce.rank(), name, found, expected },
        );
        Err(Halt::Failed)
    }

    /// A whole epoch of a process that does not write it.
    pub(super) fn follow(&self, epoch: usize, tally: &mut Tally) -> Reached {
        *tally = Tally::new(self.setting.classes);
        let position = Position { steps: epoch * self.steps, epochs: epoch, ..Position::default() };
        let manifest = self.state().manifest.clone();
        Reached { position, manifest, weights: Vec::new(), average: None }
    }

    /// Waits for all processes before an epoch, and halts if one of them was asked to.
    pub(super) fn halt_of_all(&self, interrupter: &Interrupter) -> Option<Halt> {
        let halt = self.halt(interrupter, false);
        if halt.is_some() {
            return halt;
        }
        let mut asked = [0];
        self.setting.reduce.wait();
        asked[0] = i64::from(self.is_asked(interrupter));
        self.setting.reduce.max(&mut asked);
        self.halt(interrupter, asked[0] > 0)
    }

    /// Whether this process was asked to stop.
    pub(super) fn is_asked(&self, interrupter: &Interrupter) -> bool {
        interrupter.should_stop() || self.stop.is_requested()
    }

    /// Whether this process writes the run.
    pub(super) fn is_first(&self) -> bool {
        self.setting.reduce.rank() == 0
    }
}
