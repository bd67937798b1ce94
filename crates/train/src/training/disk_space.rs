//! Space on the disk: how much a training needs, whether it is there, and what is left of a run that could not be written.

use std::error::Error;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::checkpointing::COUNT;
use crate::config::Config;
use crate::error::RunError;
use crate::metrics::MetricsLog;
use crate::network::NetworkSpec;
use crate::run::RunDirectory;

/// Bytes of a number.
const FLOAT: u64 = 4;

/// Config, manifest, metrics and headers.
const SMALL_FILES: u64 = 1 << 20;

/// Bytes that a training writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct DiskSpace {
    /// A checkpoint, with the files of weights.
    pub(super) once: u64,
    /// The run: the checkpoints that are kept, the next one, and the weights twice.
    pub(super) run: u64,
}

impl DiskSpace {
    pub(super) fn of(config: &Config, spec: &NetworkSpec) -> Self {
        let weights = FLOAT * config.model.parameters(spec);
        let averages = u64::from(config.train.average > 0.0);
        let (optimizer, _) = config.optimizer.copies_of_weights();
        let checkpoint = weights * (1 + optimizer + averages);
        let exported = weights * (2 + averages);
        Self {
            once: checkpoint + exported + SMALL_FILES,
            run: checkpoint * (COUNT as u64 + 1) + 2 * exported + SMALL_FILES,
        }
    }

    /// Checks that the disk of the run has enough space: for a new run all of it, for one that is resumed the next checkpoint.
    ///
    /// # Errors
    /// [`RunError::NoSpace`]. A disk that does not say how much is free is tried.
    pub(super) fn check(self, run: &Path, is_new: bool) -> Result<(), RunError> {
        let needed = if is_new { self.run } else { self.once };
        match free_bytes(run).filter(|free| *free < needed) {
            Some(free) => Err(RunError::NoSpace { path: run.to_owned(), free, needed }),
            None => Ok(()),
        }
    }
}

/// Bytes that this user may write on the disk of `path`, which need not exist.
#[cfg(unix)]
fn free_bytes(path: &Path) -> Option<u64> {
    let path = std::path::absolute(path).ok()?;
    let existing = path.ancestors().find(|path| path.exists())?;
    let disk = rustix::fs::statvfs(existing).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

#[cfg(not(unix))]
fn free_bytes(_path: &Path) -> Option<u64> {
    None
}

/// Leaves `run`, whose training failed with `error`, as it was at its last whole checkpoint, or removes it if there is none and
/// `is_new`. Gives the error, with what is left of the run if the disk is the reason.
pub(super) fn roll_back(run: &RunDirectory, is_new: bool, error: RunError, space: DiskSpace) -> RunError {
    let last = run.last_checkpoint().ok().flatten();
    // The first error is the one to report; resuming does all of this again.
    match &last {
        Some(position) => {
            let _ = MetricsLog::truncate_after(run.metrics(), position.epochs);
            let _ = run.sweep();
        }
        None if is_new => {
            let _ = run.discard();
        }
        None => {}
    }
    let saved = last.map(|position| (position.epochs, position.step));
    explain(run.path(), saved, error, space)
}

/// The error, with how to go on if the disk is the reason.
pub(super) fn explain(
    run: &Path,
    saved: Option<(usize, usize)>,
    error: RunError,
    space: DiskSpace,
) -> RunError {
    if !is_about_space(&error) {
        return error;
    }
    let needed = space.once;
    RunError::NotWritten { run: PathBuf::from(run), saved, needed, source: Box::new(error) }
}

/// Whether the disk is full, may not be written to, or a quota is used up.
fn is_about_space(error: &RunError) -> bool {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<std::io::Error>() {
            let kinds = [
                ErrorKind::StorageFull,
                ErrorKind::QuotaExceeded,
                ErrorKind::FileTooLarge,
                ErrorKind::ReadOnlyFilesystem,
                ErrorKind::PermissionDenied,
            ];
            return kinds.contains(&error.kind());
        }
        cause = error.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_little_space_is_refused_with_both_numbers() {
        let folder = tempfile::tempdir().unwrap();
        let run = folder.path().join("not/there/yet");
        let space = |run| DiskSpace { once: 1, run };
        space(1).check(&run, true).unwrap();
        if free_bytes(&run).is_none() {
            return;
        }
        let error = space(u64::MAX).check(&run, true).unwrap_err();
        assert!(matches!(error, RunError::NoSpace { needed: u64::MAX, free, .. } if free > 0), "{error}");
        // A run that is resumed has most of its files.
        space(u64::MAX).check(&run, false).unwrap();
    }
}
