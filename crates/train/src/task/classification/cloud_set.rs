//! Clouds in memory, ready to be batched.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use pointcloud::dataset::{FolderDataset, Sample};
use pointcloud::io::Reader;
use pointcloud::transform::{Normalizer, resample, shuffled_indices};
use pointcloud::{PointCloud, derive_seed};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use crate::config::{self, DataConfig, Normalize};
use crate::error::RunError;
use crate::streams::Stream;
use crate::task::{Columns, check_attributes};

/// The clouds of a split: all of one size, normalised, in memory.
#[derive(Clone, Debug, Default)]
pub struct CloudSet {
    /// The points of every cloud, with the columns that `data.inputs` asks for.
    pub clouds: Vec<Columns>,
    /// The class of every cloud.
    pub classes: Vec<usize>,
    /// The file of every cloud.
    pub paths: Vec<PathBuf>,
    /// Points that were left out because they are not finite (`data.drop_invalid`), over all files.
    pub dropped: usize,
}

impl CloudSet {
    /// Reads all files of one split; also says why others were left out (`data.skip_bad`).
    ///
    /// # Errors
    /// An unknown split, or the first file that cannot be used.
    pub fn load(
        dataset: &FolderDataset,
        split: &str,
        config: &DataConfig,
        seed: u64,
        progress: &(dyn Fn(usize) + Sync),
    ) -> Result<(Self, Vec<RunError>), RunError> {
        Self::load_files(dataset.split(split)?, config, seed, progress)
    }

    /// Reads the files `samples`, each with random numbers of its own.
    ///
    /// # Errors
    /// The first file that cannot be used.
    pub fn load_files(
        samples: &[Sample],
        config: &DataConfig,
        seed: u64,
        progress: &(dyn Fn(usize) + Sync),
    ) -> Result<(Self, Vec<RunError>), RunError> {
        let reader = reader(config, seed);
        let read = |index: usize, path: &Path| read_file(path, config, &reader.clone().stream(index as u64));
        Self::load_each(samples, config.skip_bad, progress, read)
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
    ) -> Result<(Self, Vec<RunError>), RunError> {
        let read = |_: usize, path: &Path| Self::read_counted(path, config, seed);
        Self::load_each(samples, config.skip_bad, progress, read)
    }

    /// Reads the files `samples` with `read`, on all threads.
    fn load_each(
        samples: &[Sample],
        skip_bad: bool,
        progress: &(dyn Fn(usize) + Sync),
        read: impl Fn(usize, &Path) -> Result<(Columns, usize), RunError> + Sync,
    ) -> Result<(Self, Vec<RunError>), RunError> {
        let done = AtomicUsize::new(0);
        let clouds: Vec<_> = samples
            .par_iter()
            .enumerate()
            .map(|(index, sample)| {
                let cloud = read(index, &sample.path);
                progress(done.fetch_add(1, Ordering::Relaxed) + 1);
                cloud
            })
            .collect();
        let (mut set, mut skipped) = (Self::default(), Vec::new());
        for (sample, cloud) in samples.iter().zip(clouds) {
            match cloud {
                Ok((cloud, dropped)) => {
                    set.dropped += dropped;
                    set.clouds.push(cloud);
                    set.classes.push(sample.class);
                    set.paths.push(sample.path.clone());
                }
                Err(error) if skip_bad => skipped.push(error),
                Err(error) => return Err(error),
            }
        }
        Ok((set, skipped))
    }

    /// Reads one file. The points that are drawn depend on its contents alone: not on its name, nor on its index in a
    /// list.
    ///
    /// # Errors
    /// As [`Reader::read`]; a file without a column that `data.inputs` asks for.
    pub fn read(path: &Path, config: &DataConfig, seed: u64) -> Result<Columns, RunError> {
        Ok(Self::read_counted(path, config, seed)?.0)
    }

    /// As [`read`](Self::read), and how many points were left out because they are not finite (`data.drop_invalid`).
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn read_counted(path: &Path, config: &DataConfig, seed: u64) -> Result<(Columns, usize), RunError> {
        read_file(path, config, &reader(config, seed))
    }

    /// Prepares a cloud in memory as [`read`](Self::read) prepares that of a file.
    ///
    /// # Errors
    /// A cloud without points, with a point that is not finite, or without a column that `data.inputs` asks for.
    pub fn prepare(cloud: &PointCloud, config: &DataConfig, seed: u64) -> Result<Columns, RunError> {
        cloud.check_finite()?;
        // As for the first file of a list.
        let mut rng = ChaCha8Rng::seed_from_u64(derive_seed(sampling_seed(seed), &[0]));
        let cloud = resample(cloud, config.points, sampling(config), &mut rng)?;
        columns(Path::new("memory"), cloud, config)
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

/// Reads one file with `reader`; also counts the points that were left out.
fn read_file(path: &Path, config: &DataConfig, reader: &Reader) -> Result<(Columns, usize), RunError> {
    let (cloud, dropped) = reader.read_counted(path)?;
    Ok((columns(path, cloud, config)?, dropped))
}

/// The columns of `cloud` that the network reads, normalised.
fn columns(path: &Path, cloud: PointCloud, config: &DataConfig) -> Result<Columns, RunError> {
    let attributes = config.attributes();
    check_attributes(path, &cloud, &attributes, "data.inputs")?;
    let mut columns = Columns::of_cloud(cloud, &attributes);
    if config.normalize == Normalize::UnitSphere {
        Normalizer::unit_sphere(&columns.positions).apply(&mut columns.positions);
    }
    Ok(columns)
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
            clouds: (0..classes.len()).map(|i| vec![[i as f32, 0.0, 0.0]].into()).collect(),
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
