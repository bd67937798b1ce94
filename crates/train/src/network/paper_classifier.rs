//! The classifier of Hua, Tran, Yeung (CVPR 2018): its config, then the network.

use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{Device, Tensor};
use pointconv::KernelShape;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::kernel::kernel_shape;
use super::trunk::{CELL, KERNEL_SIZE, LECUN, Trunk, levels, validate_stack};
use super::{
    Activations, AlphaDropout, Convolution, ConvolutionKind, Forward, NetworkConfig, NetworkInput,
    NetworkSpec, SearchKind, ShellsConfig, Task, selu,
};
use crate::check::{ConfigError, ensure, ensure_fraction, ensure_some};

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
    /// Whether the outputs of all convolutions are concatenated, instead of using the last one.
    /// Default true.
    pub concat: bool,
    /// Neighbour search. It changes the time, never the result. Default `"auto"`.
    pub search: SearchKind,
    /// Section `[model.shells]`: kernels of shells instead of cells. Default none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shells: Option<ShellsConfig>,
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

impl Default for PaperClassifierConfig {
    fn default() -> Self {
        Self {
            cell: CELL,
            kernel_size: KERNEL_SIZE,
            dilations: vec![1, 2, 3, 4],
            channels: 9,
            convolution: ConvolutionKind::default(),
            head: Head::default(),
            hidden: 512,
            dropout: 0.5,
            selu_on_logits: false,
            concat: true,
            search: SearchKind::default(),
            shells: None,
        }
    }
}

impl NetworkConfig for PaperClassifierConfig {
    type Network = PaperClassifier;

    const TASK: Task = Task::Classification;

    fn example() -> Self {
        Self { shells: Some(ShellsConfig::default()), ..Self::default() }
    }

    fn validate(&self, channels_in: usize) -> Result<(), ConfigError> {
        let shells = self.shells.as_ref();
        validate_stack(self.cell, &self.kernel_size, &self.dilations, self.channels, shells)?;
        ensure(
            self.convolution != ConvolutionKind::Depthwise || self.channels.is_multiple_of(channels_in),
            "model.channels",
            self.channels,
            &format!("a multiple of the {channels_in} input channels, for model.convolution = \"depthwise\""),
        )?;
        ensure_some(self.hidden, "model.hidden")?;
        ensure_fraction(self.dropout, "model.dropout")
    }

    fn kernel_shapes(&self) -> Vec<KernelShape> {
        if self.convolution == ConvolutionKind::OneByOne { Vec::new() } else { self.kernels() }
    }

    fn init(&self, spec: &NetworkSpec, device: &Device) -> PaperClassifier {
        let linear = |from, to| LinearConfig::new(from, to).with_initializer(LECUN).init(device);
        PaperClassifier {
            convolutions: self.trunk(spec.channels_in).init(device),
            hidden: linear(self.head_width(spec.points), self.hidden),
            dropout: AlphaDropout::new(self.dropout),
            output: linear(self.hidden, spec.classes),
            concat: self.concat,
            pooled: self.head == Head::Pooled,
            selu_on_logits: self.selu_on_logits,
        }
    }

    fn activations(&self, spec: &NetworkSpec) -> Activations {
        let (layers, out) = (self.dilations.len(), self.channels);
        let per_point = out * if self.concat { layers } else { 1 };
        Activations {
            inference_per_point: spec.channels_in + (2 * layers + 4) * out,
            // Input; before and after SELU in every layer; the concatenation; and the gradients of the last two.
            training_per_point: spec.channels_in + 2 * layers * out + 3 * per_point,
            training_per_coarse_point: Vec::new(),
            // Before and after SELU and dropout, the dropout mask, and as many gradients.
            training_per_cloud: 8 * self.hidden + 4 * spec.classes,
        }
    }

    fn search(&self) -> SearchKind {
        self.search
    }

    fn kernel_key(&self) -> &'static str {
        if self.shells.is_some() { "model.shells.radius" } else { "model.cell" }
    }

    fn needs_order(&self) -> bool {
        self.head == Head::Flatten
    }
}

impl PaperClassifierConfig {
    fn kernels(&self) -> Vec<KernelShape> {
        let shape =
            |&dilation: &usize| kernel_shape(self.shells.as_ref(), self.kernel_size, self.cell, dilation);
        self.dilations.iter().map(shape).collect()
    }

