//! One convolution of a network. The config chooses its kind.

use burn::module::{Initializer, Module};
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{Device, Tensor};
use pointconv::{
    DepthwisePointConv, DepthwisePointConvConfig, Neighborhood, PointwiseConv, PointwiseConvConfig,
    SeparablePointConv, SeparablePointConvConfig,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the convolutions of a network are, for `K` sub-domains of the kernel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ConvolutionKind {
    /// `K · C_in · C_out` weights: every sub-domain mixes all channels.
    #[default]
    Full,
    /// `K · C_out` weights: every channel for itself. The output channels must be a multiple of the input channels.
    Depthwise,
    /// A depthwise convolution of `K · C_in` weights, then a 1x1 convolution.
    Separable,
    /// `C_in · C_out` weights: every point for itself, without neighbours.
    #[serde(rename = "1x1")]
    OneByOne,
}

impl ConvolutionKind {
    /// All kinds, from the most weights to the fewest.
    pub const ALL: [Self; 4] = [Self::Full, Self::Separable, Self::Depthwise, Self::OneByOne];

    /// The value of `model.convolution`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Depthwise => "depthwise",
            Self::Separable => "separable",
            Self::OneByOne => "1x1",
        }
    }
}

/// A convolution from `C_in` to `C_out` channels.
#[derive(Module, Debug)]
#[non_exhaustive]
pub enum Convolution {
    /// Weights for every sub-domain and pair of channels.
    Full(PointwiseConv),
    /// Weights for every sub-domain and output channel.
    Depthwise(DepthwisePointConv),
    /// Depthwise, then 1x1.
    Separable(SeparablePointConv),
    /// Weights for every pair of channels, without neighbours.
    OneByOne(Linear),
}

impl Convolution {
    /// Makes a convolution of the given kind.
    ///
    /// # Panics
    /// When `C_out` of a depthwise convolution is not a multiple of `C_in`.
    #[must_use]
    pub fn new(
        kind: ConvolutionKind,
        [channels_in, channels_out]: [usize; 2],
        subdomains: usize,
        bias: bool,
        initializer: &Initializer,
        device: &Device,
    ) -> Self {
        let initializer = initializer.clone();
        match kind {
            ConvolutionKind::Full => Self::Full(
                PointwiseConvConfig::new(channels_in, channels_out, subdomains)
                    .with_bias(bias)
                    .with_initializer(initializer)
                    .init(device),
            ),
            ConvolutionKind::Depthwise => {
                assert!(
                    channels_out.is_multiple_of(channels_in),
                    "Convolution: {channels_out} output channels, expected a multiple of the {channels_in} of the input"
                );
                Self::Depthwise(
                    DepthwisePointConvConfig::new(channels_in, subdomains)
                        .with_multiplier(channels_out / channels_in)
                        .with_bias(bias)
                        .with_initializer(initializer)
                        .init(device),
                )
            }
            ConvolutionKind::Separable => Self::Separable(
                SeparablePointConvConfig::new(channels_in, channels_out, subdomains)
                    .with_bias(bias)
                    .with_initializer(initializer)
                    .init(device),
            ),
            ConvolutionKind::OneByOne => Self::OneByOne(
                LinearConfig::new(channels_in, channels_out)
                    .with_bias(bias)
                    .with_initializer(initializer)
                    .init(device),
            ),
        }
    }

    /// Whether [`forward`](Self::forward) reads a neighbourhood.
    #[must_use]
    pub fn has_neighbors(&self) -> bool {
        !matches!(self, Self::OneByOne(_))
    }

    /// Applies the convolution to a packed batch.
    ///
    /// # Shapes
    /// - features `[P, C_in]`
    /// - output `[P, C_out]`
    ///
    /// # Panics
    /// When the neighbourhood is missing or does not fit the features.
    pub fn forward(&self, features: Tensor<2>, neighborhood: Option<&Neighborhood>) -> Tensor<2> {
        let lists = || neighborhood.expect("Convolution: expected a neighborhood, found none");
        match self {
            Self::Full(layer) => layer.forward(features, lists()),
            Self::Depthwise(layer) => layer.forward(features, lists()),
            Self::Separable(layer) => layer.forward(features, lists()),
            Self::OneByOne(layer) => layer.forward(features),
        }
    }
}
