//! Runs one training, from config to weights.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use burn::module::Module;
use burn::tensor::Device;
use burn::train::logger::InMemoryMetricLogger;
use burn::train::metric::{AccuracyMetric, LossMetric};
use burn::train::{Learner, SupervisedTraining, TrainingStrategy};
use pointcloud::io::{create_folder, exists};

use super::calibrate::calibrate;
use super::checkpointing::{Catch, WhenAsked};
use super::disk_space::{DiskSpace, explain, roll_back};
use super::epoch_loop::Epochs;
use super::output::OutputFolder;
use super::processes::{agree, compare};
use super::reduce::{Alone, Reduce, share};
use super::renderer::Silent;
use super::sense::Sense;
use super::start::started_or_resumed;
use super::state::TrainingState;
use super::step::{Setting, first, take_turn};
use super::tensorboard::EventLogs;
use crate::config::{Config, Task};
use crate::error::RunError;
use crate::memory::ensure_step_fits;
use crate::metrics::{EpochMetrics, Metric, MetricsLog};
use crate::network::NetworkSpec;
use crate::progress::ProgressMode;
use crate::run::{BURN_VERSION, CHECKPOINT_VERSION, FORMAT_VERSION, Manifest, Position, RunDirectory};
use crate::stop::Stop;
use crate::task::{BatchSource, Loader, Shards, TrainingData, classification, segmentation};
use crate::terminal::{line, note, with_causes};

/// Number of training items in which settings that make no sense are looked for.
const SENSE_SAMPLE: usize = 4;

/// How a training is run.
#[derive(Clone, Debug)]
pub struct TrainOptions {
    /// The directory of the run. The default is `runs/<name>`, with a number appended if that exists.
    pub output: Option<PathBuf>,
    /// Whether to resume the run in `output`; without `output`, the last `runs/<name>`.
    pub resume: bool,
    /// The device that trains the network.
    pub device: Device,
    /// How to show progress.
    pub progress: ProgressMode,
    /// Whether to show burn's dashboard if there is a terminal.
    pub dashboard: bool,
    /// Whether to write event files for TensorBoard; a resumed run that has some gets more in any case.
    pub tensorboard: bool,
    /// Asks the training to stop after the current step and to save a checkpoint.
    pub stop: Stop,
    /// Whether to train although the memory that the training needs is not available.
    pub force: bool,
    /// The processes that compute this training together.
    pub reduce: Arc<dyn Reduce>,
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
            force: false,
            reduce: Arc::new(Alone),
        }
    }
}

/// The result of a training.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TrainOutcome {
    /// The run directory.
    pub run: RunDirectory,
    /// Learnable weights of the network.
    pub parameters: usize,
    /// Number of completed epochs; fewer than in the config if the training was stopped.
    pub epochs_done: usize,
    /// Number of completed steps of the next epoch.
    pub steps_done: usize,
    /// Steps per epoch.
    pub steps: usize,
    /// The epoch with the best result on the validation files; `None` without validation.
    pub best_epoch: Option<usize>,
    /// Wall-clock time of this training, in seconds, without reading the data.
    pub seconds: f64,
}

/// Trains the network of `config` on the training files of `data.root`, and writes a run directory.
///
/// The same config and seed give the same weights, bit for bit, for any number of threads, even if the training is stopped and
/// resumed. burn has one stream of random numbers per process. Trainings in one process therefore wait for each other, and no
/// other code may draw from the stream during a training.
///
/// # Errors
/// Data that cannot be used, a run directory that is taken, a resumed run with another config, a loss that is not
/// finite (the last complete epoch remains saved), a request to stop before the first step.
pub fn train(config: &Config, options: &TrainOptions) -> Result<TrainOutcome, RunError> {
    let reduce = &*options.reduce;
    let output = OutputFolder::find_together(config, options)?;
    let TrainOptions { device, progress, force, .. } = options;
    let drawn = agree(reduce, output.test_files())?;
    match (config.model.task(), &config.scenes) {
        (Task::Classification, _) => {
            let data = classification::training_data(config, drawn, device, *progress, *force);
            run(options, output, agree(reduce, data)?)
        }
        (Task::Segmentation, Some(scenes)) => {
            let data = segmentation::training_data(config, scenes, device, *progress, *force);
            run(options, output, agree(reduce, data)?)
        }
        (Task::Segmentation, None) => {
            unreachable!("a segmenter without [scenes] does not pass the checks of a config")
        }
    }
}

