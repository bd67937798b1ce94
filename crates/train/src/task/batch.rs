//! One batch, as the training loop and the predictions pass it to a network.

use burn::tensor::{Device, Int, Tensor, TensorData};
use neighbors::ListSizes;
use neighbors::Search;
use pointconv::{KernelShape, NeighborError, Neighborhood, PackedClouds, VoxelMap};

use super::Loss;
use crate::config::ModelConfig;
use crate::network::{CoarseInput, CoarseLevel, NetworkInput};

/// A packed batch with its targets.
#[derive(Clone, Debug)]
pub struct CloudBatch {
    /// What the network reads.
    pub input: NetworkInput,
    /// The class of every cloud `[B]`, or of every point `[P]`; a target equal to the number of classes is an ignored point.
    pub targets: Tensor<1, Int>,
    /// The weight of every target in the loss; `None` weights all equally.
    pub weights: Option<Tensor<1>>,
    /// How logits and targets are compared.
    pub loss: Loss,
    /// The indices of these items in their source.
    pub members: Vec<usize>,
}

/// Points with their features and targets.
#[derive(Clone, Debug, Default)]
pub struct Unpacked {
    /// All positions, cloud by cloud.
    pub positions: Vec<[f32; 3]>,
    /// The index of the first point of each cloud, and the end of the last cloud.
    pub offsets: Vec<usize>,
    /// The features, point by point.
    pub features: Vec<f32>,
    /// Features of a point.
    pub channels: usize,
    /// As [`CloudBatch::targets`].
    pub targets: Vec<i32>,
    /// As [`CloudBatch::weights`].
    pub weights: Option<Vec<f32>>,
    /// As [`CloudBatch::members`].
    pub members: Vec<usize>,
}

/// Makes batches for one network, of either task.
#[derive(Clone, Debug)]
pub struct Packer {
    /// The kernels that need neighbourhoods.
    pub shapes: Vec<KernelShape>,
    /// The coarser resolutions of the network.
    pub coarser: Vec<CoarseLevel>,
    /// How neighbours are found.
    pub search: Search,
    /// How logits and targets are compared.
    pub loss: Loss,
    /// Where the tensors go.
    pub device: Device,
}

impl Packer {
    /// The packer for the network `model`, whose loss has `label_smoothing`.
    #[must_use]
    pub fn of(model: &ModelConfig, label_smoothing: f32, device: &Device) -> Self {
        Self {
            shapes: model.kernel_shapes(),
            coarser: model.coarser(),
            search: model.search().into(),
            loss: Loss { task: model.task(), label_smoothing },
            device: device.clone(),
        }
    }

    /// Finds the neighbours and makes the tensors.
    ///
    /// # Errors
    /// A position that is not finite, or too many neighbours.
    pub fn pack(&self, batch: Unpacked) -> Result<CloudBatch, NeighborError> {
        let Unpacked { positions, offsets, features, channels, targets, weights, members } = batch;
        let (points, count) = (positions.len(), targets.len());
        let clouds = PackedClouds::new(positions, offsets)?;
        let search = (&self.device, self.search);
        let neighborhoods = Neighborhood::build_all(&clouds, &self.shapes, search)?;
        let mut coarser: Vec<CoarseInput> = Vec::new();
        for level in &self.coarser {
            let finer = coarser.last().map_or(&clouds, |finer| finer.map.coarse());
            let map = VoxelMap::build(finer, level.voxel)?;
            let neighborhoods = Neighborhood::build_all(map.coarse(), &level.kernels, search)?;
            coarser.push(CoarseInput { map, neighborhoods });
        }
        let features = Tensor::from_data(TensorData::new(features, [points, channels]), &self.device);
        Ok(CloudBatch {
            input: NetworkInput { features, clouds, neighborhoods, coarser },
            targets: Tensor::from_data(TensorData::new(targets, [count]), &self.device),
            weights: weights.map(|values| Tensor::from_data(TensorData::new(values, [count]), &self.device)),
            loss: self.loss,
            members,
        })
    }
}

/// Counts the neighbour lists of packed clouds for every kernel, without making them.
///
/// # Errors
/// As [`ListSizes::count`].
pub(crate) fn list_sizes(
    positions: &[[f32; 3]],
    offsets: &[usize],
    shapes: &[KernelShape],
) -> Result<Vec<ListSizes>, NeighborError> {
    ListSizes::count(&PackedClouds::new(positions.to_vec(), offsets.to_vec())?, shapes)
}

/// The offsets of packed clouds with these numbers of points: the start of each cloud, and the end of the last.
pub(crate) fn offsets(sizes: impl Iterator<Item = usize>) -> Vec<usize> {
    let mut offsets = vec![0];
    for size in sizes {
        offsets.push(offsets[offsets.len() - 1] + size);
    }
    offsets
}
