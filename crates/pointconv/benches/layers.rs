//! What do the layers around the convolutions cost, and what do burn's own operations in their place?
//!
//! Pooling over 128 clouds of 2048 points with 64 channels, voxel maps of a million points, and the normalisations of
//! 32768 points with 64 channels.

use std::hint::black_box;

use burn::nn::{BatchNormConfig, LayerNormConfig};
use burn::tensor::{Device, Distribution, Tensor};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use pointconv::{
    GlobalPoolConfig, Interpolate, PackedBatchNormConfig, PackedLayerNormConfig, Pooling, VoxelPoolConfig,
};
use pointconv::{PackedClouds, VoxelMap};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const CHANNELS: usize = 64;

/// Clouds of the same size, uniform in a cube of edge 1.
fn uniform(clouds: usize, points: usize) -> PackedClouds {
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let positions: Vec<[f32; 3]> =
        (0..clouds * points).map(|_| [(); 3].map(|()| rng.random_range(0.0..1.0))).collect();
    let offsets: Vec<usize> = (0..=clouds).map(|cloud| cloud * points).collect();
    PackedClouds::new(positions, offsets).expect("the positions are finite")
}

/// Measures `layer` forward, and forward with backward to the features.
fn measure(
    criterion: &mut Criterion,
    group: &str,
    name: &str,
    rows: usize,
    layer: impl Fn(Tensor<2>) -> Tensor<2>,
) {
    let mut group = criterion.benchmark_group(group);
    group.throughput(Throughput::Elements(rows as u64)).sample_size(20);
    let device = Device::flex().autodiff();
    let features = Tensor::<2>::random([rows, CHANNELS], Distribution::Default, &device);
    group.bench_function(BenchmarkId::new(name, "forward"), |bencher| {
        bencher.iter(|| black_box(layer(features.clone())));
    });
    let features = features.require_grad();
    group.bench_function(BenchmarkId::new(name, "forward and backward"), |bencher| {
        bencher.iter(|| black_box(layer(features.clone()).sum().backward()));
    });
    group.finish();
}

fn pools(criterion: &mut Criterion) {
    let clouds = uniform(128, 2048);
    for pooling in [Pooling::Max, Pooling::Mean, Pooling::Both] {
        let pool = GlobalPoolConfig::new().with_pooling(pooling).init();
        let name = format!("{pooling:?}");
        measure(criterion, "global pool", &name, clouds.points(), |x| pool.forward(x, &clouds));
    }
    measure(criterion, "global pool", "Both, burn's operations", clouds.points(), |x| {
        let dense = x.reshape([128, 2048, CHANNELS]);
        let both = vec![dense.clone().max_dim(1), dense.mean_dim(1)];
        Tensor::cat(both, 2).reshape([128, 2 * CHANNELS])
    });
    let pool = VoxelPoolConfig::new(0.1).with_pooling(Pooling::Both).init();
    let map = pool.voxels(&clouds).expect("the voxels can be numbered");
    measure(criterion, "voxel pool", "Both", clouds.points(), |x| pool.forward(x, &map));
    let coarse = map.coarse();
    let interpolate = Interpolate::nearest(coarse, &clouds, 3).expect("every cloud has coarse points");
    measure(criterion, "interpolate", "3 of nearest", coarse.points(), |x| interpolate.forward(x));
}

fn maps(criterion: &mut Criterion) {
    let clouds = uniform(1, 1_000_000);
    let mut group = criterion.benchmark_group("voxel map of a million points");
    group.throughput(Throughput::Elements(1_000_000)).sample_size(20);
    for voxel in [0.01, 0.02, 0.05] {
        group.bench_function(BenchmarkId::from_parameter(voxel), |bencher| {
            bencher.iter(|| VoxelMap::build(&clouds, voxel).expect("the voxels can be numbered"));
        });
    }
    group.finish();
    let map = VoxelMap::build(&clouds, 0.02).expect("the voxels can be numbered");
    let mut group = criterion.benchmark_group("interpolation map to a million points");
    group.throughput(Throughput::Elements(1_000_000)).sample_size(10);
    group.bench_function("3 of nearest", |bencher| {
        bencher.iter(|| Interpolate::nearest(map.coarse(), &clouds, 3).expect("there are coarse points"));
    });
    group.finish();
}

fn norms(criterion: &mut Criterion) {
    const POINTS: usize = 32_768;
    let device = Device::flex().autodiff();
    let ours = PackedBatchNormConfig::new(CHANNELS).init(&device);
    measure(criterion, "batch normalisation", "PackedBatchNorm", POINTS, |x| ours.forward(x));
    let burns = BatchNormConfig::new(CHANNELS).init(&device);
    measure(criterion, "batch normalisation", "burn's BatchNorm", POINTS, |x| burns.forward(x));
    let ours = PackedLayerNormConfig::new(CHANNELS).init(&device);
    measure(criterion, "layer normalisation", "PackedLayerNorm", POINTS, |x| ours.forward(x));
    let burns = LayerNormConfig::new(CHANNELS).init(&device);
    measure(criterion, "layer normalisation", "burn's LayerNorm", POINTS, |x| burns.forward(x));
}

criterion_group!(benches, pools, maps, norms);
criterion_main!(benches);
