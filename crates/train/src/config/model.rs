//! Section `[model]`: the network.

use pointconv::KernelShape;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::check::{ensure, ensure_fraction, ensure_positive, ensure_some};
use super::error::ConfigError;

/// Section `[model]`: the key `kind` chooses the network, the other keys are those of that network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ModelConfig {
    /// `kind = "paper-classifier"`: the classifier of Hua, Tran and Yeung, CVPR 2018 (arXiv
    /// 1712.05245).
    PaperClassifier(PaperClassifierConfig),
    /// `kind = "paper-segmenter"`: the segmenter of the same paper.
    PaperSegmenter(PaperSegmenterConfig),
    /// `kind = "residual-segmenter"`: a deeper segmenter of residual blocks.
    ResidualSegmenter(ResidualSegmenterConfig),
}

/// What a network does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Task {
    /// A class for every cloud.
    Classification,
    /// A class for every point.
    Segmentation,
}

/// The classifier of the paper: pointwise convolutions one after the other, then a head of two
/// linear layers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
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
    /// What the convolutions are; the paper's are full. Default `"full"`.
    pub convolution: ConvolutionKind,
    /// How point features become one vector per cloud. Default `"flatten"`.
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
    /// Features of a point at the first layer. Default `"xyz"`.
    pub inputs: Inputs,
    /// Neighbour search. It changes the time, never the result. Default `"auto"`.
    pub search: SearchKind,
}

/// What the convolutions of a network are, for `K` sub-domains of the kernel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Head {
    /// All point features in the order of the points: needs a fixed number of points and an order.
    #[default]
    Flatten,
    /// Maximum and mean over the points: takes clouds of any size.
    Pooled,
}

/// Features of a point at the first layer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Inputs {
    /// The three coordinates.
    #[default]
    Xyz,
    /// The constant 1.
    One,
}

/// Neighbour search of the convolutions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum SearchKind {
    /// A GPU searches itself, the CPU in a uniform grid.
    #[default]
    Auto,
    /// Uniform grid, on the CPU.
    Grid,
    /// Kd-tree, on the CPU.
    KdTree,
}

/// The segmenter of the paper: the convolutions of its classifier, their outputs side by side, then one convolution of
/// dilation 1 to the classes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PaperSegmenterConfig {
    /// Edge of a kernel cell, in the units of the files. Default 0.1.
    pub cell: f32,
    /// Cells of the kernel along x, y and z, each odd. Default `[3, 3, 3]`.
    pub kernel_size: [usize; 3],
    /// Dilation of each convolution before the last, which also says how many there are. Default `[1, 2, 3, 4]`.
    pub dilations: Vec<usize>,
    /// Output channels of each convolution before the last. Default 9.
    pub channels: usize,
    /// What the convolutions are; the paper's are full. Default `"full"`.
    pub convolution: ConvolutionKind,
    /// Whether the convolutions have a bias; the paper's have none. Default false.
    pub bias: bool,
    /// Whether SELU is applied to the logits, as the code released with the paper does. Default false.
    pub selu_on_logits: bool,
    /// Neighbour search. It changes the time, never the result. Default `"auto"`.
    pub search: SearchKind,
}

/// A deeper segmenter of residual blocks, each a pointwise convolution of 3x3x3 cells.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ResidualSegmenterConfig {
    /// Edge of a kernel cell of each convolution, in the units of the files.
    pub cells: Vec<f32>,
    /// Dilation of each convolution. Default `[1, 1, 2, 2, 4, 4, 8, 8]`.
    pub dilations: Vec<usize>,
    /// Output channels of each convolution. Default 32.
    pub channels: usize,
    /// What the convolutions after the first are. Default `"full"`.
    pub convolution: ConvolutionKind,
    /// Width of the hidden layer of every point. Default 64.
    pub hidden: usize,
    /// Dropout probability after the hidden layer, in `[0, 1)`. Default 0.3.
    pub dropout: f64,
    /// Neighbour search. It changes the time, never the result. Default `"auto"`.
    pub search: SearchKind,
}

impl Default for PaperSegmenterConfig {
    fn default() -> Self {
        Self {
            cell: 0.1,
            kernel_size: [3, 3, 3],
            dilations: vec![1, 2, 3, 4],
            channels: 9,
            convolution: ConvolutionKind::default(),
            bias: false,
            selu_on_logits: false,
            search: SearchKind::default(),
        }
    }
}

