//! The paths in a run directory; creates and finds run directories.

use std::path::{Path, PathBuf};
use std::{fs, io};

use pointcloud::io::{create_folder, exists, is_folder, replace_file};

use crate::config::Config;
use crate::error::RunError;
use crate::metrics::Weights;
use crate::terminal::note;

/// First line of `split.txt`.
const SPLIT_HEADER: &str =
    "# The test files of this run: paths from data.root. All others are for training and validation.\n";

/// Part of the names of unfinished files.
pub(super) const PARTIAL: &str = ".partial-";

/// The file that a training locks.
const LOCK: &str = ".lock";

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

    /// Checks that `path` does not exist or is an empty folder. What a killed training left before it had a config does not count.
    ///
    /// # Errors
    /// As [`create`](Self::create).
    pub fn check_free(path: &Path) -> Result<(), RunError> {
        let run = Self { path: path.to_owned() };
        if exists(&run.config())? {
            return Err(RunError::Occupied { path: run.path });
        }
        if !exists(path)? {
            return Ok(());
        }
        for entry in fs::read_dir(path).map_err(RunError::io(path, "list"))? {
            let name = entry.map_err(RunError::io(path, "list"))?.file_name();
            if name != LOCK && !is_unfinished(&name.to_string_lossy()) {
                return Err(RunError::NotEmpty { path: run.path });
            }
        }
        Ok(())
    }

    /// Removes the files of a training without a whole checkpoint; keeps other files. The config is the last: until then the folder
    /// is a run, which can be resumed from its beginning.
    ///
    /// # Errors
    /// [`RunError::Io`].
    pub fn discard(&self) -> Result<(), RunError> {
        let remove =
            |file: &Path| absent_is_removed(fs::remove_file(file)).map_err(RunError::io(file, "remove"));
        let weights = [Weights::Best, Weights::Last, Weights::Average].map(|weights| self.weights(weights));
        let small = [self.manifest(), self.metrics(), self.split()];
        weights.iter().chain(&small).try_for_each(|file| remove(file))?;
        // Without a whole checkpoint, its folder has only parts.
        for folder in [self.tensorboard(), self.checkpoints()] {
            absent_is_removed(fs::remove_dir_all(&folder)).map_err(RunError::io(&folder, "remove"))?;
        }
        remove(&self.config())?;
        remove(&self.path.join(LOCK))?;
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
        let problem = if !exists(&run.path)? {
            "it does not exist"
        } else if !is_folder(&run.path)? {
            "it is a file"
        } else if !exists(&run.config())? {
            "it has no config.toml"
        } else {
            return Ok(run);
        };
        Err(RunError::NotARun { path: run.path, problem: problem.to_owned() })
    }

    /// Claims the run for this process until the returned file is dropped. A file system without locks gets a note, since a user of
    /// it can train nowhere else; then nothing keeps two trainings from one run.
    ///
    /// # Errors
    /// [`RunError::Busy`] when another process trains in it, [`RunError::BadFile`] when the run contains links, [`RunError::Io`].
    pub fn lock(&self) -> Result<fs::File, RunError> {
        for folder in [self.path.clone(), self.checkpoints(), self.tensorboard()] {
            refuse_links(&folder)?;
        }
        let path = self.path.join(LOCK);
        let file = fs::File::create(&path).map_err(RunError::io(&path, "make"))?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(fs::TryLockError::WouldBlock) => Err(RunError::Busy { path: self.path.clone() }),
            Err(fs::TryLockError::Error(error)) => {
                note(format_args!(
                    "{}: cannot lock ({error}); start only one training in this run",
                    path.display()
                ));
                Ok(file)
            }
        }
    }

    /// The first of `base/name`, `base/name-2`, `base/name-3`.. that is free.
    ///
    /// # Errors
    /// [`RunError::Data`] where the operating system cannot tell.
    pub fn free_path(base: &Path, name: &str) -> Result<PathBuf, RunError> {
        let (_, free) = Self::latest_and_free(base, name)?;
        Ok(free)
    }

    /// The last of `base/name`, `base/name-2`.. that exists.
    ///
    /// # Errors
    /// As [`free_path`](Self::free_path).
    pub fn latest_path(base: &Path, name: &str) -> Result<Option<PathBuf>, RunError> {
        let (latest, _) = Self::latest_and_free(base, name)?;
        Ok(latest)
    }

    fn latest_and_free(base: &Path, name: &str) -> Result<(Option<PathBuf>, PathBuf), RunError> {
        let mut latest = None;
        for path in Self::numbered(base, name) {
            if !exists(&path)? {
                return Ok((latest, path));
            }
            latest = Some(path);
        }
        unreachable!("the numbers do not end")
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
        if !exists(&path)? {
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

/// Whether a file of a run was not finished.
pub(super) fn is_unfinished(name: &str) -> bool {
    name.ends_with(".tmp") || name.ends_with(".part") || name.contains(PARTIAL)
}

/// What is not there need not be removed.
fn absent_is_removed(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

/// Refuses a folder of a run with links in it: the run may come from somebody else, and a training would write to the files that
/// they point to.
fn refuse_links(folder: &Path) -> Result<(), RunError> {
    if !exists(folder)? {
        return Ok(());
    }
    for entry in fs::read_dir(folder).map_err(RunError::io(folder, "list"))? {
        let path = entry.map_err(RunError::io(folder, "list"))?.path();
        let is_link = match path.symlink_metadata() {
            // Another program has finished or removed it.
            Err(error) if error.kind() == io::ErrorKind::NotFound => false,
            found => found.map_err(RunError::io(&path, "look at"))?.is_symlink(),
        };
        if is_link {
            let problem = "found a link, expected a file or folder of the run; copy what it points to".into();
            return Err(RunError::BadFile { path, problem });
        }
    }
    Ok(())
}
