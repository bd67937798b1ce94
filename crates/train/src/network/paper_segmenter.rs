//! The segmenter of Hua, Tran, Yeung (CVPR 2018): its config, then the network.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use pointconv::KernelShape;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::kernel::kernel_shape;
use super::trunk::{CELL, KERNEL_SIZE, LECUN, Trunk, levels, validate_stack};
use super::{
    Activations, Convolution, ConvolutionKind, Forward, NetworkConfig, NetworkInput, NetworkSpec, SearchKind,
    ShellsConfig, Task, selu,
};
use crate::check::{ConfigError, ensure};

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
    /// Section `[model.shells]`: kernels of shells instead of cells. Default none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shells: Option<ShellsConfig>,
}

impl Default for PaperSegmenterConfig {
    fn default() -> Self {
        Self {
            cell: CELL,
            kernel_size: KERNEL_SIZE,
            dilations: vec![1, 2, 3, 4],
            channels: 9,
            convolution: ConvolutionKind::default(),
            bias: false,
            selu_on_logits: false,
            search: SearchKind::default(),
            shells: None,
        }
    }
}

impl NetworkConfig for PaperSegmenterConfig {
    type Network = PaperSegmenter;

    const TASK: Task = Task::Segmentation;

    fn example() -> Self {
        Self { shells: Some(ShellsConfig::default()), ..Self::default() }
    }

    fn validate(&self, channels_in: usize) -> Result<(), ConfigError> {
        let shells = self.shells.as_ref();
        validate_stack(self.cell, &self.kernel_size, &self.dilations, self.channels, shells)?;
        ensure(
            self.convolution != ConvolutionKind::Depthwise,
            "model.convolution",
            format_args!("\"depthwise\" with {channels_in} input channels"),
            "\"full\", \"separable\" or \"1x1\": a depthwise convolution cannot give one channel per class",
        )
    }

    /// The last kernel is that of the output.
    fn kernel_shapes(&self) -> Vec<KernelShape> {
        if self.convolution == ConvolutionKind::OneByOne {
            return Vec::new();
        }
        self.dilations.iter().chain(&[1]).map(|&dilation| self.kernel(dilation)).collect()
    }

    fn init(&self, spec: &NetworkSpec, device: &Device) -> PaperSegmenter {
        let trunk = Trunk {
            kind: self.convolution,
            kernels: self.dilations.iter().map(|&dilation| self.kernel(dilation)).collect(),
            channels_in: spec.channels_in,
            channels: self.channels,
            bias: self.bias,
        };
        let subdomains = self.kernel(1).subdomains();
        let width = [self.channels * self.dilations.len(), spec.classes];
        PaperSegmenter {
            convolutions: trunk.init(device),
            output: Convolution::new(self.convolution, width, subdomains, self.bias, &LECUN, device),
            selu_on_logits: self.selu_on_logits,
        }
    }

    fn activations(&self, spec: &NetworkSpec) -> Activations {
        // Input, all levels twice (they are concatenated), the level that is being computed, logits.
        let levels = (2 * self.dilations.len() + 4) * self.channels;
        let inference_per_point = spec.channels_in + levels + 4 * spec.classes;
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
        if self.shells.is_some() { "model.shells.radius" } else { "model.cell" }
    }
}

impl PaperSegmenterConfig {
    fn kernel(&self, dilation: usize) -> KernelShape {
        kernel_shape(self.shells.as_ref(), self.kernel_size, self.cell, dilation)
    }
}

/// Pointwise convolutions with growing dilation, their outputs concatenated, and one more convolution to the classes.
///
/// SELU after every convolution but the last. If the config asks for it, SELU is also applied to the logits, as in the code
/// released with the paper. By default without biases, like that code.
#[derive(Module, Debug)]
pub struct PaperSegmenter {
    convolutions: Vec<Convolution>,
    output: Convolution,
    selu_on_logits: bool,
}