fn run<S: BatchSource>(
    options: &TrainOptions,
    output: OutputFolder,
    data: TrainingData<S>,
) -> Result<TrainOutcome, RunError> {
    let (config, reduce) = (&data.config, &*options.reduce);
    agree(reduce, check_data(options, &data))?;
    let mut manifest = manifest(&data);
    let files = format!("{} and {}", manifest.train_files, manifest.validation_files);
    let facts =
        [("classes", manifest.classes.join(", ")), ("number of training and validation files", files)];
    let facts = facts.map(|(name, value)| (name.to_owned(), value));
    compare(reduce, &[&facts[..], &config.facts()?].concat())?;
    // Until here, a stop request has nothing to save.
    let _listening = options.stop.listen();
    // Open the run only now, so that a failure to read the data leaves no run behind.
    let (space, path) = (DiskSpace::of(config, &data.spec), output.path().to_owned());
    let opened = if reduce.rank() == 0 {
        let opened = space.check(&path, output.is_new()).and_then(|()| output.open(config, &mut manifest));
        let last = || RunDirectory::open(&path).and_then(|run| run.last_checkpoint()).ok().flatten();
        let saved = || last().map(|position| (position.epochs, position.step));
        opened.map(Some).map_err(|error| explain(&path, saved(), error, space))
    } else {
        Ok(None)
    };
    let opened = agree(reduce, opened)?;
    let (run, lock, start) = match opened {
        Some((run, lock, start)) => (run, Some(lock), start),
        // Process 0 has the lock, and says where to go on.
        None => (RunDirectory::of_other_process(path), None, Position::default()),
    };
    let start = shared_position(&start, reduce)?;
    let result = begin(options, &run, start, manifest, data);
    let result = match result {
        Err(error) if lock.is_some() => Err(roll_back(&run, !options.resume, error, space)),
        result => result,
    };
    drop(lock);
    result.map_err(|error| end_all(error, reduce))
}

/// Refuses data that cannot be trained on, and warns of settings that make no sense.
fn check_data<S: BatchSource>(options: &TrainOptions, data: &TrainingData<S>) -> Result<(), RunError> {
    let config = &data.config;
    if !options.force {
        ensure_step_fits(config, &data.spec, &data.train, options.reduce.size())?;
    }
    if !matches!(options.progress, ProgressMode::Quiet) {
        let count = data.train.len().min(SENSE_SAMPLE);
        let clouds: Vec<Vec<[f32; 3]>> = (0..count).map(|item| data.train.points(item)).collect();
        let (classes, validation_files) = (data.classes.len(), data.validation_files);
        for warning in (Sense { config, clouds: &clouds, classes, validation_files }).warnings()? {
            note(format_args!("warning: {warning}"));
        }
    }
    manifest(data).check_classes(&config.data.root)
}

fn manifest<S>(data: &TrainingData<S>) -> Manifest {
    Manifest {
        format_version: FORMAT_VERSION,
        architecture: data.config.model.kind().into(),
        classes: data.classes.clone(),
        points: data.spec.points,
        normalize: data.normalize.into(),
        pointwise_version: env!("CARGO_PKG_VERSION").into(),
        burn_version: BURN_VERSION.into(),
        seed: data.config.seed,
        train_files: data.train_files,
        validation_files: data.validation_files,
        skipped_files: data.skipped_files,
        checkpoint_version: CHECKPOINT_VERSION,
        weights: Default::default(),
    }
}

/// The position of process 0.
fn shared_position(start: &Position, reduce: &dyn Reduce) -> Result<Position, RunError> {
    let text = toml::to_string(start).expect("a position is plain data");
    let text = share(reduce, 0, text.as_bytes());
    toml::from_str(&String::from_utf8_lossy(&text)).map_err(|error| RunError::Learner(error.to_string()))
}

/// What a failed training returns in this process. If the others do not know of the error, this shows it and ends all processes.
fn end_all(error: RunError, reduce: &dyn Reduce) -> RunError {
    let (rank, size) = (reduce.rank(), reduce.size());
    let is_known = matches!(
        error,
        RunError::NotFinite { .. } | RunError::StoppedEarly | RunError::ProcessesDiffer { .. }
    );
    match (size, rank) {
        (1, _) => error,
        (_, 0) if is_known => error,
        _ if is_known => RunError::OtherProcess { rank: 0 },
        _ => {
            note(format_args!("error: process {rank} of {size}: {}", with_causes(&error)));
            reduce.abort()
        }
    }
}

