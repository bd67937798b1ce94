//! The folder of a training: a new one, or that of the run to resume.

use std::fs::File;
use std::path::{Path, PathBuf};

use neighbors::InstructionSet;
use pointcloud::io::exists;

use super::TrainOptions;
use super::processes::{agree, compare};
use crate::config::{Config, ScheduleConfig};
use crate::error::RunError;
use crate::run::{BURN_VERSION, CHECKPOINT_VERSION, Manifest, Position, RunDirectory};

/// Checks that a training can begin: its folder is free, or its run can be resumed with `config`; and all processes are alike. Does
/// not read any data.
///
/// # Errors
/// Those of [`train`](super::train) about the run directory and the processes.
pub fn check_output(config: &Config, options: &TrainOptions) -> Result<(), RunError> {
    OutputFolder::find_together(config, options).map(drop)
}

/// The folder of a training, found before the data is read.
pub(super) enum OutputFolder {
    /// A folder that is free.
    New(PathBuf),
    /// The run to resume.
    Existing(RunDirectory),
}

impl OutputFolder {
    /// Finds the folder, after a check that all processes are alike.
    pub(super) fn find_together(config: &Config, options: &TrainOptions) -> Result<Self, RunError> {
        let reduce = &*options.reduce;
        let (shards, processes) = (config.train.shards, reduce.size());
        if shards < processes {
            return agree(reduce, Err(RunError::TooFewShards { shards, processes }));
        }
        let available: Vec<String> = InstructionSet::available().iter().map(ToString::to_string).collect();
        let own = [
            ("version of pointwise", env!("CARGO_PKG_VERSION").to_owned()),
            ("version of burn", BURN_VERSION.to_owned()),
            ("instruction set (POINTWISE_SIMD)", InstructionSet::current().to_string()),
            // The matrix products of burn use the best that there is.
            ("instruction sets of the processor", available.join(", ")),
            ("--resume", options.resume.to_string()),
        ];
        let own = own.map(|(name, value)| (name.to_owned(), value));
        let config_facts = agree(reduce, config.facts())?;
        compare(reduce, &[&own[..], &config_facts].concat())?;
        // All look before process 0 creates the folder.
        agree(reduce, Self::find(config, options))
    }

    fn find(config: &Config, options: &TrainOptions) -> Result<Self, RunError> {
        let base = PathBuf::from("runs");
        if !options.resume {
            let path = match &options.output {
                Some(path) => path.clone(),
                None => RunDirectory::free_path(&base, &config.name)?,
            };
            RunDirectory::check_free(&path)?;
            return Ok(Self::New(path));
        }
        let path = match &options.output {
            Some(path) => Some(path.clone()),
            None => RunDirectory::latest_path(&base, &config.name)?,
        };
        let run = RunDirectory::open(path.unwrap_or_else(|| base.join(&config.name)))?;
        if exists(&run.manifest())? {
            // Read the manifest first: the config of a newer format may have other keys.
            Manifest::read(&run)?;
        }
        let before = Config::of_run(run.config())?;
        if let Some(difference) = first_difference(config, &before)? {
            return Err(config_changed(&run, difference));
        }
        let position = run.last_checkpoint()?.unwrap_or_default();
        let done = position.epochs + usize::from(position.step > 0);
        if config.train.epochs < done {
            let (found, expected) = (
                config.train.epochs.to_string(),
                format!("{} and has {done} behind it", before.train.epochs),
            );
            return Err(config_changed(&run, ("train.epochs".into(), found, expected)));
        }
        Ok(Self::Existing(run))
    }

    /// The folder.
    pub(super) fn path(&self) -> &Path {
        match self {
            Self::New(path) => path,
            Self::Existing(run) => run.path(),
        }
    }

    pub(super) fn is_new(&self) -> bool {
        matches!(self, Self::New(_))
    }

