//! The convolutions that the paper's classifier and segmenter share: one after the other, each with SELU.

use burn::nn::Initializer;
use burn::tensor::{Device, Tensor};
use pointconv::{KernelShape, Neighborhood};

use super::{Convolution, selu};
use crate::config::ConvolutionKind;

/// LeCun's initialisation, with which SELU keeps mean and variance.
pub(super) const LECUN: Initializer = Initializer::KaimingNormal { gain: 1.0, fan_out_only: false };

/// What decides a stack of convolutions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Trunk<'a> {
    pub(crate) kind: ConvolutionKind,
    pub(crate) kernel_size: [usize; 3],
    pub(crate) cell: f32,
    /// One convolution each.
    pub(crate) dilations: &'a [usize],
    pub(crate) channels_in: usize,
    /// Output channels of every convolution.
    pub(crate) channels: usize,
    pub(crate) bias: bool,
}

impl Trunk<'_> {
    /// The kernel of every convolution, in order; none when the convolutions are 1x1 and read no neighbours.
    pub(crate) fn kernel_shapes(&self) -> Vec<KernelShape> {
        if self.kind == ConvolutionKind::OneByOne {
            return Vec::new();
        }
        let shape = |&dilation: &usize| KernelShape::Cells {
            size: self.kernel_size,
            cell: self.cell,
            dilation: [dilation; 3],
        };
        self.dilations.iter().map(shape).collect()
    }

    pub(super) fn init(&self, device: &Device) -> Vec<Convolution> {
        let subdomains = self.kernel_size.iter().product();
        let mut channels = self.channels_in;
        let mut convolutions = Vec::new();
        for _ in self.dilations {
            let width = [channels, self.channels];
            convolutions.push(Convolution::new(self.kind, width, subdomains, self.bias, &LECUN, device));
            channels = self.channels;
        }
        convolutions
    }
}

/// The output of every convolution after SELU, in order.
///
/// # Panics
/// When there is not one neighbourhood per convolution that reads one.
pub(super) fn levels(
    convolutions: &[Convolution],
    features: Tensor<2>,
    neighborhoods: &[Neighborhood],
) -> Vec<Tensor<2>> {
    let needed = convolutions.iter().filter(|convolution| convolution.has_neighbors()).count();
    assert_eq!(
        neighborhoods.len(),
        needed,
        "network: {} neighborhoods for {needed} convolutions",
        neighborhoods.len(),
    );
    let mut current = features;
    let mut levels = Vec::new();
    for (index, convolution) in convolutions.iter().enumerate() {
        current = selu(convolution.forward(current, neighborhoods.get(index)));
        levels.push(current.clone());
    }
    levels
}
