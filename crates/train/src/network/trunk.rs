//! The convolutions that the paper's classifier and segmenter share: one after the other, each with SELU.

use burn::nn::Initializer;
use burn::tensor::{Device, Tensor};
use pointconv::{KernelShape, Neighborhood};

use super::kernel::validate_shells;
use super::{Convolution, ConvolutionKind, ShellsConfig, selu};
use crate::check::{ConfigError, ensure, ensure_positive, ensure_some};

/// LeCun's initialisation, with which SELU preserves mean and variance.
pub(super) const LECUN: Initializer = Initializer::KaimingNormal { gain: 1.0, fan_out_only: false };

/// `model.cell` of the paper.
pub(super) const CELL: f32 = 0.1;

/// `model.kernel_size` of the paper.
pub(super) const KERNEL_SIZE: [usize; 3] = [3, 3, 3];

/// The settings of a stack of convolutions.
#[derive(Clone, Debug)]
pub(super) struct Trunk {
    pub(super) kind: ConvolutionKind,
    /// One convolution each.
    pub(super) kernels: Vec<KernelShape>,
    pub(super) channels_in: usize,
    /// Output channels of every convolution.
    pub(super) channels: usize,
    pub(super) bias: bool,
}

impl Trunk {
    pub(super) fn init(&self, device: &Device) -> Vec<Convolution> {
        let mut channels = self.channels_in;
        let mut convolutions = Vec::new();
        for kernel in &self.kernels {
            let width = [channels, self.channels];
            let subdomains = kernel.subdomains();
            convolutions.push(Convolution::new(self.kind, width, subdomains, self.bias, &LECUN, device));
            channels = self.channels;
        }
        convolutions
    }
}

/// The checks that the networks of the paper share.
pub(super) fn validate_stack(
    cell: f32,
    kernel_size: &[usize; 3],
    dilations: &[usize],
    channels: usize,
    shells: Option<&ShellsConfig>,
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
    validate_shells(shells, dilations, "model.cell", &cell, &CELL)?;
    validate_shells(shells, dilations, "model.kernel_size", kernel_size, &KERNEL_SIZE)?;
    ensure_some(channels, "model.channels")
}

/// The output of every convolution after SELU, in order.
///
/// # Panics
/// When the number of neighbourhoods is not that of the convolutions that read one.
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
