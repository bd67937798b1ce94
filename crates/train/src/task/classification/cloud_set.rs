//! Prepared clouds in memory.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use pointcloud::dataset::Sample;
use pointcloud::io::Reader;
use pointcloud::transform::{Sampling, shuffled_indices};
use pointcloud::{PointCloud, derive_seed};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::Draw;
use crate::config::DataConfig;
use crate::error::RunError;
use crate::streams::Stream;
use crate::task::{Columns, check_attributes};

/// Points that are drawn from the surface of a mesh for every point that the network takes.
const OF_A_MESH: usize = 4;

/// The clouds of a split in memory: all of one size and normalised, or with all of their points.
#[derive(Clone, Debug, Default)]
pub struct CloudSet {
    /// The points of every cloud, with the columns that `data.inputs` needs.
    pub clouds: Vec<Columns>,
    /// The class of every cloud.
    pub classes: Vec<usize>,
    /// The file of every cloud.
    pub paths: Vec<PathBuf>,
    /// Points that were left out because they are not finite (`data.drop_invalid`), over all files.
    pub dropped: usize,
}

impl CloudSet {
    /// Reads the files `samples`, each with its own random numbers; also returns why files were left out (`data.skip_bad`).
    ///
    /// # Errors
    /// The first file that cannot be used.
    pub fn load_files(
        samples: &[Sample],
        config: &DataConfig,
        seed: u64,
        progress: &(dyn Fn(usize) + Sync),
    ) -> Result<(Self, Vec<RunError>), RunError> {
        let read = |index: usize, path: &Path| read_file(path, config, seed, index as u64);
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

    /// Reads one file. The drawn points depend only on its contents, not on its name or its index in a list.
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
        read_file(path, config, seed, 0)
    }

    /// Reads the files `samples` with all of their points, from which [`Preparation`](super::Preparation) draws. From a mesh,
    /// four times `data.points` points are drawn once. Each file has its own random numbers; if `alike`, all files have the
    /// same ones.
    ///
    /// # Errors
    /// The first file that cannot be used.
    pub fn load_whole(
        samples: &[Sample],
        config: &DataConfig,
        seed: u64,
        alike: bool,
        progress: &(dyn Fn(usize) + Sync),
    ) -> Result<(Self, Vec<RunError>), RunError> {
        let read = |index: usize, path: &Path| {
            let reader = reader(config, seed).stream(if alike { 0 } else { index as u64 });
            read_whole(path, config, &reader)
        };
        Self::load_each(samples, config.skip_bad, progress, read)
    }

    /// Reads one file with all of its points, as [`load_whole`](Self::load_whole) reads those that are alike, and counts as
    /// [`read_counted`](Self::read_counted).
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn read_all_counted(
        path: &Path,
        config: &DataConfig,
        seed: u64,
    ) -> Result<(Columns, usize), RunError> {
        read_whole(path, config, &reader(config, seed))
    }

    /// Prepares a cloud in memory as [`read`](Self::read) prepares that of a file.
    ///
    /// # Errors
    /// A cloud without points, with a point that is not finite, or without a column that `data.inputs` asks for.
    pub fn prepare(cloud: &PointCloud, config: &DataConfig, seed: u64) -> Result<Columns, RunError> {
        Ok(draw(&Self::whole(cloud, config)?, config, seed, 0))
    }

    /// All points of a cloud in memory, as [`read_all_counted`](Self::read_all_counted) reads those of a file.
    ///
    /// # Errors
    /// As [`prepare`](Self::prepare).
    pub fn whole(cloud: &PointCloud, config: &DataConfig) -> Result<Columns, RunError> {
        cloud.check_finite()?;
        columns(Path::new("memory"), cloud.clone(), config)
    }

