//! Regions of scenes as the items of batches, and their centres in every epoch.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use burn::data::dataset::DatasetError;
use burn::tensor::Device;
use pointcloud::scene::{LeastSeen, Region, RegionIndex, class_balanced_point, regular_centres};
use pointcloud::transform::random_indices;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::builder::{RegionBuilder, RegionInput};
use super::scene_set::{Scene, class_counts};
use crate::config::{AugmentConfig, Centres, ScenesConfig};
use crate::streams::Stream;
use crate::task::source::BatchError;
use crate::task::{BatchSource, CloudBatch, class_weights, drop_points};

/// Regions of scenes: for training new ones in every epoch, otherwise a lattice that covers the scenes.
#[derive(Clone, Debug)]
pub struct RegionSource {
    scenes: Arc<Vec<Scene>>,
    /// The points of every scene by their columns.
    indices: Arc<Vec<RegionIndex>>,
    builder: RegionBuilder,
    config: ScenesConfig,
    augment: Option<AugmentConfig>,
    seed: u64,
    range: (usize, usize),
    plan: Arc<Mutex<Option<Plan>>>,
}

/// The scene and the centre of every region of an epoch.
#[derive(Clone, Debug)]
struct Plan {
    epoch: usize,
    regions: Arc<Vec<(usize, [f32; 3])>>,
}

impl RegionSource {
    /// Regions for training, with the class weights of `scenes`.
    #[must_use]
    pub fn for_training(
        scenes: Vec<Scene>,
        mut builder: RegionBuilder,
        config: &ScenesConfig,
        augment: &AugmentConfig,
        seed: u64,
    ) -> Self {
        builder.weights = class_weights(config.class_weights, &class_counts(&scenes, builder.classes));
        let len = config.regions;
        Self::new(scenes, builder, config, Some(augment.clone()), seed, len)
    }

    /// Adjacent regions that cover all scenes.
    #[must_use]
    pub fn covering(scenes: Vec<Scene>, builder: RegionBuilder, config: &ScenesConfig) -> Self {
        let mut source = Self::new(scenes, builder, config, None, 0, 0);
        source.range.1 = source.plan(0).len();
        source
    }

    fn new(
        scenes: Vec<Scene>,
        builder: RegionBuilder,
        config: &ScenesConfig,
        augment: Option<AugmentConfig>,
        seed: u64,
        len: usize,
    ) -> Self {
        let region = config.shape();
        let index = |scene: &Scene| RegionIndex::new(scene.cloud.positions(), &region);
        let indices = Arc::new(scenes.par_iter().map(index).collect());
        let (scenes, config) = (Arc::new(scenes), config.clone());
        Self { scenes, indices, builder, config, augment, seed, range: (0, len), plan: Arc::default() }
    }

    /// The scenes.
    #[must_use]
    pub fn scenes(&self) -> &[Scene] {
        &self.scenes
    }

    /// The regions `members` of `epoch`, augmented.
    #[must_use]
    pub fn regions(&self, epoch: usize, members: &[usize]) -> Vec<RegionInput> {
        let plan = self.plan(epoch);
        let index = |member: &usize| self.range.0 + member;
        members.par_iter().map(index).map(|member| self.make(epoch, member, plan[member])).collect()
    }

    fn plan(&self, epoch: usize) -> Arc<Vec<(usize, [f32; 3])>> {
        // The plan is replaced in one assignment, so it is valid even after a panic.
        let mut current = self.plan.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(plan) = &*current
            && (plan.epoch == epoch || self.augment.is_none())
        {
            return plan.regions.clone();
        }
        let regions = Arc::new(match self.augment {
            Some(_) => self.training_plan(epoch),
            None => self.covering_plan(),
        });
        *current = Some(Plan { epoch, regions: regions.clone() });
        regions
    }

    fn covering_plan(&self) -> Vec<(usize, [f32; 3])> {
        let region = self.config.shape();
        let stride = match region {
            Region::Column { edge } => 0.999 * edge,
            Region::Sphere { radius } => 1.14 * radius,
        };
        let centres = |(index, scene): (usize, &Scene)| {
            let centres =
                regular_centres(scene.cloud.positions(), &scene.frame.bounds, &region, stride, [0.5; 3]);
            centres.into_iter().map(move |centre| (index, centre)).collect::<Vec<_>>()
        };
        self.scenes.iter().enumerate().flat_map(centres).collect()
    }

