//! `pointwise bench train`

use std::path::PathBuf;

use ::bench::{Spread, StepBench, StepTimes, read_positions};
use ::train::config::{
    AugmentConfig, Config, DataConfig, ModelConfig, OptimizerConfig, Rotate, ScheduleConfig, TrainConfig,
};
use ::train::network::PaperClassifierConfig;
use ::train::synthetic::surfaces;

use super::super::devices::pick;
use super::results::{Json, ensure_memory, ensure_repetitions, ensure_some, memory, milliseconds, table};
use crate::output::line;

/// One step of training, part by part: augmentation, search, forward, backward, optimizer
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointwise bench train
  pointwise bench train configs/shapes10.toml --reps 20
  pointwise bench train --batch 16 --points 1024 --classes 10 --json -

Without a config: the classifier of the paper with its recipe, on 2,048 points. The clouds are synthetic, unless --positions
names others; no data set is read.")]
pub(super) struct Train {
    /// Experiment config, a TOML file
    config: Option<PathBuf>,
    /// Override a key of the config
    #[arg(long = "set", value_name = "KEY=VALUE", requires = "config")]
    overrides: Vec<String>,
    /// Clouds of a step [default: those of the config, or 32]
    #[arg(long, value_name = "B")]
    batch: Option<usize>,
    /// Points of a cloud [default: those of the config, or 2048]
    #[arg(long, value_name = "N")]
    points: Option<usize>,
    /// Classes of the network
    #[arg(long, default_value_t = 40, value_name = "K")]
    classes: usize,
    /// Raw little-endian f32 x y z, clouds one after the other [default: synthetic shapes]
    #[arg(long, value_name = "FILE")]
    positions: Option<PathBuf>,
    /// Repetitions
    #[arg(long, default_value_t = 10, value_name = "R")]
    reps: usize,
    /// Where to compute
    #[arg(long, default_value = "auto")]
    device: String,
    #[command(flatten)]
    json: Json,
}

impl Train {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let mut config = match &self.config {
            Some(path) => Config::load(path, &self.overrides)?,
            None => recipe(),
        };
        if let Some(batch) = self.batch {
            ensure_some(batch, "--batch")?;
            config.train.batch_size = batch;
        }
        if let Some(points) = self.points {
            ensure_some(points, "--points")?;
            config.data.points = points;
        }
        ensure_some(self.classes, "--classes")?;
        ensure_repetitions(self.reps)?;
        if config.train.shards > 1 {
            let found = config.train.shards;
            anyhow::bail!(
                "train.shards: found {found}, expected 1: the parts of a step are timed on the whole batch"
            );
        }
        let clouds = match &self.positions {
            Some(path) => read_positions(path, config.data.points, None)?,
            None => {
                let clouds = config.train.batch_size.saturating_mul(4);
                ensure_memory(clouds, config.data.points)?;
                surfaces(clouds, config.data.points)
            }
        };
        let bench = StepBench { config, classes: self.classes, repetitions: self.reps };
        let times = bench.run(&clouds, &pick(&self.device, false)?.device)?;
        if self.json.has_table() {
            print(&times)?;
        }
        self.json.write(&times)
    }
}

/// The network and the recipe of the paper.
fn recipe() -> Config {
    Config {
        name: "paper".into(),
        seed: 0,
        data: DataConfig::new("."),
        model: ModelConfig::PaperClassifier(PaperClassifierConfig::default()),
        optimizer: OptimizerConfig::Sgd { lr: 1e-3, momentum: 0.9, weight_decay: 0.0 },
        schedule: ScheduleConfig::Constant,
        augment: AugmentConfig { rotate: Rotate::Up, jitter_sigma: 0.01, ..AugmentConfig::default() },
        scenes: None,
        train: TrainConfig::new(1),
    }
}

fn print(times: &StepTimes) -> anyhow::Result<()> {
    let training = &times.pipelined;
    let parts = [
        ("load, augment, order", Some(times.prepare), None),
        ("search", Some(times.search), None),
        ("wait for the batch", None, Some(training.wait)),
        ("forward", Some(times.forward), Some(training.forward)),
        ("backward", Some(times.backward), Some(training.backward)),
        ("optimizer", Some(times.optimizer), Some(training.optimizer)),
        ("other", None, Some(training.other)),
        ("step", Some(times.step), Some(training.step)),
    ];
    let cell = |time: Option<Spread>| time.map_or_else(String::new, milliseconds);
    let heads = ["ms, median (minimum)", "one after the other", "while batches are made"];
    let mut rows = vec![heads.map(str::to_owned).to_vec()];
    rows.extend(parts.map(|(name, alone, training)| vec![name.to_owned(), cell(alone), cell(training)]));
    table(&rows)?;
    line(format_args!(
        "\n{} clouds of {} points, {} classes, {} parameters, {:.1} million neighbour pairs; {} threads, {}",
        times.batch,
        times.points,
        times.classes,
        times.parameters,
        times.edges as f64 / 1e6,
        times.threads,
        times.instruction_set
    ))?;
    let expected = Some(times.estimate.total);
    line(format_args!("peak memory {}, expected {}", memory(times.peak_bytes), memory(expected)))?;
    Ok(())
}
