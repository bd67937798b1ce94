//! `pointwise predict`

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use anyhow::Context;
use pointcloud::dataset::list_tree;
use pointcloud::io::replace_file;
use serde_json::json;
use train::{
    Classifier, LabelEstimate, LabelOptions, Prediction, RunError, Segmenter, TrainedRun, write_labelled,
};

use super::WeightsArgument;
use super::devices::pick;
use super::interrupt;
use super::output::{describe, is_closed_pipe, line};
use crate::progress;

/// What is said of a cloud or a point whose probability is too low.
const NONE: &str = "none";

/// Classify files, or label the points of scenes, with a trained run
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointwise predict runs/shapes10 scan.ply
  pointwise predict runs/shapes10 folder/ mesh.off --top 5 --output predictions/
  pointwise predict runs/s3dis-office scene.ply          (writes scene.pred.ply)")]
pub(super) struct Predict {
    /// Run directory, as `pointwise train` writes it, or the name of a model (see `pointwise models`)
    run: PathBuf,
    /// Files, or folders: all files in them and below
    #[arg(required = true, value_name = "INPUT")]
    inputs: Vec<PathBuf>,
    /// How many classes to show for each file; only for classifiers
    #[arg(long, default_value = "3", value_name = "K")]
    top: NonZeroUsize,
    /// Also write predictions.json, with all classes, and predictions.csv into this folder; where labelled scenes go [default: beside the input]
    #[arg(long, value_name = "DIR")]
    output: Option<PathBuf>,
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
    /// Where to compute: auto, cpu, or another device of this build
    #[arg(long, default_value = "auto")]
    device: String,
    /// Names of the columns of text files and NumPy arrays, in the order of the file [default: data.columns of the run]
    #[arg(long, value_name = "NAMES")]
    columns: Option<String>,
    /// Leave out points that are not finite, and count them
    #[arg(long)]
    drop_invalid: bool,
    /// Print results only
    #[arg(long)]
    quiet: bool,
}

impl Predict {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let device = pick(&self.device, self.quiet)?.device;
        let run = TrainedRun::open(&self.run, self.weights.into(), &device)?;
        let mut files = Vec::new();
        for input in &self.inputs {
            if input.is_dir() {
                // What an earlier prediction wrote is no input.
                files.extend(list_tree(input)?.into_iter().filter(|path| !is_labelled(path)));
            } else {
                files.push(input.clone());
            }
        }
        match run {
            TrainedRun::Classifier(mut classifier) => {
                classifier.set_reading(self.columns.as_deref(), self.drop_invalid);
                classifier.set_votes(self.votes);
                self.classify(&classifier, &files)
            }
            TrainedRun::Segmenter(mut segmenter) => {
                segmenter.set_reading(self.columns.as_deref(), self.drop_invalid);
                self.segment(&segmenter, &files)
            }
        }
    }

    fn classify(&self, classifier: &Classifier, files: &[PathBuf]) -> anyhow::Result<ExitCode> {
        interrupt::leaves(|| "nothing is written".into());
        let predictions = classifier.predict(files, progress::detect(self.quiet));

        let mut failed = 0;
        for (path, prediction) in &predictions {
            match prediction {
                Ok(prediction) => {
                    line(format_args!("{}  {}", path.display(), self.ranked(prediction)))?;
                    tell_dropped(path, prediction.dropped);
                }
                Err(error) => {
                    failed += 1;
                    eprintln!("error: {}", describe(error));
                }
            }
        }
        if let Some(folder) = &self.output {
            std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
            let text = serde_json::to_string_pretty(&as_json(&predictions, self.reject))?;
            replace_file(&folder.join("predictions.json"), |out| out.write_all(text.as_bytes()))?;
            let text = as_csv(&predictions, self.reject);
            replace_file(&folder.join("predictions.csv"), |out| out.write_all(text.as_bytes()))?;
        }
        if failed > 0 {
            eprintln!("{failed} of {} files could not be used", predictions.len());
            return Ok(ExitCode::FAILURE);
        }
        Ok(ExitCode::SUCCESS)
    }

    /// Labels every file, and goes on after one that cannot be used.
    fn segment(&self, segmenter: &Segmenter, files: &[PathBuf]) -> anyhow::Result<ExitCode> {
        let done = Arc::new(AtomicUsize::new(0));
        interrupt::leaves({
            let (done, all) = (done.clone(), files.len());
            move || format!("{} of {all} scenes are labelled", done.load(Ordering::Relaxed))
        });
        let mut failed = 0;
        for path in files {
            if let Err(error) = self.segment_file(segmenter, path) {
                if is_closed_pipe(&error) {
                    return Err(error);
                }
                failed += 1;
                eprintln!("error: {}", describe(error.as_ref()));
            } else {
                done.fetch_add(1, Ordering::Relaxed);
            }
        }
        if failed > 0 {
            eprintln!("{failed} of {} files could not be used", files.len());
            return Ok(ExitCode::FAILURE);
        }
        Ok(ExitCode::SUCCESS)
    }

    fn segment_file(&self, segmenter: &Segmenter, path: &Path) -> anyhow::Result<()> {
        let progress = progress::detect(self.quiet);
        let (cloud, dropped) = segmenter.config().data.reader().read_counted(path)?;
        tell_dropped(path, dropped);
        let memory = self.memory.saturating_mul(1_000_000);
        let options = LabelOptions { memory, shift: [self.shift; 3], votes: self.votes };
        let print_estimate = |estimate: &LabelEstimate| {
            if !self.quiet {
                eprintln!("{}: {estimate}", path.display());
            }
        };
        let started = Instant::now();
        let mut votes = segmenter.label_with(&cloud, path, &options, progress, &print_estimate)?;
        votes.reject_below(self.reject);
        let seconds = started.elapsed().as_secs_f64();

        let output = labelled_path(path, self.output.as_deref());
        if let Some(folder) = &self.output {
            std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        }
        let compared = segmenter.compare(&votes, &cloud, path);
        // Points without a label come last.
        let none = segmenter.classes().len();
        let mut counts = vec![0_usize; none + 1];
        for point in 0..votes.len() {
            counts[usize::try_from(votes.label(point)).unwrap_or(none)] += 1;
        }
        let points = cloud.len();
        write_labelled(&output, cloud, &votes)?;
        line(format_args!(
            "{}: {points} points in {seconds:.1} s, {:.0} points/s",
            output.display(),
            points as f64 / seconds
        ))?;
        let found: Vec<String> = segmenter
            .classes()
            .iter()
            .map(String::as_str)
            .chain([NONE])
            .zip(&counts)
            .filter(|(_, count)| **count > 0)
            .map(|(class, &count)| format!("{class} {:.1} %", 100.0 * count as f64 / points as f64))
            .collect();
        line(format_args!("  {}", found.join("  ")))?;
        match compared {
            Ok(Some(evaluation)) => line(format_args!("\n{}", evaluation.table()))?,
            Ok(None) => {}
            // The prediction does not depend on them.
            Err(error) => eprintln!("the labels were not compared: {}", describe(&error)),
        }
        Ok(())
    }

    /// `chair 0.93  table 0.04  sofa 0.01`, with `none  ` before it where the first is too low.
    fn ranked(&self, prediction: &Prediction) -> String {
        let top = prediction.ranked.iter().take(self.top.get());
        let top = top.map(|(class, probability)| format!("{class} {probability:.3}")).collect::<Vec<_>>();
        let none = if prediction.class(self.reject).is_none() { "none  " } else { "" };
        format!("{none}{}", top.join("  "))
    }
}

