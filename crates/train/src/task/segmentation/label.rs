//! Labels a scene: averages the votes of overlapping regions.

use std::fmt;
use std::num::NonZeroUsize;
use std::path::Path;

use burn::tensor::activation::softmax;
use neighbors::ListSizes;
use pointcloud::PointCloud;
use pointcloud::scene::{Region, RegionIndex, Voxelized, regular_centres};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::{Frame, RegionInput, Segmenter, Votes, check, thin};
use crate::config::{AugmentConfig, ScenesConfig};
use crate::error::RunError;
use crate::network::NetworkSpec;
use crate::progress::{Progress, ProgressMode};
use crate::streams::Stream;
use crate::task::ensure_finite;
use crate::task::list_sizes;

/// The weight of a point at the border of a region, relative to one in the middle.
const BORDER: f32 = 1e-3;

/// Options for labelling a scene.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LabelOptions {
    /// Most bytes for the regions that the network processes at once, without the scene itself.
    pub memory: u64,
    /// Shift of the lattice of regions along each axis, as a fraction of its spacing.
    pub shift: [f32; 3],
    /// Passes whose probabilities are averaged. With 1 the regions are not changed. With more, every pass rotates, mirrors,
    /// scales and shifts each region as `[augment]` of the run says.
    pub votes: NonZeroUsize,
}

impl Default for LabelOptions {
    fn default() -> Self {
        Self { memory: 1 << 30, shift: [0.0; 3], votes: NonZeroUsize::MIN }
    }
}

/// Estimate of the memory and the work for labelling a scene.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LabelEstimate {
    /// Points of the scene.
    pub points: usize,
    /// Points that the network processes: one per voxel.
    pub voxels: usize,
    /// Regions.
    pub regions: usize,
    /// Points of the largest region.
    pub largest: usize,
    /// Bytes of the scene, its voxels and its votes.
    pub scene_bytes: u64,
    /// Bytes of the regions that the network processes at once.
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

/// A thinned scene with the regions that cover it.
struct Covered<'a> {
    scene: &'a PointCloud,
    frame: Frame,
    region: Region,
    index: RegionIndex,
    centres: Vec<[f32; 3]>,
    /// Points of every region.
    sizes: Vec<usize>,
}

impl<'a> Covered<'a> {
    fn new(scene: &'a PointCloud, config: &ScenesConfig, stride: f32, shift: [f32; 3]) -> Self {
        let positions = scene.positions();
        let (region, frame) = (config.shape(), Frame::of(positions, config.voxel()));
        let centres = regular_centres(positions, &frame.bounds, &region, stride, shift);
        let index = RegionIndex::new(positions, &region);
        let sizes = centres.iter().map(|&centre| index.members(positions, &region, centre).len()).collect();
        Self { scene, frame, region, index, centres, sizes }
    }

    fn members(&self, region: usize) -> Vec<usize> {
        let members = self.index.members(self.scene.positions(), &self.region, self.centres[region]);
        members.into_iter().map(|point| point as usize).collect()
    }

    /// Points of the largest region.
    fn largest(&self) -> usize {
        self.sizes.iter().copied().max().unwrap_or(0)
    }

    /// The regions in groups of at most `together` points; a larger region is its own group.
    fn groups(&self, together: usize) -> Vec<std::ops::Range<usize>> {
        let (mut groups, mut next) = (Vec::new(), 0);
        while next < self.centres.len() {
            let first = next;
            let mut points = 0;
            while next < self.centres.len() && (next == first || points + self.sizes[next] <= together) {
                points += self.sizes[next];
                next += 1;
            }
            groups.push(first..next);
        }
        groups
    }
}

/// With the name of the scene, where its points are the cause.
fn in_file(error: RunError, path: &Path) -> RunError {
    match error {
        RunError::Neighbors(error) => RunError::BadFile { path: path.to_owned(), problem: error.to_string() },
        other => other,
    }
}

