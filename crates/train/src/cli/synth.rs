//! `pointwise synth`

use std::path::PathBuf;
use std::process::ExitCode;

use pointcloud::synth::{SynthConfig, generate};
use train::{Progress, ProgressMode};

/// Write the synthetic data set: ten families of shapes as PLY files
#[derive(Debug, clap::Args)]
pub(super) struct Synth {
    /// Folder to make
    output: PathBuf,
    /// Training files of every class
    #[arg(long, default_value_t = SynthConfig::default().train_per_class)]
    train_per_class: usize,
    /// Test files of every class
    #[arg(long, default_value_t = SynthConfig::default().test_per_class)]
    test_per_class: usize,
    /// Points of every file
    #[arg(long, default_value_t = SynthConfig::default().points)]
    points: usize,
    /// Standard deviation of the noise, in units of the shape's radius
    #[arg(long, default_value_t = SynthConfig::default().noise)]
    noise: f32,
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
            ..SynthConfig::default()
        };
        let bar = Progress::start(ProgressMode::detect(self.quiet), "writing", "files", settings.clouds());
        generate(&self.output, &settings, &|done| bar.set(done))?;
        bar.finish();
        Ok(ExitCode::SUCCESS)
    }
}
