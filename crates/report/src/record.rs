//! `report.json`: what the report shows beyond the other files of a run.

use std::fs;
use std::path::Path;

use pointcloud::io::exists;
use serde::{Deserialize, Serialize};
use train::RunError;
use train::metrics::{Evaluation, Examples, Weights};
use train::run::{Manifest, RunDirectory};

/// Version of `report.json` that this program writes, and the newest that it reads.
const FORMAT_VERSION: u32 = 1;

/// Most evaluations in the record of a run: the newest.
const EVALUATIONS: usize = 8;

/// The evaluations of a run with their examples, and where it was trained.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunRecord {
    /// Where the run was trained; `None` when the training did not end.
    pub training: Option<TrainingFacts>,
    /// The evaluations: those after the training first, then those of `pointwise eval`.
    pub evaluations: Vec<EvaluationRecord>,
}

/// Where a run was trained.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrainingFacts {
    /// The device, for instance `cpu (burn's Flex)`.
    pub device: String,
    /// Threads of the processor that were used.
    pub threads: usize,
    /// Learnable weights of the network.
    pub parameters: usize,
}

/// One evaluation: its figures, what it was of, and examples.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EvaluationRecord {
    /// The figures, as `eval --json` writes them.
    pub figures: Evaluation,
    /// The data.
    pub data: String,
    /// The epoch of the weights, from 1.
    pub epoch: Option<usize>,
    /// The device, for instance `cpu (burn's Flex)`; `None` where it is unknown.
    pub device: Option<String>,
    /// Wall-clock time of the evaluation, in seconds.
    pub seconds: Option<f64>,
    /// When it ended, in seconds since 1970.
    pub finished: Option<u64>,
    /// Clouds to look at.
    pub examples: Examples,
}

/// The file: as [`RunRecord`], but with one table of clouds for all evaluations.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Stored {
    format_version: u32,
    training: Option<TrainingFacts>,
    pub(super) evaluations: Vec<EvaluationRecord>,
    pub(super) clouds: Vec<String>,
}

/// The one key that every version has.
#[derive(Deserialize)]
struct Versioned {
    format_version: u32,
}

impl EvaluationRecord {
    /// Figures of which nothing else is known.
    fn bare(figures: Evaluation, data: &Path, manifest: &Manifest) -> Self {
        let epoch = manifest.weights.get(figures.weights.name()).map(|entry| entry.epoch);
        let data = data.display().to_string();
        Self {
            figures,
            data,
            epoch,
            device: None,
            seconds: None,
            finished: None,
            examples: Examples::default(),
        }
    }

    fn key(&self) -> (&str, &str, Weights) {
        (&self.data, &self.figures.split, self.figures.weights)
    }
}

impl RunRecord {
    /// Reads the record of `run`; where it has none, the results in its `evaluation.json`, which are without examples.
    ///
    /// # Errors
    /// [`RunError::BadFile`] when a file is damaged or newer than this program, [`RunError::Io`].
    pub fn read(run: &RunDirectory, data: &Path, manifest: &Manifest) -> Result<Self, RunError> {
        let path = run.report_data();
        if !exists(&path)? {
            let path = run.evaluation();
            if !exists(&path)? {
                return Ok(Self::default());
            }
            let text = fs::read_to_string(&path).map_err(RunError::io(&path, "read"))?;
            let figures: Vec<Evaluation> =
                serde_json::from_str(&text).map_err(|error| damaged(&path, &error.to_string()))?;
            let evaluations =
                figures.into_iter().map(|figures| EvaluationRecord::bare(figures, data, manifest)).collect();
            return Ok(Self { training: None, evaluations });
        }
        let text = fs::read_to_string(&path).map_err(RunError::io(&path, "read"))?;
        let bad = |error: serde_json::Error| damaged(&path, &error.to_string());
        let found = serde_json::from_str::<Versioned>(&text).map_err(bad)?.format_version;
        if found > FORMAT_VERSION {
            let problem = format!(
                "format version {found} is newer than this program, which reads up to {FORMAT_VERSION}; update pointwise"
            );
            return Err(RunError::BadFile { path, problem });
        }
        let Stored { training, mut evaluations, clouds, .. } = serde_json::from_str(&text).map_err(bad)?;
        for evaluation in &mut evaluations {
            let owned = evaluation.examples.own_clouds(&clouds);
            owned.ok_or_else(|| {
                damaged(&path, &format!("an example is not among the {} clouds", clouds.len()))
            })?;
        }
        Ok(Self { training, evaluations })
    }

    /// Replaces an earlier evaluation of the same weights, data and split by `evaluation`, or adds it at the end; gives its
    /// index. When there are too many, the oldest goes, the results of the training last.
    pub fn add(&mut self, evaluation: EvaluationRecord) -> usize {
        if let Some(index) = self.evaluations.iter().position(|other| other.key() == evaluation.key()) {
            self.evaluations[index] = evaluation;
            return index;
        }
        while self.evaluations.len() >= EVALUATIONS {
            let after_training = 2.min(self.evaluations.len() - 1);
            let later = self.evaluations[after_training..].iter().enumerate();
            let oldest = later.min_by_key(|(_, other)| other.finished).map_or(0, |(index, _)| index);
            self.evaluations.remove(after_training + oldest);
        }
        self.evaluations.push(evaluation);
        self.evaluations.len() - 1
    }

    /// Writes the record of `run`.
    ///
    /// # Errors
    /// [`RunError::Data`].
    pub fn write(&self, run: &RunDirectory) -> Result<(), RunError> {
        let text = serde_json::to_string(&self.stored()).expect("a record is plain data");
        run.write(&run.report_data(), &text)
    }

