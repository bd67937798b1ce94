//! `metrics.jsonl`: one JSON object per epoch and split, written as training goes on.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use pointcloud::io::sync_file;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Values;

/// Figures of one epoch on one split: one line of `metrics.jsonl`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EpochMetrics {
    /// Epoch, from 1.
    pub epoch: usize,
    /// `train` or `valid`.
    pub split: String,
    /// Mean loss over the files; `null` in the file when it is not finite, which reads back as NaN.
    #[serde(serialize_with = "finite_or_null", deserialize_with = "null_is_nan")]
    pub loss: f64,
    /// The metrics, over files or over points.
    #[serde(flatten, with = "super::rows::epoch_named")]
    pub values: Values,
    /// Learning rate at the end of the epoch.
    #[serde(default)]
    pub lr: Option<f64>,
    /// Wall-clock time of the epoch on this split, in seconds.
    pub seconds: f64,
}

impl EpochMetrics {
    /// What epochs are chosen by: [`Values::score`].
    #[must_use]
    pub fn score(&self) -> f64 {
        self.values.score()
    }
}

/// What can go wrong with the metrics file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MetricsLogError {
    /// The operating system refused.
    #[error("cannot {action} metrics file {path}", path = path.display())]
    Io {
        /// The metrics file.
        path: PathBuf,
        /// What was attempted, as a verb.
        action: &'static str,
        /// The error of the operating system.
        source: io::Error,
    },
    /// A line before the last is not an object with the expected keys.
    #[error("{path}, line {line}: expected the metrics of an epoch", path = path.display())]
    Line {
        /// The metrics file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// The error of the JSON parser.
        source: serde_json::Error,
    },
}

/// The metrics file of a run, open for appending.
#[derive(Debug)]
pub struct MetricsLog {
    path: PathBuf,
    file: File,
}

impl MetricsLog {
    /// Opens the file for appending, makes it if it is missing, and cuts off a last line that was
    /// not finished.
    ///
    /// # Errors
    /// [`MetricsLogError::Io`].
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, MetricsLogError> {
        let path = path.into();
        let file = OpenOptions::new().read(true).append(true).create(true).open(&path);
        let file = file.map_err(io_error(&path, "open"))?;
        let bytes = fs::read(&path).map_err(io_error(&path, "read"))?;
        let whole = bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
        if whole < bytes.len() {
            file.set_len(whole as u64).map_err(io_error(&path, "truncate"))?;
        }
        Ok(Self { path, file })
    }

    /// Appends one line; when this returns, the operating system has it.
    ///
    /// # Errors
    /// [`MetricsLogError::Io`].
    pub fn append(&mut self, metrics: &EpochMetrics) -> Result<(), MetricsLogError> {
        let mut line = serde_json::to_string(metrics)
            .map_err(|source| io_error(&self.path, "write")(io::Error::other(source)))?;
        line.push('\n');
        // One call, so that a line is there whole or is the cut-off last one.
        self.file.write_all(line.as_bytes()).map_err(io_error(&self.path, "write"))
    }

    /// Waits until the disk has all lines: a power cut must not leave a checkpoint without the lines of its epochs.
    ///
    /// # Errors
    /// Those of the operating system.
    pub(crate) fn sync(&self) -> pointcloud::Result<()> {
        sync_file(&self.file, &self.path)
    }

    /// Reads all lines. A last line that was not finished is left out.
    ///
    /// # Errors
    /// [`MetricsLogError::Io`] when the file cannot be read, [`MetricsLogError::Line`] for a
    /// finished line that is not the metrics of an epoch.
    pub fn read(path: impl AsRef<Path>) -> Result<Vec<EpochMetrics>, MetricsLogError> {
        let path = path.as_ref();
        let text = fs::read(path).map_err(io_error(path, "read"))?;
        let whole = text.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
        let lines = text[..whole].split(|&byte| byte == b'\n').enumerate();
        lines
            .filter(|(_, line)| !line.trim_ascii().is_empty())
            .map(|(at, line)| {
                serde_json::from_slice(line).map_err(|source| MetricsLogError::Line {
                    path: path.to_owned(),
                    line: at + 1,
                    source,
                })
            })
            .collect()
    }

    /// Cuts off the lines of epochs after `epoch`, as a run that resumes from there needs, and returns
    /// those that stay. A missing file has none. This needs no room on the disk.
    ///
    /// # Errors
    /// As [`MetricsLog::read`].
    pub fn truncate_after(
        path: impl AsRef<Path>,
        epoch: usize,
    ) -> Result<Vec<EpochMetrics>, MetricsLogError> {
        let path = path.as_ref();
        if !path.try_exists().map_err(io_error(path, "look at"))? {
            return Ok(Vec::new());
        }
        let mut rows = Self::read(path)?;
        let kept = rows.iter().take_while(|row| row.epoch <= epoch).count();
        rows.truncate(kept);
        let bytes = fs::read(path).map_err(io_error(path, "read"))?;
        let lines = bytes.split_inclusive(|&byte| byte == b'\n');
        let mut left = kept;
        let end: usize = lines
            .take_while(|line| {
                let is_empty = line.trim_ascii().is_empty();
                let stays = is_empty || left > 0;
                left -= usize::from(stays && !is_empty);
                stays
            })
            .map(<[u8]>::len)
            .sum();
        if end < bytes.len() {
            let file = OpenOptions::new().write(true).open(path).map_err(io_error(path, "open"))?;
            file.set_len(end as u64).map_err(io_error(path, "truncate"))?;
        }
        Ok(rows)
    }
}

