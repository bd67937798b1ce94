//! One training from config to weights.

use std::fs::File;
use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use burn::module::Module;
use burn::tensor::Device;
use burn::train::checkpoint::KeepLastNCheckpoints;
use burn::train::logger::InMemoryMetricLogger;
use burn::train::metric::{AccuracyMetric, LossMetric};
use burn::train::{Learner, SupervisedTraining, TrainingStrategy};
use pointcloud::{FolderDataset, derive_seed};

use super::epochs::{Best, Epochs, Progress};
use super::optimize::{optimizer, schedule};
use super::renderer::Silent;
use crate::config::{Config, ModelConfig, ScheduleConfig};
use crate::data::{BatchBuilder, CloudLoader, CloudSet, Preparation, split_validation};
use crate::error::RunError;
use crate::metrics_log::{EpochMetrics, MetricsLog};
use crate::progress::{self, ProgressMode};
use crate::run::{FORMAT_VERSION, Manifest, RunDirectory};

/// Selects the random numbers of the first weights.
const WEIGHTS: u64 = 6;

/// Version of burn that this program is built on.
pub(crate) const BURN_VERSION: &str = "0.22.1";

/// How a training is run.
#[derive(Clone, Debug)]
pub struct TrainOptions {
    /// Where the run goes; `runs/<name>` (or with a number, when taken) without.
    pub output: Option<PathBuf>,
    /// Whether the run in `output` (without: the last `runs/<name>`) is continued.
    pub resume: bool,
    /// Where the network is trained.
    pub device: Device,
    /// How progress is shown.
    pub progress: ProgressMode,
    /// Whether burn's dashboard may take over the terminal.
    pub dashboard: bool,
}

/// What a training left.
#[derive(Clone, Debug)]
pub struct TrainOutcome {
    /// The run directory.
    pub run: RunDirectory,
    /// Learnable weights of the network.
    pub parameters: usize,
    /// The epoch that did best on the validation files; `None` without validation.
    pub best_epoch: Option<usize>,
    /// Wall-clock time of this training, in seconds, without reading the data.
    pub seconds: f64,
}

/// Trains the network of `config` on `data.root/<class>/train`, and writes a run directory.
///
/// The same config and seed give the same weights, bit for bit, for any number of threads, interrupted or not. burn has
/// one stream of random numbers per process, so trainings in one process take turns, and nothing else may draw from it
/// meanwhile.
///
/// # Errors
/// Data that cannot be used, a run directory that is taken, a resumed run with another config, a loss that is not
/// finite (the last whole epoch is kept).
pub fn train(config: &Config, options: &TrainOptions) -> Result<TrainOutcome, RunError> {
    let dataset = FolderDataset::open(&config.data.root)?;
    let place = Place::find(config, options)?;
    let samples = dataset.split("train")?.len();
    let bar = progress::Progress::start(options.progress, "reading train", "files", samples);
    let (all, skipped) = CloudSet::load(&dataset, "train", &config.data, config.seed, &|done| bar.set(done))?;
    for file in &skipped {
        bar.println(&format!("skipped: {}", file.error));
    }
    bar.finish();
    if all.is_empty() {
        return Err(RunError::NoFiles { path: config.data.root.clone(), split: "train".into() });
    }
    let (train_set, validation_set) = split_validation(&all, config.data.validation_fraction, config.seed);
    drop(all);

    let mut manifest = Manifest {
        format_version: FORMAT_VERSION,
        architecture: config.model.kind().into(),
        classes: dataset.classes().to_vec(),
        points: config.data.points,
        normalize: match config.data.normalize {
            crate::config::Normalize::UnitSphere => "unit-sphere",
            crate::config::Normalize::None => "none",
        }
        .into(),
        pointwise_version: env!("CARGO_PKG_VERSION").into(),
        burn_version: BURN_VERSION.into(),
        seed: config.seed,
        train_files: train_set.len(),
        validation_files: validation_set.len(),
        skipped_files: skipped.len(),
        weights: Default::default(),
    };
    // Only now, so that data that cannot be used leaves no run behind.
    let (run, _lock, start) = place.take(config, &mut manifest)?;
    manifest.write(&run)?;
    let rows = MetricsLog::truncate_after(run.metrics(), start)?;
    let log = MetricsLog::open(run.metrics())?;
    let result =
        fit(config, options, run.clone(), start, manifest, Best::of(&rows), log, train_set, validation_set);
    if result.is_err() && !options.resume && MetricsLog::read(run.metrics()).is_ok_and(|rows| rows.is_empty())
    {
        run.discard()?;
    }
    result
}

