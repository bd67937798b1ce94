//! What can go wrong with a run.

use std::path::{Path, PathBuf};

use crate::terminal::with_causes;
use crate::text::bytes;

/// An error of training, evaluation or prediction.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The operating system refused.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What was attempted, as a verb.
        action: &'static str,
        /// The error of the operating system.
        source: std::io::Error,
    },
    /// A folder that should be a run is not one.
    #[error("{} is not a run directory: {problem}; a run is what `pointwise train` writes", path.display())]
    NotARun {
        /// The folder.
        path: PathBuf,
        /// What is missing or wrong.
        problem: String,
    },
    /// A file of a run cannot be understood.
    #[error("{}: {problem}", path.display())]
    BadFile {
        /// The file.
        path: PathBuf,
        /// What was found and what was expected.
        problem: String,
    },
    /// The output folder holds other files.
    #[error("{} is not empty, and not a run; choose another folder with --output", path.display())]
    NotEmpty {
        /// The folder.
        path: PathBuf,
    },
    /// There are no such weights in a run.
    #[error("{}: no such weights; {hint}", path.display())]
    NoWeights {
        /// The file that is missing.
        path: PathBuf,
        /// What to do.
        hint: &'static str,
    },
    /// The output folder is taken.
    #[error("{} already holds a run; continue it with --resume, or choose another folder with --output", path.display())]
    Occupied {
        /// The folder.
        path: PathBuf,
    },
    /// The training files do not decide a length that the config leaves open.
    #[error(
        "`{key}` is \"auto\", but the training files have no cloud with two different points to take it from; set a number"
    )]
    Scale {
        /// The key.
        key: &'static str,
    },
    /// Another process trains in the run directory.
    #[error("another process is training in {}; wait for it, or choose another folder with --output", path.display())]
    Busy {
        /// The folder.
        path: PathBuf,
    },
    /// The run to be resumed was started with another config.
    #[error(
        "cannot resume {}: `{key}` is {found}, but the run was started with {expected}; resume with its own config, {}, or \
         start a new run without --resume",
        path.display(),
        path.join("config.toml").display()
    )]
    ConfigChanged {
        /// The run.
        path: PathBuf,
        /// The key that differs.
        key: String,
        /// Its value now.
        found: String,
        /// Its value at the start of the run.
        expected: String,
    },
    /// The classes of the data are not those of the network.
    #[error("{}: the classes are {found}, but the network was trained on {expected}", path.display())]
    Classes {
        /// The data.
        path: PathBuf,
        /// The classes in it.
        found: String,
        /// The classes of the network.
        expected: String,
    },
    /// The data has classes that the network does not know.
    #[error(
        "{}: the classes are {found}, but the network was trained on {expected}; it does not know {unknown}: evaluate with --map \
         {first}=CLASS for each of them, or leave them out with --map {first}=",
        path.display(),
        first = unknown.split(", ").next().unwrap_or_default()
    )]
    UnknownClasses {
        /// The data.
        path: PathBuf,
        /// The classes in it.
        found: String,
        /// The classes of the network.
        expected: String,
        /// Those of the data that the network does not know.
        unknown: String,
    },
    /// A pair of classes that does not fit.
    #[error("--map {from}={to}: {problem}")]
    ClassMap {
        /// The class of the data.
        from: String,
        /// The class of the network.
        to: String,
        /// What was found and what was expected.
        problem: String,
    },
    /// Nothing to train on, or to evaluate.
    #[error("{}: the split '{split}' has no usable file", path.display())]
    NoFiles {
        /// The data.
        path: PathBuf,
        /// The split.
        split: String,
    },
    /// The data is laid out for another kind of network.
    #[error("{}: found {found}, but {network} needs {expected}", path.display())]
    OtherTask {
        /// The data.
        path: PathBuf,
        /// What it is.
        found: &'static str,
        /// The network, as `model.kind` in the config.
        network: &'static str,
        /// What it needs.
        expected: &'static str,
    },
    /// The loss stopped being a number.
    #[error(
        "training stopped in epoch {epoch}, step {step}: the loss is {loss}, and the first layer with a value that is not \
         finite is `{layer}`. The files of this step: {}. {}",
        list(files),
        advice(run, *epoch)
    )]
    NotFinite {
        /// The run.
        run: PathBuf,
        /// The loss.
        loss: f32,
        /// Epoch, from 1.
        epoch: usize,
        /// Step within the epoch, from 1.
        step: usize,
        /// The first layer whose output or weight is not finite.
        layer: String,
        /// The files of the batch.
        files: Vec<PathBuf>,
    },
    /// The disk has too little space for a training.
    #[error(
        "{}: found {} free on this disk, expected at least {} for the weights and checkpoints of this network; free some space, or \
         choose another disk with --output",
        path.display(),
        bytes(*free),
        bytes(*needed)
    )]
    NoSpace {
        /// The run.
        path: PathBuf,
        /// Bytes that are free.
        free: u64,
        /// Bytes that the training needs.
        needed: u64,
    },
    /// The disk is full or cannot be written to.
    #[error("{}. {}", with_causes(source.as_ref()), remains(run, *saved, *needed))]
    NotWritten {
        /// The run.
        run: PathBuf,
        /// Epochs, and steps of the next one, in the last whole checkpoint; `None` without one.
        saved: Option<(usize, usize)>,
        /// Bytes of a checkpoint with the weights.
        needed: u64,
        /// What could not be written.
        source: Box<RunError>,
    },
    /// The training was stopped before its first step.
    #[error("stopped before the first step: nothing was saved")]
    StoppedEarly,
    /// burn's learner stopped with an error.
    #[error("training stopped: {0}")]
    Learner(String),
    /// The network of a run or a config is not for what is asked of it.
    #[error("found the network {network}, expected {wanted}")]
    NoSuchTask {
        /// The network, as `model.kind` in the config.
        network: &'static str,
        /// What would have been accepted.
        wanted: &'static str,
    },
    /// The training does not fit into memory.
    #[error(
        "this training needs about {}, but {} of memory are available ({limit}); {} of the need are for {what}; lower {keys}, or train in spite of it with \
         --force",
        bytes(*needed),
        bytes(*available),
        bytes(*largest)
    )]
    Memory {
        /// Bytes in all.
        needed: u64,
        /// Bytes that the process can still get.
        available: u64,
        /// What limits them.
        limit: &'static str,
        /// Bytes of the largest part.
        largest: u64,
        /// What that part is for.
        what: String,
        /// The keys that make it smaller.
        keys: String,
    },
    /// Votes that would all be the same.
    #[error(
        "{votes} votes would all be the same: the run has no rotation, mirror, scale or shift in [augment], by which its passes \
         would differ"
    )]
    SameVotes {
        /// How many were asked for.
        votes: usize,
    },
    /// A device that this machine or this build does not have.
    #[error("there is no device '{found}' here; there are: {known}{hint}")]
    UnknownDevice {
        /// What was asked for.
        found: String,
        /// What there is.
        known: String,
        /// What to do.
        hint: &'static str,
    },
    /// A device that is there and cannot compute.
    #[error("the device {name} cannot compute: {reason}")]
    BrokenDevice {
        /// The device.
        name: String,
        /// What it said.
        reason: String,
    },
    /// Several processes were started as those of one MPI program, which does not work.
    #[error("{variable} = {found} says that {found} processes were started together, but {problem}")]
    NoMpi {
        /// The variable of the launcher.
        variable: &'static str,
        /// Number of processes.
        found: usize,
        /// What is wrong, and what to do.
        problem: &'static str,
    },
    /// There are fewer shards than processes.
    #[error(
        "`train.shards`: found {shards}, expected at least {processes}, the number of processes, so that each has a shard to compute"
    )]
    TooFewShards {
        /// Shards of a batch.
        shards: usize,
        /// Number of processes.
        processes: usize,
    },
    /// A process of a training differs from process 0.
    #[error(
        "process {rank}: found {name} = {found}, expected {expected} as in process 0; start all processes alike"
    )]
    ProcessesDiffer {
        /// The process.
        rank: usize,
        /// What differs.
        name: String,
        /// Its value.
        found: String,
        /// The value of process 0.
        expected: String,
    },
    /// The training ended because of an error that another process shows.
    #[error("process {rank} ended the training and shows the reason")]
    OtherProcess {
        /// The process.
        rank: usize,
    },
    /// The data cannot be read.
    #[error(transparent)]
    Data(#[from] pointcloud::Error),
    /// The neighbourhoods cannot be built.
    #[error(transparent)]
    Neighbors(#[from] neighbors::NeighborError),
    /// The config cannot be used.
    #[error(transparent)]
    Config(#[from] crate::check::ConfigError),
    /// The metrics cannot be written or read.
    #[error(transparent)]
    Metrics(#[from] crate::metrics::MetricsLogError),
}

impl RunError {
    /// Wraps an error of the operating system: `map_err(RunError::io(path, "read"))`.
    pub fn io(path: &Path, action: &'static str) -> impl FnOnce(std::io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::Io { path, action, source }
    }
}

/// What is left of a run that stopped in `epoch`, and what to do.
fn advice(run: &Path, epoch: usize) -> String {
    match epoch {
        1 => "Start again with a lower optimizer.lr".into(),
        _ => format!(
            "The weights after epoch {} are saved in {}; start a new run with a lower optimizer.lr",
            epoch - 1,
            run.display()
        ),
    }
}

/// What is left of a run that could not be written, how much space it needs, and what to do.
fn remains(run: &Path, saved: Option<(usize, usize)>, needed: u64) -> String {
    let (run, needed) = (run.display(), bytes(needed));
    match saved {
        Some((epochs, step)) => {
            let step = if step > 0 { format!(" and step {step} of the next one") } else { String::new() };
            format!(
                "The run is saved up to epoch {epochs}{step}. A checkpoint needs about {needed} on a disk that can be written to; then go on with \
                 `pointwise train {run}/config.toml --resume --output {run}`"
            )
        }
        None => format!(
            "Nothing was saved. Free about {needed}, or choose another folder with --output that can be written to; then start again"
        ),
    }
}

/// Up to four paths, then how many more.
fn list(files: &[PathBuf]) -> String {
    const SHOWN: usize = 4;
    let mut text: Vec<String> = files.iter().take(SHOWN).map(|path| path.display().to_string()).collect();
    if files.len() > SHOWN {
        text.push(format!("and {} more", files.len() - SHOWN));
    }
    text.join(", ")
}
