//! A trained run, ready to label every point of a scene.

use std::fmt;
use std::path::{Path, PathBuf};

use burn::tensor::Device;
use burn::tensor::activation::softmax;
use neighbors::{ListSizes, PackedClouds};
use pointcloud::PointCloud;
use pointcloud::scene::{IGNORED, Region, RegionIndex, Voxelized, regular_centres};

use crate::config::{Config, ScenesConfig};
use crate::data::{Block, Frame, RegionBuilder, check, thin};
use crate::error::RunError;
use crate::evaluation::{
    Confusion, Evaluation, Examples, LabelledPoint, SceneCollector, SceneExample, Weights,
};
use crate::network::{Network, Purpose};
use crate::progress::{Progress, ProgressMode};
use crate::run::{Manifest, RunDirectory, load_weights};

/// What a point at the border of a region counts, compared with one in the middle.
const BORDER: f32 = 1e-3;

/// A trained segmenter: the network of a run with its classes and its preparation of scenes.
///
/// ```no_run
/// use train::{LabelOptions, ProgressMode, Segmenter, Weights, device};
///
/// let segmenter = Segmenter::open("runs/s3dis-office", Weights::Last, &device("auto")?.device)?;
/// let cloud = pointcloud::io::read("scan.ply")?;
/// let options = LabelOptions::default();
/// let votes = segmenter.label(&cloud, "scan.ply".as_ref(), &options, ProgressMode::Quiet)?;
/// println!("the first point is {}", segmenter.classes()[votes.class(0)]);
/// # Ok::<(), train::RunError>(())
/// ```
#[derive(Debug)]
pub struct Segmenter {
    config: Config,
    scenes: ScenesConfig,
    manifest: Manifest,
    weights: Weights,
    network: Network,
    builder: RegionBuilder,
}

/// How a scene is labelled.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LabelOptions {
    /// Most bytes for the regions that the network is given at once; the scene itself apart.
    pub memory: u64,
    /// Shift of the lattice of regions, as a fraction of its distance per axis.
    pub shift: [f32; 3],
}

impl Default for LabelOptions {
    fn default() -> Self {
        Self { memory: 1 << 30, shift: [0.0; 3] }
    }
}

/// Memory and work that labelling a scene takes, before it is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LabelEstimate {
    /// Points of the scene.
    pub points: usize,
    /// Points that the network is given: one per voxel.
    pub voxels: usize,
    /// Regions.
    pub regions: usize,
    /// Points of the largest region.
    pub largest: usize,
    /// Bytes of the scene, its voxels and its votes.
    pub scene_bytes: u64,
    /// Bytes of the regions that the network is given at once.
    pub region_bytes: u64,
}

impl fmt::Display for LabelEstimate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let megabytes = |bytes: u64| bytes / 1_000_000;
        write!(
            f,
            "{} points, {} voxels, {} regions of at most {} voxels; about {} MB for the scene and {} MB for the regions",
            self.points,
            self.voxels,
            self.regions,
            self.largest,
            megabytes(self.scene_bytes),
            megabytes(self.region_bytes)
        )
    }
}

/// What the network says of a scene: for every voxel the mean probability of every class over the regions that it lies in.
#[derive(Clone, Debug, PartialEq)]
pub struct Votes {
    probabilities: Vec<f32>,
    classes: usize,
    voxel_from_point: Vec<u32>,
}

impl Votes {
    /// Number of points.
    #[must_use]
    pub fn len(&self) -> usize {
        self.voxel_from_point.len()
    }

    /// Whether there is no point.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.voxel_from_point.is_empty()
    }

    /// The probabilities of all classes for a point.
    ///
    /// # Panics
    /// When `point` is not below [`len`](Self::len).
    #[must_use]
    pub fn probabilities(&self, point: usize) -> &[f32] {
        let voxel = self.voxel_from_point[point] as usize;
        &self.probabilities[voxel * self.classes..(voxel + 1) * self.classes]
    }

    /// The first point of every voxel.
    fn one_point_per_voxel(&self) -> Vec<usize> {
        let mut seen = vec![false; self.probabilities.len() / self.classes];
        let first = |&(_, &voxel): &(usize, &u32)| !std::mem::replace(&mut seen[voxel as usize], true);
        self.voxel_from_point.iter().enumerate().filter(first).map(|(point, _)| point).collect()
    }

    /// The most probable class of a point; the first of several.
    ///
    /// # Panics
    /// As [`probabilities`](Self::probabilities).
    #[must_use]
    pub fn class(&self, point: usize) -> usize {
        let probabilities = self.probabilities(point);
        (1..self.classes)
            .fold(0, |best, class| if probabilities[class] > probabilities[best] { class } else { best })
    }

    /// The probability of that class.
    ///
    /// # Panics
    /// As [`probabilities`](Self::probabilities).
    #[must_use]
    pub fn confidence(&self, point: usize) -> f32 {
        self.probabilities(point)[self.class(point)]
    }
}

