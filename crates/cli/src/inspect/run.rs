//! What is in a run directory.

use std::fmt;
use std::path::Path;

use pointcloud::io::exists;
use serde::Serialize;

use train::RunError;
use train::config::Config;
use train::metrics::{EpochMetrics, Metric, MetricsLog};
use train::run::{Manifest, RunDirectory};

/// A run: what it was trained on, how far it got, and how well it did.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct RunInspection {
    /// Name of the experiment.
    pub(crate) name: String,
    /// The manifest.
    pub(crate) manifest: Manifest,
    /// Networks that are trained together.
    pub(crate) ensemble: usize,
    /// Epochs that are trained and logged.
    pub(crate) epochs_done: usize,
    /// Epochs that the config asks for.
    pub(crate) epochs: usize,
    /// The epoch that `train --resume` would go on after, 0 without a checkpoint.
    pub(crate) last_checkpoint: usize,
    /// The step of the next epoch that it would go on after, 0 where that has not begun.
    pub(crate) last_checkpoint_step: usize,
    /// Whether there are results on the test files.
    pub(crate) is_evaluated: bool,
    /// Metrics of the last epoch.
    pub(crate) last: Vec<EpochMetrics>,
}

impl RunInspection {
    /// Reads the run at `path`.
    ///
    /// # Errors
    /// When it is no run directory or one of its files is damaged.
    pub(super) fn of(path: &Path) -> Result<Self, RunError> {
        let run = RunDirectory::open(path)?;
        // The manifest first: a newer format may have other keys in its config.
        let manifest = Manifest::read(&run)?;
        let config = Config::of_run(run.config())?;
        let rows = if exists(&run.metrics())? { MetricsLog::read(run.metrics())? } else { Vec::new() };
        let epochs_done = rows.last().map_or(0, |row| row.epoch);
        let position = run.last_checkpoint()?.unwrap_or_default();
        Ok(Self {
            name: config.name,
            ensemble: config.model.ensemble(),
            manifest,
            epochs_done,
            epochs: config.train.epochs,
            is_evaluated: exists(&run.evaluation())?,
            last_checkpoint: position.epochs,
            last_checkpoint_step: position.step,
            last: rows.into_iter().filter(|row| row.epoch == epochs_done).collect(),
        })
    }
}

impl fmt::Display for RunInspection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let manifest = &self.manifest;
        writeln!(f, "run        {}", self.name)?;
        let together = match self.ensemble {
            1 => String::new(),
            count => format!(", {count} together"),
        };
        writeln!(f, "network    {}{together}, clouds of {} points", manifest.architecture, manifest.points)?;
        writeln!(f, "classes    {}: {}", manifest.classes.len(), manifest.classes.join(", "))?;
        writeln!(
            f,
            "files      {} for training, {} for validation, {} left out",
            manifest.train_files, manifest.validation_files, manifest.skipped_files
        )?;
        writeln!(f, "seed       {}", manifest.seed)?;
        writeln!(f, "versions   pointwise {}, burn {}", manifest.pointwise_version, manifest.burn_version)?;
        writeln!(f, "epochs     {} of {}", self.epochs_done, self.epochs)?;
        for row in &self.last {
            let name = format!("last {}", row.split);
            let metric = |(metric, value): (&Metric, Option<f64>)| {
                format!(", {} {:.2} %", metric.short_label, 100.0 * value.unwrap_or(0.0))
            };
            let metrics: String =
                row.values.iter().filter(|(metric, _)| metric.chooses).map(metric).collect();
            writeln!(f, "{name:<10} loss {:.4}{metrics}", row.loss)?;
        }
        for (name, entry) in &manifest.weights {
            let accuracy = entry.validation.get("overall_accuracy");
            let accuracy = accuracy.map(|a| format!(", {:.2} % on validation", 100.0 * a));
            writeln!(f, "{name:<10} {}, epoch {}{}", entry.file, entry.epoch, accuracy.unwrap_or_default())?;
        }
        if self.epochs_done < self.epochs {
            let step = match self.last_checkpoint_step {
                0 => String::new(),
                step => format!(" and step {step} of the next one"),
            };
            writeln!(f, "unfinished: `train --resume` goes on after epoch {}{step}", self.last_checkpoint)?;
        }
        Ok(())
    }
}
