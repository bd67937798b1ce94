//! `pointwise bench load`

use std::path::PathBuf;

use ::bench::LoadBench;
use ::train::Progress;
use anyhow::Context;
use pointcloud::io::Unfinished;
use pointcloud::synth::{SynthConfig, generate};

use super::results::{Json, ensure_repetitions, ensure_some, memory, milliseconds};
use crate::output::line;
use crate::progress;

/// Reading a folder of files on all threads
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointwise bench load datasets/shapes10
  pointwise bench load --files 500 --points 10000 --json -

The first pass reads from the disk only what the system does not hold in memory.")]
pub(super) struct Load {
    /// Folder whose files are read, those of its folders too [default: synthetic shapes in a temporary folder]
    folder: Option<PathBuf>,
    /// Number of synthetic files, rounded up to tens
    #[arg(long, default_value_t = 1000, value_name = "F")]
    files: usize,
    /// Points of a synthetic file
    #[arg(long, default_value_t = 2048, value_name = "N")]
    points: usize,
    /// Passes after the first
    #[arg(long, default_value_t = 5, value_name = "R")]
    reps: usize,
    #[command(flatten)]
    json: Json,
}

impl Load {
    pub(super) fn run(self) -> anyhow::Result<()> {
        ensure_some(self.files, "--files")?;
        ensure_some(self.points, "--points")?;
        ensure_repetitions(self.reps)?;
        let made = match &self.folder {
            Some(_) => None,
            None => Some(tempfile::tempdir().context("cannot make a temporary folder")?),
        };
        let folder = match (&self.folder, &made) {
            (Some(folder), _) => folder.clone(),
            (None, made) => made.as_ref().map(|folder| folder.path().join("set")).unwrap_or_default(),
        };
        let _unfinished = made.as_ref().map(|folder| Unfinished::new(folder.path()));
        if made.is_some() {
            let settings = SynthConfig {
                train_per_class: self.files.div_ceil(10),
                test_per_class: 0,
                points: self.points,
                ..SynthConfig::default()
            };
            let progress = progress::detect(false);
            let bar = Progress::start(progress, "writing", "files", settings.clouds());
            generate(&folder, &settings, &|done| bar.set(done))?;
            bar.finish();
        }
        let times = LoadBench::of_folder(&folder, self.reps)?.run()?;
        if self.json.has_table() {
            line(format_args!(
                "{} files, {:.1} MB, {} points; {} threads",
                times.files,
                times.bytes as f64 / 1e6,
                times.points,
                times.threads
            ))?;
            line(format_args!("first pass  {:.2} ms", 1e3 * times.first_s))?;
            line(format_args!("warm        {} ms, median (minimum)", milliseconds(times.warm)))?;
            line(format_args!(
                "            {:.0} files/s, {:.1} MB/s, {:.2} million points/s",
                times.files_per_s,
                times.mb_per_s,
                times.points_per_s / 1e6
            ))?;
            line(format_args!("peak        {}", memory(times.peak_bytes)))?;
        }
        self.json.write(&times)
    }
}
