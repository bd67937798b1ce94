//! Clouds in memory, ready to be batched.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use pointcloud::dataset::{FolderDataset, Sample, Skipped, load_samples};
use pointcloud::io::Reader;
use pointcloud::transform::{Normalizer, resample, shuffled_indices};
use pointcloud::{PointCloud, derive_seed};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use crate::config::{self, DataConfig, Normalize};
use crate::streams::Stream;

/// The clouds of a split: all of one size, normalised, in memory.
#[derive(Clone, Debug, Default)]
pub struct CloudSet {
    /// The points of every cloud.
    pub clouds: Vec<Vec<[f32; 3]>>,
    /// The class of every cloud.
    pub classes: Vec<usize>,
    /// The file of every cloud.
    pub paths: Vec<PathBuf>,
    /// Points that were left out because they are not finite (`data.drop_invalid`), over all files.
    pub dropped: usize,
}

impl CloudSet {
    /// Reads all files of one split; also gives those that were left out (`data.skip_bad`).
    ///
    /// # Errors
    /// An unknown split, or the first file that cannot be used.
    pub fn load(
        dataset: &FolderDataset,
        split: &str,
        config: &DataConfig,
        seed: u64,
        progress: &(dyn Fn(usize) + Sync),
    ) -> pointcloud::Result<(Self, Vec<Skipped>)> {
        Self::load_files(dataset.split(split)?, config, seed, progress)
    }

    /// Reads the files `samples`.
    ///
    /// # Errors
    /// The first file that cannot be used.
    pub fn load_files(
        samples: &[Sample],
        config: &DataConfig,
        seed: u64,
        progress: &(dyn Fn(usize) + Sync),
    ) -> pointcloud::Result<(Self, Vec<Skipped>)> {
        let loaded = load_samples(samples, &reader(config, seed), config.skip_bad, progress)?;
        let mut set = Self::default();
        for file in loaded.clouds {
            set.dropped += file.dropped;
            set.clouds.push(file.cloud.into_positions());
            set.classes.push(file.class);
            set.paths.push(file.path);
        }
        if config.normalize == Normalize::UnitSphere {
            set.clouds.par_iter_mut().for_each(|cloud| Normalizer::unit_sphere(cloud).apply(cloud));
        }
        Ok((set, loaded.skipped))
    }

    /// Reads the files `samples` as [`read`](Self::read) does.
    ///
    /// # Errors
    /// The first file that cannot be used.
    pub fn load_alike(
        samples: &[Sample],
        config: &DataConfig,
        seed: u64,
        progress: &(dyn Fn(usize) + Sync),
    ) -> pointcloud::Result<(Self, Vec<Skipped>)> {
        let done = AtomicUsize::new(0);
        let read: Vec<_> = samples
            .par_iter()
            .map(|sample| {
                let cloud = Self::read_counted(&sample.path, config, seed);
                progress(done.fetch_add(1, Ordering::Relaxed) + 1);
                cloud
            })
            .collect();
        let (mut set, mut skipped) = (Self::default(), Vec::new());
        for (sample, cloud) in samples.iter().zip(read) {
            let path = sample.path.clone();
            match cloud {
                Ok((cloud, dropped)) => {
                    set.dropped += dropped;
                    set.clouds.push(cloud);
                    set.classes.push(sample.class);
                    set.paths.push(path);
                }
                Err(error) if config.skip_bad => skipped.push(Skipped { path, error }),
                Err(error) => return Err(error),
            }
        }
        Ok((set, skipped))
    }

    /// Reads one file. The points that are drawn depend on its contents alone: not on its name, nor on its index in a
    /// list.
    ///
    /// # Errors
    /// As [`Reader::read`].
    pub fn read(path: &Path, config: &DataConfig, seed: u64) -> pointcloud::Result<Vec<[f32; 3]>> {
        Ok(Self::read_counted(path, config, seed)?.0)
    }

    /// As [`read`](Self::read), and how many points were left out because they are not finite (`data.drop_invalid`).
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn read_counted(
        path: &Path,
        config: &DataConfig,
        seed: u64,
    ) -> pointcloud::Result<(Vec<[f32; 3]>, usize)> {
        let (cloud, dropped) = reader(config, seed).read_counted(path)?;
        let mut cloud = cloud.into_positions();
        if config.normalize == Normalize::UnitSphere {
            Normalizer::unit_sphere(&cloud).apply(&mut cloud);
        }
        Ok((cloud, dropped))
    }

    /// Prepares a cloud in memory as [`read`](Self::read) prepares that of a file.
    ///
    /// # Errors
    /// A cloud without points, or with a point that is not finite.
    pub fn prepare(cloud: &PointCloud, config: &DataConfig, seed: u64) -> pointcloud::Result<Vec<[f32; 3]>> {
        cloud.check_finite()?;
        // As for the first file of a list.
        let mut rng = ChaCha8Rng::seed_from_u64(derive_seed(sampling_seed(seed), &[0]));
        let mut positions = resample(cloud, config.points, sampling(config), &mut rng)?.into_positions();
        if config.normalize == Normalize::UnitSphere {
            Normalizer::unit_sphere(&positions).apply(&mut positions);
        }
        Ok(positions)
    }