fn io_error(path: &Path, action: &'static str) -> impl FnOnce(io::Error) -> MetricsLogError {
    move |source| MetricsLogError::Io { path: path.to_owned(), action, source }
}

fn finite_or_null<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    value.is_finite().then_some(value).serialize(serializer)
}

fn null_is_nan<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    Ok(Option::<f64>::deserialize(deserializer)?.unwrap_or(f64::NAN))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Confusion;
    use crate::network::Task;

    fn values() -> Values {
        let mut confusion = Confusion::new(2);
        confusion.add(0, 0, 3);
        confusion.add(0, 1, 1);
        Values::of(Task::Classification, &confusion)
    }

    fn row(epoch: usize, split: &str) -> EpochMetrics {
        EpochMetrics {
            epoch,
            split: split.to_owned(),
            loss: 0.5 / epoch as f64,
            values: values(),
            lr: Some(1e-3),
            seconds: 1.5,
        }
    }

    fn written(rows: &[EpochMetrics]) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metrics.jsonl");
        let mut log = MetricsLog::open(&path).unwrap();
        for row in rows {
            log.append(row).unwrap();
        }
        (folder, path)
    }

    #[test]
    fn what_is_appended_reads_back_also_in_two_goes() {
        let (_folder, path) = written(&[row(1, "train"), row(1, "valid")]);
        MetricsLog::open(&path).unwrap().append(&row(2, "train")).unwrap();
        assert_eq!(MetricsLog::read(&path).unwrap(), [row(1, "train"), row(1, "valid"), row(2, "train")]);
        let text = fs::read_to_string(&path).unwrap();
        assert!(
            text.starts_with("{\"epoch\":1,\"split\":\"train\",\"loss\":0.5,\"accuracy\":0.75,"),
            "{text}"
        );
    }

    #[test]
    fn a_last_line_that_was_cut_off_is_left_out_and_overwritten() {
        let (_folder, path) = written(&[row(1, "train"), row(2, "train")]);
        let bytes = fs::read(&path).unwrap();
        for cut in 1..20 {
            fs::write(&path, &bytes[..bytes.len() - cut]).unwrap();
            assert_eq!(MetricsLog::read(&path).unwrap(), [row(1, "train")]);
        }
        MetricsLog::open(&path).unwrap().append(&row(3, "train")).unwrap();
        assert_eq!(MetricsLog::read(&path).unwrap(), [row(1, "train"), row(3, "train")]);
    }

    #[test]
    fn a_broken_line_inside_is_an_error_with_its_number() {
        let (_folder, path) = written(&[row(1, "train")]);
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, format!("{text}{{\"epoch\":2}}\n{text}")).unwrap();
        assert!(matches!(MetricsLog::read(&path), Err(MetricsLogError::Line { line: 2, .. })));
    }

    #[test]
    fn later_epochs_are_dropped() {
        let (folder, path) = written(&[row(1, "train"), row(2, "train"), row(2, "valid"), row(3, "train")]);
        let left = MetricsLog::truncate_after(&path, 2).unwrap();
        assert_eq!(left, [row(1, "train"), row(2, "train"), row(2, "valid")]);
        assert_eq!(MetricsLog::read(&path).unwrap(), left);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        assert_eq!(MetricsLog::truncate_after(folder.path().join("none"), 2).unwrap(), []);
    }

    #[test]
    fn lines_that_stay_keep_every_digit() {
        let rows: Vec<EpochMetrics> = (1..200)
            .map(|epoch| EpochMetrics { loss: (epoch as f64).sqrt() / 7.0, ..row(epoch, "train") })
            .collect();
        let (_folder, path) = written(&rows);
        let before = fs::read_to_string(&path).unwrap();
        let length: usize = before.lines().take(150).map(|line| line.len() + 1).sum();
        for _ in 0..3 {
            MetricsLog::truncate_after(&path, 150).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), before[..length]);
        }
    }

    #[test]
    fn a_loss_that_is_not_finite_survives_as_nan() {
        let (_folder, path) = written(&[EpochMetrics { loss: f64::INFINITY, ..row(1, "train") }]);
        assert!(fs::read_to_string(&path).unwrap().contains("\"loss\":null"));
        assert!(MetricsLog::read(&path).unwrap()[0].loss.is_nan());
    }
}
