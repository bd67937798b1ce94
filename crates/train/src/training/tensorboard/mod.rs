//! Event files for TensorBoard: the scalars of a training.
//!
//! TensorBoard shows `RUN/tensorboard/train` and `RUN/tensorboard/valid` as two runs, and draws values with the same name in one
//! chart: `epoch/loss`, `epoch/accuracy` and so on over the epochs, and for the training also `step/loss` and
//! `step/learning_rate` over the steps.

mod event;
mod record;

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use pointcloud::io::{create_folder, exists, is_file, sync_file};

use crate::error::RunError;
use crate::metrics::EpochMetrics;
use crate::run::Position;
use event::Event;

/// The prefix of the names of values over steps; names of values over epochs do not have it.
const STEP: &str = "step/";

/// The name of an event file until its time.
const PREFIX: &str = "events.out.tfevents.";

/// The event files of a run.
#[derive(Debug)]
pub(super) struct EventLogs {
    train: EventLog,
    valid: EventLog,
}

impl EventLogs {
    /// Continues after `position`, and removes events of later steps and epochs. If there are no events yet, logs `rows`
    /// first.
    pub(super) fn open(folder: &Path, position: &Position, rows: &[EpochMetrics]) -> Result<Self, RunError> {
        let is_new = !exists(folder)?;
        let mut logs = Self {
            train: EventLog::open(folder.join("train"), position)?,
            valid: EventLog::open(folder.join("valid"), position)?,
        };
        for row in rows.iter().filter(|_| is_new) {
            logs.epoch(row)?;
        }
        Ok(logs)
    }

    /// Waits until the disk has all events.
    pub(super) fn sync(&self) -> Result<(), RunError> {
        for log in [&self.train, &self.valid] {
            if let Some(file) = &log.file {
                sync_file(file, &log.path)?;
            }
        }
        Ok(())
    }

    /// Logs a step, counted from the start of the training.
    pub(super) fn step(&mut self, step: usize, loss: f32, lr: f64) -> Result<(), RunError> {
        self.train.append(step, &[("step/loss", f64::from(loss)), ("step/learning_rate", lr)])
    }

    /// Logs an epoch.
    pub(super) fn epoch(&mut self, row: &EpochMetrics) -> Result<(), RunError> {
        let metrics = row.values.iter().map(|(metric, value)| (metric.epoch_name, value));
        let values = [("loss", Some(row.loss))].into_iter().chain(metrics);
        let values = values.chain([("learning_rate", row.lr), ("seconds", Some(row.seconds))]);
        let values: Vec<(String, f64)> =
            values.filter_map(|(name, value)| Some((format!("epoch/{name}"), value?))).collect();
        let values: Vec<(&str, f64)> = values.iter().map(|(tag, value)| (tag.as_str(), *value)).collect();
        let log = if row.split == "train" { &mut self.train } else { &mut self.valid };
        log.append(row.epoch, &values)
    }
}

/// The event files of one split. A training writes a new file, with its first event, each time it is started or resumed.
#[derive(Debug)]
struct EventLog {
    path: PathBuf,
    file: Option<File>,
}

impl EventLog {
    fn open(folder: PathBuf, position: &Position) -> Result<Self, RunError> {
        let (mut count, mut time) = (0, now() as u64);
        if exists(&folder)? {
            let entries = fs::read_dir(&folder).map_err(RunError::io(&folder, "list"))?;
            for entry in entries {
                let path = entry.map_err(RunError::io(&folder, "list"))?.path();
                if is_file(&path)? {
                    cut(&path, position)?;
                    count += 1;
                    // The clock may have gone back since.
                    time = time.max(time_of(&path).unwrap_or(0));
                }
            }
        }
        // TensorBoard reads the files of a folder in the order of their names.
        let name = format!("{PREFIX}{time:010}.pointwise.{count:04}");
        Ok(Self { path: folder.join(name), file: None })
    }

    fn append(&mut self, step: usize, values: &[(&str, f64)]) -> Result<(), RunError> {
        let failed = || RunError::io(&self.path, "write");
        let mut data = Vec::new();
        if self.file.is_none() {
            create_folder(self.path.parent().expect("it lies in a folder"))?;
            let file = OpenOptions::new().append(true).create(true).open(&self.path).map_err(failed())?;
            self.file = Some(file);
            data = record::frame(&event::version(now()));
        }
        data.extend(record::frame(&event::scalars(now(), step, values)));
        // Write with one call, so that only the last record can be incomplete.
        self.file.as_mut().map_or(Ok(()), |file| file.write_all(&data)).map_err(failed())
    }
}

/// Seconds since 1970.
fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |time| time.as_secs_f64())
}

/// The time in the name of an event file.
fn time_of(path: &Path) -> Option<u64> {
    path.file_name()?.to_str()?.strip_prefix(PREFIX)?.split('.').next()?.parse().ok()
}

