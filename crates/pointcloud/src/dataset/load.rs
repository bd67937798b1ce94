//! Reads many files in parallel.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use super::folder::Sample;
use crate::cloud::PointCloud;
use crate::error::{Error, Result};
use crate::io::Reader;

/// A file that was read.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct LoadedCloud {
    /// The file.
    pub path: PathBuf,
    /// Its class.
    pub class: usize,
    /// Its points, all of them finite.
    pub cloud: PointCloud,
    /// Points that were left out because they were not finite.
    pub dropped: usize,
}

/// A file that was left out.
#[derive(Debug)]
pub struct Skipped {
    /// The file.
    pub path: PathBuf,
    /// The error.
    pub error: Error,
}

/// The files that [`load_samples`] read, and those that it left out.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Loaded {
    /// Files that were read, in the order of the samples.
    pub clouds: Vec<LoadedCloud>,
    /// Files that were left out, in the order of the samples; empty unless `skip_bad` is set.
    pub skipped: Vec<Skipped>,
}

/// Reads all `samples` with `reader`, on all threads of rayon's pool.
///
/// Sample `i` is read with random stream `i`, and positions must be finite. The result does not depend on the
/// number of threads. `progress` is called after every file with the number of files done so far, from any thread. With
/// `skip_bad`, files that cannot be used are left out and reported.
///
/// # Errors
/// The error of the first file, in the order of the samples, that [`Reader::read`] cannot read; none with `skip_bad`.
pub fn load_samples(
    samples: &[Sample],
    reader: &Reader,
    skip_bad: bool,
    progress: &(dyn Fn(usize) + Sync),
) -> Result<Loaded> {
    let done = AtomicUsize::new(0);
    let read: Vec<Result<(PointCloud, usize)>> = samples
        .par_iter()
        .enumerate()
        .map(|(index, sample)| {
            let cloud = reader.clone().finite(true).stream(index as u64).read_counted(&sample.path);
            progress(done.fetch_add(1, Ordering::Relaxed) + 1);
            cloud
        })
        .collect();

    let mut loaded = Loaded::default();
    for (sample, cloud) in samples.iter().zip(read) {
        let path = sample.path.clone();
        match cloud {
            Ok((cloud, dropped)) => {
                loaded.clouds.push(LoadedCloud { path, class: sample.class, cloud, dropped })
            }
            Err(error) if skip_bad => loaded.skipped.push(Skipped { path, error }),
            Err(error) => return Err(error),
        }
    }
    Ok(loaded)
}
