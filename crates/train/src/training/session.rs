//! One training from config to weights.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use burn::module::Module;
use burn::tensor::Device;
use burn::train::logger::InMemoryMetricLogger;
use burn::train::metric::{AccuracyMetric, LossMetric};
use burn::train::{Learner, SupervisedTraining, TrainingStrategy};
use pointcloud::dataset::FolderDataset;
use pointcloud::derive_seed;

use super::epochs::{Epochs, Standing};
use super::keep::KeepLast;
use super::optimize::{optimizer, schedule};
use super::place::Place;
use super::renderer::Silent;
use crate::config::{Config, ModelConfig, Normalize, PaperClassifierConfig, ScenesConfig};
use crate::data::{
    BatchBuilder, BatchSource, CloudSet, CloudSource, Loader, Preparation, RegionBuilder, RegionSource,
    class_counts, load_scenes, split_validation,
};
use crate::error::RunError;
use crate::metrics_log::{EpochMetrics, MetricsLog};
use crate::network::Purpose;
use crate::progress::{Progress, ProgressMode};
use crate::run::{CHECKPOINT_VERSION, FORMAT_VERSION, Manifest, RunDirectory};
use crate::stop::Stop;
use crate::tensorboard::EventLogs;

/// Selects the random numbers of the first weights.
pub(super) const WEIGHTS: u64 = 6;

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
    /// Whether burn's dashboard takes over the terminal, where there is one.
    pub dashboard: bool,
    /// Whether event files for TensorBoard are written; a run that has some gets more in any case.
    pub tensorboard: bool,
    /// Asks the training to stop after a step and to keep where it stands.
    pub stop: Stop,
}

impl TrainOptions {
    /// A new run in `runs/<name>`, on `device`, that prints nothing.
    #[must_use]
    pub fn new(device: Device) -> Self {
        Self {
            output: None,
            resume: false,
            device,
            progress: ProgressMode::Quiet,
            dashboard: false,
            tensorboard: false,
            stop: Stop::default(),
        }
    }
}

/// What a training left.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TrainOutcome {
    /// The run directory.
    pub run: RunDirectory,
    /// Learnable weights of the network.
    pub parameters: usize,
    /// Epochs that are trained; fewer than the config asks for when the training was stopped.
    pub epochs_done: usize,
    /// Steps that are trained of the epoch after those.
    pub steps_done: usize,
    /// Steps of an epoch.
    pub steps: usize,
    /// The epoch that did best on the validation files; `None` without validation.
    pub best_epoch: Option<usize>,
    /// Wall-clock time of this training, in seconds, without reading the data.
    pub seconds: f64,
}

/// Trains the network of `config` on the training files of `data.root`, and writes a run directory.
///
/// The same config and seed give the same weights, bit for bit, for any number of threads, stopped and resumed or not. burn has
/// one stream of random numbers per process, so trainings in one process take turns, and nothing else may draw from it
/// meanwhile.
///
/// # Errors
/// Data that cannot be used, a run directory that is taken, a resumed run with another config, a loss that is not
/// finite (the last whole epoch is kept), a request to stop before the first step.
pub fn train(config: &Config, options: &TrainOptions) -> Result<TrainOutcome, RunError> {
    let place = Place::find(config, options)?;
    match (&config.model, &config.scenes) {
        (ModelConfig::PaperClassifier(model), _) => {
            run(config, options, place, clouds(config, options, model)?)
        }
        (_, Some(scenes)) => run(config, options, place, regions(config, options, scenes)?),
        (_, None) => unreachable!("a segmenter without [scenes] does not pass the checks of a config"),
    }
}

/// What is trained on, and what for.
struct Task<S> {
    train: S,
    validation: S,
    purpose: Purpose,
    classes: Vec<String>,
    normalize: &'static str,
    train_files: usize,
    validation_files: usize,
    skipped_files: usize,
}