/// Truncates a file before the first event that is later than `position` or damaged.
fn cut(path: &Path, position: &Position) -> Result<(), RunError> {
    let bytes = fs::read(path).map_err(RunError::io(path, "read"))?;
    let end = record::records(&bytes)
        .take_while(|(_, data)| Event::parse(data).is_some_and(|event| is_behind(&event, position)))
        .last()
        .map_or(0, |(end, _)| end);
    if end < bytes.len() {
        let file = OpenOptions::new().write(true).open(path).map_err(RunError::io(path, "open"))?;
        file.set_len(end as u64).map_err(RunError::io(path, "truncate"))?;
    }
    Ok(())
}

/// Whether `event` is not later than `position`.
fn is_behind(event: &Event, position: &Position) -> bool {
    let over_steps = event.values.first().is_some_and(|(tag, _)| tag.starts_with(STEP));
    event.step <= if over_steps { position.steps } else { position.epochs } as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::{Confusion, Values};
    use crate::network::Task;

    fn row(epoch: usize, split: &str) -> EpochMetrics {
        let mut confusion = Confusion::new(2);
        confusion.record(0, 0);
        confusion.record(0, 1);
        EpochMetrics {
            epoch,
            split: split.to_owned(),
            loss: 1.0 / epoch as f64,
            values: Values::of(Task::Classification, &confusion),
            lr: (split == "train").then_some(0.125),
            seconds: 2.0,
        }
    }

    /// Every value of a split in the order of the files: tag and step.
    fn read(folder: &Path, split: &str) -> Vec<(String, u64, f32)> {
        let mut files: Vec<PathBuf> =
            fs::read_dir(folder.join(split)).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        let bytes = files.iter().map(|file| fs::read(file).unwrap()).collect::<Vec<_>>();
        let events = bytes.iter().flat_map(|bytes| record::records(bytes));
        let values = events.flat_map(|(_, data)| {
            let event = Event::parse(data).unwrap();
            let step = event.step;
            event.values.into_iter().map(move |(tag, value)| (tag, step, value))
        });
        values.collect()
    }

    /// Trains three epochs of two steps from `position`, or until `until` steps are done.
    fn train(folder: &Path, position: &Position, until: usize) {
        let mut logs = EventLogs::open(folder, position, &[]).unwrap();
        for step in position.steps + 1..=until {
            logs.step(step, step as f32, 0.125).unwrap();
            if step % 2 == 0 {
                logs.epoch(&row(step / 2, "train")).unwrap();
                logs.epoch(&row(step / 2, "valid")).unwrap();
            }
        }
    }

    #[test]
    fn a_training_that_was_stopped_or_killed_logs_what_one_that_was_not_logs() {
        let folder = tempfile::tempdir().unwrap();
        let [whole, cut] = ["whole", "cut"].map(|name| folder.path().join(name));
        train(&whole, &Position::default(), 6);
        // Stopped after step 3, then killed in step 6, after the checkpoint of step 4, with an incomplete record.
        train(&cut, &Position::default(), 3);
        train(&cut, &Position { steps: 3, epochs: 1, step: 1, ..Position::default() }, 5);
        let mut files: Vec<PathBuf> =
            fs::read_dir(cut.join("train")).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        assert_eq!(files.len(), 2);
        fs::write(&files[1], [&fs::read(&files[1]).unwrap()[..], b"torn"].concat()).unwrap();
        train(&cut, &Position { steps: 4, epochs: 2, ..Position::default() }, 6);
        for split in ["train", "valid"] {
            assert_eq!(read(&whole, split), read(&cut, split), "{split}");
        }
        let names: Vec<String> = read(&whole, "valid").into_iter().map(|(tag, ..)| tag).collect();
        assert_eq!(names.len(), 3 * 4, "{names:?}");
        assert_eq!(read(&whole, "train")[0], ("step/loss".into(), 1, 1.0));
    }

    #[test]
    fn an_epoch_that_is_repeated_after_its_last_step_is_logged_once() {
        let folder = tempfile::tempdir().unwrap();
        let position = Position { steps: 2, epochs: 0, step: 2, ..Position::default() };
        for _ in 0..2 {
            let mut logs = EventLogs::open(folder.path(), &position, &[]).unwrap();
            logs.epoch(&row(1, "valid")).unwrap();
        }
        assert_eq!(read(folder.path(), "valid").iter().filter(|(tag, ..)| tag == "epoch/loss").count(), 1);
    }

    #[test]
    fn epochs_that_were_trained_without_are_logged_first() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("tensorboard");
        let rows = [row(1, "train"), row(1, "valid")];
        let position = Position { steps: 2, epochs: 1, ..Position::default() };
        for _ in 0..2 {
            EventLogs::open(&root, &position, &rows).unwrap();
        }
        assert_eq!(read(&root, "valid").len(), 4);
    }
}