impl Segmenter {
    pub(super) fn label_scene(
        &self,
        cloud: &PointCloud,
        path: &Path,
        options: &LabelOptions,
        progress: ProgressMode,
        on_estimate: &dyn Fn(&LabelEstimate) -> Result<(), RunError>,
    ) -> Result<Votes, RunError> {
        check(path, cloud, &self.scenes)?;
        let changes = self.changes_of_votes(options.votes)?;
        let Voxelized { cloud: scene, voxel_from_point, .. } = thin(path, cloud, &self.scenes)?;
        // Regions must overlap slightly: if they only touched, rounding could leave a point outside of both.
        let stride = self.scenes.stride.min(0.999) * self.scenes.size();
        let covered = Covered::new(&scene, &self.scenes, stride, options.shift);
        let bytes_per_point = self.bytes_per_point(&covered)?;
        let least = (covered.largest() as f64 * bytes_per_point) as u64;
        if least > options.memory {
            let problem = format!(
                "a region of {} points takes about {} MB, more than the {} MB that are allowed; allow more with --memory, or \
                 train with a smaller scenes.size or larger scenes.voxel",
                covered.largest(),
                least / 1_000_000,
                options.memory / 1_000_000
            );
            return Err(RunError::BadFile { path: path.to_owned(), problem });
        }
        let together = ((options.memory as f64 / bytes_per_point) as usize).max(1);
        let classes = self.classes().len();
        let all: usize = covered.sizes.iter().sum();
        on_estimate(&LabelEstimate {
            points: cloud.len(),
            voxels: scene.len(),
            regions: covered.centres.len(),
            largest: covered.largest(),
            scene_bytes: scene_bytes(cloud) + scene_bytes(&scene) + (scene.len() * 4 * (classes + 4)) as u64,
            region_bytes: (together.min(all) as f64 * bytes_per_point) as u64,
        })?;

        let bar = Progress::start(progress, "labelling", "voxels", all * options.votes.get());
        let mut sums = vec![0.0_f32; scene.len() * classes];
        for vote in 1..=options.votes.get() {
            let changes = changes.as_ref().map(|changes| (changes, vote));
            for group in covered.groups(together) {
                let points = covered.sizes[group.clone()].iter().sum();
                self.vote(&covered, group, changes, &mut sums).map_err(|error| in_file(error, path))?;
                bar.advance(points);
            }
        }
        bar.finish();
        ensure_finite(&sums, path)?;
        self.normalise(&mut sums, scene.positions(), path)?;
        let temperature = self.temperature();
        Ok(Votes { means: sums, classes, voxel_from_point, temperature, reject_below: 0.0 })
    }

    /// The random augmentation of the regions in `votes` passes; `None` for one pass.
    fn changes_of_votes(&self, votes: NonZeroUsize) -> Result<Option<AugmentConfig>, RunError> {
        let changes = self.config.augment.for_votes();
        if votes.get() > 1 && changes.changes_nothing() {
            return Err(RunError::SameVotes { votes: votes.get() });
        }
        Ok((votes.get() > 1).then_some(changes))
    }

    /// Adds the output of the network for the regions `group` to the sums of their points, one row of classes per point.
    fn vote(
        &self,
        covered: &Covered<'_>,
        group: std::ops::Range<usize>,
        changes: Option<(&AugmentConfig, usize)>,
        sums: &mut [f32],
    ) -> Result<(), RunError> {
        let Covered { scene, frame, region, centres, .. } = covered;
        let (classes, positions) = (self.classes().len(), scene.positions());
        let members: Vec<Vec<usize>> = group.clone().map(|region| covered.members(region)).collect();
        let first = group.start;
        let centres = &centres[group];
        let inputs: Vec<RegionInput> = members
            .iter()
            .zip(centres)
            .enumerate()
            .map(|(index, (members, &centre))| match changes {
                None => self.builder.region(scene, frame, centre, members),
                Some((changes, vote)) => {
                    let indices = [vote as u64, (first + index) as u64];
                    let seed = Stream::Votes.seed(self.config.seed, &indices);
                    let mut rng = ChaCha8Rng::seed_from_u64(seed);
                    self.builder.changed_region((*scene, frame), centre, members, changes, &mut rng)
                }
            })
            .collect();
        let batch = self.builder.build(&inputs, Vec::new())?;
        let probabilities = softmax(self.network.logits(&batch.input), 1).into_data();
        let probabilities: &[f32] = probabilities.as_slice().expect("logits are f32");
        let mut rows = probabilities.chunks_exact(classes);
        for (members, centre) in members.iter().zip(centres) {
            for (&member, row) in members.iter().zip(&mut rows) {
                let weight = weight(region, *centre, positions[member]);
                let sums = &mut sums[member * classes..(member + 1) * classes];
                sums.iter_mut().zip(row).for_each(|(sum, p)| *sum += weight * p);
            }
        }
        Ok(())
    }