/// Whole clouds, for a classifier.
fn clouds(
    config: &Config,
    options: &TrainOptions,
    model: &PaperClassifierConfig,
) -> Result<Task<CloudSource>, RunError> {
    let dataset = FolderDataset::open(&config.data.root)?;
    let samples = dataset.split("train")?.len();
    let bar = Progress::start(options.progress, "reading train", "files", samples);
    let (all, skipped) = CloudSet::load(&dataset, "train", &config.data, config.seed, &|done| bar.set(done))?;
    for file in &skipped {
        bar.println(&format!("skipped: {}", file.error));
    }
    if all.dropped > 0 {
        bar.println(&format!("{} points that are not finite were dropped", all.dropped));
    }
    bar.finish();
    if all.is_empty() {
        return Err(RunError::NoFiles { path: config.data.root.clone(), split: "train".into() });
    }
    let (train, validation) = split_validation(&all, config.data.validation_fraction, config.seed);
    drop(all);
    let (train_files, validation_files) = (train.len(), validation.len());
    let preparation =
        Preparation { order: config.data.order, augment: Some(config.augment.clone()), seed: config.seed };
    let builder = BatchBuilder::of(model, &options.device);
    let unchanged = Preparation { augment: None, ..preparation.clone() };
    Ok(Task {
        train: CloudSource::new(train, builder.clone(), preparation),
        validation: CloudSource::new(validation, builder, unchanged),
        purpose: Purpose {
            points: config.data.points,
            channels_in: model.input_channels(),
            classes: dataset.classes().len(),
            label_smoothing: config.train.label_smoothing,
        },
        classes: dataset.classes().to_vec(),
        normalize: match config.data.normalize {
            Normalize::UnitSphere => "unit-sphere",
            Normalize::None => "none",
        },
        train_files,
        validation_files,
        skipped_files: skipped.len(),
    })
}

/// Regions of labelled scenes, for a segmenter.
fn regions(
    config: &Config,
    options: &TrainOptions,
    scenes: &ScenesConfig,
) -> Result<Task<RegionSource>, RunError> {
    let root = &config.data.root;
    let folder = scenes.folder(root)?;
    let classes = scenes.class_names(root)?;
    let map = scenes.label_map(&classes);
    let mut skipped_files = 0;
    let mut load = |split: &str| {
        let files = folder.split(split)?;
        let bar = Progress::start(options.progress, &format!("reading {split}"), "files", files.len());
        let found = load_scenes(files, scenes, &map, &config.data, &|done| bar.set(done))?;
        if found.dropped > 0 {
            bar.println(&format!("{} points that are not finite were dropped", found.dropped));
        }
        for error in &found.skipped {
            bar.println(&format!("skipped: {error}"));
        }
        skipped_files += found.skipped.len();
        Ok::<_, RunError>(found.scenes)
    };
    let train = load("train")?;
    if class_counts(&train, classes.len()).iter().all(|&count| count == 0) {
        return Err(RunError::NoFiles { path: root.clone(), split: "train".into() });
    }
    let has_validation = folder.splits().any(|split| split == "val");
    let validation = if has_validation { load("val")? } else { Vec::new() };
    let (train_files, validation_files) = (train.len(), validation.len());
    let builder = RegionBuilder::of(&config.model, scenes, classes.len(), &options.device);
    Ok(Task {
        train: RegionSource::for_training(train, builder.clone(), scenes, &config.augment, config.seed),
        validation: RegionSource::covering(validation, builder, scenes),
        purpose: Purpose {
            points: scenes.points,
            channels_in: scenes.channels_in(),
            classes: classes.len(),
            label_smoothing: config.train.label_smoothing,
        },
        classes,
        normalize: "none",
        train_files,
        validation_files,
        skipped_files,
    })
}

fn run<S: BatchSource>(
    config: &Config,
    options: &TrainOptions,
    place: Place,
    task: Task<S>,
) -> Result<TrainOutcome, RunError> {
    let mut manifest = Manifest {
        format_version: FORMAT_VERSION,
        architecture: config.model.kind().into(),
        classes: task.classes,
        points: task.purpose.points,
        normalize: task.normalize.into(),
        pointwise_version: env!("CARGO_PKG_VERSION").into(),
        burn_version: BURN_VERSION.into(),
        seed: config.seed,
        train_files: task.train_files,
        validation_files: task.validation_files,
        skipped_files: task.skipped_files,
        checkpoint_version: CHECKPOINT_VERSION,
        weights: Default::default(),
    };
    // Until here there is nothing to keep.
    let _listening = options.stop.listen();
    // Only now, so that data that cannot be used leaves no run behind.
    let (run, _lock, start) = place.take(config, &mut manifest)?;
    manifest.write(&run)?;
    let rows = MetricsLog::truncate_after(run.metrics(), start.epochs)?;
    let log = MetricsLog::open(run.metrics())?;
    let folder = run.tensorboard();
    let events = (options.tensorboard || folder.exists()).then(|| EventLogs::open(&folder, &start, &rows));
    let standing = Standing { log, events: events.transpose()?, manifest, position: start, failure: None };
    let Task { train, validation, purpose, .. } = task;
    let result = fit(config, options, Session { run: run.clone(), train, validation, purpose, standing });
    if result.is_err() && run.whole_checkpoints().is_empty() && !options.resume {
        run.discard()?;
    }
    result
}

