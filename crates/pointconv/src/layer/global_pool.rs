//! One row of features for each cloud.

use burn::config::Config;
use burn::module::{Content, DisplaySettings, Module, ModuleDisplay};
use burn::tensor::Tensor;
use neighbors::PackedClouds;

use super::Pooling;
use crate::op::{Segments, segment_pool};

/// Configuration of a [`GlobalPool`]; [`init`](Self::init) makes the layer.
#[derive(Config, Debug)]
pub struct GlobalPoolConfig {
    /// What is taken of the points of a cloud.
    #[config(default = "Pooling::Max")]
    pub pooling: Pooling,
}

/// Pools the features of all points of a cloud (Qi, Su, Mo, Guibas, *PointNet*, CVPR 2017, for the maximum).
///
/// `y_b = max_{j in b} x_j`, `y_b = 1/|b| sum_{j in b} x_j`, or both, channel by channel. A cloud of no points gives 0. The
/// gradient of a maximum goes to one point: the first one that has this value. Sums have an order that depends on the
/// sizes of the clouds alone, so that the result is the same for any number of threads. On the CPU a NaN is a maximum; on a
/// GPU the maximum of NaN and a number is not specified.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use pointconv::{GlobalPoolConfig, PackedClouds, Pooling};
///
/// let clouds = PackedClouds::new([[0.0; 3]; 3], [0, 2, 3])?;
/// let features = Tensor::<2>::from_data([[1.0, 5.0], [3.0, 1.0], [7.0, 8.0]], &Device::flex());
/// let pool = GlobalPoolConfig::new().with_pooling(Pooling::Both).init();
/// let pooled = pool.forward(features, &clouds).into_data();
/// assert_eq!(pooled.to_vec::<f32>().unwrap(), [3.0, 5.0, 2.0, 3.0, 7.0, 8.0, 7.0, 8.0]);
/// # Ok::<(), pointconv::NeighborError>(())
/// ```
#[derive(Module, Debug)]
#[module(custom_display)]
pub struct GlobalPool {
    /// What is taken of the points of a cloud.
    #[module(skip)]
    pub pooling: Pooling,
}

impl GlobalPoolConfig {
    /// Makes the layer.
    pub fn init(&self) -> GlobalPool {
        GlobalPool { pooling: self.pooling }
    }
}

impl GlobalPool {
    /// Applies the layer to a packed batch of `B` clouds.
    ///
    /// # Shapes
    /// - features `[P, C]`, the clouds one after the other as `clouds` has them
    /// - output `[B, C]`, `[B, 2C]` for [`Pooling::Both`]
    ///
    /// # Panics
    /// When `features` has not one row for each point of `clouds`.
    pub fn forward(&self, features: Tensor<2>, clouds: &PackedClouds) -> Tensor<2> {
        segment_pool("GlobalPool", features, Segments::clouds(clouds), self.pooling)
    }
}

impl ModuleDisplay for GlobalPool {
    fn custom_settings(&self) -> Option<DisplaySettings> {
        DisplaySettings::new().with_new_line_after_attribute(false).optional()
    }

    fn custom_content(&self, content: Content) -> Option<Content> {
        content.add_debug_attribute("pooling", &self.pooling).optional()
    }
}
