//! A deeper segmenter on the same operator: its config, then the network.

use burn::module::Module;
use burn::nn::{Dropout, DropoutConfig, LayerNorm, LayerNormConfig, Linear, LinearConfig};
use burn::tensor::{Device, Tensor};
use pointconv::KernelShape;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::kernel::{kernel_shape, validate_shells};
use super::trunk::LECUN;
use super::{
    Activations, Convolution, ConvolutionKind, Forward, NetworkConfig, NetworkInput, NetworkSpec, SearchKind,
    ShellsConfig, Task, selu,
};
use crate::check::{ConfigError, ensure, ensure_fraction, ensure_some};

/// A deeper segmenter of residual blocks, each a pointwise convolution of 3x3x3 cells or of shells.
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
    /// Section `[model.shells]`: kernels of shells instead of cells. Default none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shells: Option<ShellsConfig>,
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
            shells: None,
        }
    }
}

impl NetworkConfig for ResidualSegmenterConfig {
    type Network = ResidualSegmenter;

    const TASK: Task = Task::Segmentation;

    fn example() -> Self {
        Self { shells: Some(ShellsConfig::default()), ..Self::default() }
    }

    fn validate(&self, _channels_in: usize) -> Result<(), ConfigError> {
        ensure(
            !self.cells.is_empty() && self.cells.iter().all(|cell| cell.is_finite() && *cell > 0.0),
            "model.cells",
            format_args!("{:?}", self.cells),
            "one number above 0 per convolution, and at least one convolution",
        )?;
        let (expected, count) = match self.shells {
            None => ("as many numbers of at least 1 as there are model.cells", self.cells.len()),
            Some(_) => ("one number of at least 1 per convolution", self.dilations.len().max(1)),
        };
        ensure(
            self.dilations.len() == count && self.dilations.iter().all(|&dilation| dilation > 0),
            "model.dilations",
            format_args!("{:?}", self.dilations),
            expected,
        )?;
        let default = Self::default().cells;
        validate_shells(self.shells.as_ref(), &self.dilations, "model.cells", &self.cells, &default)?;
        ensure_some(self.channels, "model.channels")?;
        ensure_some(self.hidden, "model.hidden")?;
        ensure_fraction(self.dropout, "model.dropout")
    }

    fn kernel_shapes(&self) -> Vec<KernelShape> {
        if self.convolution == ConvolutionKind::OneByOne { Vec::new() } else { self.kernels() }
    }

    fn init(&self, spec: &NetworkSpec, device: &Device) -> ResidualSegmenter {
        let width = self.channels;
        let linear = |from, to| LinearConfig::new(from, to).with_initializer(LECUN).init(device);
        let kernels = self.kernels();
        let layers = kernels.len();
        let convolution = |(index, kernel): (usize, &KernelShape)| {
            // The first one is full: a depthwise one would need the same number of outputs for every input.
            let (kind, from) = match index {
                0 if self.convolution != ConvolutionKind::OneByOne => {
                    (ConvolutionKind::Full, spec.channels_in)
                }
                0 => (self.convolution, spec.channels_in),
                _ => (self.convolution, width),
            };
            Convolution::new(kind, [from, width], kernel.subdomains(), true, &LECUN, device)
        };
        ResidualSegmenter {
            convolutions: kernels.iter().enumerate().map(convolution).collect(),
            norms: (0..layers).map(|_| LayerNormConfig::new(width).init(device)).collect(),
            mixes: (1..layers).map(|_| linear(width, width)).collect(),
            hidden: linear(width * layers, self.hidden),
            dropout: DropoutConfig::new(self.dropout).init(),
            output: linear(self.hidden, spec.classes),
        }
    }

    fn activations(&self, spec: &NetworkSpec) -> Activations {
        // Input, all levels twice (they are concatenated), the level that is being computed, the hidden layer, logits.
        let levels = (2 * self.dilations.len() + 4) * self.channels;
        let inference_per_point = spec.channels_in + levels + 2 * self.hidden + 4 * spec.classes;
        // The backward pass keeps as many values again, and the gradients are as many again.
        Activations {
            inference_per_point,
            training_per_point: 3 * inference_per_point,
            training_per_coarse_point: Vec::new(),
            training_per_cloud: 0,
        }
    }

    fn search(&self) -> SearchKind {
        self.search
    }

    fn kernel_key(&self) -> &'static str {
        if self.shells.is_some() { "model.shells.radius" } else { "model.cells" }
    }
}

impl ResidualSegmenterConfig {
    fn kernels(&self) -> Vec<KernelShape> {
        let shape = |(index, &dilation): (usize, &usize)| {
            // Shells ignore `cells`, so there may be more convolutions than `cells`.
            let cell = self.cells.get(index).copied().unwrap_or_default();
            kernel_shape(self.shells.as_ref(), [3; 3], cell, dilation)
        };
        self.dilations.iter().enumerate().map(shape).collect()
    }
}

/// Residual blocks of pointwise convolutions with cells of several sizes, then two dense layers per point.
///
/// `x_0 = SELU(norm(conv_0(x)))`, `x_l = x_{l-1} + A_l · SELU(norm(conv_l(x_{l-1})))`, logits
/// `O · dropout(SELU(H · [x_0 .. x_L]))`, where `norm` is a normalisation over the channels of a point (Ba et al., *Layer
/// Normalization*, 2016): the result for a point does not depend on the other points of its batch.
#[derive(Module, Debug)]
pub struct ResidualSegmenter {
    convolutions: Vec<Convolution>,
    norms: Vec<LayerNorm>,
    mixes: Vec<Linear>,
    hidden: Linear,
    dropout: Dropout,
    output: Linear,
}

impl Forward for ResidualSegmenter {
    /// # Panics
    /// When the number of neighbourhoods is not that of the convolutions (0 for 1x1 convolutions).
    fn named_outputs(&self, input: &NetworkInput) -> Vec<(String, Tensor<2>)> {
        let needed = self.convolutions.iter().filter(|convolution| convolution.has_neighbors()).count();
        assert_eq!(
            input.neighborhoods.len(),
            needed,
            "ResidualSegmenter: {} neighborhoods for {needed} convolutions",
            input.neighborhoods.len(),
        );
        let mut current = input.features.clone();
        let mut levels = Vec::new();
        let mut outputs = Vec::new();
        for (index, (convolution, norm)) in self.convolutions.iter().zip(&self.norms).enumerate() {
            let found =
                selu(norm.forward(convolution.forward(current.clone(), input.neighborhoods.get(index))));
            current = match index {
                0 => found,
                _ => current + self.mixes[index - 1].forward(found),
            };
            outputs.push((format!("convolutions.{index}"), current.clone()));
            levels.push(current.clone());
        }
        let hidden = selu(self.hidden.forward(Tensor::cat(levels, 1)));
        outputs.push(("hidden".into(), hidden.clone()));
        outputs.push(("output".into(), self.output.forward(self.dropout.forward(hidden))));
        outputs
    }
}
