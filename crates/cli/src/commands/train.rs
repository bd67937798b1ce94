//! `pointwise train`

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use ::report::{RunRecord, RunReport, TrainingFacts};
use anyhow::Context;
use burn::tensor::Device;
use pointcloud::dataset::FolderDataset;
use pointcloud::io::is_folder;
use pointcloud::scene::SceneFolder;
use pointcloud::synth::{SynthStatus, generate, generate_scenes, scene_status, status};
use train::config::Config;
use train::metrics::{Evaluation, Metric};
use train::terminal::note;
use train::{
    FoundDevice, Processes, Progress, ProgressMode, RunError, TrainOptions, TrainOutcome, TrainedRun,
    Weights, check_output,
};

use super::devices::pick;
use super::evaluation;
use super::report::named;
use super::seeds::Seeds;
use crate::output::{line, quoted};
use crate::{interrupt, progress};

/// Train a network and evaluate it on the test files
#[derive(Clone, Debug, clap::Args)]
#[command(
    override_usage = "pointwise train [OPTIONS] <CONFIG>\n       pointwise train [OPTIONS] --data <FOLDER>",
    after_help = "Examples:
  pointwise train configs/shapes10.toml
  pointwise train --data /data/my-shapes
  pointwise train configs/modelnet10-paper.toml --set data.root=/data/ModelNet10 --set seed=1
  pointwise train configs/shapes10.toml --resume
  pointwise train configs/shapes10.toml --seeds 0..3
  pointwise train mine.toml --from runs/modelnet10 --set train.freeze_epochs=2
  pointwise train configs/shapes10.toml --tensorboard      (then: tensorboard --logdir runs)

Ctrl-C stops after the current step and saves it: --resume continues from there with the same result. A second Ctrl-C ends at once."
)]
pub(super) struct Train {
    /// Experiment config, a TOML file; without one, --data FOLDER decides everything
    #[arg(required_unless_present = "data")]
    config: Option<PathBuf>,
    /// Data set folder (data.root); without a config the program looks at its files and chooses task, network, lengths,
    /// augmentation and schedule
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
    /// Override a key of the config
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(super) overrides: Vec<String>,
    /// Start with the weights of a run or a file of weights, where name and shape agree (train.from)
    #[arg(long, value_name = "RUN|FILE")]
    from: Option<PathBuf>,
    /// Where to train: auto, cpu, or another device of this build
    #[arg(long, default_value = "auto")]
    device: String,
    /// Folder of the run [default: runs/NAME, or runs/NAME-2 .. when taken]
    #[arg(long, value_name = "DIR")]
    pub(super) output: Option<PathBuf>,
    /// Continue the run in --output (or the last runs/NAME) where it was stopped
    #[arg(long)]
    pub(super) resume: bool,
    /// Train once with each seed, one after the other, then print mean and spread: A..B without B, or a list with commas. The runs
    /// are OUTPUT/seed-N [default: runs/NAME-seed-N]
    #[arg(long, value_name = "SEEDS")]
    pub(super) seeds: Option<Seeds>,
    /// Write event files for TensorBoard into RUN/tensorboard
    #[arg(long)]
    tensorboard: bool,
    /// Draw curves over the whole terminal while training, instead of a bar and a line per epoch (q stops)
    #[arg(long, conflicts_with = "quiet")]
    dashboard: bool,
    /// Train even if the memory that this needs is not available
    #[arg(long)]
    force: bool,
    /// Print results only
    #[arg(long)]
    quiet: bool,
}

