//! The paths in a run directory; creates and finds run directories.

use std::fs;
use std::path::{Path, PathBuf};

use pointcloud::io::{create_folder, replace_file};

use crate::config::Config;
use crate::error::RunError;
use crate::metrics::Weights;

/// First line of `split.txt`.
const SPLIT_HEADER: &str =
    "# The test files of this run: paths from data.root. All others are for training and validation.\n";

/// A folder with `config.toml`, `manifest.json`, `metrics.jsonl`, `best.safetensors`, `last.safetensors`, `checkpoint/`,
/// and after the training `evaluation.json`, `report.json` and `report.html`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunDirectory {
    path: PathBuf,
}

impl RunDirectory {
    /// Creates a new run directory and writes the resolved config into it.
    ///
    /// # Errors
    /// [`RunError::Occupied`] if a run already exists there, [`RunError::NotEmpty`] if there is something else,
    /// [`RunError::Io`].
    pub fn create(path: impl Into<PathBuf>, config: &Config) -> Result<Self, RunError> {
        let run = Self { path: path.into() };
        Self::check_free(&run.path)?;
        create_folder(&run.path)?;
        let written =
            config.to_toml().map_err(RunError::from).and_then(|text| run.write(&run.config(), &text));
        written.inspect_err(|_| {
            // The folder is empty, or has files of others.
            let _ = fs::remove_dir(&run.path);
        })?;
        Ok(run)
    }

    /// Checks that `path` does not exist or is an empty folder.
    ///
    /// # Errors
    /// As [`create`](Self::create).
    pub fn check_free(path: &Path) -> Result<(), RunError> {
        let run = Self { path: path.to_owned() };
        if run.config().exists() {
            return Err(RunError::Occupied { path: run.path });
        }
        if !path.exists() {
            return Ok(());
        }
        let mut entries = fs::read_dir(path).map_err(RunError::io(path, "list"))?;
        if entries.next().is_some() { Err(RunError::NotEmpty { path: run.path }) } else { Ok(()) }
    }

    /// Removes the files of a training without a whole checkpoint; keeps other files.
    ///
    /// # Errors
    /// [`RunError::Io`].
    pub fn discard(&self) -> Result<(), RunError> {
        let weights = [Weights::Best, Weights::Last, Weights::Average].map(|weights| self.weights(weights));
        let small = [self.config(), self.manifest(), self.metrics(), self.split(), self.path.join(".lock")];
        for file in small.iter().chain(&weights) {
            if file.exists() {
                fs::remove_file(file).map_err(RunError::io(file, "remove"))?;
            }
        }
        // Without a whole checkpoint, its folder has only parts.
        for folder in [self.tensorboard(), self.checkpoints()] {
            if folder.exists() {
                fs::remove_dir_all(&folder).map_err(RunError::io(&folder, "remove"))?;
            }
        }
        // If the folder has other files, this fails, which does no harm.
        let _ = fs::remove_dir(&self.path);
        Ok(())
    }

    /// The run that another process of the same training has opened.
    pub(crate) fn of_other_process(path: PathBuf) -> Self {
        Self { path }
    }

    /// Opens an existing run directory.
    ///
    /// # Errors
    /// [`RunError::NotARun`].
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, RunError> {
        let run = Self { path: path.into() };
        let problem = if !run.path.exists() {
            "it does not exist"
        } else if !run.path.is_dir() {
            "it is a file"
        } else if !run.config().exists() {
            "it has no config.toml"
        } else {
            return Ok(run);
        };
        Err(RunError::NotARun { path: run.path, problem: problem.to_owned() })
    }