impl Forward for PaperSegmenter {
    /// # Panics
    /// When the number of neighbourhoods is not that of the convolutions (0 for 1x1 convolutions).
    fn named_outputs(&self, input: &NetworkInput) -> Vec<(String, Tensor<2>)> {
        let lists = &input.neighborhoods[..];
        let (last, inner) = match self.output.has_neighbors() {
            true => lists.split_last().map_or((None, lists), |(last, inner)| (Some(last), inner)),
            false => (None, lists),
        };
        let levels = levels(&self.convolutions, input.features.clone(), inner);
        let logits = self.output.forward(Tensor::cat(levels.clone(), 1), last);
        let logits = if self.selu_on_logits { selu(logits) } else { logits };
        let names = (0..).map(|index| format!("convolutions.{index}"));
        names.zip(levels).chain([("output".into(), logits)]).collect()
    }
}

#[cfg(test)]
mod tests {
    use pointconv::{Neighborhood, PackedClouds};

    use super::*;

    fn spec(channels_in: usize, classes: usize) -> NetworkSpec {
        NetworkSpec { points: 4, channels_in, classes }
    }

    /// `positions` with `features`, and with the neighbourhoods that `config` asks for.
    fn input(
        config: &PaperSegmenterConfig,
        positions: &[[f32; 3]],
        offsets: &[usize],
        features: Tensor<2>,
    ) -> NetworkInput {
        let shapes = config.kernel_shapes();
        let clouds = PackedClouds::new(positions, offsets).unwrap();
        let neighborhoods = Neighborhood::build_all(&clouds, &shapes, &features.device()).unwrap();
        NetworkInput { features, clouds, neighborhoods, coarser: Vec::new() }
    }

    #[test]
    fn has_the_parameters_of_the_paper() {
        // 4 · 27 · 9 · 9 + 27 · 36 · 13, with the paper's nine inputs and 13 classes.
        let network = PaperSegmenterConfig::default().init(&spec(9, 13), &Device::flex());
        assert_eq!(network.num_params(), 21_384);
        let biased = PaperSegmenterConfig { bias: true, ..Default::default() };
        assert_eq!(biased.init(&spec(9, 13), &Device::flex()).num_params(), 21_384 + 4 * 9 + 13);
    }

    #[test]
    fn gives_logits_for_every_point_of_any_cloud() {
        let device = Device::flex();
        // A cloud of one point, an empty one, and one of three.
        let positions = [[0.0; 3], [1.0, 0.0, 0.0], [1.1, 0.0, 0.0], [1.0, 0.2, 0.0]];
        // A depthwise convolution cannot give one channel per class, and the config refuses it.
        let kinds = ConvolutionKind::ALL.into_iter().filter(|kind| *kind != ConvolutionKind::Depthwise);
        let shells = [None, Some(ShellsConfig { radius: 0.2, count: 2 })];
        for (convolution, shells) in kinds.flat_map(|kind| shells.clone().map(|shells| (kind, shells))) {
            let config = PaperSegmenterConfig { convolution, shells, channels: 10, ..Default::default() };
            let input = input(&config, &positions, &[0, 1, 1, 4], Tensor::ones([4, 5], &device));
            let logits = config.init(&spec(5, 4), &device).logits(&input);
            assert_eq!(logits.dims(), [4, 4]);
            assert!(logits.into_data().iter::<f32>().all(f32::is_finite));
        }
    }

    #[test]
    fn selu_on_logits_is_bounded_below() {
        let device = Device::flex();
        device.seed(1);
        let config = PaperSegmenterConfig { selu_on_logits: true, ..Default::default() };
        let features = Tensor::<2>::ones([1, 3], &device) * 100.0;
        let input = input(&config, &[[0.0; 3]], &[0, 1], features);
        let least: f32 = config.init(&spec(3, 40), &device).logits(&input).min().into_scalar();
        assert!((-1.7582..0.0).contains(&least), "{least}");
    }
}