/// Where a run goes, found before the data is read.
enum Place {
    /// A folder that is free.
    New(PathBuf),
    /// The run to be continued.
    Existing(RunDirectory),
}

impl Place {
    fn find(config: &Config, options: &TrainOptions) -> Result<Self, RunError> {
        let base = PathBuf::from("runs");
        if !options.resume {
            let path = options.output.clone().unwrap_or_else(|| RunDirectory::free_path(&base, &config.name));
            RunDirectory::check_free(&path)?;
            return Ok(Self::New(path));
        }
        let path = options.output.clone().or_else(|| RunDirectory::latest_path(&base, &config.name));
        let run = RunDirectory::open(path.unwrap_or_else(|| base.join(&config.name)))?;
        if run.manifest().exists() {
            // It tells of a newer format, whose config may have other keys.
            Manifest::read(&run)?;
        }
        let before = Config::load(run.config(), &[])?;
        let changed = |(key, found, expected)| RunError::ConfigChanged {
            path: run.path().to_owned(),
            key,
            found,
            expected,
        };
        if let Some(difference) = first_difference(config, &before)? {
            return Err(changed(difference));
        }
        let done = run.last_checkpoint();
        if config.train.epochs < done {
            let (found, expected) = (
                config.train.epochs.to_string(),
                format!("{} and has {done} behind it", before.train.epochs),
            );
            return Err(changed(("train.epochs".into(), found, expected)));
        }
        Ok(Self::Existing(run))
    }

    /// The run directory, its lock, and the last whole epoch in it; the weights that are already there join `manifest`.
    fn take(self, config: &Config, manifest: &mut Manifest) -> Result<(RunDirectory, File, usize), RunError> {
        let run = match self {
            Self::New(path) => {
                let run = RunDirectory::create(path, config)?;
                let lock = run.lock()?;
                return Ok((run, lock, 0));
            }
            Self::Existing(run) => run,
        };
        // Before anything is read or written: another process may be at work here.
        let lock = run.lock()?;
        let start = run.last_checkpoint();
        if start > 0 {
            let before = Manifest::read(&run)?;
            if before.classes != manifest.classes {
                return Err(RunError::Classes {
                    path: config.data.root.clone(),
                    found: manifest.classes.join(", "),
                    expected: before.classes.join(", "),
                });
            }
            let files = |manifest: &Manifest| {
                format!("{} for training, {} for validation", manifest.train_files, manifest.validation_files)
            };
            if files(&before) != files(manifest) {
                return Err(RunError::ConfigChanged {
                    path: run.path().to_owned(),
                    key: "number of files in data.root".into(),
                    found: files(manifest),
                    expected: files(&before),
                });
            }
            run.check_checkpoint(start)?;
            manifest.weights = before.weights;
        }
        run.write(&run.config(), &config.to_toml()?)?;
        Ok((run, lock, start))
    }
}

/// The first key that differs, with its values now and before. The place of the data may change, and the number of
/// epochs unless the schedule depends on it.
fn first_difference(now: &Config, before: &Config) -> Result<Option<(String, String, String)>, RunError> {
    let flat = |config: &Config| -> Result<Vec<(String, String)>, RunError> {
        let table: toml::Table = config.to_toml()?.parse().expect("a written config can be read");
        let mut keys = Vec::new();
        flatten("", &table, &mut keys);
        Ok(keys)
    };
    let may_change = |key: &str| {
        key == "data.root"
            || (key == "train.epochs" && !matches!(now.schedule, ScheduleConfig::Cosine { .. }))
    };
    let (now_keys, before_keys) = (flat(now)?, flat(before)?);
    let value = |keys: &[(String, String)], key: &str| {
        keys.iter().find(|(k, _)| k == key).map_or_else(|| "not set".to_owned(), |(_, value)| value.clone())
    };
    let keys = now_keys.iter().chain(&before_keys).map(|(key, _)| key);
    for key in keys.filter(|key| !may_change(key)) {
        let (found, expected) = (value(&now_keys, key), value(&before_keys, key));
        if found != expected {
            return Ok(Some((key.clone(), found, expected)));
        }
    }
    Ok(None)
}

