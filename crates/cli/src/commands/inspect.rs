//! `pointwise inspect`

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use pointcloud::dataset::FolderDataset;
use pointcloud::io::Reader;
use pointcloud::scene::SceneFolder;
use train::{Progress, ProgressMode};

use super::output::line;
use crate::{inspect, progress};

/// Tell what is in a file, a data set folder, a run directory or a config, and what is wrong with it
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointwise inspect scan.ply
  pointwise inspect datasets/shapes10
  pointwise inspect scan.txt --columns x,y,z,intensity,r,g,b,label
  pointwise inspect runs/shapes10 --json
  pointwise inspect configs/shapes10.toml   (how much memory its training will take)")]
pub(super) struct Inspect {
    /// A file, a folder of CLASS/SPLIT/FILE or of SPLIT/FILE for scenes, a run directory, or a config
    path: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Warn of clouds with fewer points than this
    #[arg(long, default_value_t = 512, value_name = "N")]
    points: usize,
    /// Names of the columns of text files and NumPy arrays, in the order of the file; `_` is not read
    #[arg(long, value_name = "NAMES", default_value = "")]
    columns: String,
    /// Print results only
    #[arg(long)]
    quiet: bool,
}

impl Inspect {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let files = count_files(&self.path);
        // A run, a config or one file needs no bar.
        let mode = if files > 0 { progress::detect(self.quiet) } else { ProgressMode::Quiet };
        let bar = Progress::start(mode, "reading", "files", files);
        let reader = Reader::new().columns(&self.columns);
        let inspection = inspect::inspect(&self.path, self.points, &reader, &|done| bar.set(done))?;
        bar.finish();
        if self.json {
            line(serde_json::to_string_pretty(&inspection)?)?;
        } else {
            line(inspection.to_string().trim_end())?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Files of the data set at `path`, of clouds or of scenes; 0 when it is none.
fn count_files(path: &Path) -> usize {
    if let Ok(dataset) = FolderDataset::open(path) {
        dataset.splits().filter_map(|split| dataset.split(split).ok()).map(<[_]>::len).sum()
    } else if let Ok(folder) = SceneFolder::open(path) {
        folder.splits().filter_map(|split| folder.split(split).ok()).map(<[_]>::len).sum()
    } else {
        0
    }
}
