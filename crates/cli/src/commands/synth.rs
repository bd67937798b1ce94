//! `pointwise synth`

use std::path::PathBuf;
use std::process::ExitCode;

use pointcloud::synth::{SceneSynthConfig, SynthConfig, generate, generate_scenes};
use train::Progress;

use super::interrupt;
use crate::progress;

/// Write a synthetic data set as PLY files: ten families of shapes, or furnished rooms with a label for every point
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointwise synth datasets/small --train-per-class 8 --test-per-class 4
  pointwise synth datasets/rooms --scenes --train 4 --test 2")]
pub(super) struct Synth {
    /// Folder to make
    output: PathBuf,
    /// Training files of every class
    #[arg(long, default_value_t = SynthConfig::default().train_per_class, value_name = "N")]
    train_per_class: usize,
    /// Test files of every class
    #[arg(long, default_value_t = SynthConfig::default().test_per_class, value_name = "N")]
    test_per_class: usize,
    /// Points of every file
    #[arg(long, default_value_t = SynthConfig::default().points, value_name = "N")]
    points: usize,
    /// Largest standard deviation of the noise in units of the shape's radius, or that of the rooms in metres [default: 0.02, or
    /// 0.005]
    #[arg(long)]
    noise: Option<f32>,
    /// Largest share of a surface that a cut or a view from one side takes away
    #[arg(long, default_value_t = SynthConfig::default().cut)]
    cut: f32,
    /// Write furnished rooms, not shapes
    #[arg(long, conflicts_with_all = ["train_per_class", "test_per_class", "points", "cut"])]
    scenes: bool,
    /// Training rooms
    #[arg(long, default_value_t = SceneSynthConfig::default().train, value_name = "N", requires = "scenes")]
    train: usize,
    /// Test rooms
    #[arg(long, default_value_t = SceneSynthConfig::default().test, value_name = "N", requires = "scenes")]
    test: usize,
    /// Points per square metre of the rooms
    #[arg(long, default_value_t = SceneSynthConfig::default().density, value_name = "N", requires = "scenes")]
    density: f32,
    /// Seed of everything random
    #[arg(long, default_value_t = SynthConfig::default().seed)]
    seed: u64,
    /// Print nothing
    #[arg(long)]
    quiet: bool,
}

impl Synth {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let progress = progress::detect(self.quiet);
        let output = self.output.display().to_string();
        interrupt::leaves(move || format!("{output} is as it was"));
        if self.scenes {
            let settings = SceneSynthConfig {
                seed: self.seed,
                train: self.train,
                test: self.test,
                density: self.density,
                noise: self.noise.unwrap_or(SceneSynthConfig::default().noise),
            };
            let bar = Progress::start(progress, "writing", "files", settings.scenes());
            generate_scenes(&self.output, &settings, &|done| bar.set(done))?;
            bar.finish();
            return Ok(ExitCode::SUCCESS);
        }
        let settings = SynthConfig {
            seed: self.seed,
            train_per_class: self.train_per_class,
            test_per_class: self.test_per_class,
            points: self.points,
            noise: self.noise.unwrap_or(SynthConfig::default().noise),
            cut: self.cut,
        };
        let bar = Progress::start(progress, "writing", "files", settings.clouds());
        generate(&self.output, &settings, &|done| bar.set(done))?;
        bar.finish();
        Ok(ExitCode::SUCCESS)
    }
}