    /// Claims the run for this process until the returned file is dropped.
    ///
    /// # Errors
    /// [`RunError::Busy`] when another process trains in it, [`RunError::BadFile`] when the run contains links, [`RunError::Io`].
    pub fn lock(&self) -> Result<fs::File, RunError> {
        for folder in [self.path.clone(), self.checkpoints(), self.tensorboard()] {
            refuse_links(&folder)?;
        }
        let path = self.path.join(".lock");
        let file = fs::File::create(&path).map_err(RunError::io(&path, "make"))?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(fs::TryLockError::WouldBlock) => Err(RunError::Busy { path: self.path.clone() }),
            Err(fs::TryLockError::Error(source)) => Err(RunError::Io { path, action: "lock", source }),
        }
    }

    /// The first of `base/name`, `base/name-2`, `base/name-3`.. that is free.
    #[must_use]
    pub fn free_path(base: &Path, name: &str) -> PathBuf {
        Self::numbered(base, name).find(|path| !path.exists()).expect("the numbers do not end")
    }

    /// The last of `base/name`, `base/name-2`.. that exists.
    #[must_use]
    pub fn latest_path(base: &Path, name: &str) -> Option<PathBuf> {
        Self::numbered(base, name).take_while(|path| path.exists()).last()
    }

    fn numbered(base: &Path, name: &str) -> impl Iterator<Item = PathBuf> {
        (1..).map(move |number| {
            base.join(if number == 1 { name.to_owned() } else { format!("{name}-{number}") })
        })
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// `config.toml`, with every key.
    #[must_use]
    pub fn config(&self) -> PathBuf {
        self.path.join("config.toml")
    }

    /// `manifest.json`.
    #[must_use]
    pub fn manifest(&self) -> PathBuf {
        self.path.join("manifest.json")
    }

    /// `metrics.jsonl`.
    #[must_use]
    pub fn metrics(&self) -> PathBuf {
        self.path.join("metrics.jsonl")
    }

    /// `best.safetensors` or `last.safetensors`.
    #[must_use]
    pub fn weights(&self, weights: Weights) -> PathBuf {
        self.path.join(format!("{}.safetensors", weights.name()))
    }

    /// `evaluation.json`: the results on the test split.
    #[must_use]
    pub fn evaluation(&self) -> PathBuf {
        self.path.join("evaluation.json")
    }

    /// `report.html`.
    #[must_use]
    pub fn report(&self) -> PathBuf {
        self.path.join("report.html")
    }

    /// `report.json`: evaluations with their examples, for the report.
    #[must_use]
    pub fn report_data(&self) -> PathBuf {
        self.path.join("report.json")
    }

    /// `tensorboard/`: event files, if the training writes them.
    #[must_use]
    pub fn tensorboard(&self) -> PathBuf {
        self.path.join("tensorboard")
    }

    /// `split.txt`: the test files that were drawn from a data set without splits.
    #[must_use]
    pub fn split(&self) -> PathBuf {
        self.path.join("split.txt")
    }

    /// Writes `split.txt`: paths from the root of the data set, one per line.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    pub(crate) fn write_test_files(&self, files: &[String]) -> Result<(), RunError> {
        let lines: String = files.iter().map(|file| format!("{file}\n")).collect();
        self.write(&self.split(), &format!("{SPLIT_HEADER}{lines}"))
    }

    /// The files in `split.txt`; `None` if the run has no such file.
    ///
    /// # Errors
    /// [`RunError::Io`].
    pub fn test_files(&self) -> Result<Option<Vec<String>>, RunError> {
        let path = self.split();
        if !path.exists() {
            return Ok(None);
        }
        let text = fs::read_to_string(&path).map_err(RunError::io(&path, "read"))?;
        let lines = text.lines().filter(|line| !line.is_empty() && *line != SPLIT_HEADER.trim_end());
        Ok(Some(lines.map(str::to_owned).collect()))
    }

    /// Writes a text file atomically.
    ///
    /// # Errors
    /// [`RunError::Data`] with what the operating system says.
    pub fn write(&self, path: &Path, text: &str) -> Result<(), RunError> {
        Ok(replace_file(path, |out| out.write_all(text.as_bytes()))?)
    }
}

/// Refuses a folder of a run with links in it: the run may come from somebody else, and a training would write to the files that
/// they point to.
fn refuse_links(folder: &Path) -> Result<(), RunError> {
    if !folder.exists() {
        return Ok(());
    }
    for entry in fs::read_dir(folder).map_err(RunError::io(folder, "list"))? {
        let path = entry.map_err(RunError::io(folder, "list"))?.path();
        if path.is_symlink() {
            let problem = "found a link, expected a file or folder of the run; copy what it points to".into();
            return Err(RunError::BadFile { path, problem });
        }
    }
    Ok(())
}
