//! `pointwise synth`

use std::path::PathBuf;
use std::process::ExitCode;

use pointcloud::synth::{SynthConfig, generate};
use train::{Progress, ProgressMode};

/// Write the synthetic data set: ten families of shapes as PLY files
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  pointwise synth datasets/small --train-per-class 8 --test-per-class 4")]
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
    /// Largest standard deviation of the noise, in units of the shape's radius
    #[arg(long, default_value_t = SynthConfig::default().noise)]
    noise: f32,
    /// Largest share of a surface that a cut or a view from one side takes away
    #[arg(long, default_value_t = SynthConfig::default().cut)]
    cut: f32,
    /// Seed of everything random
    #[arg(long, default_value_t = SynthConfig::default().seed)]
    seed: u64,
    /// Print nothing
    #[arg(long)]
    quiet: bool,
}

impl Synth {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let settings = SynthConfig {
            seed: self.seed,
            train_per_class: self.train_per_class,
            test_per_class: self.test_per_class,
            points: self.points,
            noise: self.noise,
            cut: self.cut,
        };
        let bar = Progress::start(ProgressMode::detect(self.quiet), "writing", "files", settings.clouds());
        generate(&self.output, &settings, &|done| bar.set(done))?;
        bar.finish();
        Ok(ExitCode::SUCCESS)
    }
}
