//! The layer of the full operator.

use burn::config::Config;
use burn::module::{Content, DisplaySettings, Initializer, Module, ModuleDisplay, Param};
use burn::tensor::{Device, Tensor};
use neighbors::KernelShape;

use super::dense;
use crate::neighborhood::Neighborhood;
use crate::pointwise_conv;

/// Configuration of a [`PointwiseConv`]; [`init`](Self::init) makes the layer.
#[derive(Config, Debug)]
pub struct PointwiseConvConfig {
    /// Channels of the input features.
    pub channels_in: usize,
    /// Channels of the output features.
    pub channels_out: usize,
    /// Sub-domains of the kernel, `K` (27 for 3x3x3 cells).
    pub subdomains: usize,
    /// Whether a bias is added.
    #[config(default = true)]
    pub bias: bool,
    /// How the weights begin. The fan-in is `K · C_in`, the fan-out `K · C_out`.
    #[config(default = "Initializer::XavierUniform { gain: 1.0 }")]
    pub initializer: Initializer,
}

/// Pointwise convolution (Hua, Tran, Yeung, CVPR 2018).
///
/// `y_i = b + sum_k W_k · (1/|Ω_i(k)|) · sum_{j in Ω_i(k)} x_j`, see [`pointwise_conv`].
#[derive(Module, Debug)]
#[module(custom_display)]
pub struct PointwiseConv {
    /// `W [K, C_in, C_out]`. For cells `k = (kz · size_y + ky) · size_x + kx`, so that weights stored as
    /// `[z, y, x, C_in, C_out]` only need a reshape.
    pub weight: Param<Tensor<3>>,
    /// `b [C_out]`.
    pub bias: Option<Param<Tensor<1>>>,
}

impl PointwiseConvConfig {
    /// Configuration of a layer for the kernel `shape`.
    ///
    /// Layers that differ only in cell size or dilation have the same configuration: the kernel is chosen by the
    /// neighbourhood that [`PointwiseConv::forward`] is given.
    pub fn for_shape(channels_in: usize, channels_out: usize, shape: &KernelShape) -> Self {
        Self::new(channels_in, channels_out, shape.subdomains())
    }

    /// Makes the layer: weights by the initializer, bias zero.
    pub fn init(&self, device: &Device) -> PointwiseConv {
        let shape = [self.subdomains, self.channels_in, self.channels_out];
        let fan_in = self.subdomains * self.channels_in;
        let fan_out = self.subdomains * self.channels_out;
        PointwiseConv {
            weight: self.initializer.init_with(shape, Some(fan_in), Some(fan_out), device),
            bias: self.bias.then(|| Initializer::Zeros.init([self.channels_out], device)),
        }
    }

    /// Multiplications with weights per point, `K_occ · C_in · C_out`, where `K_occ` is the mean number of occupied
    /// sub-domains of a point of `neighborhood`.
    ///
    /// The averages, `E · C_in` additions for `E` neighbours per point, are not counted: they are the same for the
    /// depthwise and the separable layer.
    pub fn multiplications_per_point(&self, neighborhood: &Neighborhood) -> f64 {
        neighborhood.occupied_per_point() * (self.channels_in * self.channels_out) as f64
    }
}

impl PointwiseConv {
    /// Applies the layer to a packed batch of clouds.
    ///
    /// # Shapes
    /// - features `[P, C_in]`, the clouds one after the other as `neighborhood` has them
    /// - output `[P, C_out]`
    ///
    /// # Panics
    /// When `features` has not one row per point of `neighborhood`, when the channels are not the layer's, or when the
    /// kernel of `neighborhood` has another number of sub-domains.
    pub fn forward(&self, features: Tensor<2>, neighborhood: &Neighborhood) -> Tensor<2> {
        pointwise_conv(features, self.weight.val(), self.bias.as_ref().map(|bias| bias.val()), neighborhood)
    }

    /// Applies the layer to a dense batch: `B` clouds of `N` points each.
    ///
    /// # Shapes
    /// - features `[B, N, C_in]`
    /// - output `[B, N, C_out]`
    ///
    /// # Panics
    /// As [`forward`](Self::forward), and when a cloud of `neighborhood` has not exactly `N` points.
    pub fn forward_dense(&self, features: Tensor<3>, neighborhood: &Neighborhood) -> Tensor<3> {
        dense("PointwiseConv", features, neighborhood, |features| self.forward(features, neighborhood))
    }
}

impl ModuleDisplay for PointwiseConv {
    fn custom_settings(&self) -> Option<DisplaySettings> {
        DisplaySettings::new().with_new_line_after_attribute(false).optional()
    }

    fn custom_content(&self, content: Content) -> Option<Content> {
        let [subdomains, channels_in, channels_out] = self.weight.shape().dims();
        content
            .add("channels_in", &channels_in)
            .add("channels_out", &channels_out)
            .add("subdomains", &subdomains)
            .add("bias", &self.bias.is_some())
            .optional()
    }
}
