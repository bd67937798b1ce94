//! `pointwise predict`

mod classify;
mod results;
mod segment;

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::bail;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use pointcloud::dataset::list_tree;
use pointcloud::io::{is_folder, writable_extensions};
use train::TrainedRun;
use train::terminal::note;

use super::devices::pick;
use super::weights::WeightsArgument;
use crate::files::{self, Ending, Existing, ListOptions};

/// What is said of a cloud or a point whose probability is too low.
const NONE: &str = "none";

/// Classify files, or label the points of scenes, with a trained run
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointwise predict runs/shapes10 scan.ply
  pointwise predict runs/shapes10 folder/ mesh.off --top 5 --output predictions/
  pointwise predict runs/s3dis-office scene.ply          (writes scene.pred.ply)
  pointwise predict runs/trees tile.laz                  (writes tile.pred.laz, with another classification)
  pointwise predict runs/s3dis-office --list tiles.txt --output labelled/ --shard 0/8
  pointwise predict runs/s3dis-office --list tiles.txt --output labelled/ --check")]
pub(super) struct Predict {
    /// Run directory, as `pointwise train` writes it, or the name of a model (see `pointwise models`)
    run: PathBuf,
    /// Files, or folders: all files in them and below
    #[arg(required_unless_present = "list", conflicts_with = "list", value_name = "INPUT")]
    inputs: Vec<PathBuf>,
    #[command(flatten)]
    list: ListOptions,
    #[command(flatten)]
    existing: Existing,
    /// How many classes to show for each file; only for classifiers
    #[arg(long, default_value = "3", value_name = "K")]
    top: NonZeroUsize,
    /// Also write predictions.jsonl, with all classes, and predictions.csv into this folder; where labelled scenes go, in the tree of
    /// the inputs [default: beside the input]
    #[arg(long, value_name = "DIR")]
    output: Option<PathBuf>,
    /// Write a line of JSON with all classes for each file as soon as it is predicted (`-`: to the standard output, instead of
    /// the text); only for classifiers
    #[arg(long, value_name = "FILE", conflicts_with_all = ["list", "resume"])]
    json: Option<PathBuf>,
    /// Which weights
    #[arg(long, value_enum, default_value_t)]
    weights: WeightsArgument,
    /// Most memory for the parts of a scene that the network is given at once, in megabytes; only for scenes
    #[arg(long, default_value_t = 1024, value_name = "MB")]
    memory: u64,
    /// Shift the parts that a scene is cut into, as a fraction of their distance: labels should hardly change; only for scenes
    #[arg(long, default_value_t = 0.0, value_name = "FRACTION")]
    shift: f32,
    /// Average the probabilities over N passes, each with the points drawn anew and turned, scaled and shifted as in training
    #[arg(long, default_value = "1", value_name = "N")]
    votes: NonZeroUsize,
    /// Say "none" where the best probability is below P, from 0 to 1; points of scenes get the label -1
    #[arg(long, default_value_t = 0.0, value_name = "P", value_parser = probability)]
    reject: f32,
    /// Extension of labelled scenes; only for scenes [default: that of the input for las and laz, else ply]
    #[arg(long, value_name = "EXTENSION", ignore_case = true,
        value_parser = PossibleValuesParser::new(writable_extensions()).map(|name| name.to_lowercase()))]
    format: Option<String>,
    /// Write the labels as a further dimension of this name, with their probability, and keep the classification; only for scenes in
    /// las and laz
    #[arg(long, value_name = "NAME", value_parser = dimension_name)]
    dimension: Option<String>,
    /// Where to compute: auto, cpu, or another device of this build
    #[arg(long, default_value = "auto")]
    device: String,
    /// Names of the columns of text files and NumPy arrays, in the order of the file [default: data.columns of the run]
    #[arg(long, value_name = "NAMES")]
    columns: Option<String>,
    /// Leave out points that are not finite, and count them
    #[arg(long)]
    drop_invalid: bool,
    /// Go on even if the memory that this needs is not available
    #[arg(long)]
    force: bool,
    /// Print results only
    #[arg(long)]
    quiet: bool,
}

