//! The checkpoints in a run directory. Each has the weights, optimizer and schedule as burn stores them, and the position.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use burn::lr_scheduler::LrSchedulerRecord;
use burn::lr_scheduler::module_lr_scheduler::ModuleLrScheduler;
use burn::module::Module;
use burn::optim::{ModuleOptimizer, OptimizerRecord};
use burn::store::{ModuleRecord, RecordError};
use burn::tensor::Bytes;
use pointcloud::io::{ReplaceFiles, is_file, remove_leftovers_in};

use super::directory::{PARTIAL, is_unfinished};
use super::{Position, RunDirectory};
use crate::error::RunError;

/// The kinds of records in a checkpoint.
const FILES: [&str; 3] = ["model", "optim", "scheduler"];

impl RunDirectory {
    /// `checkpoint/`: the files that resuming needs.
    #[must_use]
    pub fn checkpoints(&self) -> PathBuf {
        self.path().join("checkpoint")
    }

    fn file(&self, kind: &str, steps: usize) -> PathBuf {
        self.checkpoints().join(format!("{kind}-{steps}.bpk"))
    }

    fn position(&self, steps: usize) -> PathBuf {
        self.checkpoints().join(format!("position-{steps}.toml"))
    }

    /// The file of the averaged weights in a checkpoint; only trainings with `train.average` write it.
    fn average(&self, steps: usize) -> PathBuf {
        self.file("average", steps)
    }

    /// The numbers of the complete checkpoints in order. A number is that of the steps since the start.
    ///
    /// # Errors
    /// [`RunError::Io`] where the folder cannot be read: without this error, a training would begin anew over its checkpoints.
    pub fn whole_checkpoints(&self) -> Result<Vec<usize>, RunError> {
        let names = names_in(&self.checkpoints())?;
        let steps = |name: &String| name.strip_prefix("position-")?.strip_suffix(".toml")?.parse().ok();
        // Each file is written atomically, but the four of a checkpoint are written independently.
        let is_whole =
            |steps: &usize| FILES.iter().all(|kind| names.contains(&format!("{kind}-{steps}.bpk")));
        let mut whole: Vec<usize> = names.iter().filter_map(steps).filter(is_whole).collect();
        whole.sort_unstable();
        Ok(whole)
    }

    /// Whether there are files of checkpoints, whole or not.
    pub(crate) fn has_checkpoint_files(&self) -> Result<bool, RunError> {
        Ok(!names_in(&self.checkpoints())?.is_empty())
    }

    /// The position of the last complete checkpoint; `None` without one.
    ///
    /// # Errors
    /// [`RunError::BadFile`], [`RunError::Io`].
    pub fn last_checkpoint(&self) -> Result<Option<Position>, RunError> {
        let Some(&steps) = self.whole_checkpoints()?.last() else { return Ok(None) };
        let path = self.position(steps);
        let text = fs::read_to_string(&path).map_err(RunError::io(&path, "read"))?;
        let position: Position =
            toml::from_str(&text).map_err(|error| damaged(&path, steps, error.message()))?;
        if position.steps != steps {
            let problem = format!("found steps = {}, expected {steps}", position.steps);
            return Err(damaged(&path, steps, &problem));
        }
        Ok(Some(position))
    }

    /// Adds the bytes of a record, or of the averaged weights, to the files of the checkpoint after `steps` steps. Its position is
    /// added later, so a complete checkpoint has them.
    pub(crate) fn add_record(
        &self,
        files: &mut ReplaceFiles,
        steps: usize,
        kind: &str,
        bytes: Result<Bytes, RecordError>,
    ) -> Result<(), RunError> {
        let path = self.file(kind, steps);
        let bytes = bytes.map_err(|error| RunError::BadFile {
            path: path.clone(),
            problem: format!("cannot write the record: {error}"),
        })?;
        Ok(files.write(&path, |out| out.write_all(&bytes))?)
    }

    /// Loads the averaged weights of the checkpoint after `steps` steps into `network`.
    ///
    /// # Errors
    /// [`RunError::BadFile`].
    pub(crate) fn load_average<M: Module>(&self, steps: usize, network: M) -> Result<M, RunError> {
        let path = self.average(steps);
        let record = ModuleRecord::from_bytes(read(&path, steps)?);
        let record = record.map_err(|error| damaged(&path, steps, &error.to_string()))?;
        Ok(network.load_record(record))
    }