impl Train {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let processes = Processes::join()?;
        if self.dashboard {
            refuse_several(&processes, "--dashboard")?;
        }
        self.train(&processes)
    }

    /// One training, by one process or several.
    pub(super) fn train(mut self, processes: &Processes) -> anyhow::Result<ExitCode> {
        self.quiet |= !processes.is_first();
        let (config, source) = processes.agree(self.load())?;
        let found = processes.agree(pick(&self.device, self.quiet))?;
        let FoundDevice { device, .. } = &found;
        let progress = progress::detect(self.quiet);
        interrupt::leaves(|| "nothing was begun".into());
        let stop = interrupt::stop();
        let options = TrainOptions {
            output: self.output.clone(),
            resume: self.resume,
            device: device.clone(),
            progress,
            dashboard: self.dashboard,
            tensorboard: self.tensorboard,
            stop: stop.clone(),
            force: self.force,
            reduce: processes.reduce(),
        };
        // Before a data set is written, perhaps over another synthetic one.
        check_output(&config, &options)?;
        let prepared = if processes.is_first() { prepare(&config, &source, progress) } else { Ok(()) };
        processes.agree(prepared)?;

        let outcome = match train::train(&config, &options) {
            Err(error @ RunError::StoppedEarly) => {
                note(error);
                return Ok(interrupt::exit_code());
            }
            outcome => outcome?,
        };
        if !processes.is_first() {
            return Ok(ExitCode::SUCCESS);
        }
        let run = outcome.run.path().display().to_string();
        let resume = self.resume_command(outcome.run.path());
        let is_done = outcome.epochs_done == config.train.epochs;
        if !is_done || stop.is_requested() {
            let epochs = config.train.epochs;
            match (is_done, outcome.steps_done) {
                (true, _) => line("stopped before the evaluation; evaluate with")?,
                (_, 0) => {
                    line(format_args!("stopped after epoch {} of {epochs}; go on with", outcome.epochs_done))?
                }
                (_, step) => line(format_args!(
                    "stopped in epoch {} of {epochs}, after step {step} of {}; go on with",
                    outcome.epochs_done + 1,
                    outcome.steps
                ))?,
            }
            line(format_args!("  {resume}"))?;
            line(format_args!("run: {run}"))?;
            return Ok(interrupt::exit_code());
        }
        interrupt::leaves({
            let run = run.clone();
            move || format!("the training is finished and saved in {run}; evaluate with\n  {resume}")
        });
        evaluate(&config, &outcome, device, found.to_string(), progress).with_context(|| {
            format!("the training is finished and saved in {run}, but its evaluation failed; fix this, then add --resume --output {run}")
        })?;
        named(&outcome.run.report())?;
        line(format_args!("run: {run}"))?;
        Ok(ExitCode::SUCCESS)
    }

    /// What the arguments name.
    pub(super) fn paths(&self) -> Vec<PathBuf> {
        [&self.config, &self.data, &self.from].into_iter().flatten().cloned().collect()
    }

    /// The config, and what it is called in messages.
    pub(super) fn load(&self) -> anyhow::Result<(Config, String)> {
        if let (Some(_), Some(data)) = (&self.config, &self.data)
            && !is_folder(data)?
        {
            // A config with a synthetic set would write it there.
            anyhow::bail!("--data {}: found no folder, expected that of a data set", data.display());
        }
        if let Some(path) = &self.config {
            return Ok((Config::load(path, &self.overrides())?, path.display().to_string()));
        }
        let data = self.data.as_deref().expect("without a config there is --data");
        let recipe = train::recipe(data)?;
        let source = format!("the recipe for {}", data.display());
        let config = Config::parse(&recipe.text, &source, &self.overrides())?;
        if !self.quiet {
            for reason in &recipe.reasons {
                line(reason)?;
            }
        }
        Ok((config, source))
    }

    /// The overrides of the config, those of other options included.
    fn overrides(&self) -> Vec<String> {
        let data = self.data.iter().filter(|_| self.config.is_some());
        let data = data.map(|path| format!("data.root={}", path.display()));
        let from = self.from.iter().map(|path| format!("train.from={}", path.display()));
        data.chain(self.overrides.iter().cloned()).chain(from).collect()
    }

    /// The command that goes on with the run.
    fn resume_command(&self, run: &Path) -> String {
        let mut words = vec!["pointwise".to_owned(), "train".into()];
        words.extend(self.config.iter().map(|path| path.display().to_string()));
        if let (None, Some(data)) = (&self.config, &self.data) {
            words.extend(["--data".to_owned(), data.display().to_string()]);
        }
        for value in self.overrides() {
            words.extend(["--set".to_owned(), value]);
        }
        if self.device != "auto" {
            words.extend(["--device".to_owned(), self.device.clone()]);
        }
        let flags = [(self.dashboard, "--dashboard"), (self.quiet, "--quiet"), (self.force, "--force")];
        words.extend(flags.into_iter().filter(|(given, _)| *given).map(|(_, flag)| flag.to_owned()));
        words.extend(["--resume".to_owned(), "--output".into(), run.display().to_string()]);
        words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
    }
}

/// Refuses an option that one process alone can have.
pub(super) fn refuse_several(processes: &Processes, option: &str) -> anyhow::Result<()> {
    let count = processes.count();
    processes.agree(match count {
        1 => Ok(()),
        _ => Err(anyhow::anyhow!("{option}: found {count} processes, expected one process")),
    })
}

/// Writes the synthetic set of the config, and checks now that there are test files: otherwise the error appears after hours of training.
fn prepare(config: &Config, source: &str, progress: ProgressMode) -> anyhow::Result<()> {
    make_synthetic_set(config, progress)?;
    let tests = test_files(config).with_context(|| format!("data.root of {source}"))?;
    if tests == 0 {
        let (path, split) = (config.data.root.clone(), "test".into());
        return Err(RunError::NoFiles { path, split }.into());
    }
    Ok(())
}