/// Says how many points of a file were left out, where there are any.
fn tell_dropped(path: &Path, dropped: usize) {
    if dropped > 0 {
        eprintln!("{}: {dropped} points that are not finite were dropped", path.display());
    }
}

/// Whether a file has the name of a labelled scene.
fn is_labelled(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().ends_with(".pred.ply"))
}

/// `scene.pred.ply` for `scene.ply`, in `folder` where there is one.
fn labelled_path(path: &Path, folder: Option<&Path>) -> PathBuf {
    let mut name = path.file_stem().unwrap_or_default().to_owned();
    name.push(".pred.ply");
    match folder {
        Some(folder) => folder.join(name),
        None => path.with_file_name(name),
    }
}

/// A probability, from 0 to 1.
fn probability(text: &str) -> Result<f32, String> {
    let found = text.parse::<f32>().ok().filter(|value| (0.0..=1.0).contains(value));
    found.ok_or_else(|| "expected a number from 0 to 1".to_owned())
}

/// A line `file,class,probability` for every file; class and probability are empty where it could not be used.
fn as_csv(predictions: &[(PathBuf, Result<Prediction, RunError>)], reject: f32) -> String {
    let field = |text: &str| match text.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text.to_owned(),
    };
    let mut text = "file,class,probability\n".to_owned();
    for (path, prediction) in predictions {
        let (class, probability) = match prediction {
            Ok(prediction) => {
                let best = prediction.ranked.first().map_or(0.0, |(_, probability)| *probability);
                (prediction.class(reject).unwrap_or(NONE), best.to_string())
            }
            Err(_) => ("", String::new()),
        };
        text += &format!("{},{},{probability}\n", field(&path.to_string_lossy()), field(class));
    }
    text
}

fn as_json(predictions: &[(PathBuf, Result<Prediction, RunError>)], reject: f32) -> serde_json::Value {
    let entry = |(path, prediction): &(PathBuf, Result<Prediction, RunError>)| match prediction {
        Ok(prediction) => {
            let classes = prediction.ranked.iter();
            let classes: Vec<_> = classes
                .map(|(class, probability)| json!({ "class": class, "probability": probability }))
                .collect();
            json!({
                "file": path,
                "class": prediction.class(reject).unwrap_or(NONE),
                "dropped": prediction.dropped,
                "predictions": classes,
            })
        }
        Err(error) => json!({ "file": path, "error": describe(error) }),
    };
    predictions.iter().map(entry).collect()
}