    pub(super) fn stored(&self) -> Stored {
        let Self { training, mut evaluations } = self.clone();
        let mut clouds = Vec::new();
        for evaluation in &mut evaluations {
            evaluation.examples.share_clouds(&mut clouds);
        }
        Stored { format_version: FORMAT_VERSION, training, evaluations, clouds }
    }
}

fn damaged(path: &Path, problem: &str) -> RunError {
    let problem = format!("damaged ({problem}); remove it, and `pointwise eval` writes it anew");
    RunError::BadFile { path: path.to_owned(), problem }
}

#[cfg(test)]
mod tests {
    use train::config::Task;
    use train::metrics::{Confusion, FileExample};

    use super::*;

    fn evaluation(data: &str, weights: Weights, finished: u64, clouds: &[&str]) -> EvaluationRecord {
        let names = ["a".to_owned()];
        let files = clouds.iter().enumerate().map(|(cloud, name)| FileExample {
            file: format!("{name}.ply"),
            cloud,
            truth: 0,
            guesses: vec![(0, 0.1 + 0.2)],
        });
        EvaluationRecord {
            figures: Evaluation::new(
                Task::Classification,
                "test",
                weights,
                &names,
                &Confusion::new(1),
                0.1 + 0.7,
                0,
            ),
            data: data.into(),
            epoch: Some(3),
            device: Some("cpu (burn's Flex)".into()),
            seconds: Some(1.25),
            finished: Some(finished),
            examples: Examples {
                clouds: clouds.iter().map(|&cloud| cloud.to_owned()).collect(),
                files: files.collect(),
                scenes: vec![],
            },
        }
    }

    fn empty_run() -> (tempfile::TempDir, RunDirectory, Manifest) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("config.toml"), "").unwrap();
        let run = RunDirectory::open(folder.path()).unwrap();
        let manifest = r#"{"format_version": 1, "architecture": "", "classes": [], "points": 1, "normalize": "none",
            "pointwise_version": "", "burn_version": "", "seed": 0, "train_files": 0, "validation_files": 0, "skipped_files": 0}"#;
        (folder, run, serde_json::from_str(manifest).unwrap())
    }

    #[test]
    fn reads_back_equal_and_stores_every_cloud_once() {
        let (_folder, run, manifest) = empty_run();
        let read = || RunRecord::read(&run, "data".as_ref(), &manifest);
        assert_eq!(read().unwrap(), RunRecord::default());
        let record = RunRecord {
            training: Some(TrainingFacts { device: "cpu".into(), threads: 2, parameters: 9 }),
            evaluations: vec![
                evaluation("data", Weights::Best, 1, &["AAAA", "BBBB"]),
                evaluation("data", Weights::Last, 1, &["BBBB", "CCCC"]),
            ],
        };
        record.write(&run).unwrap();
        let text = fs::read_to_string(run.report_data()).unwrap();
        assert_eq!(text.matches("BBBB\"").count(), 1, "{text}");
        assert_eq!(read().unwrap(), record);
    }

    #[test]
    fn results_without_a_record_are_shown_without_examples() {
        let (_folder, run, manifest) = empty_run();
        let figures = evaluation("data", Weights::Best, 1, &[]).figures;
        fs::write(run.evaluation(), serde_json::to_string(&[&figures]).unwrap()).unwrap();
        let record = RunRecord::read(&run, "data".as_ref(), &manifest).unwrap();
        assert_eq!(record.evaluations[0].figures, figures);
        assert_eq!(record.evaluations[0].examples, Examples::default());
    }

    #[test]
    fn damage_and_newer_files_are_named() {
        let (_folder, run, manifest) = empty_run();
        for (text, part) in [
            ("{", "damaged"),
            (r#"{"format_version": 9}"#, "version 9 is newer"),
            (r#"{"format_version": 1, "evaluations": []}"#, "clouds"),
        ] {
            fs::write(run.report_data(), text).unwrap();
            let error = RunRecord::read(&run, "data".as_ref(), &manifest).unwrap_err().to_string();
            assert!(error.contains("report.json") && error.contains(part), "{error}");
        }
        let record =
            RunRecord { training: None, evaluations: vec![evaluation("d", Weights::Best, 1, &["AAAA"])] };
        record.write(&run).unwrap();
        let text = fs::read_to_string(run.report_data()).unwrap();
        fs::write(run.report_data(), text.replace("\"cloud\":0", "\"cloud\":7")).unwrap();
        let error = RunRecord::read(&run, "data".as_ref(), &manifest).unwrap_err().to_string();
        assert!(error.contains("not among the 1 clouds"), "{error}");
    }

    #[test]
    fn an_evaluation_replaces_its_like_and_the_oldest_goes() {
        let mut record = RunRecord::default();
        let add = |record: &mut RunRecord, data: &str, finished| {
            record.add(evaluation(data, Weights::Best, finished, &[]))
        };
        assert_eq!(add(&mut record, "train", 1), 0);
        assert_eq!(record.add(evaluation("train", Weights::Last, 1, &[])), 1);
        for number in 0..6 {
            assert_eq!(add(&mut record, &format!("{number}"), 10 - number), 2 + number as usize);
        }
        // Made again: the newest, at its old index.
        assert_eq!(add(&mut record, "5", 20), 7);
        assert_eq!(record.evaluations.len(), EVALUATIONS);
        assert_eq!(add(&mut record, "new", 21), EVALUATIONS - 1);
        let left: Vec<&str> = record.evaluations.iter().map(|one| one.data.as_str()).collect();
        assert_eq!(left, ["train", "train", "0", "1", "2", "3", "5", "new"]);
    }
}