    /// Number of clouds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.clouds.len()
    }

    /// Whether there is no cloud.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.clouds.is_empty()
    }

    /// The clouds at `indices`.
    #[must_use]
    pub fn select(&self, indices: &[usize]) -> Self {
        Self {
            clouds: indices.iter().map(|&i| self.clouds[i].clone()).collect(),
            classes: indices.iter().map(|&i| self.classes[i]).collect(),
            paths: indices.iter().map(|&i| self.paths[i].clone()).collect(),
            dropped: self.dropped,
        }
    }
}

fn reader(config: &DataConfig, seed: u64) -> Reader {
    config.reader().points(config.points).sampling(sampling(config)).seed(sampling_seed(seed))
}

fn sampling(config: &DataConfig) -> pointcloud::transform::Sampling {
    match config.sampling {
        config::Sampling::Random => pointcloud::transform::Sampling::Random,
        config::Sampling::Farthest => pointcloud::transform::Sampling::Farthest,
    }
}

fn sampling_seed(seed: u64) -> u64 {
    Stream::Sampling.seed(seed, &[])
}

/// Splits a training set in two: `(train, validation)`.
///
/// Every class gives the same `fraction` to validation, rounded, and has at least one cloud left for training; which clouds is drawn
/// with `seed`.
#[must_use]
pub fn split_validation(set: &CloudSet, fraction: f64, seed: u64) -> (CloudSet, CloudSet) {
    let classes = set.classes.iter().max().map_or(0, |&last| last + 1);
    let (mut train, mut validation) = (Vec::new(), Vec::new());
    for class in 0..classes {
        let members: Vec<usize> = (0..set.len()).filter(|&i| set.classes[i] == class).collect();
        let mut rng = ChaCha8Rng::seed_from_u64(Stream::Validation.seed(seed, &[class as u64]));
        let order = shuffled_indices(members.len(), &mut rng);
        let taken = (members.len() as f64 * fraction).round() as usize;
        let taken = taken.min(members.len().saturating_sub(1));
        validation.extend(order[..taken].iter().map(|&i| members[i]));
        train.extend(order[taken..].iter().map(|&i| members[i]));
    }
    train.sort_unstable();
    validation.sort_unstable();
    (set.select(&train), set.select(&validation))
}

#[cfg(test)]
mod tests {
    use pointcloud::io::{PlyFormat, write_ply};

    use super::*;

    fn set(classes: &[usize]) -> CloudSet {
        CloudSet {
            dropped: 0,
            clouds: (0..classes.len()).map(|i| vec![[i as f32, 0.0, 0.0]]).collect(),
            classes: classes.to_vec(),
            paths: (0..classes.len()).map(|i| format!("{i}.ply").into()).collect(),
        }
    }

    #[test]
    fn validation_is_stratified_disjoint_and_seeded() {
        let classes: Vec<usize> = (0..60).map(|i| if i < 40 { 0 } else { 1 }).collect();
        let all = set(&classes);
        let (train, validation) = split_validation(&all, 0.1, 5);
        let count = |set: &CloudSet, class| set.classes.iter().filter(|&&c| c == class).count();
        assert_eq!((count(&validation, 0), count(&validation, 1)), (4, 2));
        assert_eq!(train.len() + validation.len(), 60);
        assert!(validation.paths.iter().all(|path| !train.paths.contains(path)));
        assert_eq!(split_validation(&all, 0.1, 5).1.paths, validation.paths);
        assert_ne!(split_validation(&all, 0.1, 6).1.paths, validation.paths);
    }

    /// With more points than wanted, and with fewer.
    #[test]
    fn a_cloud_in_memory_is_prepared_like_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("cloud.ply");
        let cloud = PointCloud::new((0..40).map(|i| [i as f32, (i * i) as f32, 0.5]).collect());
        write_ply(&file, &cloud, PlyFormat::BinaryLittleEndian).unwrap();
        for (points, sampling) in [(30, "random"), (30, "farthest"), (50, "random")] {
            let text = format!("[data]\nroot = \"set\"\npoints = {points}\nsampling = \"{sampling}\"\n");
            let text = format!("name = \"x\"\n{text}[model]\nkind = \"paper-classifier\"\n");
            let text = format!("{text}[optimizer]\nkind = \"adam\"\nlr = 0.1\n[train]\nepochs = 1\n");
            let config = config::Config::parse(&text, "x.toml", &[]).unwrap().data;
            let (read, prepared) = (CloudSet::read(&file, &config, 7), CloudSet::prepare(&cloud, &config, 7));
            assert_eq!(read.unwrap(), prepared.unwrap(), "{points} {sampling}");
        }
    }

    #[test]
    fn a_class_keeps_its_only_cloud() {
        let (train, validation) = split_validation(&set(&[0, 1, 1]), 0.9, 0);
        assert_eq!(train.len(), 2);
        assert_eq!(validation.classes, [1]);
    }
}
