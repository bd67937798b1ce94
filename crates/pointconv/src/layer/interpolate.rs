//! Features of many points from those of few.

use burn::tensor::Tensor;
use neighbors::{NeighborError, PackedClouds};

use crate::op::interpolate;
use crate::resolution::{InterpolationMap, VoxelMap};

/// Interpolates features at fine points from those of coarse points (Qi, Yi, Su, Guibas, *PointNet++*, NeurIPS 2017, eq. 2).
///
/// `y_i = sum_e w_e x_{j(e)}` over the coarse points `j` from which the fine point `i` takes its features. They are the
/// [nearest](Self::nearest) ones, or the one of its [voxel](Self::of_voxels). The weights of a fine point add up to 1.
/// Neither knows tensors, so that the thread that loads the data can prepare them. A clone shares the memory.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use pointconv::{Interpolate, PackedClouds};
///
/// let coarse = PackedClouds::single([[0.0; 3], [3.0, 0.0, 0.0]])?;
/// let fine = PackedClouds::single([[1.0, 0.0, 0.0], [3.0, 0.0, 0.0]])?;
/// let interpolate = Interpolate::nearest(&coarse, &fine, 3)?;
/// // Squared distances 1 and 4; the second point lies on a coarse one.
/// assert_eq!(interpolate.weights(), [0.8, 0.2, 1.0]);
/// let features = Tensor::<2>::from_data([[0.0], [5.0]], &Device::flex());
/// let found = interpolate.forward(features).into_data();
/// assert_eq!(found.to_vec::<f32>().unwrap(), [1.0, 5.0]);
/// # Ok::<(), pointconv::NeighborError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Interpolate {
    map: InterpolationMap,
}

impl Interpolate {
    /// From the `neighbours` nearest coarse points of the same cloud, weighted by the inverse of the squared distance:
    /// `w_e = (1/d_e^2) / sum 1/d^2`.
    ///
    /// A fine point that lies exactly on a coarse one takes that alone, the first of them. A cloud with fewer coarse points
    /// gives all that it has. Of coarse points at the same distance the first ones are taken.
    ///
    /// # Errors
    /// No neighbours, batches with different numbers of clouds, a cloud that has fine points and no coarse point, or more than
    /// 2^32 - 1 weights.
    pub fn nearest(
        coarse: &PackedClouds,
        fine: &PackedClouds,
        neighbours: usize,
    ) -> Result<Self, NeighborError> {
        Ok(Self { map: InterpolationMap::nearest(coarse, fine, neighbours)? })
    }

    /// Every fine point takes the features of its voxel.
    pub fn of_voxels(map: &VoxelMap) -> Self {
        Self { map: InterpolationMap::of_voxels(map) }
    }

    /// Number of coarse points `S`.
    pub fn coarse_points(&self) -> usize {
        self.map.coarse_points()
    }

    /// Number of fine points `P`.
    pub fn fine_points(&self) -> usize {
        self.map.fine_points()
    }

    /// Where the weights of each fine point start, `[P + 1]`.
    pub fn offsets(&self) -> &[u32] {
        self.map.offsets()
    }

    /// The coarse point of each weight, `[E]`; those of one fine point are sorted by distance.
    pub fn indices(&self) -> &[u32] {
        self.map.indices()
    }

    /// The weights, `[E]`.
    pub fn weights(&self) -> &[f32] {
        self.map.weights()
    }

    /// Interpolates the features of a packed batch.
    ///
    /// # Shapes
    /// - features `[S, C]`
    /// - output `[P, C]`
    ///
    /// # Panics
    /// When `features` has not one row for each coarse point.
    pub fn forward(&self, features: Tensor<2>) -> Tensor<2> {
        interpolate(features, &self.map)
    }
}
