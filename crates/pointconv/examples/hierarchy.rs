//! A classifier of three resolutions learns ten families of shapes: `cargo run --release -p pointconv --example hierarchy`.

use burn::module::Module;
use burn::nn::{Linear, LinearConfig, loss::CrossEntropyLossConfig};
use burn::optim::{AdamWConfig, GradientsParams};
use burn::tensor::{Device, Int, Tensor, activation::relu};
use pointcloud::synth::{Family, SynthConfig, shape};
use pointconv::{GlobalPool, GlobalPoolConfig, PackedBatchNorm, PackedBatchNormConfig, Pooling};
use pointconv::{KernelShape, NeighborError, Neighborhood, PackedClouds, VoxelPoolConfig};
use pointconv::{PointwiseConv, PointwiseConvConfig};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// The edge of the kernel's cells and of the voxels after it, channels in and out, from fine to coarse.
const LEVELS: [(f32, usize, usize); 3] = [(0.1, 3, 24), (0.2, 24, 48), (0.4, 48, 96)];

#[derive(Module, Debug)]
struct Network {
    blocks: Vec<(PointwiseConv, PackedBatchNorm)>,
    pool: GlobalPool,
    output: Linear,
}

impl Network {
    fn new(device: &Device) -> Self {
        let block = |(cell, channels_in, channels_out)| {
            let conv = PointwiseConvConfig::for_shape(channels_in, channels_out, &KernelShape::cells(cell));
            (conv.init(device), PackedBatchNormConfig::new(channels_out).init(device))
        };
        let pool = GlobalPoolConfig::new().with_pooling(Pooling::Both).init();
        Self { blocks: LEVELS.map(block).into(), pool, output: LinearConfig::new(2 * 96, 10).init(device) }
    }

    /// The scores `[B, classes]` of a batch.
    fn forward(&self, mut clouds: PackedClouds, device: &Device) -> Result<Tensor<2>, NeighborError> {
        let mut x = Tensor::<1>::from_floats(clouds.positions().as_flattened(), device).reshape([-1, 3]);
        for (level, (conv, norm)) in self.blocks.iter().enumerate() {
            if level > 0 {
                let pool = VoxelPoolConfig::new(LEVELS[level - 1].0).init();
                let map = pool.voxels(&clouds)?;
                (x, clouds) = (pool.forward(x, &map), map.coarse().clone());
            }
            let neighborhood = Neighborhood::build(&clouds, &KernelShape::cells(LEVELS[level].0), device)?;
            x = relu(norm.forward(conv.forward(x, &neighborhood)));
        }
        Ok(self.output.forward(self.pool.forward(x, &clouds)))
    }
}

/// Three new shapes of every family, with their classes.
fn batch(rng: &mut ChaCha8Rng, device: &Device) -> Result<(PackedClouds, Tensor<1, Int>), NeighborError> {
    let config = SynthConfig { points: 512, ..Default::default() };
    let classes: [i32; 30] = std::array::from_fn(|index| (index % Family::ALL.len()) as i32);
    let shapes: Vec<_> = classes.iter().map(|&k| shape(Family::ALL[k as usize], &config, rng)).collect();
    Ok((PackedClouds::from_clouds(&shapes)?, Tensor::from_ints(classes, device)))
}

fn main() -> Result<(), NeighborError> {
    let device = Device::flex().autodiff(); // or Device::wgpu(Default::default()).autodiff()
    device.seed(1);
    let (mut rng, mut network) = (ChaCha8Rng::seed_from_u64(1), Network::new(&device));
    let (steps, mut optimizer) = (400, AdamWConfig::new().init());
    for step in 0..steps {
        let (clouds, classes) = batch(&mut rng, &device)?;
        let cross_entropy = CrossEntropyLossConfig::new().init(&device);
        let loss = cross_entropy.forward(network.forward(clouds, &device)?, classes);
        let gradients = GradientsParams::from_grads(loss.backward(), &network);
        network = optimizer.step(0.004 * (1.0 - f64::from(step) / f64::from(steps)), network, gradients);
    }
    let (mut right, network) = (0, network.valid());
    for _ in 0..20 {
        let (clouds, classes) = batch(&mut rng, &device)?;
        let best = network.forward(clouds, &device)?.argmax(1).squeeze_dim::<1>(1);
        right += best.equal(classes).int().sum().into_scalar::<i64>();
    }
    println!("{:.1} % of 600 new shapes", right as f64 / 6.0);
    Ok(())
}
