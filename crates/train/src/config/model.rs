//! Section `[model]`: the network.

use serde::{Deserialize, Serialize};

use super::check::{ensure, ensure_fraction, ensure_positive, ensure_some};
use super::error::ConfigError;

/// Section `[model]`: the key `kind` chooses the network, the other keys are those of that network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ModelConfig {
    /// `kind = "paper-classifier"`: the classifier of Hua, Tran and Yeung, CVPR 2018 (arXiv
    /// 1712.05245).
    PaperClassifier(PaperClassifierConfig),
}

/// The classifier of the paper: pointwise convolutions one after the other, then a head of two
/// linear layers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PaperClassifierConfig {
    /// Edge of a kernel cell, in the units of the clouds after normalising. Default 0.1.
    pub cell: f32,
    /// Cells of the kernel along x, y and z, each odd. Default `[3, 3, 3]`.
    pub kernel_size: [usize; 3],
    /// Dilation of each convolution, which also says how many there are. Default `[1, 2, 3, 4]`.
    pub dilations: Vec<usize>,
    /// Output channels of each convolution. Default 9.
    pub channels: usize,
    /// What the convolutions are: `"full"`, as in the paper, `"depthwise"`, `"separable"` or `"1x1"`. Default `"full"`.
    pub convolution: ConvolutionKind,
    /// How point features become one vector per cloud: `"flatten"` or `"pooled"`. Default
    /// `"flatten"`.
    pub head: Head,
    /// Width of the hidden linear layer. Default 512.
    pub hidden: usize,
    /// Alpha-dropout probability after the hidden layer, in `[0, 1)`. Default 0.5.
    pub dropout: f64,
    /// Whether SELU is applied to the logits, as the code released with the paper does. Default
    /// false.
    pub selu_on_logits: bool,
    /// Whether the outputs of all convolutions are concatenated, in place of using the last one.
    /// Default true.
    pub concat: bool,
    /// Features of a point at the first layer: `"xyz"` or `"one"`. Default `"xyz"`.
    pub inputs: Inputs,
    /// Neighbour search: `"auto"`, `"grid"` or `"kd-tree"`. It changes the time, never the result.
    /// Default `"auto"`.
    pub search: SearchKind,
}

/// What the convolutions of a network are, for `K` sub-domains of the kernel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConvolutionKind {
    /// `K · C_in · C_out` weights: every sub-domain mixes all channels.
    #[default]
    Full,
    /// `K · C_out` weights: every channel for itself. `model.channels` must be a multiple of the input channels.
    Depthwise,
    /// A depthwise convolution of `K · C_in` weights, then a 1x1 convolution.
    Separable,
    /// `C_in · C_out` weights: every point for itself, without neighbours.
    #[serde(rename = "1x1")]
    OneByOne,
}

/// How point features become one vector per cloud.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Head {
    /// All point features in the order of the points: needs a fixed number of points and an order.
    #[default]
    Flatten,
    /// Maximum and mean over the points: takes clouds of any size.
    Pooled,
}

/// Features of a point at the first layer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Inputs {
    /// The three coordinates.
    #[default]
    Xyz,
    /// The constant 1.
    One,
}

/// Neighbour search of the convolutions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SearchKind {
    /// Chosen by the number of points.
    #[default]
    Auto,
    /// Uniform grid.
    Grid,
    /// Kd-tree.
    KdTree,
}

impl Default for PaperClassifierConfig {
    fn default() -> Self {
        Self {
            cell: 0.1,
            kernel_size: [3, 3, 3],
            dilations: vec![1, 2, 3, 4],
            channels: 9,
            convolution: ConvolutionKind::default(),
            head: Head::default(),
            hidden: 512,
            dropout: 0.5,
            selu_on_logits: false,
            concat: true,
            inputs: Inputs::default(),
            search: SearchKind::default(),
        }
    }
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

impl ModelConfig {
    /// The network's name in the config, the value of `model.kind`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::PaperClassifier(_) => "paper-classifier",
        }
    }

    /// One of each kind, from which the known keys are learnt.
    pub(super) fn examples() -> Vec<Self> {
        vec![Self::PaperClassifier(PaperClassifierConfig::default())]
    }

    /// Whether the weights depend on the order of the points in a cloud.
    #[must_use]
    pub fn needs_order(&self) -> bool {
        match self {
            Self::PaperClassifier(config) => config.head == Head::Flatten,
        }
    }

    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        match self {
            Self::PaperClassifier(config) => config.validate(),
        }
    }
}

impl PaperClassifierConfig {
    fn validate(&self) -> Result<(), ConfigError> {
        ensure_positive(f64::from(self.cell), "model.cell")?;
        ensure(
            self.kernel_size.iter().all(|size| size % 2 == 1),
            "model.kernel_size",
            format_args!("{:?}", self.kernel_size),
            "three odd numbers",
        )?;
        ensure(
            !self.dilations.is_empty() && self.dilations.iter().all(|&dilation| dilation > 0),
            "model.dilations",
            format_args!("{:?}", self.dilations),
            "one number of at least 1 per convolution, and at least one convolution",
        )?;
        ensure_some(self.channels, "model.channels")?;
        ensure(
            self.convolution != ConvolutionKind::Depthwise
                || self.channels.is_multiple_of(self.input_channels()),
            "model.channels",
            self.channels,
            "a multiple of the 3 input channels, for model.convolution = \"depthwise\"",
        )?;
        ensure_some(self.hidden, "model.hidden")?;
        ensure_fraction(self.dropout, "model.dropout")
    }
}
