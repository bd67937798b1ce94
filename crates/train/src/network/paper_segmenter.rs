//! The segmenter of Hua, Tran, Yeung (CVPR 2018).

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use pointconv::{KernelShape, Neighborhood};

use super::trunk::{LECUN, Trunk, levels};
use super::{Convolution, selu};
use crate::config::{ConvolutionKind, PaperSegmenterConfig};

/// Pointwise convolutions with growing dilation, their outputs side by side, and one more convolution to the classes.
///
/// SELU after every convolution but the last; on the logits, too, where the config asks for what the released code does.
/// Without biases, as there.
#[derive(Module, Debug)]
pub struct PaperSegmenter {
    convolutions: Vec<Convolution>,
    output: Convolution,
    selu_on_logits: bool,
    pub(super) label_smoothing: f32,
}

impl PaperSegmenterConfig {
    fn trunk(&self, channels_in: usize) -> Trunk<'_> {
        Trunk {
            kind: self.convolution,
            kernel_size: self.kernel_size,
            cell: self.cell,
            dilations: &self.dilations,
            channels_in,
            channels: self.channels,
            bias: self.bias,
        }
    }

    /// The kernel of every convolution, in order, the last one that of the output; none when the convolutions are 1x1.
    #[must_use]
    pub fn kernel_shapes(&self) -> Vec<KernelShape> {
        let mut shapes = self.trunk(0).kernel_shapes();
        if self.convolution != ConvolutionKind::OneByOne {
            shapes.push(KernelShape::Cells { size: self.kernel_size, cell: self.cell, dilation: [1; 3] });
        }
        shapes
    }

    /// Makes the network for points with `channels_in` features and `classes` classes.
    #[must_use]
    pub fn init(
        &self,
        channels_in: usize,
        classes: usize,
        label_smoothing: f32,
        device: &Device,
    ) -> PaperSegmenter {
        let subdomains = self.kernel_size.iter().product();
        let width = [self.channels * self.dilations.len(), classes];
        PaperSegmenter {
            convolutions: self.trunk(channels_in).init(device),
            output: Convolution::new(self.convolution, width, subdomains, self.bias, &LECUN, device),
            selu_on_logits: self.selu_on_logits,
            label_smoothing,
        }
    }
}

impl PaperSegmenter {
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
        let (last, inner) = match self.output.has_neighbors() {
            true => {
                neighborhoods.split_last().map_or((None, neighborhoods), |(last, inner)| (Some(last), inner))
            }
            false => (None, neighborhoods),
        };
        let levels = levels(&self.convolutions, features, inner);
        let logits = self.output.forward(Tensor::cat(levels.clone(), 1), last);
        let logits = if self.selu_on_logits { selu(logits) } else { logits };
        let names = (0..).map(|index| format!("convolutions.{index}"));
        names.zip(levels).chain([("output".into(), logits)]).collect()
    }
}

#[cfg(test)]
mod tests {
    use pointconv::PackedClouds;

    use super::*;

    #[test]
    fn has_the_parameters_of_the_paper() {
        // 4 · 27 · 9 · 9 + 27 · 36 · 13, with the paper's nine inputs and 13 classes.
        let network = PaperSegmenterConfig::default().init(9, 13, 0.0, &Device::flex());
        assert_eq!(network.num_params(), 21_384);
        let biased = PaperSegmenterConfig { bias: true, ..Default::default() };
        assert_eq!(biased.init(9, 13, 0.0, &Device::flex()).num_params(), 21_384 + 4 * 9 + 13);
    }

    #[test]
    fn gives_logits_for_every_point_of_any_cloud() {
        let device = Device::flex();
        // A cloud of one point, an empty one, and one of three.
        let positions = [[0.0; 3], [1.0, 0.0, 0.0], [1.1, 0.0, 0.0], [1.0, 0.2, 0.0]];
        // A depthwise convolution cannot give one channel per class, and the config refuses it.
        let kinds = ConvolutionKind::ALL.into_iter().filter(|kind| *kind != ConvolutionKind::Depthwise);
        for convolution in kinds {
            let config = PaperSegmenterConfig { convolution, channels: 10, ..Default::default() };
            let network = config.init(5, 4, 0.0, &device);
            let shapes = config.kernel_shapes();
            let lists = Neighborhood::build_all(
                &PackedClouds::new(positions, [0, 1, 1, 4]).unwrap(),
                &shapes,
                &device,
            )
            .unwrap();
            let logits = network.forward(Tensor::ones([4, 5], &device), &lists);
            assert_eq!(logits.dims(), [4, 4]);
            assert!(logits.into_data().iter::<f32>().all(f32::is_finite));
        }
    }

    #[test]
    fn selu_on_logits_is_bounded_below() {
        let device = Device::flex();
        device.seed(1);
        let config = PaperSegmenterConfig { selu_on_logits: true, ..Default::default() };
        let lists = Neighborhood::build_all(
            &PackedClouds::single([[0.0; 3]]).unwrap(),
            &config.kernel_shapes(),
            &device,
        )
        .unwrap();
        let features = Tensor::<2>::ones([1, 3], &device) * 100.0;
        let least: f32 = config.init(3, 40, 0.0, &device).forward(features, &lists).min().into_scalar();
        assert!((-1.7582..0.0).contains(&least), "{least}");
    }
}
