//! What is in a file, a dataset folder, a run directory, a config or a model of the program, for people before they train and for programs.

mod dataset;
mod experiment;
mod file;
mod folder;
mod ignored;
mod model;
mod next;
mod run;
mod scenes;
mod survey;
mod warning;
mod warnings;

use std::fmt;
use std::path::Path;

use pointcloud::dataset::{FolderDataset, FolderOptions, Hdf5Folder, Layout};
use pointcloud::io::{Reader, exists, is_folder};
use pointcloud::scene::SceneFolder;
use serde::Serialize;

use train::run::RunDirectory;
use train::{Model, RunError};

use dataset::inspect_folder;
use experiment::ConfigInspection;
use file::FileInspection;
use folder::FolderInspection;
use model::ModelInspection;
use run::RunInspection;
use scenes::ScenesInspection;

/// Contents of a file, a folder, a run or a config. Its JSON is that of the one it is.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub(crate) enum Inspection {
    /// Of one file.
    File(FileInspection),
    /// Of a dataset folder of any layout.
    Folder(FolderInspection),
    /// Of a folder of labelled scenes, laid out as `<split>/<file>`.
    Scenes(ScenesInspection),
    /// Of a run directory.
    Run(RunInspection),
    /// Of an experiment config, a `.toml` file.
    Config(ConfigInspection),
    /// Of a model that comes with the program.
    Model(ModelInspection),
}

impl fmt::Display for Inspection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(file) => file.fmt(f),
            Self::Folder(folder) => folder.fmt(f),
            Self::Scenes(scenes) => scenes.fmt(f),
            Self::Run(run) => run.fmt(f),
            Self::Config(config) => config.fmt(f),
            Self::Model(model) => model.fmt(f),
        }
    }
}

/// Looks with `reader` at the file, the dataset folder, the run directory or the config at `path`, or at the model of that name.
///
/// All files of a folder are read, on all threads of rayon's pool; `progress` is called after each
/// with the number of files done so far, from any thread. `points` is the number of points that a
/// network is to be given of each cloud: clouds with fewer earn a warning. `options` say how a
/// dataset folder is read.
///
/// # Errors
/// For a file as [`Reader::inspect`], for a folder as
/// [`pointcloud::dataset::FolderDataset::open_with`]. Files of a folder that cannot be read are warnings, not
/// errors.
pub(crate) fn inspect(
    path: impl AsRef<Path>,
    points: usize,
    reader: &Reader,
    options: &FolderOptions,
    progress: &(dyn Fn(usize) + Sync),
) -> Result<Inspection, RunError> {
    let path = path.as_ref();
    if let Some(model) = Model::at(path) {
        Ok(Inspection::Model(ModelInspection::of(model)))
    } else if RunDirectory::open(path).is_ok() {
        RunInspection::of(path).map(Inspection::Run)
    } else if is_folder(path)? && is_scenes(path, options)? {
        let folder = SceneFolder::open(path)?;
        Ok(Inspection::Scenes(ScenesInspection::of(&folder, reader, progress)?))
    } else if is_folder(path)? {
        match inspect_folder(path, points, reader, options, progress) {
            // No class folders: perhaps splits of scenes.
            Err(error @ pointcloud::Error::Layout { .. }) => match SceneFolder::open(path) {
                Ok(folder) => Ok(Inspection::Scenes(ScenesInspection::of(&folder, reader, progress)?)),
                Err(_) => match Hdf5Folder::open(path) {
                    Ok(Some(folder)) => {
                        let problem = format!(
                            "holds {} clouds in HDF5 files, expected a folder of files with one each; `pointwise convert` \
                             makes one",
                            folder.len()
                        );
                        Err(RunError::BadFile { path: path.to_owned(), problem })
                    }
                    _ => Err(error.into()),
                },
            },
            inspection => Ok(Inspection::Folder(inspection?)),
        }
    } else if path.extension().is_some_and(|extension| extension == "toml") {
        ConfigInspection::of(path).map(Inspection::Config)
    } else {
        Ok(Inspection::File(FileInspection::of(path, reader)?))
    }
}

/// Whether folders of files are splits of scenes, not classes: a list of classes lies beside them.
fn is_scenes(path: &Path, options: &FolderOptions) -> Result<bool, RunError> {
    Ok(exists(&path.join("classes.txt"))?
        && FolderDataset::open_with(path, options).is_ok_and(|dataset| dataset.layout() == Layout::Class))
}
