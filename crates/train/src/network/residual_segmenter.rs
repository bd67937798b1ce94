//! A deeper segmenter on the same operator.

use burn::module::Module;
use burn::nn::{Dropout, DropoutConfig, LayerNorm, LayerNormConfig, Linear, LinearConfig};
use burn::tensor::{Device, Tensor};
use pointconv::{KernelShape, Neighborhood};

use super::trunk::LECUN;
use super::{Convolution, selu};
use crate::config::{ConvolutionKind, ResidualSegmenterConfig};

/// Residual blocks of pointwise convolutions with cells of several sizes, then two dense layers for every point.
///
/// `x_0 = SELU(norm(conv_0(x)))`, `x_l = x_{l-1} + A_l · SELU(norm(conv_l(x_{l-1})))`, logits
/// `O · dropout(SELU(H · [x_0 .. x_L]))`, where `norm` is a normalisation over the channels of a point (Ba et al., *Layer
/// Normalization*, 2016): what a point gets does not depend on the other points of its batch.
#[derive(Module, Debug)]
pub struct ResidualSegmenter {
    convolutions: Vec<Convolution>,
    norms: Vec<LayerNorm>,
    mixes: Vec<Linear>,
    hidden: Linear,
    dropout: Dropout,
    output: Linear,
    pub(super) label_smoothing: f32,
}

impl ResidualSegmenterConfig {
    /// The kernel of every convolution, in order; none when the convolutions are 1x1.
    #[must_use]
    pub fn kernel_shapes(&self) -> Vec<KernelShape> {
        if self.convolution == ConvolutionKind::OneByOne {
            return Vec::new();
        }
        let layers = self.cells.iter().zip(&self.dilations);
        layers.map(|(&cell, &dilation)| KernelShape::cells(cell).with_dilation([dilation; 3])).collect()
    }

    /// Makes the network for points with `channels_in` features and `classes` classes.
    #[must_use]
    pub fn init(
        &self,
        channels_in: usize,
        classes: usize,
        label_smoothing: f32,
        device: &Device,
    ) -> ResidualSegmenter {
        let width = self.channels;
        let linear = |from, to| LinearConfig::new(from, to).with_initializer(LECUN).init(device);
        let layers = self.cells.len();
        let convolution = |index: usize| {
            // The first one is full: a depthwise one would need as many outputs per input.
            let (kind, from) = match index {
                0 if self.convolution != ConvolutionKind::OneByOne => (ConvolutionKind::Full, channels_in),
                0 => (self.convolution, channels_in),
                _ => (self.convolution, width),
            };
            Convolution::new(kind, [from, width], 27, true, &LECUN, device)
        };
        ResidualSegmenter {
            convolutions: (0..layers).map(convolution).collect(),
            norms: (0..layers).map(|_| LayerNormConfig::new(width).init(device)).collect(),
            mixes: (1..layers).map(|_| linear(width, width)).collect(),
            hidden: linear(width * layers, self.hidden),
            dropout: DropoutConfig::new(self.dropout).init(),
            output: linear(self.hidden, classes),
            label_smoothing,
        }
    }
}

impl ResidualSegmenter {
    /// The logits of every point.
    ///
    /// # Shapes
    /// - features `[P, C_in]`, one neighbourhood of their points per convolution, none for 1x1 convolutions
    /// - output `[P, classes]`
    ///
    /// # Panics
    /// When there is not one neighbourhood per convolution.
    pub fn forward(&self, features: Tensor<2>, neighborhoods: &[Neighborhood]) -> Tensor<2> {
        self.named_outputs(features, neighborhoods).pop().expect("there is always a last layer").1
    }

    /// The output of every layer with its name, the logits last.
    pub(crate) fn named_outputs(
        &self,
        features: Tensor<2>,
        neighborhoods: &[Neighborhood],
    ) -> Vec<(String, Tensor<2>)> {
        let needed = self.convolutions.iter().filter(|convolution| convolution.has_neighbors()).count();
        assert_eq!(
            neighborhoods.len(),
            needed,
            "ResidualSegmenter: {} neighborhoods for {needed} convolutions",
            neighborhoods.len(),
        );
        let mut current = features;
        let mut levels = Vec::new();
        let mut outputs = Vec::new();
        for (index, (convolution, norm)) in self.convolutions.iter().zip(&self.norms).enumerate() {
            let found = selu(norm.forward(convolution.forward(current.clone(), neighborhoods.get(index))));
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
