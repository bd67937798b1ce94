//! Prepares regions of scenes for a network, and packs them into batches.

use burn::tensor::Device;
use neighbors::NeighborError;
use pointcloud::PointCloud;
use pointcloud::scene::IGNORED;
use rand_chacha::ChaCha8Rng;

use super::points::region_points;
use super::scene_set::{COUNT, Frame};
use crate::config::{Attribute, AugmentConfig, ModelConfig, ScenesConfig};
use crate::task::{CloudBatch, Columns, Packer, Reference, RotationDraws, Unpacked, augment, offsets};

/// Makes batches of points with their features, for one network.
#[derive(Clone, Debug)]
pub struct RegionBuilder {
    /// Finds neighbours and makes tensors.
    pub packer: Packer,
    /// What the first layer reads.
    pub attributes: Vec<Attribute>,
    /// Classes of the network.
    pub classes: usize,
    /// The weight of each class in the loss; `None` weights all equally.
    pub weights: Option<Vec<f32>>,
}

/// A region of a scene, ready for a network.
#[derive(Clone, Debug, PartialEq)]
pub struct RegionInput {
    /// The positions of the points, in any frame.
    pub positions: Vec<[f32; 3]>,
    /// What the first layer reads, point by point.
    pub features: Vec<f32>,
    /// The class of every point; [`IGNORED`] for points without a class.
    pub labels: Vec<i32>,
    /// The weight of every point in the loss, in addition to that of its class; empty weights all equally.
    pub counts: Vec<f32>,
}

impl RegionBuilder {
    /// The builder for the network `model` and the settings `scenes`; its loss has `label_smoothing`.
    #[must_use]
    pub fn of(
        model: &ModelConfig,
        scenes: &ScenesConfig,
        classes: usize,
        label_smoothing: f32,
        device: &Device,
    ) -> Self {
        Self {
            packer: Packer::of(model, label_smoothing, device),
            attributes: scenes.attributes(),
            classes,
            weights: None,
        }
    }

    /// Packs `regions`.
    ///
    /// # Errors
    /// Too many neighbours.
    pub fn build(&self, regions: &[RegionInput], members: Vec<usize>) -> Result<CloudBatch, NeighborError> {
        let offsets = offsets(regions.iter().map(|region| region.positions.len()));
        let targets: Vec<i32> = regions
            .iter()
            .flat_map(|region| &region.labels)
            .map(|&label| if label == IGNORED { self.classes as i32 } else { label })
            .collect();
        self.packer.pack(Unpacked {
            positions: regions.iter().flat_map(|region| region.positions.iter().copied()).collect(),
            features: regions.iter().flat_map(|region| region.features.iter().copied()).collect(),
            channels: self.attributes.iter().map(Attribute::channels).sum(),
            weights: self.point_weights(regions, &targets),
            offsets,
            targets,
            members,
        })
    }

    /// The weight of every point in the loss; `None` if all are equal.
    fn point_weights(&self, regions: &[RegionInput], targets: &[i32]) -> Option<Vec<f32>> {
        let counted = regions.iter().any(|region| !region.counts.is_empty());
        (counted || self.weights.is_some()).then(|| {
            let mut values = vec![1.0; targets.len()];
            if let Some(weights) = &self.weights {
                for (value, &class) in values.iter_mut().zip(targets) {
                    *value = weights.get(class as usize).copied().unwrap_or(0.0);
                }
            }
            let counts = regions.iter().flat_map(|region| &region.counts);
            values.iter_mut().zip(counts).for_each(|(value, count)| *value *= count);
            values
        })
    }

    /// The points `members` of a scene, unchanged, with their features; `centre` is the centre of the region.
    #[must_use]
    pub fn region(
        &self,
        scene: &PointCloud,
        frame: &Frame,
        centre: [f32; 3],
        members: &[usize],
    ) -> RegionInput {
        let points = region_points(scene, frame, members);
        let [x, y, _] = [0, 1, 2].map(|axis| centre[axis] - frame.floor[axis]);
        self.finish(points, frame, [x, y])
    }

    /// As [`region`](Self::region), with random changes of the region.
    pub(super) fn changed_region(
        &self,
        (scene, frame): (&PointCloud, &Frame),
        centre: [f32; 3],
        members: &[usize],
        changes: &AugmentConfig,
        rng: &mut ChaCha8Rng,
    ) -> RegionInput {
        let mut points = region_points(scene, frame, members);
        let mut centre = [[0, 1, 2].map(|axis| centre[axis] - frame.floor[axis])];
        augment(&mut points, &mut centre, changes, RotationDraws::Own, rng);
        self.finish(points, frame, [centre[0][0], centre[0][1]])
    }

    /// The points of a region with their features; x and y are relative to `centre`.
    fn finish(&self, points: Columns, frame: &Frame, centre: [f32; 2]) -> RegionInput {
        let reference = Reference { centre: [centre[0], centre[1], 0.0], floor: (2, 0.0), half: frame.half };
        let features = points.features(&self.attributes, &reference);
        let Columns { positions, mut properties, labels, .. } = points;
        let counts = properties.iter().position(|(name, _)| name == COUNT);
        let counts = counts.map(|index| properties.swap_remove(index).1).unwrap_or_default();
        RegionInput { positions, features, labels, counts }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use neighbors::Search;

    use super::*;
    use crate::device::device;
    use crate::network::Task;
    use crate::task::Loss;

    /// A builder for two classes.
    pub(in crate::task) fn builder(attributes: Vec<Attribute>) -> RegionBuilder {
        let loss = Loss { task: Task::Segmentation, label_smoothing: 0.0 };
        let device = device("cpu").unwrap().device;
        let packer = Packer { shapes: Vec::new(), coarser: Vec::new(), search: Search::Auto, loss, device };
        RegionBuilder { packer, attributes, classes: 2, weights: None }
    }

    #[test]
    fn features_by_hand() {
        let mut cloud = PointCloud::new(vec![[1.0, 2.0, 3.0], [5.0, 4.0, 4.0]]);
        cloud.set_colors(Some(vec![[255, 0, 51]; 2])).unwrap();
        cloud.set_normals(Some(vec![[0.0, 1.0, 0.0]; 2])).unwrap();
        let (name, scalar_type) = ("intensity".to_owned(), pointcloud::ScalarType::U16);
        let values = vec![7.0, 8.0];
        cloud.push_property(pointcloud::ScalarProperty { name, scalar_type, values }).unwrap();
        let attributes = vec![
            Attribute::Xyz,
            Attribute::Room,
            Attribute::Height,
            Attribute::Color,
            Attribute::Normal,
            Attribute::One,
            Attribute::Property("intensity".into()),
        ];
        let region =
            builder(attributes).region(&cloud, &Frame::of(cloud.positions(), 0.1), [4.0, 3.0, 0.0], &[1]);
        let expected: [&[f32]; 7] =
            [&[1.0, 1.0, 1.0], &[1.0, 1.0, 1.0], &[1.0], &[1.0, 0.0, 0.2], &[0.0, 1.0, 0.0], &[1.0], &[8.0]];
        assert_eq!(region.features, expected.concat());
        assert_eq!(region.labels, [IGNORED], "the cloud has no labels");
    }
}
