//! Reading many files at once.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::folder::Sample;
use crate::cloud::PointCloud;
use crate::error::{Error, Result};
use crate::geometry::{Geometry, read_cloud, read_geometry};
use crate::sample::sample_uniform;
use crate::seed::derive_seed;
use crate::transform::{Sampling, resample};

/// Candidates per wanted point when farthest points are chosen on a surface.
const CANDIDATES: usize = 4;

/// How files become clouds.
#[derive(Clone, Debug, PartialEq)]
pub struct LoadOptions {
    /// Points per cloud; `None` keeps all points of the file.
    pub points: Option<usize>,
    /// How points are chosen.
    pub sampling: Sampling,
    /// Whether points are drawn from the surface of files with faces (needs `points`), rather than
    /// taken from their vertices.
    pub sample_surfaces: bool,
    /// Seed of all random choices; the choice for a file depends on this and its place in the list.
    pub seed: u64,
    /// Whether files that cannot be used are left out and reported rather than ending the load.
    pub skip_bad: bool,
}

impl Default for LoadOptions {
    fn default() -> Self {
        Self { points: None, sampling: Sampling::Random, sample_surfaces: true, seed: 0, skip_bad: false }
    }
}

/// A file that was read.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct LoadedCloud {
    /// The file.
    pub path: PathBuf,
    /// Its class.
    pub class: usize,
    /// Its points; finite.
    pub cloud: PointCloud,
}

/// A file that was left out.
#[derive(Debug)]
pub struct Skipped {
    /// The file.
    pub path: PathBuf,
    /// Why.
    pub error: Error,
}

/// What [`load_samples`] read and what it left out.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Loaded {
    /// Files that were read, in the order of the samples.
    pub clouds: Vec<LoadedCloud>,
    /// Files that were left out, in the order of the samples; empty unless `skip_bad` is set.
    pub skipped: Vec<Skipped>,
}

/// Reads all `samples` on all threads of rayon's pool.
///
/// The result does not depend on the number of threads. `progress` is called after every file with
/// the number of files done so far, from any thread.
///
/// # Errors
/// The error of the first file, in the order of the samples, that [`load_file`] refuses; none
/// with `skip_bad`.
pub fn load_samples(
    samples: &[Sample],
    options: &LoadOptions,
    progress: &(dyn Fn(usize) + Sync),
) -> Result<Loaded> {
    let done = AtomicUsize::new(0);
    let read: Vec<Result<PointCloud>> = samples
        .par_iter()
        .enumerate()
        .map(|(index, sample)| {
            let cloud = load_file(&sample.path, options, index as u64);
            progress(done.fetch_add(1, Ordering::Relaxed) + 1);
            cloud
        })
        .collect();

    let mut loaded = Loaded::default();
    for (sample, cloud) in samples.iter().zip(read) {
        let path = sample.path.clone();
        match cloud {
            Ok(cloud) => loaded.clouds.push(LoadedCloud { path, class: sample.class, cloud }),
            Err(error) if options.skip_bad => loaded.skipped.push(Skipped { path, error }),
            Err(error) => return Err(error),
        }
    }
    Ok(loaded)
}

/// Reads one file as `options` say; `stream` (the place in a list) selects the random numbers.
///
/// # Errors
/// As [`read_geometry`], and [`Error::NotFinite`], [`Error::EmptyCloud`], [`Error::NoSurface`].
pub fn load_file(path: impl AsRef<Path>, options: &LoadOptions, stream: u64) -> Result<PointCloud> {
    let path = path.as_ref();
    let mut rng = ChaCha8Rng::seed_from_u64(derive_seed(options.seed, &[stream]));
    let mut load = || {
        let Some(n) = options.points else {
            let cloud = read_cloud(path)?;
            cloud.check_finite()?;
            return Ok(cloud);
        };
        let geometry =
            if options.sample_surfaces { read_geometry(path)? } else { Geometry::Cloud(read_cloud(path)?) };
        match geometry {
            Geometry::Cloud(cloud) => {
                cloud.check_finite()?;
                if cloud.len() == n && options.sampling == Sampling::First {
                    return Ok(cloud);
                }
                resample(&cloud, n, options.sampling, &mut rng)
            }
            Geometry::Mesh(mesh) => {
                mesh.check_finite()?;
                if options.sampling == Sampling::Farthest {
                    let candidates = sample_uniform(&mesh, CANDIDATES * n, &mut rng)?;
                    return resample(&candidates, n, Sampling::Farthest, &mut rng);
                }
                sample_uniform(&mesh, n, &mut rng)
            }
        }
    };
    load().map_err(|error: Error| error.in_file(path))
}