/// Counts over the points of scenes.
struct Score {
    confusion: Confusion,
    loss: f64,
}

impl Score {
    fn new(classes: usize) -> Self {
        Self { confusion: Confusion::new(classes), loss: 0.0 }
    }

    fn add(&mut self, votes: &Votes, truth: &[i32]) {
        for (point, &truth) in truth.iter().enumerate().filter(|(_, truth)| **truth != IGNORED) {
            self.confusion.record(truth as usize, votes.class(point));
            self.loss -= f64::from(votes.probabilities(point)[truth as usize].max(f32::MIN_POSITIVE)).ln();
        }
    }

    fn merge(&mut self, other: &Self) {
        self.confusion.merge(&other.confusion);
        self.loss += other.loss;
    }

    fn mean_loss(&self) -> f64 {
        self.loss / self.confusion.total().max(1) as f64
    }
}

impl Segmenter {
    /// Loads the weights of a run onto `device`.
    ///
    /// # Errors
    /// When `path` is no run directory, its network is no segmenter, or its files are damaged or do not fit together.
    pub fn open(path: impl Into<PathBuf>, weights: Weights, device: &Device) -> Result<Self, RunError> {
        let run = RunDirectory::open(path)?;
        // The manifest first: it tells of a newer format, whose config may have other keys.
        let manifest = Manifest::read(&run)?;
        let config = Config::load(run.config(), &[])?;
        let Some(scenes) = config.scenes.clone() else {
            return Err(RunError::NoSuchTask { network: config.model.kind(), wanted: "a segmenter" });
        };
        let classes = manifest.classes.len();
        let purpose = Purpose {
            points: scenes.points,
            channels_in: scenes.channels_in(),
            classes,
            label_smoothing: 0.0,
        };
        let mut network = config.model.init(&purpose, device);
        load_weights(&mut network, &run, weights)?;
        let builder = RegionBuilder::of(&config.model, &scenes, classes, device);
        Ok(Self { config, scenes, manifest, weights, network, builder })
    }

    /// The config of the run.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Reads files with these names of columns and with points dropped that are not finite, in addition to what the config
    /// of the run says; see `data.columns` and `data.drop_invalid`.
    pub fn set_reading(&mut self, columns: Option<&str>, drop_invalid: bool) {
        if let Some(columns) = columns {
            columns.clone_into(&mut self.config.data.columns);
        }
        self.config.data.drop_invalid |= drop_invalid;
    }

    /// What is known of the weights.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Class names, in the order of the network's outputs.
    #[must_use]
    pub fn classes(&self) -> &[String] {
        &self.manifest.classes
    }

    /// Labels every file of a split of the scenes in `root`, and compares all points with their labels.
    ///
    /// # Errors
    /// Data that cannot be read or has no labels, other classes than those of the network, a split without files.
    pub fn evaluate(&self, root: &Path, split: &str, progress: ProgressMode) -> Result<Evaluation, RunError> {
        Ok(self.examine(root, split, progress)?.0)
    }

    /// As [`evaluate`](Self::evaluate), with some of the scenes to look at.
    ///
    /// # Errors
    /// As [`evaluate`](Self::evaluate).
    pub fn examine(
        &self,
        root: &Path,
        split: &str,
        progress: ProgressMode,
    ) -> Result<(Evaluation, Examples), RunError> {
        let folder = self.scenes.folder(root)?;
        let names = self.scenes.class_names(root)?;
        if names != self.classes() {
            return Err(RunError::Classes {
                path: root.to_owned(),
                found: names.join(", "),
                expected: self.classes().join(", "),
            });
        }
        let files = folder.split(split)?;
        if files.is_empty() {
            return Err(RunError::NoFiles { path: root.to_owned(), split: split.to_owned() });
        }
        let map = self.scenes.label_map(self.classes());
        let classes = self.classes().len();
        let mut all = Score::new(classes);
        let mut scenes = SceneCollector::default();
        for path in files {
            let cloud = self.config.data.reader().read(path)?;
            let truth = map.require(&cloud, path)?;
            let votes = self.label(&cloud, path, &LabelOptions::default(), progress)?;
            let mut score = Score::new(classes);
            score.add(&votes, &truth);
            let voxels = votes.one_point_per_voxel();
            let scene = SceneExample::new(root, path, &score.confusion);
            scenes.add(scene, classes, voxels.len(), self.config.seed, |voxel| {
                let point = voxels[voxel];
                LabelledPoint {
                    position: cloud.positions()[point],
                    truth: usize::try_from(truth[point]).unwrap_or(classes),
                    predicted: votes.class(point),
                }
            });
            all.merge(&score);
        }
        Ok((self.evaluation(split, &all, files.len()), scenes.finish()))
    }