impl Predict {
    /// What the arguments name.
    pub(super) fn paths(&self) -> Vec<PathBuf> {
        std::iter::once(&self.run).chain(&self.inputs).chain(&self.list.list).cloned().collect()
    }

    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        if self.list.list.is_some() && self.output.is_none() {
            bail!("--list: found no --output, expected the folder for the results");
        }
        if self.list.check {
            return self.check();
        }
        let device = pick(&self.device, self.quiet)?.device;
        match TrainedRun::open(&self.run, self.weights.into(), &device)? {
            TrainedRun::Classifier(mut classifier) => {
                let only_for_scenes = [("--format", &self.format), ("--dimension", &self.dimension)];
                if let Some((option, _)) = only_for_scenes.iter().find(|(_, value)| value.is_some()) {
                    bail!("{option}: found a run that classifies files, expected one that labels points");
                }
                classifier.set_reading(self.columns.as_deref(), self.drop_invalid);
                classifier.set_votes(self.votes);
                if self.list.list.is_some() {
                    self.classify_list(&classifier)
                } else {
                    self.classify(&classifier)
                }
            }
            TrainedRun::Segmenter(mut segmenter) => {
                if self.json.is_some() {
                    bail!(
                        "--json: found a run that labels points, expected a classifier; labels are written as files"
                    );
                }
                segmenter.set_reading(self.columns.as_deref(), self.drop_invalid);
                if self.list.list.is_some() {
                    self.segment_list(&segmenter)
                } else {
                    self.segment(&segmenter)
                }
            }
        }
    }

    /// The input files, with those of folders, but without the outputs of earlier predictions in folders.
    fn files(&self) -> anyhow::Result<Vec<PathBuf>> {
        let mut files = Vec::new();
        for input in &self.inputs {
            if is_folder(input)? {
                files.extend(list_tree(input)?.into_iter().filter(|path| !is_labelled(path)));
            } else {
                files.push(input.clone());
            }
        }
        Ok(files)
    }

    /// The list of `--list`; a classifier writes no file for each input.
    fn file_list(&self, is_classifier: bool) -> files::FileList {
        let ending = (!is_classifier).then(|| self.ending());
        let output = self.output.as_deref().unwrap_or(Path::new(""));
        self.list.list(output, ending).expect("called with --list only")
    }

    /// The end of the names of labelled scenes.
    fn ending(&self) -> Ending {
        let kept: &[&str] = if self.format.is_some() { &[] } else { &LAS };
        Ending { before: LABELLED, kept, extension: self.format.clone().unwrap_or_else(|| "ply".into()) }
    }

    /// Names the weights and what else changes a prediction.
    fn key(&self) -> anyhow::Result<String> {
        let Self { votes, shift, reject, columns, drop_invalid, format, dimension, .. } = self;
        let options = format!(
            "votes {votes} shift {shift} reject {reject} columns {columns:?} drop {drop_invalid} format {format:?} dimension {dimension:?}"
        );
        Ok(files::key(&self.run, self.weights.into(), &options)?)
    }

    /// Compares the list with the outputs. This needs no network.
    fn check(&self) -> anyhow::Result<ExitCode> {
        let is_classifier = TrainedRun::is_classifier(&self.run)?;
        files::check(&self.file_list(is_classifier), &self.key()?)
    }
}

/// What the names of labelled scenes have before their extension.
const LABELLED: &str = ".pred";

/// Extensions of LAS files.
const LAS: [&str; 2] = ["las", "laz"];

/// Whether a file has the name of a labelled scene.
fn is_labelled(path: &Path) -> bool {
    let written = |extension: &str| writable_extensions().contains(&extension);
    path.extension().is_some_and(|extension| written(&extension.to_string_lossy()))
        && path.file_stem().is_some_and(|stem| stem.to_string_lossy().ends_with(LABELLED))
}

/// Says how many points of a file were left out, where there are any.
fn tell_dropped(path: &Path, dropped: usize) {
    if dropped > 0 {
        note(format_args!("{}: {dropped} points that are not finite were dropped", path.display()));
    }
}

/// A probability, from 0 to 1.
fn probability(text: &str) -> Result<f32, String> {
    let found = text.parse::<f32>().ok().filter(|value| (0.0..=1.0).contains(value));
    found.ok_or_else(|| "expected a number from 0 to 1".to_owned())
}

/// The name of a column, one word.
fn dimension_name(text: &str) -> Result<String, String> {
    let is_word = !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || c.is_control());
    if is_word { Ok(text.to_owned()) } else { Err("expected one word".to_owned()) }
}

/// The exit code after `failed` of `count` files could not be used, which is said if there are any.
fn exit_code(failed: usize, count: usize) -> ExitCode {
    if failed == 0 {
        return ExitCode::SUCCESS;
    }
    note(format_args!("{failed} of {count} files could not be used"));
    ExitCode::FAILURE
}