    /// Normalises the sums of every voxel to probabilities.
    fn normalise(&self, sums: &mut [f32], positions: &[[f32; 3]], path: &Path) -> Result<(), RunError> {
        for (voxel, sums) in sums.chunks_exact_mut(self.classes().len()).enumerate() {
            let total: f32 = sums.iter().sum();
            if !(total > 0.0 && total.is_finite()) {
                let problem = format!(
                    "the votes for the points near {:?} sum up to {total}, expected a number above 0: the coordinates are too \
                     large for regions of {}, or the weights of the run are no numbers",
                    positions[voxel],
                    self.scenes.size()
                );
                return Err(RunError::BadFile { path: path.to_owned(), problem });
            }
            sums.iter_mut().for_each(|sum| *sum /= total);
        }
        Ok(())
    }

    /// Memory per point of a region, from the regions of median and largest size: lists are counted, activations estimated.
    fn bytes_per_point(&self, covered: &Covered<'_>) -> Result<f64, RunError> {
        let sizes = &covered.sizes;
        let mut order: Vec<usize> = (0..sizes.len()).collect();
        order.sort_by_key(|&index| sizes[index]);
        let mut most = 0.0_f64;
        for index in [order.len() / 2, order.len() - 1] {
            let (region, centre) = (order[index], covered.centres[order[index]]);
            let members = covered.members(region);
            let input = self.builder.region(covered.scene, &covered.frame, centre, &members);
            let offsets = [0, input.positions.len()];
            let sizes = list_sizes(&input.positions, &offsets, &self.builder.packer.shapes)?;
            let bytes: u64 = sizes.iter().map(ListSizes::bytes).sum();
            most = most.max(bytes as f64 / input.positions.len().max(1) as f64);
        }
        let spec = NetworkSpec {
            points: self.scenes.points,
            channels_in: self.scenes.channels_in(),
            classes: self.classes().len(),
        };
        // While lists are joined, those of the current kernel shape are in memory twice.
        Ok(1.5 * most + 4.0 * self.config.model.activations(&spec).inference_per_point as f64)
    }
}

/// The weight of the vote of a region around `centre` for `position` in it: 1 in the middle, almost 0 at the border.
fn weight(region: &Region, centre: [f32; 3], position: [f32; 3]) -> f32 {
    let [x, y, z] = [0, 1, 2].map(|axis| (position[axis] - centre[axis]).abs());
    let reach = region.reach();
    let inside = match region {
        Region::Column { .. } => (1.0 - x / reach).max(0.0) * (1.0 - y / reach).max(0.0),
        Region::Sphere { .. } => (1.0 - (x * x + y * y + z * z).sqrt() / reach).max(0.0),
    };
    inside + BORDER
}

/// The memory of a scene, in bytes.
pub(crate) fn scene_bytes(cloud: &PointCloud) -> u64 {
    let per_point = 12
        + if cloud.normals().is_some() { 12 } else { 0 }
        + if cloud.colors().is_some() { 3 } else { 0 }
        + if cloud.labels().is_some() { 4 } else { 0 }
        + 8 * cloud.properties().len();
    (cloud.len() * per_point) as u64
}