    /// Compares `votes` with the labels of the scene `cloud` that they were cast for; `None` when it has none.
    ///
    /// # Errors
    /// A label that is not known.
    pub fn compare(
        &self,
        votes: &Votes,
        cloud: &PointCloud,
        path: &Path,
    ) -> Result<Option<Evaluation>, RunError> {
        let map = self.scenes.label_map(self.classes());
        let Some(truth) = map.classes_of(cloud, path)? else { return Ok(None) };
        let mut score = Score::new(self.classes().len());
        score.add(votes, &truth);
        Ok(Some(self.evaluation(&path.display().to_string(), &score, 1)))
    }

    fn evaluation(&self, split: &str, score: &Score, files: usize) -> Evaluation {
        let loss = score.mean_loss();
        Evaluation::segmentation(split, self.weights, self.classes(), &score.confusion, loss, files)
    }

    /// Labels every point of `cloud`, whose file `path` is named in errors.
    ///
    /// The scene is thinned as in training and cut into regions that overlap; a voxel gets the mean of what the network says in
    /// all regions that it lies in, weighted by how far it is from their border, and every point what its voxel has. The network
    /// is given as many regions at once as [`LabelOptions::memory`] allows, which changes the time, never the result.
    ///
    /// # Errors
    /// A cloud without points or without what the network reads, positions that are not finite; a region that takes more
    /// memory than is allowed.
    pub fn label(
        &self,
        cloud: &PointCloud,
        path: &Path,
        options: &LabelOptions,
        progress: ProgressMode,
    ) -> Result<Votes, RunError> {
        self.label_with(cloud, path, options, progress, &|_| ())
    }

    /// As [`label`](Self::label); `on_estimate` is told what it will take before the network begins.
    ///
    /// # Errors
    /// As [`label`](Self::label).
    pub fn label_with(
        &self,
        cloud: &PointCloud,
        path: &Path,
        options: &LabelOptions,
        progress: ProgressMode,
        on_estimate: &dyn Fn(&LabelEstimate),
    ) -> Result<Votes, RunError> {
        check(path, cloud, &self.scenes)?;
        let Voxelized { cloud: scene, voxel_from_point, .. } = thin(cloud, &self.scenes)?;
        let positions = scene.positions();
        let frame = Frame::of(positions);
        let region = self.scenes.shape();
        // Regions that just touch would lose the points that rounding puts on neither side.
        let stride = self.scenes.stride.min(0.999) * self.scenes.size;
        let centres = regular_centres(positions, &region, stride, options.shift);
        let lists = RegionIndex::new(positions, &region);
        let sizes: Vec<usize> =
            centres.iter().map(|&centre| lists.members(positions, &region, centre).len()).collect();
        let bytes_per_point = self.bytes_per_point(&scene, &frame, &region, &lists, &centres, &sizes)?;
        let largest = sizes.iter().copied().max().unwrap_or(0);
        let least = (largest as f64 * bytes_per_point) as u64;
        if least > options.memory {
            return Err(RunError::BadFile {
                path: path.to_owned(),
                problem: format!(
                    "a region of {largest} points takes about {} MB, more than the {} MB that are allowed; allow more \
                     with --memory, or train with a smaller scenes.size or larger scenes.voxel",
                    least / 1_000_000,
                    options.memory / 1_000_000
                ),
            });
        }
        let together = ((options.memory as f64 / bytes_per_point) as usize).max(1);
        let classes = self.classes().len();
        on_estimate(&LabelEstimate {
            points: cloud.len(),
            voxels: scene.len(),
            regions: centres.len(),
            largest,
            scene_bytes: scene_bytes(cloud) + scene_bytes(&scene) + (scene.len() * 4 * (classes + 4)) as u64,
            region_bytes: (together.min(sizes.iter().sum()) as f64 * bytes_per_point) as u64,
        });

        let bar = Progress::start(progress, "labelling", "voxels", sizes.iter().sum());
        let mut sums = vec![0.0_f32; scene.len() * classes];
        let mut next = 0;
        while next < centres.len() {
            let first = next;
            let mut points = 0;
            while next < centres.len() && (next == first || points + sizes[next] <= together) {
                points += sizes[next];
                next += 1;
            }
            let members: Vec<Vec<usize>> = centres[first..next]
                .iter()
                .map(|&centre| {
                    lists.members(positions, &region, centre).into_iter().map(|i| i as usize).collect()
                })
                .collect();
            let blocks: Vec<Block> = members
                .iter()
                .zip(&centres[first..next])
                .map(|(members, &centre)| self.builder.block(&scene, &frame, centre, members))
                .collect();
            let batch = self.builder.build(&blocks, Vec::new())?;
            let probabilities = softmax(self.network.logits(&batch), 1).into_data();
            let probabilities: &[f32] = probabilities.as_slice().expect("logits are f32");
            let mut rows = probabilities.chunks_exact(classes);
            for (members, centre) in members.iter().zip(&centres[first..next]) {
                for (&member, row) in members.iter().zip(&mut rows) {
                    let weight = weight(&region, *centre, positions[member]);
                    let sums = &mut sums[member * classes..(member + 1) * classes];
                    sums.iter_mut().zip(row).for_each(|(sum, p)| *sum += weight * p);
                }
            }
            bar.advance(points);
        }
        bar.finish();
        for (voxel, sums) in sums.chunks_exact_mut(classes).enumerate() {
            let total: f32 = sums.iter().sum();
            if !(total > 0.0 && total.is_finite()) {
                return Err(RunError::BadFile {
                    path: path.to_owned(),
                    problem: format!(
                        "the votes for the points near {:?} sum up to {total}, expected a number above 0: the coordinates are too \
                         large for regions of {}, or the weights of the run are no numbers",
                        positions[voxel], self.scenes.size
                    ),
                });
            }
            sums.iter_mut().for_each(|sum| *sum /= total);
        }
        Ok(Votes { probabilities: sums, classes, voxel_from_point })
    }

