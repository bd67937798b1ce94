//! `pointwise inspect`

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use pointcloud::dataset::{FolderDataset, FolderOptions, ListNames};
use pointcloud::io::{Reader, is_file};
use pointcloud::scene::SceneFolder;
use train::config::DataConfig;
use train::{Progress, ProgressMode};

use crate::memory::{Reading, ensure_readable};
use crate::output::line;
use crate::{inspect, progress};

/// Tell what is in a file, a data set folder, a run directory or a config, what is wrong with it, and which command comes next
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointwise inspect scan.ply
  pointwise inspect datasets/shapes10
  pointwise inspect modelnet40_normal_resampled --lists 'modelnet40_{split}.txt'
  pointwise inspect scan.txt --columns x,y,z,intensity,r,g,b,label
  pointwise inspect runs/shapes10 --json
  pointwise inspect configs/shapes10.toml   (how much memory its training will take)")]
pub(super) struct Inspect {
    /// A file, a data set folder, such as CLASS/SPLIT/FILE or SPLIT/FILE for scenes, a run directory, a config, or
    /// the name of a model (see `pointwise models`)
    pub(super) path: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Warn of clouds with fewer points than this
    #[arg(long, default_value_t = 512, value_name = "N")]
    points: usize,
    /// Names of the columns of text files and NumPy arrays, in the order of the file; `_` is not read
    #[arg(long, value_name = "NAMES", default_value = "")]
    columns: String,
    /// List files of a data set: a name with `{split}`, or those of train and test with a comma between
    #[arg(long, value_name = "NAMES")]
    lists: Option<String>,
    /// Go on even if the memory that this needs is not available
    #[arg(long)]
    force: bool,
    /// Print results only
    #[arg(long)]
    quiet: bool,
}

impl Inspect {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let lists = self.lists.as_ref().map(|names| match names.split_once(',') {
            Some((train, test)) => ListNames::Pair([train.to_owned(), test.to_owned()]),
            None => ListNames::Pattern(names.clone()),
        });
        // As a training with the default config reads it.
        let options = FolderOptions { lists, ..DataConfig::new(&self.path).folder_options(0) };
        let files = count_files(&self.path, &options);
        // A run, a config or one file needs no bar.
        let mode = if files > 0 { progress::detect(self.quiet) } else { ProgressMode::Quiet };
        let bar = Progress::start(mode, "reading", "files", files);
        let reader = Reader::new().columns(&self.columns);
        let is_config = self.path.extension().is_some_and(|extension| extension == "toml");
        if is_file(&self.path)? && !is_config && !self.force {
            ensure_readable(&self.path, &reader, Reading::All)?;
        }
        let inspection = inspect::inspect(&self.path, self.points, &reader, &options, &|done| bar.set(done))?;
        bar.finish();
        if self.json {
            line(serde_json::to_string_pretty(&inspection)?)?;
        } else {
            line(inspection.to_string().trim_end())?;
            if !self.quiet
                && let Some(next) = inspection.next(&self.path)
            {
                line(format_args!("next: {next}"))?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Files of the data set at `path`, of clouds or of scenes; 0 when it is none.
fn count_files(path: &Path, options: &FolderOptions) -> usize {
    if let Ok(dataset) = FolderDataset::open_with(path, options) {
        dataset.splits().filter_map(|split| dataset.split(split).ok()).map(<[_]>::len).sum()
    } else if let Ok(folder) = SceneFolder::open(path) {
        folder.splits().filter_map(|split| folder.split(split).ok()).map(<[_]>::len).sum()
    } else {
        0
    }
}
