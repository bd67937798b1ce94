//! The state that changes during a training and is read after the loop.

use super::tensorboard::EventLogs;
use crate::error::RunError;
use crate::metrics::MetricsLog;
use crate::run::{Manifest, Position};

/// The files that a training writes, and its position.
pub(super) struct TrainingState {
    /// Only process 0 has files.
    pub(super) log: Option<MetricsLog>,
    pub(super) events: Option<EventLogs>,
    pub(super) manifest: Manifest,
    /// The position of the last checkpoint, written or in memory.
    pub(super) position: Position,
    /// The error that stopped the training, unless burn has it.
    pub(super) failure: Option<RunError>,
}

impl TrainingState {
    /// Waits until the disk has the logs, so that no checkpoint is without the lines of its epochs after a power cut.
    pub(super) fn sync_logs(&self) -> Result<(), RunError> {
        self.log.as_ref().map_or(Ok(()), MetricsLog::sync)?;
        self.events.as_ref().map_or(Ok(()), EventLogs::sync)
    }
}
