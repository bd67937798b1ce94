//! The layer of the depthwise operator.

use burn::config::Config;
use burn::module::{Content, DisplaySettings, Initializer, Module, ModuleDisplay, Param};
use burn::tensor::{Device, Tensor};
use neighbors::KernelShape;

use super::dense;
use crate::depthwise_point_conv;
use crate::neighborhood::Neighborhood;

/// Configuration of a [`DepthwisePointConv`]; [`init`](Self::init) makes the layer.
#[derive(Config, Debug)]
pub struct DepthwisePointConvConfig {
    /// Channels of the input features.
    pub channels: usize,
    /// Sub-domains of the kernel, `K` (27 for 3x3x3 cells).
    pub subdomains: usize,
    /// Outputs of every channel, `M`.
    #[config(default = 1)]
    pub multiplier: usize,
    /// Whether a bias is added.
    #[config(default = true)]
    pub bias: bool,
    /// How the weights begin. The fan-in is `K`, the fan-out `K · M`.
    #[config(default = "Initializer::XavierUniform { gain: 1.0 }")]
    pub initializer: Initializer,
}

/// Depthwise pointwise convolution: the operator of [`PointwiseConv`](crate::PointwiseConv) (Hua, Tran, Yeung, CVPR
/// 2018) with one weight per sub-domain and channel.
///
/// `y_i[c·M + q] = b[c·M + q] + sum_k W[k, c, q] · (1/|Ω_i(k)|) · sum_{j in Ω_i(k)} x_j[c]`, see
/// [`depthwise_point_conv`].
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use pointconv::{DepthwisePointConvConfig, KernelShape, Neighborhood, PackedClouds};
///
/// let device = Device::flex();
/// let clouds = PackedClouds::single([[0.0, 0.0, 0.0], [0.05, 0.0, 0.0], [0.3, 0.1, 0.0]])?;
/// let neighborhood = Neighborhood::build(&clouds, &KernelShape::cells(0.1), &device)?;
///
/// let config = DepthwisePointConvConfig::for_shape(4, neighborhood.shape()).with_multiplier(2);
/// let output = config.init(&device).forward(Tensor::ones([3, 4], &device), &neighborhood);
/// assert_eq!(output.dims(), [3, 8]);
/// # Ok::<(), pointconv::NeighborError>(())
/// ```
#[derive(Module, Debug)]
#[module(custom_display)]
pub struct DepthwisePointConv {
    /// `W [K, C_in, M]`. For cells `k = (kz · size_y + ky) · size_x + kx`.
    pub weight: Param<Tensor<3>>,
    /// `b [C_in · M]`.
    pub bias: Option<Param<Tensor<1>>>,
}

impl DepthwisePointConvConfig {
    /// Configuration of a layer for the kernel `shape`.
    ///
    /// Layers that differ only in cell size or dilation have the same configuration: the kernel is chosen by the
    /// neighbourhood that [`DepthwisePointConv::forward`] is given.
    pub fn for_shape(channels: usize, shape: &KernelShape) -> Self {
        Self::new(channels, shape.subdomains())
    }

    /// Makes the layer: weights by the initializer, bias zero.
    pub fn init(&self, device: &Device) -> DepthwisePointConv {
        let shape = [self.subdomains, self.channels, self.multiplier];
        let (fan_in, fan_out) = (self.subdomains, self.subdomains * self.multiplier);
        let channels_out = self.channels * self.multiplier;
        DepthwisePointConv {
            weight: self.initializer.init_with(shape, Some(fan_in), Some(fan_out), device),
            bias: self.bias.then(|| Initializer::Zeros.init([channels_out], device)),
        }
    }

    /// Multiplications with weights per point, `K_occ · C_in · M`, where `K_occ` is the mean number of occupied
    /// sub-domains of a point of `neighborhood`.
    ///
    /// The averages, `E · C_in` additions for `E` neighbours per point, are not counted: they are the same for the
    /// full and the separable layer.
    pub fn multiplications_per_point(&self, neighborhood: &Neighborhood) -> f64 {
        neighborhood.occupied_per_point() * (self.channels * self.multiplier) as f64
    }
}

impl DepthwisePointConv {
    /// Applies the layer to a packed batch of clouds.
    ///
    /// # Shapes
    /// - features `[P, C_in]`, the clouds one after the other as `neighborhood` has them
    /// - output `[P, C_in · M]`, the `M` outputs of a channel beside each other
    ///
    /// # Panics
    /// When `features` has not one row per point of `neighborhood`, when the channels are not the layer's, or when the
    /// kernel of `neighborhood` has another number of sub-domains.
    pub fn forward(&self, features: Tensor<2>, neighborhood: &Neighborhood) -> Tensor<2> {
        depthwise_point_conv(
            features,
            self.weight.val(),
            self.bias.as_ref().map(|bias| bias.val()),
            neighborhood,
        )
    }

    /// Applies the layer to a dense batch: `B` clouds of `N` points each.
    ///
    /// # Shapes
    /// - features `[B, N, C_in]`
    /// - output `[B, N, C_in · M]`
    ///
    /// # Panics
    /// As [`forward`](Self::forward), and when a cloud of `neighborhood` has not exactly `N` points.
    pub fn forward_dense(&self, features: Tensor<3>, neighborhood: &Neighborhood) -> Tensor<3> {
        dense("DepthwisePointConv", features, neighborhood, |features| self.forward(features, neighborhood))
    }
}

impl ModuleDisplay for DepthwisePointConv {
    fn custom_settings(&self) -> Option<DisplaySettings> {
        DisplaySettings::new().with_new_line_after_attribute(false).optional()
    }

    fn custom_content(&self, content: Content) -> Option<Content> {
        let [subdomains, channels, multiplier] = self.weight.shape().dims();
        content
            .add("channels", &channels)
            .add("multiplier", &multiplier)
            .add("subdomains", &subdomains)
            .add("bias", &self.bias.is_some())
            .optional()
    }
}
