//! Classifies files: reads some of them ahead while the network processes those before.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::mpsc::sync_channel;

use rayon::prelude::*;

use super::{Classifier, CloudSet, Prediction};
use crate::config::DataConfig;
use crate::error::RunError;
use crate::network::NetworkSpec;
use crate::progress::{Progress, ProgressMode};
use crate::task::Columns;

/// Number of files that are read at a time, on all threads. As many may wait for the network.
const READ_TOGETHER: usize = 64;

/// A file that was read: its prepared points, and how many points were left out.
type Read = Result<(Columns, usize), RunError>;

impl Classifier {
    /// Estimate of the memory that classifying so many files takes at least: prepared clouds that wait for the network, and its
    /// values for one of them. Neighbour lists and the files themselves come on top.
    #[must_use]
    pub fn memory(&self, files: usize) -> u64 {
        let (points, channels) = (self.config.data.points, self.config.channels_in());
        let spec = NetworkSpec { points, channels_in: channels, classes: self.classes().len() };
        let waiting = (files.min(2 * READ_TOGETHER) as u64).saturating_mul(3 + channels as u64);
        let values = self.config.model.activations(&spec).inference_per_point as u64;
        let per_point = waiting.saturating_add(values).saturating_mul(size_of::<f32>() as u64);
        (points as u64).saturating_mul(per_point)
    }

    /// Classifies files, which need not belong to a data set. A file that cannot be used gives an error; the others are still
    /// classified. The prediction depends only on the contents of the file, and is the one that [`evaluate`](Self::evaluate)
    /// counts, or [`evaluate_votes`](Self::evaluate_votes) with votes.
    pub fn predict(
        &self,
        files: &[PathBuf],
        progress: ProgressMode,
    ) -> Vec<(PathBuf, Result<Prediction, RunError>)> {
        let bar = Progress::start(progress, "predicting", "files", files.len());
        let mut predictions = Vec::with_capacity(files.len());
        self.predict_each(files.iter().map(|path| (path.clone(), ())), |path, (), prediction| {
            predictions.push((path, prediction));
            bar.advance(1);
            ControlFlow::Continue(())
        });
        bar.finish();
        predictions
    }

    /// As [`predict`](Self::predict), for any number of files: `files` is read lazily, and `each` gets every prediction in the same
    /// order as soon as it is made, with what came with the file. Files are read ahead, but only so many that the memory
    /// does not grow with their number. `each` can end the work.
    pub fn predict_each<T: Send>(
        &self,
        files: impl Iterator<Item = (PathBuf, T)> + Send,
        mut each: impl FnMut(PathBuf, T, Result<Prediction, RunError>) -> ControlFlow<()>,
    ) {
        let (config, seed, all_points) = (&self.config.data, self.config.seed, self.votes.get() > 1);
        let (sender, receiver) = sync_channel::<(PathBuf, T, Read)>(READ_TOGETHER);
        std::thread::scope(|scope| {
            let mut files = files;
            scope.spawn(move || {
                loop {
                    let some: Vec<(PathBuf, T)> = files.by_ref().take(READ_TOGETHER).collect();
                    if some.is_empty() {
                        return;
                    }
                    let paths: Vec<&Path> = some.iter().map(|(path, _)| path.as_path()).collect();
                    let clouds: Vec<Read> =
                        paths.par_iter().map(|path| read(path, config, seed, all_points)).collect();
                    for ((path, with), cloud) in some.into_iter().zip(clouds) {
                        // The receiver is gone when the work was ended.
                        if sender.send((path, with, cloud)).is_err() {
                            return;
                        }
                    }
                }
            });
            for (path, with, cloud) in receiver {
                let prediction = cloud.and_then(|(cloud, dropped)| {
                    Ok(Prediction { dropped, ..self.predict_one(&path, cloud)? })
                });
                if each(path, with, prediction).is_break() {
                    break;
                }
            }
        });
    }
}

/// Reads and prepares a file; with votes, all of its points are needed.
fn read(path: &Path, config: &DataConfig, seed: u64, all_points: bool) -> Read {
    match all_points {
        false => CloudSet::read_counted(path, config, seed),
        true => CloudSet::read_all_counted(path, config, seed),
    }
}
