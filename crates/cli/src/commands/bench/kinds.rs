//! `pointwise bench kinds`

use std::path::{Path, PathBuf};

use ::bench::{KindTimes, KindsBench};
use ::train::config::{Config, ConvolutionKind};
use ::train::{Classifier, Progress, ProgressMode, TrainOptions, Weights};
use anyhow::Context;
use burn::tensor::Device;
use pointcloud::io::Unfinished;
use serde::Serialize;
use serde_json::json;

use super::super::devices::pick;
use super::super::train::make_synthetic_set;
use super::results::{Json, clouds, ensure_length, ensure_repetitions, ensure_some, milliseconds, table};
use crate::output::line;
use crate::progress;

/// Full, separable, depthwise and 1x1 convolutions of one width, side by side
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointwise bench kinds
  pointwise bench kinds --channels 9,32,64 --clouds 32
  pointwise bench kinds --accuracy configs/shapes10.toml

--accuracy trains the config once for every kind (model.convolution), with all else equal, and evaluates the last epoch on
the test files. The runs go to a temporary folder.")]
pub(super) struct Kinds {
    /// Channels of input and output; several are measured one after the other
    #[arg(long, default_value = "9", value_delimiter = ',', value_name = "C,..")]
    channels: Vec<usize>,
    /// Raw little-endian f32 x y z, clouds one after the other [default: synthetic shapes]
    #[arg(long, value_name = "FILE")]
    positions: Option<PathBuf>,
    /// Number of clouds
    #[arg(long, default_value_t = 128, value_name = "B")]
    clouds: usize,
    /// Points per cloud
    #[arg(long, default_value_t = 2048, value_name = "N")]
    points: usize,
    /// Edge of a kernel cell
    #[arg(long, default_value_t = 0.1)]
    cell: f32,
    /// Dilation of the kernel
    #[arg(long, default_value_t = 1, value_name = "D")]
    dilation: usize,
    /// Repetitions
    #[arg(long, default_value_t = 5, value_name = "R")]
    reps: usize,
    /// Also train this config with every kind
    #[arg(long, value_name = "CONFIG")]
    accuracy: Option<PathBuf>,
    /// Override a key of the config
    #[arg(long = "set", value_name = "KEY=VALUE", requires = "accuracy")]
    overrides: Vec<String>,
    /// Where to compute
    #[arg(long, default_value = "auto")]
    device: String,
    #[command(flatten)]
    json: Json,
}

/// What a training with one kind came to.
#[derive(Debug, Serialize)]
struct Accuracy {
    kind: &'static str,
    /// On the test files, after the last epoch.
    accuracy: Option<f64>,
    parameters: usize,
    /// Of the training.
    seconds: f64,
}

impl Kinds {
    pub(super) fn run(self) -> anyhow::Result<()> {
        for &channels in &self.channels {
            ensure_some(channels, "--channels")?;
        }
        ensure_some(self.dilation, "--dilation")?;
        ensure_repetitions(self.reps)?;
        ensure_length(f64::from(self.cell), "--cell")?;
        let device = pick(&self.device, false)?.device;
        let clouds = clouds(self.positions.as_deref(), self.clouds, self.points)?;
        let mut rows = Vec::new();
        for &channels in &self.channels {
            let (cell, dilation) = (self.cell, self.dilation);
            let bench = KindsBench { channels, cell, dilation, repetitions: self.reps };
            rows.extend(bench.run(&clouds, &device)?);
        }
        if self.json.has_table() {
            print(&rows)?;
        }
        let mut accuracies = Vec::new();
        if let Some(config) = &self.accuracy {
            let kinds = ConvolutionKind::ALL;
            let bar = Progress::start(progress::detect(false), "training", "networks", kinds.len());
            for kind in kinds {
                accuracies.push(train(config, &self.overrides, kind, &device)?);
                bar.advance(1);
            }
            bar.finish();
        }
        for accuracy in accuracies.iter().filter(|_| self.json.has_table()) {
            line(format_args!(
                "{:<9}  accuracy {:.2} % on the test files, {} parameters, trained in {:.0} s",
                accuracy.kind,
                100.0 * accuracy.accuracy.unwrap_or(f64::NAN),
                accuracy.parameters,
                accuracy.seconds
            ))?;
        }
        self.json.write(&json!({ "layers": rows, "accuracy": accuracies }))
    }
}

fn train(
    path: &Path,
    overrides: &[String],
    kind: ConvolutionKind,
    device: &Device,
) -> anyhow::Result<Accuracy> {
    let chosen = format!("model.convolution={}", kind.name());
    let overrides: Vec<String> = overrides.iter().cloned().chain([chosen]).collect();
    let config = Config::load(path, &overrides)?;
    make_synthetic_set(&config, progress::detect(false))?;
    let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
    let _unfinished = Unfinished::new(folder.path());
    let options =
        TrainOptions { output: Some(folder.path().join("run")), ..TrainOptions::new(device.clone()) };
    let outcome = ::train::train(&config, &options)?;
    let classifier = Classifier::open(outcome.run.path(), Weights::Last, device)?;
    let evaluation = classifier.evaluate(&config.data.root, "test", ProgressMode::Quiet)?;
    Ok(Accuracy {
        kind: kind.name(),
        accuracy: evaluation.values.get("overall_accuracy"),
        parameters: outcome.parameters,
        seconds: outcome.seconds,
    })
}

fn print(rows: &[KindTimes]) -> anyhow::Result<()> {
    let head = [
        "kind",
        "channels",
        "parameters",
        "multiplications/point",
        "additions/point",
        "forward ms",
        "backward ms, median (minimum)",
    ];
    let mut lines = vec![head.map(str::to_owned).to_vec()];
    lines.extend(rows.iter().map(|row| {
        vec![
            row.kind.to_owned(),
            row.channels.to_string(),
            row.parameters.to_string(),
            format!("{:.0}", row.multiplications),
            format!("{:.0}", row.additions),
            milliseconds(row.forward),
            milliseconds(row.backward),
        ]
    }));
    table(&lines)
}
