//! What the page of a run shows, read from nothing but its directory.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use pointcloud::io::exists;
use serde::Serialize;
use train::config::{Config, Task};
use train::metrics::{EpochMetrics, Metric, MetricsLog};
use train::run::{Manifest, RunDirectory};
use train::{Model, RunError, class_color};

use super::page;
use super::record::{RunRecord, Stored, TrainingFacts};

/// What the report shows of a run.
#[derive(Clone, Debug)]
pub struct RunReport {
    pub(super) path: PathBuf,
    pub(super) config: Config,
    pub(super) manifest: Manifest,
    pub(super) record: RunRecord,
    pub(super) epochs: Vec<EpochMetrics>,
    /// The model of the program, if it is one: it has no run directory.
    model: Option<&'static Model>,
}

/// A line of the protocol: name and value.
pub(super) type Fact = (&'static str, String);

/// The data of the page of one run; the script of the page reads these keys.
#[derive(Serialize)]
struct RunPage<'a> {
    kind: &'static str,
    name: &'a str,
    path: String,
    segmentation: bool,
    metrics: Vec<&'static Metric>,
    classes: &'a [String],
    colors: Vec<String>,
    best_epoch: Option<usize>,
    epochs: &'a [EpochMetrics],
    #[serde(flatten)]
    stored: Stored,
    shown: usize,
    protocol: Vec<Fact>,
    config: String,
    /// The result of a model of the program, which has no evaluation of its own.
    model: Option<&'static str>,
}

impl RunReport {
    /// Reads the run at `path`, or the model of that name.
    ///
    /// # Errors
    /// When it is no run directory, or one of its files is damaged.
    pub fn read(path: impl Into<PathBuf>) -> Result<Self, RunError> {
        let path = path.into();
        if let Some(model) = Model::in_place_of_run(&path) {
            let (config, manifest) = (model.config()?, model.manifest());
            let (record, epochs) = (RunRecord::default(), Vec::new());
            return Ok(Self { path, config, manifest, record, epochs, model: Some(model) });
        }
        let run = RunDirectory::open(path)?;
        // The manifest first: a newer format may have other keys in its config.
        let manifest = Manifest::read(&run)?;
        let config = Config::of_run(run.config())?;
        let record = RunRecord::read(&run, &config.data.root, &manifest)?;
        let epochs = if exists(&run.metrics())? { MetricsLog::read(run.metrics())? } else { Vec::new() };
        Ok(Self { path: run.path().to_owned(), config, manifest, record, epochs, model: None })
    }

    /// The model of the program that this is, if it is one.
    #[must_use]
    pub fn model(&self) -> Option<&'static Model> {
        self.model
    }

    /// The run directory, or the name of the model.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether there is any evaluation to show.
    #[must_use]
    pub fn is_evaluated(&self) -> bool {
        !self.record.evaluations.is_empty()
    }

    /// The page, one HTML file that needs no other; `shown` is the evaluation that is open at first, by its index in the
    /// record.
    ///
    /// # Errors
    /// [`ConfigError::Write`](train::config::ConfigError::Write) when the config cannot be written as TOML.
    pub fn page(&self, shown: usize) -> Result<String, RunError> {
        let contents = RunPage {
            kind: "run",
            name: &self.config.name,
            path: self.path.display().to_string(),
            segmentation: self.is_segmentation(),
            metrics: Metric::of_task(self.config.model.task()).collect(),
            classes: &self.manifest.classes,
            colors: (0..self.manifest.classes.len()).map(hex).collect(),
            best_epoch: self.best_epoch(),
            epochs: &self.epochs,
            stored: self.record.stored(),
            shown,
            protocol: self.protocol(),
            config: self.config.to_toml()?,
            model: self.model.map(|model| model.figure),
        };
        Ok(page::html(&self.config.name, &contents))
    }

    pub(super) fn is_segmentation(&self) -> bool {
        self.config.model.task() == Task::Segmentation
    }

    /// The epoch whose weights are the best; `None` without validation.
    pub(super) fn best_epoch(&self) -> Option<usize> {
        let validated = self.epochs.iter().any(|row| row.split == "valid");
        self.manifest.weights.get("best").filter(|_| validated).map(|entry| entry.epoch)
    }

    /// What was done, as pairs of name and value.
    pub(super) fn protocol(&self) -> Vec<Fact> {
        let Self { config, manifest, record, .. } = self;
        let why = if self.model.is_some() { "a model of the program" } else { "the training did not end" };
        let unknown = || format!("unknown: {why}");
        let facts = record.training.as_ref();
        let note = |of: fn(&TrainingFacts) -> String| facts.map_or_else(unknown, of);
        let root = config.data.root.display();
        let (data, items) = match &config.scenes {
            None => (format!("{root}, {} points per cloud", config.data.points), "files".to_owned()),
            Some(scenes) => (
                format!(
                    "{root}, voxels of {}, {} of {}",
                    scenes.voxel(),
                    scenes.region.plural(),
                    scenes.size()
                ),
                format!("{} regions", scenes.regions),
            ),
        };
        let done = self.epochs.iter().map(|row| row.epoch).max().unwrap_or(0);
        let of =
            if done < config.train.epochs { format!(" of {}", config.train.epochs) } else { String::new() };
        let chosen = match self.best_epoch() {
            Some(epoch) => {
                format!("epoch {epoch}, by the validation files; the test files had no part in it")
            }
            None => "the last epoch; there was no validation".to_owned(),
        };
        vec![
            ("network", manifest.architecture.clone()),
            ("weights", note(|facts| thousands(facts.parameters))),
            ("seed", manifest.seed.to_string()),
            ("data", data),
            ("classes", manifest.classes.len().to_string()),
            ("training files", thousands(manifest.train_files)),
            ("validation files", thousands(manifest.validation_files)),
            ("files left out", thousands(manifest.skipped_files)),
            ("epochs", format!("{done}{of}, of {items} in batches of {}", config.train.batch_size)),
            ("best weights", chosen),
            ("training time", duration(self.epochs.iter().map(|row| row.seconds).sum())),
            ("device", note(|facts| format!("{}, {} threads", facts.device, facts.threads))),
            ("versions", format!("pointwise {}, burn {}", manifest.pointwise_version, manifest.burn_version)),
        ]
    }
}

fn hex(class: usize) -> String {
    let [red, green, blue] = class_color(class);
    format!("#{red:02x}{green:02x}{blue:02x}")
}

/// Seconds as `1 h 02 min 03 s`, without leading zero parts.
fn duration(seconds: f64) -> String {
    if seconds < 60.0 {
        return format!("{seconds:.1} s");
    }
    let seconds = seconds.round() as u64;
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 {
        format!("{hours} h {minutes:02} min {seconds:02} s")
    } else {
        format!("{minutes} min {seconds:02} s")
    }
}

/// A whole number with commas between groups of three digits.
fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        let _ = write!(text, "{digit}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_times_read_easily() {
        assert_eq!([0, 999, 1000, 37_777_058].map(thousands), ["0", "999", "1,000", "37,777,058"]);
        assert_eq!([4.25, 61.0, 3723.0].map(duration), ["4.2 s", "1 min 01 s", "1 h 02 min 03 s"]);
    }
}
