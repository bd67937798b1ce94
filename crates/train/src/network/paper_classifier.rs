//! The classifier of Hua, Tran, Yeung (CVPR 2018).

use burn::module::Module;
use burn::nn::loss::{CrossEntropyLoss, CrossEntropyLossConfig};
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{Device, Int, Tensor};
use pointconv::{KernelShape, Neighborhood};

use super::trunk::{LECUN, Trunk, levels};
use super::{AlphaDropout, Convolution, selu};
use crate::config::{Head, Inputs, PaperClassifierConfig};

/// Four pointwise convolutions with growing dilation, their outputs side by side, then two dense layers.
///
/// SELU after every convolution and after the first dense layer, alpha dropout before the last. With the `flatten` head
/// a cloud has a fixed number of points in a fixed order; the `pooled` head takes the maximum and the mean over the
/// points and any number of them.
#[derive(Module, Debug)]
pub struct PaperClassifier {
    convolutions: Vec<Convolution>,
    hidden: Linear,
    dropout: AlphaDropout,
    output: Linear,
    loss: CrossEntropyLoss,
    concat: bool,
    pooled: bool,
    selu_on_logits: bool,
}

impl PaperClassifierConfig {
    pub(crate) fn trunk(&self) -> Trunk<'_> {
        Trunk {
            kind: self.convolution,
            kernel_size: self.kernel_size,
            cell: self.cell,
            dilations: &self.dilations,
            channels_in: self.input_channels(),
            channels: self.channels,
            bias: true,
        }
    }

    /// The kernel of every convolution, in order; none when the convolutions are 1x1 and read no neighbours.
    #[must_use]
    pub fn kernel_shapes(&self) -> Vec<KernelShape> {
        self.trunk().kernel_shapes()
    }

    /// Channels that the first convolution reads.
    #[must_use]
    pub fn input_channels(&self) -> usize {
        match self.inputs {
            Inputs::Xyz => 3,
            Inputs::One => 1,
        }
    }

    /// Makes the network for clouds of `points` points and `classes` classes.
    #[must_use]
    pub fn init(
        &self,
        points: usize,
        classes: usize,
        label_smoothing: f32,
        device: &Device,
    ) -> PaperClassifier {
        let per_point = self.channels * if self.concat { self.dilations.len() } else { 1 };
        let features = match self.head {
            Head::Flatten => points * per_point,
            Head::Pooled => 2 * per_point,
        };
        let linear = |from, to| LinearConfig::new(from, to).with_initializer(LECUN).init(device);
        PaperClassifier {
            convolutions: self.trunk().init(device),
            hidden: linear(features, self.hidden),
            dropout: AlphaDropout::new(self.dropout),
            output: linear(self.hidden, classes),
            loss: CrossEntropyLossConfig::new()
                .with_smoothing((label_smoothing > 0.0).then_some(label_smoothing))
                .init(device),
            concat: self.concat,
            pooled: self.head == Head::Pooled,
            selu_on_logits: self.selu_on_logits,
        }
    }
}

impl PaperClassifier {
    /// The logits of every cloud.
    ///
    /// # Shapes
    /// - features `[P, C_in]`; offsets `[B+1]` of the clouds in them
    /// - one neighbourhood of these clouds per convolution, none for 1x1 convolutions
    /// - output `[B, classes]`
    ///
    /// # Panics
    /// When there is not one neighbourhood per convolution, or when the head is `flatten` and a cloud has another number
    /// of points than the network was made for.
    pub fn forward(
        &self,
        features: Tensor<2>,
        offsets: &[usize],
        neighborhoods: &[Neighborhood],
    ) -> Tensor<2> {
        self.named_outputs(features, offsets, neighborhoods).pop().expect("there is always a last layer").1
    }

    /// The output of every layer with its name, the logits last.
    pub(crate) fn named_outputs(
        &self,
        features: Tensor<2>,
        offsets: &[usize],
        neighborhoods: &[Neighborhood],
    ) -> Vec<(String, Tensor<2>)> {
        let levels = levels(&self.convolutions, features, neighborhoods);
        let names = (0..).map(|index| format!("convolutions.{index}"));
        let mut outputs: Vec<(String, Tensor<2>)> = names.zip(levels.clone()).collect();
        let current = levels.last().cloned().expect("there is at least one convolution");
        let points = if self.concat { Tensor::cat(levels, 1) } else { current };
        let hidden = selu(self.hidden.forward(self.per_cloud(points, offsets)));
        outputs.push(("hidden".into(), hidden.clone()));
        let logits = self.output.forward(self.dropout.forward(hidden));
        let logits = if self.selu_on_logits { selu(logits) } else { logits };
        outputs.push(("output".into(), logits));
        outputs
    }

    /// `[P, C] -> [B, features of a cloud]`.
    fn per_cloud(&self, points: Tensor<2>, offsets: &[usize]) -> Tensor<2> {
        let [_, channels] = points.dims();
        let clouds = offsets.len() - 1;
        if !self.pooled {
            let size = offsets.get(1).copied().unwrap_or(0);
            assert!(
                offsets.windows(2).all(|o| o[1] - o[0] == size),
                "PaperClassifier: the flatten head needs clouds of one size, found clouds at {offsets:?}"
            );
            return points.reshape([clouds, size * channels]);
        }
        let pooled = offsets.windows(2).map(|range| {
            let cloud = points.clone().slice_dim(0, range[0]..range[1]);
            Tensor::cat(vec![cloud.clone().max_dim(0), cloud.mean_dim(0)], 1)
        });
        Tensor::cat(pooled.collect(), 0)
    }

    pub(super) fn loss(&self, logits: Tensor<2>, targets: Tensor<1, Int>) -> Tensor<1> {
        self.loss.forward(logits, targets)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ConvolutionKind;

    #[test]
    fn has_the_parameters_of_the_paper() {
        // Counted by hand: 27·3·9 + 9 + 3·(27·9·9 + 9) = 7,326 with biases, 7,290 weights.
        let network = PaperClassifierConfig::default().init(2048, 40, 0.0, &Device::flex());
        let convolutions: usize = network.convolutions.iter().map(Module::num_params).sum();
        assert_eq!(convolutions, 7_326);
        let head = 36 * 2048 * 512 + 512 + 512 * 40 + 40;
        assert_eq!(network.num_params(), convolutions + head);
    }

    #[test]
    fn every_kind_has_the_weights_of_its_formula() {
        let convolutions = |convolution| {
            let config = PaperClassifierConfig { convolution, ..Default::default() };
            let network = config.init(16, 4, 0.0, &Device::flex());
            network.convolutions.iter().map(Module::num_params).sum::<usize>()
        };
        assert_eq!(convolutions(ConvolutionKind::Separable), 27 * 3 + 3 * 9 + 9 + 3 * (27 * 9 + 9 * 9 + 9));
        assert_eq!(convolutions(ConvolutionKind::Depthwise), 4 * (27 * 9 + 9));
        assert_eq!(convolutions(ConvolutionKind::OneByOne), 3 * 9 + 9 + 3 * (9 * 9 + 9));
    }
}
