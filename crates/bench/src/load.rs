//! Reading a folder of files.

use std::path::{Path, PathBuf};
use std::time::Instant;

use pointcloud::io::{Reader, readable_extensions};
use rayon::prelude::*;
use serde::Serialize;
use train::RunError;

use super::{Spread, peak_memory};

/// Files to be read.
#[derive(Clone, Debug)]
pub struct LoadBench {
    /// The files.
    pub files: Vec<PathBuf>,
    /// How often they are read after the first time.
    pub repetitions: usize,
}

/// Times of reading all files into clouds, on all threads.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct LoadTimes {
    /// Number of files.
    pub files: usize,
    /// Their bytes.
    pub bytes: u64,
    /// Their points.
    pub points: usize,
    /// The first pass: from the disk, as far as the system does not hold the files in memory already.
    pub first_s: f64,
    /// The passes after it, from memory.
    pub warm: Spread,
    /// Files per second in the middle warm pass.
    pub files_per_s: f64,
    /// Megabytes (10^6) per second in the middle warm pass.
    pub mb_per_s: f64,
    /// Points per second in the middle warm pass.
    pub points_per_s: f64,
    /// Threads of the pool.
    pub threads: usize,
    /// The most memory that the process held; `None` where the system does not say.
    pub peak_bytes: Option<u64>,
}

impl LoadBench {
    /// All files of the known formats in `folder` and the folders in it, in the order of their names.
    ///
    /// # Errors
    /// When a folder cannot be read, or there is no such file.
    pub fn of_folder(folder: &Path, repetitions: usize) -> Result<Self, RunError> {
        let mut files = Vec::new();
        collect(folder, &mut files)?;
        if files.is_empty() {
            return Err(RunError::BadFile {
                path: folder.to_owned(),
                problem: format!(
                    "found no file to read, expected some of {}",
                    readable_extensions().join(", ")
                ),
            });
        }
        files.sort();
        Ok(Self { files, repetitions })
    }

    /// Reads all files, once and then as often as wanted.
    ///
    /// # Errors
    /// The first file that cannot be used.
    pub fn run(&self) -> Result<LoadTimes, RunError> {
        let sizes = self
            .files
            .iter()
            .map(|path| Ok(std::fs::metadata(path).map_err(RunError::io(path, "read"))?.len()));
        let bytes = sizes.sum::<Result<u64, RunError>>()?;
        let (points, first_s) = self.pass()?;
        let mut warm = Vec::new();
        for _ in 0..self.repetitions {
            warm.push(self.pass()?.1);
        }
        let warm = Spread::of(&warm);
        let files = self.files.len();
        Ok(LoadTimes {
            files,
            bytes,
            points,
            first_s,
            warm,
            files_per_s: files as f64 / warm.median_s,
            mb_per_s: bytes as f64 / 1e6 / warm.median_s,
            points_per_s: points as f64 / warm.median_s,
            threads: rayon::current_num_threads(),
            peak_bytes: peak_memory(),
        })
    }

    /// Points of all files, and the time it took.
    fn pass(&self) -> Result<(usize, f64), RunError> {
        let started = Instant::now();
        let reader = Reader::new().finite(true);
        let points = self.files.par_iter().map(|path| Ok(reader.read(path)?.into_positions().len()));
        let points = points.sum::<Result<usize, RunError>>()?;
        Ok((points, started.elapsed().as_secs_f64()))
    }
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), RunError> {
    for entry in std::fs::read_dir(folder).map_err(RunError::io(folder, "read"))? {
        let path = entry.map_err(RunError::io(folder, "read"))?.path();
        let known = |extension: &std::ffi::OsStr| {
            readable_extensions().iter().any(|known| extension.eq_ignore_ascii_case(known))
        };
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(known) {
            files.push(path);
        }
    }
    Ok(())
}
