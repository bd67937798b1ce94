//! `pointwise eval`

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;

use ::report::{RunRecord, RunReport};
use pointcloud::io::replace_file;
use serde::Serialize;
use train::run::RunDirectory;
use train::terminal::note;
use train::{Evaluation, Model, RunError, TrainedRun};

use super::devices::pick;
use super::evaluation::evaluate;
use super::report::named;
use super::weights::WeightsArgument;
use crate::output::{describe, line};
use crate::progress;

/// Evaluate a run on every file of a split
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointwise eval runs/shapes10 --data datasets/shapes10
  pointwise eval runs/modelnet10 --data /data/ModelNet10 --weights last --json result.json
  pointwise eval runs/modelnet10 --data /data/scans --map armchair=chair --map couch=sofa
  pointwise eval runs/modelnet10 --votes 10")]
pub(super) struct Eval {
    /// Run directory, as `pointwise train` writes it, or the name of a model (see `pointwise models`)
    run: PathBuf,
    /// Data set folder, such as CLASS/SPLIT/FILE, or SPLIT/FILE for labelled scenes [default: the data the run was trained on]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Split to evaluate on
    #[arg(long, default_value = "test")]
    split: String,
    /// Count a class of the data as a class of the network, where their names differ, or leave it out (`DATA=`); once for
    /// each class
    #[arg(long = "map", value_name = "DATA=NETWORK", value_parser = pair)]
    maps: Vec<(String, String)>,
    /// Which weights
    #[arg(long, value_enum, default_value_t)]
    weights: WeightsArgument,
    /// Also report the mean of the probabilities over N passes, each with the points drawn anew and turned, scaled and shifted
    /// as in training
    #[arg(long, default_value = "1", value_name = "N")]
    votes: NonZeroUsize,
    /// Write the results as JSON (`-`: to the standard output, instead of the table)
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Where to compute: auto, cpu, or another device of this build
    #[arg(long, default_value = "auto")]
    device: String,
    /// Print results only
    #[arg(long)]
    quiet: bool,
}

/// Two names with `=` between; the second may be empty.
fn pair(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=').map(|(from, to)| (from.trim().to_owned(), to.trim().to_owned()));
    let pair = pair.filter(|(from, _)| !from.is_empty());
    pair.ok_or_else(|| {
        "expected two classes, DATA=NETWORK, such as other=chair, or other= to leave it out".to_owned()
    })
}

/// The figures and, with `--votes`, those of the votes.
#[derive(Serialize)]
struct Results<'a> {
    #[serde(flatten)]
    figures: &'a Evaluation,
    #[serde(skip_serializing_if = "Option::is_none")]
    with_votes: Option<&'a Evaluation>,
}

impl Eval {
    /// What the arguments name.
    pub(super) fn paths(&self) -> Vec<PathBuf> {
        std::iter::once(&self.run).chain(&self.data).cloned().collect()
    }

    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let found = pick(&self.device, self.quiet)?;
        let mut trained = TrainedRun::open(&self.run, self.weights.into(), &found.device)?;
        trained.set_class_map(self.maps);
        // A model of the program has no run directory, and so no report.
        let run = if Model::in_place_of_run(&self.run).is_some() {
            None
        } else {
            Some(RunDirectory::open(&self.run)?)
        };
        // Check now: otherwise the error appears after the work.
        let read = |run| RunRecord::read(run, &trained.config().data.root, trained.manifest());
        let mut record = run.as_ref().map(read).transpose()?.unwrap_or_default();
        let root = self.data.unwrap_or_else(|| trained.config().data.root.clone());
        let progress = progress::detect(self.quiet);
        for text in trained.class_notes(&root, &self.split)?.iter().filter(|_| !self.quiet) {
            note(format_args!("note: {text}"));
        }
        let evaluation = evaluate(&trained, &root, &self.split, &found.to_string(), progress)?;
        let figures = evaluation.figures.clone();
        let shown = record.add(evaluation);
        let voted = match self.votes.get() {
            1 => None,
            _ => Some(trained.evaluate_votes(&root, &self.split, self.votes, progress)?),
        };

        let json = serde_json::to_string_pretty(&Results { figures: &figures, with_votes: voted.as_ref() })?;
        let only_json = self.json.as_ref().is_some_and(|path| path.as_os_str() == "-");
        match self.json {
            Some(_) if only_json => line(json)?,
            Some(path) => {
                replace_file(&path, |out| out.write_all(json.as_bytes()))?;
            }
            None => {}
        }
        if !only_json {
            line(figures.table())?;
            line(figures.confusion_table())?;
            if let Some(voted) = &voted {
                line(format_args!("with {} votes\n", self.votes))?;
                line(voted.table())?;
            }
        }
        let Some(run) = run else { return Ok(ExitCode::SUCCESS) };
        match write_report(&run, &record, shown) {
            Ok(()) if only_json => {}
            Ok(()) => named(&run.report())?,
            // The results are valid, also where the run cannot be written to.
            Err(error @ RunError::Data(pointcloud::Error::Io { .. })) => {
                note(format_args!("no report: {}", describe(&error)))
            }
            Err(error) => return Err(error.into()),
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Writes the record and the report into the run; the evaluation `shown` is the one that is open at first.
fn write_report(run: &RunDirectory, record: &RunRecord, shown: usize) -> Result<(), RunError> {
    record.write(run)?;
    run.write(&run.report(), &RunReport::read(run.path())?.page(shown)?)
}
