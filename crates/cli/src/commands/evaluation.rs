//! An evaluation as the report stores it, for `pointwise train` and `pointwise eval`.

use std::path::Path;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use ::report::EvaluationRecord;
use ::train::{ProgressMode, RunError, TrainedRun};

/// Evaluates `trained` on every file of a split; `device` is the name of the device that it was loaded on.
pub(super) fn evaluate(
    trained: &TrainedRun,
    root: &Path,
    split: &str,
    device: &str,
    progress: ProgressMode,
) -> Result<EvaluationRecord, RunError> {
    let started = Instant::now();
    let (figures, examples) = trained.evaluate_with_examples(root, split, progress)?;
    let entry = trained.manifest().weights.get(figures.weights.name());
    Ok(EvaluationRecord {
        data: root.display().to_string(),
        epoch: entry.map(|entry| entry.epoch),
        device: Some(device.to_owned()),
        seconds: Some(started.elapsed().as_secs_f64()),
        finished: SystemTime::now().duration_since(UNIX_EPOCH).ok().map(|time| time.as_secs()),
        figures,
        examples,
    })
}
