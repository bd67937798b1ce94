//! From the points to features of every resolution: what both networks share.

use burn::module::Module;
use burn::nn::{Initializer, Linear, LinearConfig};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor, TensorData};
use pointconv::{
    KernelShape, Neighborhood, PackedBatchNorm, PackedBatchNormConfig, PackedClouds, VoxelPool,
    VoxelPoolConfig, depthwise_point_conv,
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

/// One resolution: what comes from the finer one and where the neighbours lie become features, then blocks.
#[derive(Module, Debug)]
pub(super) struct Level {
    input: Dense,
    blocks: Vec<Block>,
    pool: Option<VoxelPool>,
    #[module(skip)]
    kernel: KernelShape,
    #[module(skip)]
    offsets: bool,
}

impl Level {
    /// `features` `[P, C]` of the points of `clouds`, the centres of `neighborhood`.
    fn forward(&self, features: Tensor<2>, clouds: &PackedClouds, neighborhood: &Neighborhood) -> Tensor<2> {
        let input = if self.offsets {
            let offsets = mean_offsets(clouds, &self.kernel, neighborhood, &features.device());
            Tensor::cat(vec![features, offsets], 1)
        } else {
            features
        };
        let first = self.input.forward(input);
        self.blocks.iter().fold(first, |features, block| block.forward(features, neighborhood))
    }
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
            let offsets = if config.offsets { 4 * kernel.subdomains() } else { 0 };
            levels.push(Level {
                input: Dense::new(channels + offsets, width, device),
                blocks: (0..blocks).map(|_| Block::new(config, width, &kernel, device)).collect(),
                pool,
                kernel,
                offsets: config.offsets,
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
            let (clouds, neighborhoods) = match index.checked_sub(1) {
                None => (&input.clouds, &input.neighborhoods),
                Some(coarser) => (input.coarser[coarser].map.coarse(), &input.coarser[coarser].neighborhoods),
            };
            if let (Some(pool), Some(coarser)) = (&level.pool, index.checked_sub(1)) {
                features = pool.forward(features, &input.coarser[coarser].map);
            }
            features = level.forward(features, clouds, &neighborhoods[0]);
            outputs.push(features.clone());
        }
        outputs
    }
}

/// Where the neighbours of every point lie: for each sub-domain `k` the mean offset of its points from the centre in cells,
/// `(1/|Ω_i(k)| sum_{j in Ω_i(k)} p_j - p_i) / cell`, and whether there are any; 0 where there are none.
///
/// # Shapes
/// - output `[P, 4K]`
fn mean_offsets(
    clouds: &PackedClouds,
    kernel: &KernelShape,
    neighborhood: &Neighborhood,
    device: &Device,
) -> Tensor<2> {
    let subdomains = kernel.subdomains();
    let points = clouds.points();
    let rows: Vec<f32> = clouds.positions().iter().flat_map(|&[x, y, z]| [x, y, z, 1.0]).collect();
    let rows = Tensor::<2>::from_data(TensorData::new(rows, [points, 4]), device);
    // One output for every sub-domain and channel: its mean alone.
    let mut weights = vec![0.0f32; subdomains * 4 * subdomains];
    for k in 0..subdomains {
        for channel in 0..4 {
            weights[(k * 4 + channel) * subdomains + k] = 1.0;
        }
    }
    let weights = Tensor::<3>::from_data(TensorData::new(weights, [subdomains, 4, subdomains]), device);
    // [P, 4K], the sub-domains of a channel beside each other.
    let means =
        depthwise_point_conv(rows.clone(), weights, None, neighborhood).reshape([points, 4, subdomains]);
    let occupied = means.clone().slice_dim(1, 3..4);
    let centres = rows.slice_dim(1, 0..3).reshape([points, 3, 1]);
    let offsets = (means.slice_dim(1, 0..3) - centres * occupied.clone()) / length(kernel);
    Tensor::cat(vec![offsets, occupied], 1).reshape([points, 4 * subdomains])
}

/// The unit of offsets: the edge of a cell, or the radius of shells.
fn length(kernel: &KernelShape) -> f32 {
    match *kernel {
        KernelShape::Cells { cell, .. } => cell,
        KernelShape::Shells { radius, .. } => radius,
        _ => 1.0,
    }
}
