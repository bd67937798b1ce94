//! `pointwise train`

use std::path::PathBuf;
use std::process::ExitCode;

use pointcloud::synth::{SynthStatus, generate, status};
use train::config::Config;
use train::run::Manifest;
use train::{
    Classifier, MetricsLog, Progress, ProgressMode, Report, RunFacts, TrainOptions, Weights, device, markdown,
};

/// Train a network and evaluate it on the test files
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointwise train configs/shapes10.toml
  pointwise train configs/modelnet10-paper.toml --set data.root=/data/ModelNet10 --set seed=1
  pointwise train configs/shapes10.toml --resume")]
pub(super) struct Train {
    /// Experiment config, a TOML file
    config: PathBuf,
    /// Override a key of the config
    #[arg(long = "set", value_name = "KEY=VALUE")]
    overrides: Vec<String>,
    /// Where to train: auto, cpu, or another device of this build
    #[arg(long, default_value = "auto")]
    device: String,
    /// Folder of the run [default: runs/NAME, or runs/NAME-2 .. when taken]
    #[arg(long, value_name = "DIR")]
    output: Option<PathBuf>,
    /// Continue the run in --output (or the last runs/NAME) after its last whole epoch
    #[arg(long)]
    resume: bool,
    /// Print lines, also on a terminal, instead of the dashboard
    #[arg(long)]
    plain: bool,
    /// Print results only
    #[arg(long)]
    quiet: bool,
}

impl Train {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let config = Config::load(&self.config, &self.overrides)?;
        let device = device(&self.device)?;
        let progress = ProgressMode::detect(self.quiet);
        make_synthetic_set(&config, progress)?;

        let options = TrainOptions {
            output: self.output,
            resume: self.resume,
            device: device.clone(),
            progress,
            dashboard: !self.plain && !self.quiet,
        };
        let outcome = train::train(&config, &options)?;
        let run = &outcome.run;

        let mut evaluations = Vec::new();
        for weights in [Weights::Best, Weights::Last] {
            let classifier = Classifier::open(run.path(), weights, &device)?;
            evaluations.push(classifier.evaluate(&config.data.root, "test", progress)?);
        }
        run.write(&run.evaluation(), &serde_json::to_string_pretty(&evaluations)?)?;
        let manifest = Manifest::read(run)?;
        let facts = RunFacts {
            version: manifest.pointwise_version,
            burn_version: manifest.burn_version,
            device: self.device,
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            parameters: outcome.parameters,
            train_files: manifest.train_files,
            validation_files: manifest.validation_files,
            skipped_files: manifest.skipped_files,
            best_epoch: outcome.best_epoch,
            train_seconds: outcome.seconds,
        };
        let epochs = MetricsLog::read(run.metrics())?;
        let report = Report { config: &config, facts: &facts, evaluations: &evaluations, epochs: &epochs };
        run.write(&run.report(), &markdown(&report)?)?;

        println!("\n{}", evaluations[0].table());
        println!("{}", evaluations[0].confusion_table());
        for evaluation in &evaluations {
            println!(
                "test accuracy, {} epoch: {:.2} %",
                evaluation.weights.name(),
                100.0 * evaluation.overall_accuracy.unwrap_or(f64::NAN)
            );
        }
        println!("run: {}", run.path().display());
        Ok(ExitCode::SUCCESS)
    }
}

/// Writes the synthetic set of the config when its folder is missing or holds another synthetic set. Other data at that
/// place is used as it is.
fn make_synthetic_set(config: &Config, progress: ProgressMode) -> anyhow::Result<()> {
    let Some(settings) = &config.data.synth else { return Ok(()) };
    let settings = settings.settings();
    match status(&config.data.root, &settings)? {
        SynthStatus::Missing | SynthStatus::Differs { .. } => {}
        _ => return Ok(()),
    }
    let bar = Progress::start(progress, "writing the synthetic set", "files", settings.clouds());
    generate(&config.data.root, &settings, &|done| bar.set(done))?;
    bar.finish();
    Ok(())
}