    /// The drawn test files of the run to resume, if there are any.
    pub(super) fn test_files(&self) -> Result<Option<Vec<String>>, RunError> {
        match self {
            Self::New(_) => Ok(None),
            Self::Existing(run) => run.test_files(),
        }
    }

    /// The run directory, its lock, and the position of its last checkpoint; adds the existing weights to `manifest`.
    pub(super) fn open(
        self,
        config: &Config,
        manifest: &mut Manifest,
    ) -> Result<(RunDirectory, File, Position), RunError> {
        let run = match self {
            Self::New(path) => {
                let run = RunDirectory::create(path, config)?;
                let lock = run.lock().inspect_err(|_| {
                    // The error of the lock is the one to report.
                    let _ = run.discard();
                })?;
                return Ok((run, lock, Position::default()));
            }
            Self::Existing(run) => run,
        };
        // Lock before reading or writing anything: another process may be using the run.
        let lock = run.lock()?;
        if let Some(difference) = first_difference(config, &Config::of_run(run.config())?)? {
            return Err(config_changed(&run, difference));
        }
        // A run that was killed early has no manifest, and then nothing to resume from.
        let before = if exists(&run.manifest())? { Some(Manifest::read(&run)?) } else { None };
        let has_files = run.has_checkpoint_files()?;
        if let Some(before) = before.filter(|_| has_files) {
            if before.checkpoint_version != CHECKPOINT_VERSION {
                return Err(RunError::BadFile {
                    path: run.checkpoints(),
                    problem: format!(
                        "found checkpoints of version {}, expected {CHECKPOINT_VERSION}: another version of this program wrote them. \
                         The weights can be used with eval and predict; to train further, start a new run",
                        before.checkpoint_version
                    ),
                });
            }
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
            if run.last_checkpoint()?.is_some() {
                manifest.weights = before.weights;
            }
        }
        run.sweep()?;
        let start = run.last_checkpoint()?.unwrap_or_default();
        run.write(&run.config(), &config.to_toml()?)?;
        Ok((run, lock, start))
    }
}

/// A key that differs, with its values now and before.
type Difference = (String, String, String);

fn config_changed(run: &RunDirectory, (key, found, expected): Difference) -> RunError {
    RunError::ConfigChanged { path: run.path().to_owned(), key, found, expected }
}

/// The first key that differs, with its values now and before. The folder of the data may differ, and so may the number of
/// epochs, unless the schedule depends on it.
fn first_difference(now: &Config, before: &Config) -> Result<Option<Difference>, RunError> {
    let may_change = |key: &str| {
        key == "data.root"
            || (key == "train.epochs" && !matches!(now.schedule, ScheduleConfig::Cosine { .. }))
    };
    let (now_keys, before_keys) = (now.keys()?, before.keys()?);
    let value = |keys: &[(String, String)], key: &str| {
        keys.iter().find(|(k, _)| k == key).map_or_else(|| "not set".to_owned(), |(_, value)| value.clone())
    };
    let keys = now_keys.iter().chain(&before_keys).map(|(key, _)| key);
    for key in keys.filter(|key| !may_change(key)) {
        let (found, expected) = (value(&now_keys, key), value(&before_keys, key));
        // Values computed from the training files are compared later, when the files have been read.
        if found != expected && found != "\"auto\"" {
            return Ok(Some((key.clone(), found, expected)));
        }
    }
    Ok(None)
}

impl Config {
    /// All keys with their values.
    fn keys(&self) -> Result<Vec<(String, String)>, RunError> {
        let table: toml::Table = self.to_toml()?.parse().expect("a written config can be read");
        let mut keys = Vec::new();
        flatten("", &table, &mut keys);
        Ok(keys)
    }

    /// What all processes of a training must have in common: every key but the folder of the data, of which each machine may have a
    /// copy.
    pub(super) fn facts(&self) -> Result<Vec<(String, String)>, RunError> {
        Ok(self.keys()?.into_iter().filter(|(key, _)| key != "data.root").collect())
    }
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