/// Counts the test files; refuses data for the other task.
fn test_files(config: &Config) -> Result<usize, RunError> {
    let root = &config.data.root;
    let other = |found, expected| RunError::OtherTask {
        path: root.clone(),
        found,
        network: config.model.kind(),
        expected,
    };
    match &config.scenes {
        None => match config.data.dataset(root, config.seed, None) {
            Err(pointcloud::Error::Layout { .. }) if is_scenes(root) => {
                Err(other("a folder of scenes, SPLIT/FILE", "a folder of classes, such as CLASS/SPLIT/FILE"))
            }
            folder => Ok(folder?.split("test")?.len()),
        },
        Some(scenes) => match scenes.folder(root) {
            Err(pointcloud::Error::Layout { .. }) if FolderDataset::open(root).is_ok() => {
                Err(other("a folder of classes, CLASS/SPLIT/FILE", "a folder of scenes, SPLIT/FILE"))
            }
            folder => Ok(folder?.split("test")?.len()),
        },
    }
}

/// Whether there are files in a folder `train` or `test` of `root`.
fn is_scenes(root: &Path) -> bool {
    let has = |folder: &SceneFolder, split| folder.split(split).is_ok_and(|files| !files.is_empty());
    SceneFolder::open(root).is_ok_and(|folder| has(&folder, "train") || has(&folder, "test"))
}

/// Evaluates the weights of a run on the test files, writes the results and the report into it, and prints them.
fn evaluate(
    config: &Config,
    outcome: &TrainOutcome,
    device: &Device,
    device_name: String,
    progress: ProgressMode,
) -> anyhow::Result<()> {
    let run = &outcome.run;
    let mut record = RunRecord {
        training: Some(TrainingFacts {
            device: device_name.clone(),
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            parameters: outcome.parameters,
        }),
        evaluations: Vec::new(),
    };
    let averaged = (config.train.average > 0.0).then_some(Weights::Average);
    for weights in [Weights::Best, Weights::Last].into_iter().chain(averaged) {
        let trained = TrainedRun::open(run.path(), weights, device)?;
        let root = &config.data.root;
        record.evaluations.push(evaluation::evaluate(&trained, root, "test", &device_name, progress)?);
    }
    let evaluations: Vec<_> = record.evaluations.iter().map(|one| &one.figures).collect();
    run.write(&run.evaluation(), &serde_json::to_string_pretty(&evaluations)?)?;
    record.write(run)?;
    run.write(&run.report(), &RunReport::read(run.path())?.page(0)?)?;

    line(format_args!("\n{}", evaluations[0].table()))?;
    line(evaluations[0].confusion_table())?;
    for evaluation in evaluations {
        line(format_args!(
            "test accuracy, {}: {}",
            match evaluation.weights {
                Weights::Average => "average of weights",
                Weights::Last => "last epoch",
                _ => "best epoch",
            },
            main_metrics(evaluation)
        ))?;
    }
    Ok(())
}

/// `93.25 %, mean IoU 81.30 %`: the metrics that epochs are chosen by, of which the first is the accuracy.
fn main_metrics(evaluation: &Evaluation) -> String {
    let text = |(index, (metric, value)): (usize, (&Metric, Option<f64>))| {
        let percent = 100.0 * value.unwrap_or(f64::NAN);
        if index == 0 { format!("{percent:.2} %") } else { format!(", {} {percent:.2} %", metric.label) }
    };
    let values = evaluation.values.iter().filter(|(metric, _)| metric.chooses);
    values.enumerate().map(text).collect()
}

/// Writes the synthetic set of the config when its folder is missing or holds another synthetic set. Other data there
/// is used as it is.
pub(super) fn make_synthetic_set(config: &Config, progress: ProgressMode) -> anyhow::Result<()> {
    let root = &config.data.root;
    let wanted = |status| matches!(status, SynthStatus::Missing | SynthStatus::Differs { .. });
    if let Some(synth) = config.scenes.as_ref().and_then(|scenes| scenes.synth.as_ref()) {
        let settings = synth.settings();
        if wanted(scene_status(root, &settings)?) {
            let bar = Progress::start(progress, "writing the synthetic scenes", "files", settings.scenes());
            generate_scenes(root, &settings, &|done| bar.set(done))?;
            bar.finish();
        }
        return Ok(());
    }
    let Some(settings) = &config.data.synth else { return Ok(()) };
    let settings = settings.settings();
    if wanted(status(root, &settings)?) {
        let bar = Progress::start(progress, "writing the synthetic set", "files", settings.clouds());
        generate(root, &settings, &|done| bar.set(done))?;
        bar.finish();
    }
    Ok(())
}
