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

/// Classify files, or label the points of scenes, with a trained run
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointwise predict runs/shapes10 scan.ply
  pointwise predict runs/shapes10 folder/ mesh.off --top 5 --output predictions/
  pointwise predict runs/s3dis-office scene.ply          (writes scene.pred.ply)")]
pub(super) struct Predict {
    /// Run directory, as `pointwise train` writes it
    run: PathBuf,
    /// Files, or folders: all files in them and below
    #[arg(required = true, value_name = "INPUT")]
    inputs: Vec<PathBuf>,
    /// How many classes to show for each file; only for classifiers
    #[arg(long, default_value = "3", value_name = "K")]
    top: NonZeroUsize,
    /// Also write predictions.json, with all classes, into this folder; where labelled scenes go [default: beside the input]
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
                Ok(prediction) => line(format_args!("{}  {}", path.display(), self.ranked(prediction)))?,
                Err(error) => {
                    failed += 1;
                    eprintln!("error: {}", describe(error));
                }
            }
        }
        if let Some(folder) = &self.output {
            let path = folder.join("predictions.json");
            let text = serde_json::to_string_pretty(&as_json(&predictions))?;
            std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
            replace_file(&path, |out| out.write_all(text.as_bytes()))?;
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
        if dropped > 0 {
            eprintln!("{}: {dropped} points that are not finite were dropped", path.display());
        }
        let memory = self.memory.saturating_mul(1_000_000);
        let options = LabelOptions { memory, shift: [self.shift; 3], votes: self.votes };
        let print_estimate = |estimate: &LabelEstimate| {
            if !self.quiet {
                eprintln!("{}: {estimate}", path.display());
            }
        };
        let started = Instant::now();
        let votes = segmenter.label_with(&cloud, path, &options, progress, &print_estimate)?;
        let seconds = started.elapsed().as_secs_f64();

        let output = labelled_path(path, self.output.as_deref());
        if let Some(folder) = &self.output {
            std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        }
        let compared = segmenter.compare(&votes, &cloud, path);
        let mut counts = vec![0_usize; segmenter.classes().len()];
        for point in 0..votes.len() {
            counts[votes.class(point)] += 1;
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

    /// `chair 0.93  table 0.04  sofa 0.01`
    fn ranked(&self, prediction: &Prediction) -> String {
        let top = prediction.ranked.iter().take(self.top.get());
        top.map(|(class, probability)| format!("{class} {probability:.3}")).collect::<Vec<_>>().join("  ")
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

fn as_json(predictions: &[(PathBuf, Result<Prediction, RunError>)]) -> serde_json::Value {
    let entry = |(path, prediction): &(PathBuf, Result<Prediction, RunError>)| match prediction {
        Ok(prediction) => {
            let classes = prediction.ranked.iter();
            let classes: Vec<_> = classes
                .map(|(class, probability)| json!({ "class": class, "probability": probability }))
                .collect();
            json!({ "file": path, "predictions": classes })
        }
        Err(error) => json!({ "file": path, "error": describe(error) }),
    };
    predictions.iter().map(entry).collect()
}