/// A training that is ready to begin, or to go on.
struct Session<S> {
    run: RunDirectory,
    train: S,
    validation: S,
    purpose: Purpose,
    standing: Standing,
}

/// Waits until no other training of this process draws random numbers.
pub(super) fn take_turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn fit<S: BatchSource>(
    config: &Config,
    options: &TrainOptions,
    session: Session<S>,
) -> Result<TrainOutcome, RunError> {
    let Session { run, train, validation, purpose, standing } = session;
    let _turn = take_turn();
    let device = options.device.clone().autodiff();
    device.seed(derive_seed(config.seed, &[WEIGHTS]));
    let network = config.model.init(&purpose, &device);
    let parameters = network.num_params();

    let batch = config.train.batch_size;
    let epochs = config.train.epochs;
    let steps = train.len().div_ceil(batch);
    let optimizer = optimizer(&config.optimizer);
    let schedule = schedule(&config.schedule, config.optimizer.lr(), epochs, steps);
    let (network, optimizer, schedule) = match standing.position.steps {
        0 => (network, optimizer, schedule),
        steps => run.load_checkpoint(steps, network, optimizer, schedule)?,
    };
    let train = Loader::shuffled(train.to_device(&device), batch);
    let validation = Loader::in_order(validation, batch);

    let standing = Arc::new(Mutex::new(standing));
    let dashboard = options.dashboard && std::io::stdout().is_terminal();
    let bars = if dashboard { ProgressMode::Quiet } else { options.progress };
    let strategy = Epochs {
        train: train.clone(),
        device,
        seed: config.seed,
        task: config.model.task(),
        run: run.clone(),
        steps,
        standing: standing.clone(),
        stop: options.stop.clone(),
        bars,
        on_epoch: Box::new(move |row| {
            if bars != ProgressMode::Quiet {
                // A reader that is gone is no reason to stop training.
                let _ = writeln!(std::io::stdout(), "{}", epoch_line(row, epochs));
            }
        }),
    };

    let mut training = SupervisedTraining::new(run.path(), Arc::new(train), Arc::new(validation))
        .with_metric_logger(InMemoryMetricLogger::default())
        .with_application_logger(None)
        .with_default_checkpointers()
        .with_checkpointing_strategy(KeepLast::of(&run))
        .with_training_strategy(TrainingStrategy::Custom(Arc::new(strategy)))
        .num_epochs(epochs);
    // The rows of metrics are our own; these are for the dashboard.
    training = if dashboard {
        training.metrics((LossMetric::new(), AccuracyMetric::new()))
    } else {
        training.renderer(Box::new(Silent))
    };
    let started = Instant::now();
    let result = training.launch(Learner::new(network, optimizer, schedule));
    let seconds = started.elapsed().as_secs_f64();

    let mut standing = standing.lock().expect("the training is over");
    if let Some(failure) = standing.failure.take() {
        return Err(failure);
    }
    if let Some(error) = result.error {
        return Err(RunError::Learner(error.to_string()));
    }
    let position = &standing.position;
    if position.steps == 0 {
        return Err(RunError::StoppedEarly);
    }
    Ok(TrainOutcome {
        run,
        parameters,
        epochs_done: position.epochs,
        steps_done: position.step,
        steps,
        best_epoch: position.best.map(|best| best.epoch),
        seconds,
    })
}

/// `epoch  3/60  train  loss 0.512  accuracy 83.1 %  12.3 s`
fn epoch_line(row: &EpochMetrics, epochs: usize) -> String {
    let width = epochs.to_string().len();
    let lr = row.lr.map(|lr| format!("  lr {lr:.2e}")).unwrap_or_default();
    let mean_iou = row.mean_iou.map(|iou| format!("  mean IoU {:5.1} %", 100.0 * iou)).unwrap_or_default();
    format!(
        "epoch {:>width$}/{epochs}  {}  loss {:.4}  accuracy {:5.1} %{mean_iou}  {:.1} s{lr}",
        row.epoch,
        row.split,
        row.loss,
        100.0 * row.accuracy,
        row.seconds,
    )
}