impl Default for ResidualSegmenterConfig {
    fn default() -> Self {
        Self {
            cells: vec![0.1; 8],
            dilations: vec![1, 1, 2, 2, 4, 4, 8, 8],
            channels: 32,
            convolution: ConvolutionKind::default(),
            hidden: 64,
            dropout: 0.3,
            search: SearchKind::default(),
        }
    }
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
            Self::PaperSegmenter(_) => "paper-segmenter",
            Self::ResidualSegmenter(_) => "residual-segmenter",
        }
    }

    /// What the network does.
    #[must_use]
    pub fn task(&self) -> Task {
        match self {
            Self::PaperClassifier(_) => Task::Classification,
            Self::PaperSegmenter(_) | Self::ResidualSegmenter(_) => Task::Segmentation,
        }
    }

    /// The kernel of every convolution that reads neighbours, in order.
    #[must_use]
    pub fn kernel_shapes(&self) -> Vec<KernelShape> {
        match self {
            Self::PaperClassifier(config) => config.kernel_shapes(),
            Self::PaperSegmenter(config) => config.kernel_shapes(),
            Self::ResidualSegmenter(config) => config.kernel_shapes(),
        }
    }

    /// Neighbour search of the convolutions.
    #[must_use]
    pub fn search(&self) -> SearchKind {
        match self {
            Self::PaperClassifier(config) => config.search,
            Self::PaperSegmenter(config) => config.search,
            Self::ResidualSegmenter(config) => config.search,
        }
    }

    /// Numbers per point that are alive at the same time while a segmenter computes, without gradients, of a point with
    /// `channels_in` features and `classes` classes; an estimate from above.
    pub(crate) fn channels_alive(&self, channels_in: usize, classes: usize) -> usize {
        let (levels, width, hidden) = match self {
            Self::PaperClassifier(config) => (config.dilations.len(), config.channels, 0),
            Self::PaperSegmenter(config) => (config.dilations.len(), config.channels, 0),
            Self::ResidualSegmenter(config) => (config.cells.len(), config.channels, config.hidden),
        };
        // Input, all levels twice (they are put side by side), one level being made, the hidden layer, logits.
        channels_in + (2 * levels + 4) * width + 2 * hidden + 4 * classes
    }

    /// One of each kind, from which the known keys are learnt.
    pub(super) fn examples() -> Vec<Self> {
        vec![
            Self::PaperClassifier(PaperClassifierConfig::default()),
            Self::PaperSegmenter(PaperSegmenterConfig::default()),
            Self::ResidualSegmenter(ResidualSegmenterConfig::default()),
        ]
    }

    /// Whether the weights depend on the order of the points in a cloud.
    #[must_use]
    pub fn needs_order(&self) -> bool {
        match self {
            Self::PaperClassifier(config) => config.head == Head::Flatten,
            Self::PaperSegmenter(_) | Self::ResidualSegmenter(_) => false,
        }
    }

    /// Checks the section for a network whose first layer reads `channels_in` features of a point.
    pub(super) fn validate(&self, channels_in: usize) -> Result<(), ConfigError> {
        match self {
            Self::PaperClassifier(config) => config.validate(),
            Self::PaperSegmenter(config) => config.validate(channels_in),
            Self::ResidualSegmenter(config) => config.validate(),
        }
    }
}

/// The checks that the two networks of the paper share.
fn validate_stack(
    cell: f32,
    kernel_size: &[usize; 3],
    dilations: &[usize],
    channels: usize,
) -> Result<(), ConfigError> {
    ensure_positive(f64::from(cell), "model.cell")?;
    ensure(
        kernel_size.iter().all(|size| size % 2 == 1),
        "model.kernel_size",
        format_args!("{kernel_size:?}"),
        "three odd numbers",
    )?;
    ensure(
        !dilations.is_empty() && dilations.iter().all(|&dilation| dilation > 0),
        "model.dilations",
        format_args!("{dilations:?}"),
        "one number of at least 1 per convolution, and at least one convolution",
    )?;
    ensure_some(channels, "model.channels")
}

impl PaperSegmenterConfig {
    fn validate(&self, channels_in: usize) -> Result<(), ConfigError> {
        validate_stack(self.cell, &self.kernel_size, &self.dilations, self.channels)?;
        let depthwise = self.convolution == ConvolutionKind::Depthwise;
        ensure(
            !depthwise,
            "model.convolution",
            format_args!("\"depthwise\" with {channels_in} input channels"),
            "\"full\", \"separable\" or \"1x1\": a depthwise convolution cannot give one channel per class",
        )
    }
}

impl ResidualSegmenterConfig {
    fn validate(&self) -> Result<(), ConfigError> {
        ensure(
            !self.cells.is_empty() && self.cells.iter().all(|cell| cell.is_finite() && *cell > 0.0),
            "model.cells",
            format_args!("{:?}", self.cells),
            "one number above 0 per convolution, and at least one convolution",
        )?;
        ensure(
            self.dilations.len() == self.cells.len() && self.dilations.iter().all(|&dilation| dilation > 0),
            "model.dilations",
            format_args!("{:?}", self.dilations),
            "as many numbers of at least 1 as there are model.cells",
        )?;
        ensure_some(self.channels, "model.channels")?;
        ensure_some(self.hidden, "model.hidden")?;
        ensure_fraction(self.dropout, "model.dropout")
    }
}

impl PaperClassifierConfig {
    fn validate(&self) -> Result<(), ConfigError> {
        validate_stack(self.cell, &self.kernel_size, &self.dilations, self.channels)?;
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
