//! The encoder of both networks: from the points to features of every resolution.

use burn::module::Module;
use burn::nn::{Initializer, Linear, LinearConfig};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor};
use pointconv::{
    KernelShape, Neighborhood, PackedBatchNorm, PackedBatchNormConfig, VoxelPool, VoxelPoolConfig,
};

use super::PointwiseNetConfig;
use crate::network::{Convolution, NetworkInput};

/// He's initialisation, for ReLU.
pub(super) const HE: Initializer =
    Initializer::KaimingNormal { gain: std::f64::consts::SQRT_2, fan_out_only: false };

/// `ReLU(norm(W x))`, for every point.
#[derive(Module, Debug)]
pub(super) struct Dense {
    linear: Linear,
    norm: PackedBatchNorm,
}

impl Dense {
    pub(super) fn new(channels_in: usize, channels_out: usize, device: &Device) -> Self {
        Self {
            // The normalisation has a bias.
            linear: LinearConfig::new(channels_in, channels_out)
                .with_bias(false)
                .with_initializer(HE)
                .init(device),
            norm: PackedBatchNormConfig::new(channels_out).init(device),
        }
    }

    pub(super) fn forward(&self, features: Tensor<2>) -> Tensor<2> {
        relu(self.norm.forward(self.linear.forward(features)))
    }
}

/// `y = x + W · ReLU(norm(conv(x)))`.
#[derive(Module, Debug)]
pub(super) struct Block {
    convolution: Convolution,
    norm: PackedBatchNorm,
    output: Linear,
}

impl Block {
    fn new(config: &PointwiseNetConfig, width: usize, kernel: &KernelShape, device: &Device) -> Self {
        let inner = config.inner(width);
        let subdomains = kernel.subdomains();
        Self {
            convolution: Convolution::new(config.convolution, [width, inner], subdomains, false, &HE, device),
            norm: PackedBatchNormConfig::new(inner).init(device),
            output: LinearConfig::new(inner, width).with_initializer(HE).init(device),
        }
    }

    fn forward(&self, features: Tensor<2>, neighborhood: &Neighborhood) -> Tensor<2> {
        let inner = relu(self.norm.forward(self.convolution.forward(features.clone(), Some(neighborhood))));
        features + self.output.forward(inner)
    }
}

/// One resolution: pools the features of the finer one, changes their width to its own, then applies its blocks.
#[derive(Module, Debug)]
pub(super) struct Level {
    pool: Option<VoxelPool>,
    input: Dense,
    blocks: Vec<Block>,
}

/// All resolutions, from fine to coarse.
#[derive(Module, Debug)]
pub(super) struct Encoder {
    levels: Vec<Level>,
}

impl Encoder {
    pub(super) fn new(config: &PointwiseNetConfig, channels_in: usize, device: &Device) -> Self {
        let kernels = config.kernels();
        let mut pools = vec![None];
        pools.extend(config.coarser().iter().map(|level| Some(VoxelPoolConfig::new(level.voxel).init())));
        let mut channels = channels_in;
        let mut levels = Vec::new();
        for (((width, blocks), kernel), pool) in
            config.widths().into_iter().zip(config.blocks()).zip(kernels).zip(pools)
        {
            levels.push(Level {
                pool,
                input: Dense::new(channels, width, device),
                blocks: (0..blocks).map(|_| Block::new(config, width, &kernel, device)).collect(),
            });
            channels = width;
        }
        Self { levels }
    }

    /// The features of every resolution.
    ///
    /// # Panics
    /// When the batch was made for another network.
    pub(super) fn forward(&self, input: &NetworkInput) -> Vec<Tensor<2>> {
        assert_eq!(
            input.coarser.len() + 1,
            self.levels.len(),
            "network: {} resolutions in the batch for {} of the network",
            input.coarser.len() + 1,
            self.levels.len()
        );
        let mut outputs = Vec::with_capacity(self.levels.len());
        let mut features = input.features.clone();
        for (index, level) in self.levels.iter().enumerate() {
            let coarser = index.checked_sub(1).map(|index| &input.coarser[index]);
            if let (Some(pool), Some(coarser)) = (&level.pool, coarser) {
                features = pool.forward(features, &coarser.map);
            }
            let neighborhoods = coarser.map_or(&input.neighborhoods, |coarser| &coarser.neighborhoods);
            features = level.input.forward(features);
            for block in &level.blocks {
                features = block.forward(features, &neighborhoods[0]);
            }
            outputs.push(features.clone());
        }
        outputs
    }
}
