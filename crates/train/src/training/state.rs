//! What changes while training, and outlives the loop.

use super::tensorboard::EventLogs;
use crate::error::RunError;
use crate::metrics::MetricsLog;
use crate::run::{Manifest, Position};

/// The files that a training writes, and how far it got.
pub(super) struct TrainingState {
    pub(super) log: MetricsLog,
    pub(super) events: Option<EventLogs>,
    pub(super) manifest: Manifest,
    /// Of the last checkpoint.
    pub(super) position: Position,
    /// What stopped the training, unless it was burn.
    pub(super) failure: Option<RunError>,
}