    /// The number of regions of a scene is proportional to its points.
    fn training_plan(&self, epoch: usize) -> Vec<(usize, [f32; 3])> {
        let region = self.config.shape();
        let mut rng = ChaCha8Rng::seed_from_u64(Stream::RegionCentres.seed(self.seed, &[epoch as u64]));
        let mut ends: Vec<usize> = Vec::new();
        for scene in self.scenes.iter() {
            ends.push(ends.last().copied().unwrap_or(0) + scene.cloud.len());
        }
        let all = ends.last().copied().unwrap_or(0);
        let drawn: Vec<usize> = (0..self.config.regions)
            .map(|_| {
                let point = rng.random_range(0..all);
                ends.partition_point(|&end| end <= point)
            })
            .collect();
        let mut regions = Vec::with_capacity(drawn.len());
        for (index, scene) in self.scenes.iter().enumerate() {
            let count = drawn.iter().filter(|&&scene| scene == index).count();
            let positions = scene.cloud.positions();
            let random = |rng: &mut ChaCha8Rng| rng.random_range(0..positions.len());
            let centres: Vec<[f32; 3]> = match self.config.centres {
                _ if count == 0 => Vec::new(),
                Centres::Random => (0..count).map(|_| positions[random(&mut rng)]).collect(),
                Centres::Balanced => {
                    let labels = scene.cloud.labels().unwrap_or_default();
                    let mut centre = || class_balanced_point(labels, &mut rng);
                    let found: Vec<Option<usize>> = (0..count).map(|_| centre()).collect();
                    found
                        .into_iter()
                        .map(|point| positions[point.unwrap_or_else(|| random(&mut rng))])
                        .collect()
                }
                Centres::LeastSeen => {
                    let mut seen = LeastSeen::new(positions.len(), &mut rng);
                    let points = seen.take(positions, &region, &self.indices[index], count);
                    points.into_iter().map(|point| positions[point]).collect()
                }
                Centres::Regular => {
                    let shift = [rng.random(), rng.random(), rng.random()];
                    let stride = 0.5 * self.config.size();
                    let lattice = regular_centres(positions, &scene.frame.bounds, &region, stride, shift);
                    let chosen = random_indices(lattice.len(), count, &mut rng);
                    chosen.into_iter().map(|index| lattice[index]).collect()
                }
            };
            regions.extend(centres.into_iter().map(|centre| (index, centre)));
        }
        regions
    }

    /// The points of a scene in the region around `centre`.
    fn members(&self, scene: usize, centre: [f32; 3]) -> Vec<usize> {
        let positions = self.scenes[scene].cloud.positions();
        let members = self.indices[scene].members(positions, &self.config.shape(), centre);
        members.into_iter().map(|point| point as usize).collect()
    }

    fn make(&self, epoch: usize, member: usize, (scene, centre): (usize, [f32; 3])) -> RegionInput {
        let Scene { cloud, frame, .. } = &self.scenes[scene];
        let members = self.members(scene, centre);
        let Some(changes) = &self.augment else {
            return self.builder.region(cloud, frame, centre, &members);
        };
        let seed = Stream::RegionAugmentation.seed(self.seed, &[epoch as u64, member as u64]);
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut members = drop_points(members, changes, &mut rng);
        if members.len() > self.config.points {
            let mut chosen = random_indices(members.len(), self.config.points, &mut rng);
            // In the order of the scene, because there neighbours are close to each other.
            chosen.sort_unstable();
            members = chosen.into_iter().map(|index| members[index]).collect();
        }
        self.builder.changed_region((cloud, frame), centre, &members, changes, &mut rng)
    }
}

impl BatchSource for RegionSource {
    const UNIT: &'static str = "regions";

    fn len(&self) -> usize {
        self.range.1 - self.range.0
    }

    fn batch(&self, epoch: usize, members: Vec<usize>) -> Result<CloudBatch, DatasetError> {
        let regions = self.regions(epoch, &members);
        let files = self.files(epoch, &members);
        self.builder
            .build(&regions, members)
            .map_err(|source| DatasetError::new(BatchError::Neighbors { files, source }))
    }

    fn files(&self, epoch: usize, members: &[usize]) -> Vec<PathBuf> {
        let plan = self.plan(epoch);
        let mut scenes: Vec<usize> = members.iter().map(|&member| plan[self.range.0 + member].0).collect();
        scenes.sort_unstable();
        scenes.dedup();
        scenes.into_iter().map(|scene| self.scenes[scene].path.clone()).collect()
    }

    fn points(&self, item: usize) -> Vec<[f32; 3]> {
        let (scene, centre) = self.plan(1)[self.range.0 + item];
        let positions = self.scenes[scene].cloud.positions();
        self.members(scene, centre).into_iter().map(|point| positions[point]).collect()
    }