    /// Memory per point of a region, from the region of middle size and the largest: lists counted, activations estimated.
    fn bytes_per_point(
        &self,
        scene: &PointCloud,
        frame: &Frame,
        region: &Region,
        lists: &RegionIndex,
        centres: &[[f32; 3]],
        sizes: &[usize],
    ) -> Result<f64, RunError> {
        let mut order: Vec<usize> = (0..sizes.len()).collect();
        order.sort_by_key(|&index| sizes[index]);
        let mut most = 0.0_f64;
        for place in [order.len() / 2, order.len() - 1] {
            let centre = centres[order[place]];
            let members: Vec<usize> = lists
                .members(scene.positions(), region, centre)
                .into_iter()
                .map(|member| member as usize)
                .collect();
            let block = self.builder.block(scene, frame, centre, &members);
            let packed = PackedClouds::single(block.positions.as_slice())?;
            let sizes = ListSizes::count(&packed, &self.builder.shapes)?;
            let bytes: u64 = sizes.iter().map(ListSizes::bytes).sum();
            most = most.max(bytes as f64 / block.positions.len().max(1) as f64);
        }
        // While lists are joined, those of the shape at work are there twice.
        Ok(1.5 * most
            + 4.0 * self.config.model.channels_alive(self.scenes.channels_in(), self.classes().len()) as f64)
    }
}

/// The vote of a region around `centre` for `position` in it: 1 in the middle, next to nothing at the border.
fn weight(region: &Region, centre: [f32; 3], position: [f32; 3]) -> f32 {
    let [x, y, z] = [0, 1, 2].map(|axis| (position[axis] - centre[axis]).abs());
    let reach = region.reach();
    let inside = match region {
        Region::Column { .. } => (1.0 - x / reach).max(0.0) * (1.0 - y / reach).max(0.0),
        Region::Sphere { .. } => (1.0 - (x * x + y * y + z * z).sqrt() / reach).max(0.0),
    };
    inside + BORDER
}

fn scene_bytes(cloud: &PointCloud) -> u64 {
    let per_point = 12
        + if cloud.normals().is_some() { 12 } else { 0 }
        + if cloud.colors().is_some() { 3 } else { 0 }
        + if cloud.labels().is_some() { 4 } else { 0 }
        + 8 * cloud.properties().len();
    (cloud.len() * per_point) as u64
}
