//! `pointwise predict`

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use pointcloud::list_files;
use serde_json::json;
use train::{Classifier, Prediction, ProgressMode, RunError, device};

use super::WeightsArgument;
use super::output::{describe, line};

/// Classify files with a trained run
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointwise predict runs/shapes10 scan.ply
  pointwise predict runs/shapes10 folder/ mesh.off --top 5 --output predictions/")]
pub(super) struct Predict {
    /// Run directory, as `pointwise train` writes it
    run: PathBuf,
    /// Files, or folders whose files are all taken
    #[arg(required = true, value_name = "INPUT")]
    inputs: Vec<PathBuf>,
    /// How many classes to show for each file
    #[arg(long, default_value_t = 3, value_name = "K")]
    top: usize,
    /// Also write predictions.json, with all classes, into this folder
    #[arg(long, value_name = "DIR")]
    output: Option<PathBuf>,
    /// Which weights
    #[arg(long, value_enum, default_value_t)]
    weights: WeightsArgument,
    /// Where to compute: auto, cpu, or another device of this build
    #[arg(long, default_value = "auto")]
    device: String,
    /// Print results only
    #[arg(long)]
    quiet: bool,
}

impl Predict {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let classifier = Classifier::open(&self.run, self.weights.into(), &device(&self.device)?)?;
        let mut files = Vec::new();
        for input in &self.inputs {
            if input.is_dir() { files.extend(list_files(input)?) } else { files.push(input.clone()) }
        }
        let predictions = classifier.predict(&files, ProgressMode::detect(self.quiet));

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
            std::fs::create_dir_all(folder)
                .and_then(|()| std::fs::write(&path, text))
                .with_context(|| format!("cannot write {}", path.display()))?;
        }
        if failed > 0 {
            eprintln!("{failed} of {} files could not be used", predictions.len());
            return Ok(ExitCode::FAILURE);
        }
        Ok(ExitCode::SUCCESS)
    }

    /// `chair 0.93  table 0.04  sofa 0.01`
    fn ranked(&self, prediction: &Prediction) -> String {
        let top = prediction.ranked.iter().take(self.top);
        top.map(|(class, probability)| format!("{class} {probability:.3}")).collect::<Vec<_>>().join("  ")
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