    fn seed(&self) -> u64 {
        self.seed
    }

    fn to_device(&self, device: &Device) -> Self {
        let mut source = self.clone();
        source.builder.packer.device = device.clone();
        source
    }

    fn slice(&self, start: usize, end: usize) -> Self {
        Self { range: (self.range.0 + start, self.range.0 + end), ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use pointcloud::PointCloud;
    use pointcloud::scene::IGNORED;

    use super::*;
    use crate::config::Attribute;
    use crate::config::{ClassWeights, RegionKind, Scale};
    use crate::task::segmentation::Frame;
    use crate::task::segmentation::builder::tests::builder;

    /// A strip of floor with a few points of class 1 at its end and one point without a class.
    fn scenes() -> Vec<Scene> {
        let positions: Vec<[f32; 3]> =
            (0..400).map(|i| [(i % 100) as f32 * 0.1, (i / 100) as f32 * 0.1, 0.0]).collect();
        let mut cloud = PointCloud::new(positions);
        let label = |i: i32| if i == 0 { IGNORED } else { i32::from(i % 100 > 97) };
        cloud.set_labels(Some((0..400).map(label).collect())).unwrap();
        let frame = Frame::of(cloud.positions(), 0.1);
        vec![Scene { path: "strip.ply".into(), cloud, frame }]
    }

    fn source(centres: Centres, region: RegionKind) -> RegionSource {
        let config = ScenesConfig {
            centres,
            region,
            size: Scale::Value(1.0),
            regions: 30,
            points: 25,
            ..ScenesConfig::default()
        };
        let builder = builder(vec![Attribute::Xyz]);
        RegionSource::for_training(scenes(), builder, &config, &AugmentConfig::default(), 9)
    }

    #[test]
    fn all_ways_to_choose_centres_give_regions_of_the_seed_and_the_epoch() {
        for centres in [Centres::Random, Centres::LeastSeen, Centres::Balanced, Centres::Regular] {
            for region in [RegionKind::Column, RegionKind::Sphere] {
                let members: Vec<usize> = (0..30).collect();
                let first = source(centres, region).regions(3, &members);
                assert_eq!(source(centres, region).regions(3, &members), first, "{centres:?}");
                assert_ne!(source(centres, region).regions(4, &members), first, "{centres:?}");
                for input in &first {
                    assert!(
                        (1..=25).contains(&input.positions.len()),
                        "{centres:?}: {}",
                        input.positions.len()
                    );
                    let inside = |feature: &[f32]| feature[0].abs() <= 0.501 && feature[1].abs() <= 0.501;
                    assert!(
                        input.features.chunks_exact(3).all(inside),
                        "{centres:?}: within half of the size"
                    );
                }
            }
        }
    }

    #[test]
    fn balanced_centres_and_weights_make_up_for_rare_classes() {
        let rare = |centres| {
            let regions = source(centres, RegionKind::Column).regions(0, &(0..30).collect::<Vec<_>>());
            regions.iter().filter(|input| input.labels.contains(&1)).count()
        };
        assert!(rare(Centres::Balanced) > 10 && rare(Centres::Random) < 10);
        let counts = class_counts(&scenes(), 2);
        assert_eq!(counts, [391, 8]);
        let balanced = class_weights(ClassWeights::Balanced, &[391, 8, 0]).unwrap();
        assert!(
            (balanced[0] * 391.0 - balanced[1] * 8.0).abs() < 1e-3,
            "the classes count the same: {balanced:?}"
        );
        assert_eq!(balanced[2], 0.0);
        let root = class_weights(ClassWeights::Root, &[391, 8, 0]).unwrap();
        assert!((root[1] * root[1] - balanced[1]).abs() < 1e-3);
        assert_eq!(class_weights(ClassWeights::None, &[391, 8]), None);
    }

    #[test]
    fn covering_regions_hold_every_point() {
        let config = ScenesConfig { size: Scale::Value(1.0), ..ScenesConfig::default() };
        for region in [RegionKind::Column, RegionKind::Sphere] {
            let config = ScenesConfig { region, ..config.clone() };
            let source = RegionSource::covering(scenes(), builder(vec![Attribute::Xyz]), &config);
            let regions = source.regions(0, &(0..source.len()).collect::<Vec<_>>());
            let mut found: Vec<[i32; 2]> = regions
                .iter()
                .flat_map(|input| &input.positions)
                .map(|p| [0, 1].map(|axis| (p[axis] * 100.0).round() as i32))
                .collect();
            found.sort_unstable();
            found.dedup();
            assert_eq!(found.len(), 400, "{region:?}");
        }
    }
}
