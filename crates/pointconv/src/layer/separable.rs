//! A depthwise convolution and a 1x1 convolution in a row.

use burn::config::Config;
use burn::module::{Content, DisplaySettings, Initializer, Module, ModuleDisplay};
use burn::nn::Linear;
use burn::tensor::{Device, Tensor};
use neighbors::KernelShape;

use super::{DepthwisePointConv, DepthwisePointConvConfig, dense};
use crate::neighborhood::Neighborhood;

/// Configuration of a [`SeparablePointConv`]; [`init`](Self::init) makes the layer.
#[derive(Config, Debug)]
pub struct SeparablePointConvConfig {
    /// Channels of the input features.
    pub channels_in: usize,
    /// Channels of the output features.
    pub channels_out: usize,
    /// Sub-domains of the kernel, `K` (27 for 3x3x3 cells).
    pub subdomains: usize,
    /// Outputs of every channel of the depthwise half, `M`.
    #[config(default = 1)]
    pub multiplier: usize,
    /// Whether a bias is added, after the 1x1 half.
    #[config(default = true)]
    pub bias: bool,
    /// How the weights of both halves begin: with fan-in `K` and fan-out `K · M`, and with `C_in · M` and `C_out`.
    #[config(default = "Initializer::XavierUniform { gain: 1.0 }")]
    pub initializer: Initializer,
}

/// Separable pointwise convolution: a [`DepthwisePointConv`] without bias, then a 1x1 convolution that mixes the channels
/// (depthwise separable convolution: Chollet, *Xception*, CVPR 2017; Howard et al., *MobileNets*, 2017).
///
/// `y_i = b + V · z_i` with `z_i[c·M + q] = sum_k W[k, c, q] · (1/|Ω_i(k)|) · sum_{j in Ω_i(k)} x_j[c]`
///
/// It stands for a [`PointwiseConv`](crate::PointwiseConv) whose weights factor into `W` and `V`. Multiplications with
/// weights per point, for `K_occ` occupied sub-domains of a point:
///
/// | layer | multiplications |
/// |---|---|
/// | full ([`PointwiseConv`](crate::PointwiseConv)) | `K_occ · C_in · C_out` |
/// | depthwise ([`DepthwisePointConv`]) | `K_occ · C_in · M` |
/// | separable | `K_occ · C_in · M + C_in · M · C_out` |
/// | 1x1 ([`Linear`]) | `C_in · C_out` |
///
/// The first three also average the neighbours: `E · C_in` additions for `E` neighbours per point.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use pointconv::{KernelShape, Neighborhood, PackedClouds, PointwiseConvConfig, SeparablePointConvConfig};
///
/// let device = Device::flex();
/// let clouds = PackedClouds::single([[0.0, 0.0, 0.0], [0.1, 0.0, 0.0], [0.0, 0.1, 0.1]])?;
/// let neighborhood = Neighborhood::build(&clouds, &KernelShape::cells(0.1), &device)?;
///
/// let config = SeparablePointConvConfig::for_shape(16, 32, neighborhood.shape());
/// let output = config.init(&device).forward(Tensor::ones([3, 16], &device), &neighborhood);
/// assert_eq!(output.dims(), [3, 32]);
///
/// // Every point sees all three, each in a sub-domain of its own.
/// let full = PointwiseConvConfig::for_shape(16, 32, neighborhood.shape());
/// assert_eq!(full.multiplications_per_point(&neighborhood), 3.0 * 16.0 * 32.0);
/// assert_eq!(config.multiplications_per_point(&neighborhood), 3.0 * 16.0 + 16.0 * 32.0);
/// # Ok::<(), pointconv::NeighborError>(())
/// ```
#[derive(Module, Debug)]
#[module(custom_display)]
pub struct SeparablePointConv {
    /// One filter per channel over the neighbours, without bias.
    pub depthwise: DepthwisePointConv,
    /// The 1x1 convolution, `V [C_in · M, C_out]` and the bias `b [C_out]`.
    pub pointwise: Linear,
}

impl SeparablePointConvConfig {
    /// Configuration of a layer for the kernel `shape`.
    ///
    /// Layers that differ only in cell size or dilation have the same configuration: the kernel is chosen by the
    /// neighbourhood that [`SeparablePointConv::forward`] is given.
    pub fn for_shape(channels_in: usize, channels_out: usize, shape: &KernelShape) -> Self {
        Self::new(channels_in, channels_out, shape.subdomains())
    }

    /// Makes the layer: weights by the initializer, bias zero.
    pub fn init(&self, device: &Device) -> SeparablePointConv {
        let (middle, channels_out) = (self.channels_in * self.multiplier, self.channels_out);
        let shape = [middle, channels_out];
        SeparablePointConv {
            depthwise: self.depthwise().init(device),
            pointwise: Linear {
                weight: self.initializer.init_with(shape, Some(middle), Some(channels_out), device),
                bias: self.bias.then(|| Initializer::Zeros.init([channels_out], device)),
            },
        }
    }

    /// Multiplications with weights per point, `K_occ · C_in · M + C_in · M · C_out`, where `K_occ` is the mean number of
    /// occupied sub-domains of a point of `neighborhood`.
    ///
    /// The averages, `E · C_in` additions for `E` neighbours per point, are not counted: they are the same for the full
    /// and the depthwise layer.
    pub fn multiplications_per_point(&self, neighborhood: &Neighborhood) -> f64 {
        let mixing = self.channels_in * self.multiplier * self.channels_out;
        self.depthwise().multiplications_per_point(neighborhood) + mixing as f64
    }

    /// The configuration of the first half.
    fn depthwise(&self) -> DepthwisePointConvConfig {
        DepthwisePointConvConfig {
            channels: self.channels_in,
            subdomains: self.subdomains,
            multiplier: self.multiplier,
            bias: false,
            initializer: self.initializer.clone(),
        }
    }
}

impl SeparablePointConv {
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
        self.pointwise.forward(self.depthwise.forward(features, neighborhood))
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
        dense("SeparablePointConv", features, neighborhood, |features| self.forward(features, neighborhood))
    }
}

impl ModuleDisplay for SeparablePointConv {
    fn custom_settings(&self) -> Option<DisplaySettings> {
        DisplaySettings::new().with_new_line_after_attribute(false).optional()
    }

    fn custom_content(&self, content: Content) -> Option<Content> {
        let [subdomains, channels_in, multiplier] = self.depthwise.weight.shape().dims();
        let [_, channels_out] = self.pointwise.weight.shape().dims();
        content
            .add("channels_in", &channels_in)
            .add("channels_out", &channels_out)
            .add("multiplier", &multiplier)
            .add("subdomains", &subdomains)
            .add("bias", &self.pointwise.bias.is_some())
            .optional()
    }
}