    fn trunk(&self, channels_in: usize) -> Trunk {
        let kernels = self.kernels();
        Trunk { kind: self.convolution, kernels, channels_in, channels: self.channels, bias: true }
    }

    /// Channels of a cloud that the hidden layer reads.
    fn head_width(&self, points: usize) -> usize {
        let per_point = self.channels * if self.concat { self.dilations.len() } else { 1 };
        match self.head {
            Head::Flatten => points * per_point,
            Head::Pooled => 2 * per_point,
        }
    }
}

/// Four pointwise convolutions with growing dilation, their outputs concatenated, then two dense layers.
///
/// SELU after every convolution and after the first dense layer, alpha dropout before the last. The `flatten` head needs a
/// fixed number of points in a fixed order. The `pooled` head takes the maximum and the mean over any number of points.
#[derive(Module, Debug)]
pub struct PaperClassifier {
    convolutions: Vec<Convolution>,
    hidden: Linear,
    dropout: AlphaDropout,
    output: Linear,
    concat: bool,
    pooled: bool,
    selu_on_logits: bool,
}

impl Forward for PaperClassifier {
    /// # Panics
    /// When the number of neighbourhoods is not that of the convolutions (0 for 1x1 convolutions), or when the head is `flatten`
    /// and a cloud does not have the number of points that the network was made for.
    fn named_outputs(&self, input: &NetworkInput) -> Vec<(String, Tensor<2>)> {
        let levels = levels(&self.convolutions, input.features.clone(), &input.neighborhoods);
        let names = (0..).map(|index| format!("convolutions.{index}"));
        let mut outputs: Vec<(String, Tensor<2>)> = names.zip(levels.clone()).collect();
        let current = levels.last().cloned().expect("there is at least one convolution");
        let points = if self.concat { Tensor::cat(levels, 1) } else { current };
        let hidden = selu(self.hidden.forward(self.per_cloud(points, input.clouds.offsets())));
        outputs.push(("hidden".into(), hidden.clone()));
        let logits = self.output.forward(self.dropout.forward(hidden));
        let logits = if self.selu_on_logits { selu(logits) } else { logits };
        outputs.push(("output".into(), logits));
        outputs
    }
}

impl PaperClassifier {
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
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(points: usize, channels_in: usize, classes: usize) -> NetworkSpec {
        NetworkSpec { points, channels_in, classes }
    }

    #[test]
    fn has_the_parameters_of_the_paper() {
        // Counted by hand: 27·3·9 + 9 + 3·(27·9·9 + 9) = 7,326 with biases, 7,290 weights.
        let network = PaperClassifierConfig::default().init(&spec(2048, 3, 40), &Device::flex());
        let convolutions: usize = network.convolutions.iter().map(Module::num_params).sum();
        assert_eq!(convolutions, 7_326);
        let head = 36 * 2048 * 512 + 512 + 512 * 40 + 40;
        assert_eq!(network.num_params(), convolutions + head);
    }

    #[test]
    fn every_kind_has_the_weights_of_its_formula() {
        let convolutions = |convolution| {
            let config = PaperClassifierConfig { convolution, ..Default::default() };
            let network = config.init(&spec(16, 3, 4), &Device::flex());
            network.convolutions.iter().map(Module::num_params).sum::<usize>()
        };
        assert_eq!(convolutions(ConvolutionKind::Separable), 27 * 3 + 3 * 9 + 9 + 3 * (27 * 9 + 9 * 9 + 9));
        assert_eq!(convolutions(ConvolutionKind::Depthwise), 4 * (27 * 9 + 9));
        assert_eq!(convolutions(ConvolutionKind::OneByOne), 3 * 9 + 9 + 3 * (9 * 9 + 9));
    }

    #[test]
    fn counted_parameters_are_those_of_the_network() {
        for convolution in ConvolutionKind::ALL {
            for (head, channels_in, concat, shells) in [
                (Head::Flatten, 3, true, None),
                (Head::Pooled, 1, true, Some(ShellsConfig { radius: 0.3, count: 4 })),
                (Head::Flatten, 1, false, None),
            ] {
                let dilations = vec![1, 3];
                let config = PaperClassifierConfig {
                    convolution,
                    head,
                    concat,
                    dilations,
                    shells,
                    hidden: 7,
                    ..Default::default()
                };
                let spec = spec(11, channels_in, 5);
                let network = config.init(&spec, &Device::flex());
                assert_eq!(config.parameters(&spec), network.num_params() as u64, "{config:?}");
            }
        }
    }
}