    /// Adds the position to the files of a checkpoint.
    pub(crate) fn add_position(&self, files: &mut ReplaceFiles, position: &Position) -> Result<(), RunError> {
        let text = toml::to_string(position).expect("a position is plain data");
        Ok(files.write(&self.position(position.steps), |out| out.write_all(text.as_bytes()))?)
    }

    /// Removes a checkpoint, its position first, which makes it incomplete.
    pub(crate) fn remove_checkpoint(&self, steps: usize) {
        let files = FILES.map(|kind| self.file(kind, steps));
        for path in [self.position(steps), self.average(steps)].iter().chain(&files) {
            // A failure does no harm: resuming the run removes a file that is left.
            let _ = fs::remove_file(path);
        }
    }

    /// Removes what a killed process left: incomplete checkpoints, and unfinished files unless another program writes them, such as
    /// an evaluation its report.
    pub(crate) fn sweep(&self) -> Result<(), RunError> {
        let whole = self.whole_checkpoints()?;
        let is_used = |name: &str| {
            whole.iter().any(|&steps| {
                let files = FILES.map(|kind| self.file(kind, steps));
                files
                    .iter()
                    .chain([&self.position(steps), &self.average(steps)])
                    .any(|file| file.ends_with(name))
            })
        };
        for folder in [self.checkpoints(), self.path().to_owned()] {
            remove_leftovers_in(&folder);
            // Those that are left have an owner.
            let names = names_in(&folder)?.into_iter().filter(|name| !name.contains(PARTIAL));
            for name in names {
                let path = folder.join(&name);
                if is_file(&path)?
                    && (is_unfinished(&name) || (folder == self.checkpoints() && !is_used(&name)))
                {
                    fs::remove_file(&path).map_err(RunError::io(&path, "remove"))?;
                }
            }
        }
        Ok(())
    }

    /// Loads network, optimizer and schedule from the checkpoint after `steps` steps.
    ///
    /// # Errors
    /// [`RunError::BadFile`].
    pub(crate) fn load_checkpoint<M: Module>(
        &self,
        steps: usize,
        network: M,
        optimizer: ModuleOptimizer,
        schedule: ModuleLrScheduler,
    ) -> Result<(M, ModuleOptimizer, ModuleLrScheduler), RunError> {
        let [model, optim, scheduler] = FILES.map(|kind| self.file(kind, steps));
        let model_record = ModuleRecord::from_bytes(read(&model, steps)?)
            .map_err(|error| damaged(&model, steps, &error.to_string()))?;
        let optim_record = OptimizerRecord::from_bytes(read(&optim, steps)?)
            .map_err(|error| damaged(&optim, steps, &error.to_string()))?;
        let schedule_record = LrSchedulerRecord::from_bytes(read(&scheduler, steps)?)
            .map_err(|error| damaged(&scheduler, steps, &error.to_string()))?;
        Ok((
            network.load_record(model_record),
            optimizer.load_record(optim_record),
            schedule.load_record(schedule_record),
        ))
    }
}

/// The names in a folder; none if it is missing. No file of a run has a name that is not UTF-8.
fn names_in(folder: &Path) -> Result<Vec<String>, RunError> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(RunError::io(folder, "list"))?,
    };
    let mut names = Vec::new();
    for entry in entries {
        names.extend(entry.map_err(RunError::io(folder, "list"))?.file_name().into_string().ok());
    }
    Ok(names)
}

/// The whole file. The records of burn would read their parts when they are needed, and then another process of the training may have
/// replaced the checkpoint.
fn read(path: &Path, steps: usize) -> Result<Bytes, RunError> {
    let bytes = fs::read(path).map_err(|error| damaged(path, steps, &error.to_string()))?;
    Ok(Bytes::from_bytes_vec(bytes))
}

fn damaged(path: &Path, steps: usize, problem: &str) -> RunError {
    let problem = format!(
        "the checkpoint is damaged ({problem}); remove the files of step {steps} to go on from an earlier one"
    );
    RunError::BadFile { path: path.to_owned(), problem }
}
