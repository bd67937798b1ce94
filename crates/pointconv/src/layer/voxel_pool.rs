//! One row of features for each voxel.

use crate::{NeighborError, PackedClouds, VoxelMap};
use burn::config::Config;
use burn::module::{Content, DisplaySettings, Module, ModuleDisplay};
use burn::tensor::Tensor;

use super::Pooling;
use crate::op::{Segments, segment_pool};

/// Configuration of a [`VoxelPool`]; [`init`](Self::init) makes the layer.
#[derive(Config, Debug)]
pub struct VoxelPoolConfig {
    /// Edge of a voxel, in the unit of the positions.
    pub voxel: f32,
    /// What is taken of the points in a voxel.
    #[config(default = "Pooling::Max")]
    pub pooling: Pooling,
}

/// Makes one point of the points in each cubic voxel: its position is their mean, its features their maximum or mean (the
/// grid subsampling of Thomas et al., *KPConv*, ICCV 2019).
///
/// `y_v = max_{j in v} x_j`, `y_v = 1/|v| sum_{j in v} x_j`, or both, channel by channel. The gradient of a maximum goes to one
/// point: the first one that has this value. Which point lies in which voxel is the matter of a [`VoxelMap`], which knows
/// nothing of tensors and can be built ahead of time, by the thread that loads the data.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use pointconv::{PackedClouds, VoxelPoolConfig};
///
/// let clouds = PackedClouds::single([[0.2, 0.0, 0.0], [1.5, 0.0, 0.0], [0.4, 0.0, 0.0]])?;
/// let pool = VoxelPoolConfig::new(1.0).init();
/// let map = pool.voxels(&clouds)?;
/// let features = Tensor::<2>::from_data([[1.0], [2.0], [3.0]], &Device::flex());
/// let pooled = pool.forward(features, &map).into_data();
/// assert_eq!(pooled.to_vec::<f32>().unwrap(), [3.0, 2.0]);
/// assert_eq!(map.coarse().points(), 2);
/// # Ok::<(), pointconv::NeighborError>(())
/// ```
#[derive(Module, Debug)]
#[module(custom_display)]
pub struct VoxelPool {
    /// Edge of a voxel.
    #[module(skip)]
    pub voxel: f32,
    /// What is taken of the points in a voxel.
    #[module(skip)]
    pub pooling: Pooling,
}

impl VoxelPoolConfig {
    /// Makes the layer.
    pub fn init(&self) -> VoxelPool {
        VoxelPool { voxel: self.voxel, pooling: self.pooling }
    }
}

impl VoxelPool {
    /// Sorts the points of `clouds` into the voxels of the layer, in a grid that passes through the origin. Other grids are made
    /// by [`VoxelMap::build_from`] and [`VoxelMap::build_shifted`].
    ///
    /// # Errors
    /// As [`VoxelMap::build`].
    pub fn voxels(&self, clouds: &PackedClouds) -> Result<VoxelMap, NeighborError> {
        VoxelMap::build(clouds, self.voxel)
    }

    /// Applies the layer to a packed batch.
    ///
    /// # Shapes
    /// `P` fine points and `V` coarse points of `map`.
    /// - features `[P, C]`
    /// - output `[V, C]`, `[V, 2C]` for [`Pooling::Both`]
    ///
    /// # Panics
    /// When `features` has not one row for each fine point of `map`, or when the voxels of `map` are not those of the layer.
    pub fn forward(&self, features: Tensor<2>, map: &VoxelMap) -> Tensor<2> {
        assert!(
            map.voxel() == self.voxel,
            "VoxelPool: the layer has voxels of {}, the map of {}",
            self.voxel,
            map.voxel()
        );
        segment_pool("VoxelPool", features, Segments::voxels(map), self.pooling)
    }
}

impl ModuleDisplay for VoxelPool {
    fn custom_settings(&self) -> Option<DisplaySettings> {
        DisplaySettings::new().with_new_line_after_attribute(false).optional()
    }

    fn custom_content(&self, content: Content) -> Option<Content> {
        content.add("voxel", &self.voxel).add_debug_attribute("pooling", &self.pooling).optional()
    }
}
