//! Features of many points from those of few.

use crate::{InterpolationMap, NeighborError, PackedClouds};
use burn::config::Config;
use burn::module::{Content, DisplaySettings, Module, ModuleDisplay};
use burn::tensor::Tensor;

use crate::op::interpolate;

/// Configuration of an [`Interpolate`]; [`init`](Self::init) makes the layer.
#[derive(Config, Debug)]
pub struct InterpolateConfig {
    /// Coarse points from which a fine point takes its features.
    #[config(default = 3)]
    pub neighbours: usize,
}

/// Interpolates features at fine points from those of coarse points (Qi, Yi, Su, Guibas, *PointNet++*, NeurIPS 2017, eq. 2).
///
/// `y_i = sum_j w_ij x_j` over the nearest coarse points `j` of the same cloud, with `w_ij = (1/d_ij^2) / sum_j 1/d_ij^2`.
/// Which points these are is the matter of an [`InterpolationMap`], which knows nothing of tensors and can be built ahead of
/// time: [`map`](Self::map) makes one of the nearest points, [`InterpolationMap::of_voxels`] one that gives every point the
/// features of its voxel.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use pointconv::{InterpolateConfig, PackedClouds};
///
/// let coarse = PackedClouds::single([[0.0; 3], [3.0, 0.0, 0.0]])?;
/// let fine = PackedClouds::single([[1.0, 0.0, 0.0], [3.0, 0.0, 0.0]])?;
/// let interpolate = InterpolateConfig::new().init();
/// let map = interpolate.map(&coarse, &fine)?;
/// let features = Tensor::<2>::from_data([[0.0], [5.0]], &Device::flex());
/// let found = interpolate.forward(features, &map).into_data();
/// assert_eq!(found.to_vec::<f32>().unwrap(), [1.0, 5.0]);
/// # Ok::<(), pointconv::NeighborError>(())
/// ```
#[derive(Module, Debug)]
#[module(custom_display)]
pub struct Interpolate {
    /// Coarse points from which a fine point takes its features.
    #[module(skip)]
    pub neighbours: usize,
}

impl InterpolateConfig {
    /// Makes the layer.
    pub fn init(&self) -> Interpolate {
        Interpolate { neighbours: self.neighbours }
    }
}

impl Interpolate {
    /// Finds the nearest coarse points of every fine point.
    ///
    /// # Errors
    /// As [`InterpolationMap::nearest`], for example a cloud with fine points and no coarse point.
    pub fn map(&self, coarse: &PackedClouds, fine: &PackedClouds) -> Result<InterpolationMap, NeighborError> {
        InterpolationMap::nearest(coarse, fine, self.neighbours)
    }

    /// Applies the layer to a packed batch; any map will do.
    ///
    /// # Shapes
    /// `S` coarse points and `P` fine points of `map`.
    /// - features `[S, C]`
    /// - output `[P, C]`
    ///
    /// # Panics
    /// When `features` has not one row for each coarse point of `map`.
    pub fn forward(&self, features: Tensor<2>, map: &InterpolationMap) -> Tensor<2> {
        interpolate(features, map)
    }
}

impl ModuleDisplay for Interpolate {
    fn custom_settings(&self) -> Option<DisplaySettings> {
        DisplaySettings::new().with_new_line_after_attribute(false).optional()
    }

    fn custom_content(&self, content: Content) -> Option<Content> {
        content.add("neighbours", &self.neighbours).optional()
    }
}
