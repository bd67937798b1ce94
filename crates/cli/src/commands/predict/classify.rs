//! Classes of files: text for people, and lines of JSON and CSV.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Map, Value, json};
use train::terminal::note;
use train::{Classifier, Prediction, Progress, RunError};

use super::results::Results;
use super::{NONE, Predict, tell_dropped};
use crate::files::ShardWork;
use crate::interrupt;
use crate::memory::{Reading, ensure, why_unreadable};
use crate::nearest::hint;
use crate::output::{describe, line};
use crate::progress;

impl Predict {
    /// Classifies the files of the arguments, and goes on after one that cannot be used.
    pub(super) fn classify(&self, classifier: &Classifier) -> anyhow::Result<ExitCode> {
        let mut files = self.files()?;
        let (mut results, done) = Results::open(self.output.as_deref(), self.json.as_deref(), self.existing)?;
        let all = files.len();
        files.retain(|path| !done.contains(path.to_string_lossy().as_ref()));
        if self.existing.resume {
            note(format_args!("{} of {all} files are predicted already", all - files.len()));
        }
        let finished = Arc::new(AtomicUsize::new(all - files.len()));
        interrupt::leaves({
            let (finished, output) = (finished.clone(), self.output.clone());
            move || {
                let done = finished.load(Ordering::Relaxed);
                let place = match &output {
                    Some(folder) => format!("; --resume goes on in {}", folder.display()),
                    None => String::new(),
                };
                format!("{done} of {all} files are predicted{place}")
            }
        });
        self.ensure_network_fits(classifier, files.len())?;
        let bar = Progress::start(progress::detect(self.quiet), "predicting", "files", files.len());
        let (mut failed, mut ended) = (0, None);
        let count = files.len();
        let mut fitting = Vec::new();
        for path in files {
            match self.ensure_file_fits(classifier, &path) {
                Ok(()) => fitting.push((path, ())),
                Err(error) => {
                    self.tell(&path, &Err(error), &mut results, &bar)?;
                    failed += 1;
                    bar.advance(1);
                }
            }
        }
        classifier.predict_each(fitting.into_iter(), |path, (), prediction| {
            failed += usize::from(prediction.is_err());
            let told = self.tell(&path, &prediction, &mut results, &bar);
            finished.fetch_add(1, Ordering::Relaxed);
            bar.advance(1);
            match told {
                Ok(()) => ControlFlow::Continue(()),
                Err(error) => {
                    ended = Some(error);
                    ControlFlow::Break(())
                }
            }
        });
        bar.finish();
        if let Some(error) = ended {
            return Err(error);
        }
        results.finish()?;
        Ok(super::exit_code(failed, count))
    }

    /// Refuses a network whose points do not fit into memory.
    fn ensure_network_fits(&self, classifier: &Classifier, files: usize) -> anyhow::Result<()> {
        if self.force || files == 0 {
            return Ok(());
        }
        let points = classifier.config().data.points;
        let what = format!("the network on {points} points of each file (data.points of the run)");
        let advice = "predict fewer files at a time, or take a run with fewer points";
        ensure(classifier.memory(files), &what, advice)
    }

    /// Refuses a file that does not fit into memory.
    fn ensure_file_fits(&self, classifier: &Classifier, path: &Path) -> Result<(), RunError> {
        if self.force {
            return Ok(());
        }
        match why_unreadable(path, &classifier.config().data.reader(), Reading::Whole) {
            Some(problem) => Err(RunError::BadFile { path: path.to_owned(), problem }),
            None => Ok(()),
        }
    }

    /// Prints and writes the prediction for one file.
    fn tell(
        &self,
        path: &Path,
        prediction: &Result<Prediction, RunError>,
        results: &mut Results,
        bar: &Progress,
    ) -> anyhow::Result<()> {
        match prediction {
            Ok(prediction) => {
                if !results.prints_json() {
                    bar.aside(|| line(format_args!("{}  {}", path.display(), self.ranked(prediction))))?;
                }
                bar.aside(|| tell_dropped(path, prediction.dropped));
            }
            Err(error) => bar.aside(|| note(format_args!("error: {}{}", describe(error), hint(path)))),
        }
        bar.aside(|| results.add(&self.row(path, prediction)))
    }

    /// `chair 0.93  table 0.04  sofa 0.01`, with `none  ` before it where the first is too low.
    fn ranked(&self, prediction: &Prediction) -> String {
        let top = prediction.ranked.iter().take(self.top.get());
        let top = top.map(|(class, probability)| format!("{class} {probability:.3}")).collect::<Vec<_>>();
        let none = if prediction.class(self.reject).is_none() { "none  " } else { "" };
        format!("{none}{}", top.join("  "))
    }

    /// The line of JSON of a file.
    fn row(&self, path: &Path, prediction: &Result<Prediction, RunError>) -> Value {
        let mut row = match prediction {
            Ok(prediction) => self.facts(prediction),
            Err(error) => Map::from_iter([("error".to_owned(), json!(describe(error)))]),
        };
        row.insert("file".into(), json!(path.to_string_lossy()));
        Value::Object(row)
    }

    /// What a line says of a prediction.
    fn facts(&self, prediction: &Prediction) -> Map<String, Value> {
        let classes = prediction.ranked.iter();
        let classes: Vec<Value> = classes
            .map(|(class, probability)| json!({ "class": class, "probability": probability }))
            .collect();
        Map::from_iter([
            ("class".to_owned(), json!(prediction.class(self.reject).unwrap_or(NONE))),
            ("dropped".to_owned(), json!(prediction.dropped)),
            ("predictions".to_owned(), Value::Array(classes)),
        ])
    }

    /// Classifies a shard of the list.
    pub(super) fn classify_list(&self, classifier: &Classifier) -> anyhow::Result<ExitCode> {
        let list = self.file_list(true);
        let work = ShardWork::open(list, &self.list, &self.key()?, progress::detect(self.quiet))?;
        self.ensure_network_fits(classifier, usize::MAX)?;
        let fitting =
            work.todo()?.filter_map(|(path, todo)| match self.ensure_file_fits(classifier, &path) {
                Ok(()) => Some((path, todo)),
                Err(error) => {
                    work.finish(todo, Err(describe(&error)));
                    None
                }
            });
        classifier.predict_each(fitting, |_: PathBuf, todo, prediction| {
            let outcome =
                prediction.map(|prediction| self.facts(&prediction)).map_err(|error| describe(&error));
            if work.finish(todo, outcome) { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        work.end()
    }
}