fn flatten(prefix: &str, table: &toml::Table, keys: &mut Vec<(String, String)>) {
    for (key, value) in table {
        let key = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
        match value {
            toml::Value::Table(table) => flatten(&key, table, keys),
            value => keys.push((key, value.to_string())),
        }
    }
}

#[allow(clippy::too_many_arguments)]
fn fit(
    config: &Config,
    options: &TrainOptions,
    run: RunDirectory,
    start: usize,
    manifest: Manifest,
    best: Option<Best>,
    log: MetricsLog,
    train_set: CloudSet,
    validation_set: CloudSet,
) -> Result<TrainOutcome, RunError> {
    static TURN: Mutex<()> = Mutex::new(());
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let ModelConfig::PaperClassifier(model) = &config.model;
    let inner = options.device.clone();
    let device = inner.clone().autodiff();
    device.seed(derive_seed(config.seed, &[WEIGHTS]));
    let network =
        model.init(config.data.points, manifest.classes.len(), config.train.label_smoothing, &device);
    let parameters = network.num_params();

    let builder = |device: &Device| BatchBuilder {
        shapes: model.kernel_shapes(),
        search: model.search.into(),
        inputs: model.inputs,
        device: device.clone(),
    };
    let preparation =
        Preparation { order: config.data.order, augment: Some(config.augment.clone()), seed: config.seed };
    let batch = config.train.batch_size;
    let steps = train_set.len().div_ceil(batch);
    let train = CloudLoader::for_training(train_set, builder(&device), preparation.clone(), batch);
    let validation = CloudLoader::in_order(validation_set, builder(&inner), preparation, batch);

    let progress = Arc::new(Mutex::new(Progress { log, manifest, best, failure: None }));
    let dashboard = options.dashboard && std::io::stdout().is_terminal();
    let epochs = config.train.epochs;
    let plain = !dashboard && options.progress != ProgressMode::Quiet;
    let strategy = Epochs {
        train: train.clone(),
        device,
        seed: config.seed,
        run: run.clone(),
        progress: progress.clone(),
        on_epoch: Box::new(move |row| {
            if plain {
                // A reader that is gone is no reason to stop training.
                let _ = writeln!(std::io::stdout(), "{}", epoch_line(row, epochs));
            }
        }),
    };

    let mut training = SupervisedTraining::new(run.path(), Arc::new(train), Arc::new(validation))
        .metrics((LossMetric::new(), AccuracyMetric::new()))
        .with_metric_logger(InMemoryMetricLogger::default())
        .with_application_logger(None)
        .with_default_checkpointers()
        .with_checkpointing_strategy(KeepLastNCheckpoints::new(2))
        .with_training_strategy(TrainingStrategy::Custom(Arc::new(strategy)))
        .num_epochs(epochs);
    if start > 0 {
        training = training.checkpoint(start);
    }
    if !dashboard {
        training = training.renderer(Box::new(Silent));
    }
    let started = Instant::now();
    let schedule = schedule(&config.schedule, config.optimizer.lr(), epochs, steps);
    let result = training.launch(Learner::new(network, optimizer(&config.optimizer), schedule));
    let seconds = started.elapsed().as_secs_f64();

    let mut progress = progress.lock().expect("the training is over");
    if let Some(failure) = progress.failure.take() {
        return Err(failure);
    }
    if let Some(error) = result.error {
        return Err(RunError::Learner(error.to_string()));
    }
    Ok(TrainOutcome { run, parameters, best_epoch: progress.best.map(|best| best.epoch), seconds })
}

/// `epoch  3/60  train  loss 0.512  accuracy 83.1 %  12.3 s`
fn epoch_line(row: &EpochMetrics, epochs: usize) -> String {
    let width = epochs.to_string().len();
    let lr = row.lr.map(|lr| format!("  lr {lr:.2e}")).unwrap_or_default();
    format!(
        "epoch {:>width$}/{epochs}  {}  loss {:.4}  accuracy {:5.1} %  {:.1} s{lr}",
        row.epoch,
        row.split,
        row.loss,
        100.0 * row.accuracy,
        row.seconds,
    )
}