    /// The clouds of [`load_whole`](Self::load_whole), with points drawn as [`load_alike`](Self::load_alike) draws them.
    #[must_use]
    pub fn drawn(&self, config: &DataConfig, seed: u64) -> Self {
        Self {
            clouds: self.clouds.par_iter().map(|cloud| draw(cloud, config, seed, 0)).collect(),
            classes: self.classes.clone(),
            paths: self.paths.clone(),
            dropped: self.dropped,
        }
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

/// Reads one file with the random numbers of `stream`; also counts the points that were left out.
fn read_file(path: &Path, config: &DataConfig, seed: u64, stream: u64) -> Result<(Columns, usize), RunError> {
    let reader = reader(config, seed).stream(stream);
    if config.attributes().iter().any(|attribute| attribute.computed().is_some()) {
        // The surroundings of a point are all points of the file, not only those that are drawn.
        let (columns, dropped) = read_whole(path, config, &reader)?;
        return Ok((draw(&columns, config, seed, stream), dropped));
    }
    let (cloud, dropped) = reader.read_counted(path)?;
    let mut columns = columns(path, cloud, config)?;
    Draw::of(config).normalize(&mut columns);
    Ok((columns, dropped))
}

/// As [`read_file`], with all points of the file, not normalised.
fn read_whole(path: &Path, config: &DataConfig, reader: &Reader) -> Result<(Columns, usize), RunError> {
    let contents = reader.open(path)?;
    let (dropped, is_mesh) = (contents.dropped, !contents.faces.is_empty());
    let points = is_mesh.then_some(OF_A_MESH * config.points);
    let reader = reader.clone().points(points).sampling(Sampling::Random).finite(true);
    let cloud = reader.choose(contents).map_err(|error| error.in_file(path))?;
    Ok((columns(path, cloud, config)?, dropped))
}

/// The columns of `cloud` that the network reads.
fn columns(path: &Path, cloud: PointCloud, config: &DataConfig) -> Result<Columns, RunError> {
    if cloud.is_empty() {
        let path = Some(path.to_owned());
        return Err(pointcloud::Error::EmptyCloud { path, wanted: config.points }.into());
    }
    let attributes = config.attributes();
    check_attributes(path, &cloud, &attributes, "data.inputs")?;
    Ok(Columns::of_cloud(cloud, &attributes)?)
}

/// Draws points from all points of a cloud, with the random numbers of `stream`.
fn draw(cloud: &Columns, config: &DataConfig, seed: u64, stream: u64) -> Columns {
    let mut rng = ChaCha8Rng::seed_from_u64(derive_seed(sampling_seed(seed), &[stream]));
    Draw::of(config).apply(cloud, &mut rng)
}

fn reader(config: &DataConfig, seed: u64) -> Reader {
    let sampling = Draw::of(config).sampling();
    config.reader().points(config.points).sampling(sampling).seed(sampling_seed(seed))
}

fn sampling_seed(seed: u64) -> u64 {
    Stream::Sampling.seed(seed, &[])
}

/// Splits a training set in two: `(train, validation)`.
///
/// The same `fraction` of every class, rounded, becomes validation data, but each class keeps at least one cloud for training.
/// The clouds are drawn with `seed`.
#[must_use]
pub fn split_validation(set: &CloudSet, fraction: f64, seed: u64) -> (CloudSet, CloudSet) {
    let classes = set.classes.iter().max().map_or(0, |&last| last + 1);
    let (mut train, mut validation) = (Vec::new(), Vec::new());
    for class in 0..classes {
        let members: Vec<usize> = (0..set.len()).filter(|&i| set.classes[i] == class).collect();
        let mut rng = ChaCha8Rng::seed_from_u64(Stream::Validation.seed(seed, &[class as u64]));
        let order = shuffled_indices(members.len(), &mut rng);
        let taken = validation_share(members.len(), fraction);
        validation.extend(order[..taken].iter().map(|&i| members[i]));
        train.extend(order[taken..].iter().map(|&i| members[i]));
    }
    train.sort_unstable();
    validation.sort_unstable();
    (set.select(&train), set.select(&validation))
}

/// How many of `files` files of a class become validation data.
pub(crate) fn validation_share(files: usize, fraction: f64) -> usize {
    ((files as f64 * fraction).round() as usize).min(files.saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use pointcloud::io::{PlyFormat, write_ply};

    use super::*;
    use crate::config::Config;

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
        let cases =
            [(30, "random", "xyz"), (30, "farthest", "xyz"), (50, "random", "xyz"), (30, "random", "shape")];
        for (points, sampling, input) in cases {
            let text = format!(
                "[data]\nroot = \"set\"\npoints = {points}\nsampling = \"{sampling}\"\ninputs = [\"{input}\"]\n"
            );
            let text = format!("name = \"x\"\n{text}[model]\nkind = \"paper-classifier\"\n");
            let text = format!("{text}[optimizer]\nkind = \"adam\"\nlr = 0.1\n[train]\nepochs = 1\n");
            let config = Config::parse(&text, "x.toml", &[]).unwrap().data;
            let (read, prepared) = (CloudSet::read(&file, &config, 7), CloudSet::prepare(&cloud, &config, 7));
            assert_eq!(read.as_ref().unwrap(), &prepared.unwrap(), "{points} {sampling} {input}");
            let sample = Sample { path: file.clone(), class: 0 };
            let (whole, _) = CloudSet::load_whole(&[sample], &config, 7, true, &|_| ()).unwrap();
            assert_eq!(whole.clouds[0].positions, cloud.positions());
            assert_eq!(whole.drawn(&config, 7).clouds, [read.unwrap()], "{points} {sampling} {input}");
        }
    }

    #[test]
    fn a_class_keeps_its_only_cloud() {
        let (train, validation) = split_validation(&set(&[0, 1, 1]), 0.9, 0);
        assert_eq!(train.len(), 2);
        assert_eq!(validation.classes, [1]);
    }
}