/// Writes the small files of an open run, then trains.
fn begin<S: BatchSource>(
    options: &TrainOptions,
    run: &RunDirectory,
    start: Position,
    manifest: Manifest,
    data: TrainingData<S>,
) -> Result<TrainOutcome, RunError> {
    let (mut log, mut events) = (None, None);
    if options.reduce.rank() == 0 {
        manifest.write(run)?;
        if let Some(files) = &data.drawn_test_files {
            run.write_test_files(files)?;
        }
        let rows = MetricsLog::truncate_after(run.metrics(), start.epochs)?;
        log = Some(MetricsLog::open(run.metrics())?);
        let folder = run.tensorboard();
        if options.tensorboard || exists(&folder)? {
            events = Some(EventLogs::open(&folder, &start, &rows)?);
        }
        create_folder(&run.checkpoints())?;
    }
    let state = TrainingState { log, events, manifest, position: start, failure: None };
    let TrainingData { train, validation, spec, config, .. } = data;
    fit(&config, options, Session { run: run.clone(), train, validation, spec, state })
}

/// A training that is ready to begin or to resume.
struct Session<S> {
    run: RunDirectory,
    train: S,
    validation: S,
    spec: NetworkSpec,
    state: TrainingState,
}

fn fit<S: BatchSource>(
    config: &Config,
    options: &TrainOptions,
    session: Session<S>,
) -> Result<TrainOutcome, RunError> {
    let Session { run, train, validation, spec, state } = session;
    let _turn = take_turn();
    let device = options.device.clone().autodiff();
    let batch = config.train.batch_size;
    let epochs = config.train.epochs;
    let steps = train.len().div_ceil(batch);
    let (network, optimizer, schedule) = first(config, &spec, epochs, steps, &device);
    let parameters = network.num_params();
    let first = (network, optimizer, schedule);
    let ((network, optimizer, schedule), averaged) =
        started_or_resumed(config, &run, state.position.steps, first, options.progress)?;
    let kept = run.whole_checkpoints()?;
    let train = Loader::shuffled(train.to_device(&device), batch);
    let validation = Loader::in_order(validation, batch);

    let state = Arc::new(Mutex::new(state));
    let dashboard = options.dashboard && std::io::stdout().is_terminal();
    let bars = if dashboard { ProgressMode::Quiet } else { options.progress };
    let (catch, records) = Catch::new();
    let reduce = options.reduce.clone();
    let shards = Shards::of_process(config.train.shards, reduce.rank(), reduce.size());
    let setting = Setting { device, seed: config.seed, classes: spec.classes, shards, reduce };
    let strategy = Epochs {
        train: train.clone(),
        setting,
        task: config.model.task(),
        run: run.clone(),
        steps,
        freeze_epochs: config.train.freeze_epochs,
        average: Mutex::new(averaged),
        kept,
        records: Mutex::new(Some(records)),
        state: state.clone(),
        stop: options.stop.clone(),
        bars,
        on_epoch: Box::new(move |row| {
            if !matches!(bars, ProgressMode::Quiet) {
                // Ignore a closed pipe: it is no reason to stop the training.
                let _ = line(epoch_line(row, epochs));
            }
        }),
    };

    let mut training = SupervisedTraining::new(run.path(), Arc::new(train), Arc::new(validation.clone()))
        .with_metric_logger(InMemoryMetricLogger::default())
        .with_application_logger(None)
        .with_custom_checkpointers(catch.clone(), catch.clone(), catch)
        .with_checkpointing_strategy(WhenAsked)
        .with_training_strategy(TrainingStrategy::Custom(Arc::new(strategy)))
        .num_epochs(epochs);
    // These metrics are only for the dashboard; the rows of metrics are our own.
    training = if dashboard {
        training.metrics((LossMetric::new(), AccuracyMetric::new()))
    } else {
        training.renderer(Box::new(Silent))
    };
    let started = Instant::now();
    let result = training.launch(Learner::new(network, optimizer, schedule));
    let seconds = started.elapsed().as_secs_f64();

    let mut state = state.lock().expect("the training is over");
    if let Some(failure) = state.failure.take() {
        return Err(failure);
    }
    if let Some(error) = result.error {
        return Err(RunError::Learner(error.to_string()));
    }
    if state.position.epochs == epochs && options.reduce.rank() == 0 {
        let shown = (&options.device, options.progress);
        calibrate(config, &spec, &validation, &run, &mut state.manifest, shown)?;
    }
    outcome(run, &state.position, parameters, steps, seconds)
}

/// The result of a training that stopped at `position`.
fn outcome(
    run: RunDirectory,
    position: &Position,
    parameters: usize,
    steps: usize,
    seconds: f64,
) -> Result<TrainOutcome, RunError> {
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
    let metric = |(metric, value): (&Metric, Option<f64>)| {
        format!("  {} {:5.1} %", metric.short_label, 100.0 * value.unwrap_or(0.0))
    };
    let metrics: String = row.values.iter().filter(|(metric, _)| metric.chooses).map(metric).collect();
    format!(
        "epoch {:>width$}/{epochs}  {}  loss {:.4}{metrics}  {:.1} s{lr}",
        row.epoch, row.split, row.loss, row.seconds,
    )
}
