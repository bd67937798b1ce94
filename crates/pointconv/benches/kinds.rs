//! What do the kinds of convolution cost at the same width: full, depthwise, separable, 1x1?
//!
//! Forward, and forward with backward to all parameters and the features, of one 3x3x3 layer over 16 clouds of 2048
//! points on spheres.

use std::hint::black_box;

use burn::nn::LinearConfig;
use burn::tensor::{Device, Distribution, Tensor};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use pointconv::{
    DepthwisePointConvConfig, KernelShape, Neighborhood, PackedClouds, PointwiseConvConfig,
    SeparablePointConvConfig,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const CLOUDS: usize = 16;
const POINTS: usize = 2048;

/// Points on spheres of radius 1/2, whose neighbourhoods are those of scanned surfaces.
fn spheres() -> PackedClouds {
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let mut positions = Vec::with_capacity(CLOUDS * POINTS);
    while positions.len() < CLOUDS * POINTS {
        let point = [(); 3].map(|()| rng.random_range(-1.0..1.0f32));
        let length = point.iter().map(|x| x * x).sum::<f32>().sqrt();
        if (0.1..1.0).contains(&length) {
            positions.push(point.map(|x| 0.5 * x / length));
        }
    }
    PackedClouds::from_dense(positions.as_flattened(), CLOUDS).expect("finite positions")
}

/// A layer, as a function of the features.
type Layer = Box<dyn Fn(Tensor<2>) -> Tensor<2>>;

/// The kinds with `width` channels in and out.
fn layers(width: usize, neighborhood: &Neighborhood, device: &Device) -> Vec<(&'static str, Layer)> {
    let shape = neighborhood.shape();
    let full = PointwiseConvConfig::for_shape(width, width, shape).init(device);
    let depthwise = DepthwisePointConvConfig::for_shape(width, shape).init(device);
    let doubled = DepthwisePointConvConfig::for_shape(width, shape).with_multiplier(2).init(device);
    let separable = SeparablePointConvConfig::for_shape(width, width, shape).init(device);
    let linear = LinearConfig::new(width, width).init(device);
    let lists = || neighborhood.clone();
    let (a, b, c, d) = (lists(), lists(), lists(), lists());
    vec![
        ("full", Box::new(move |x| full.forward(x, &a))),
        ("depthwise", Box::new(move |x| depthwise.forward(x, &b))),
        ("depthwise, multiplier 2", Box::new(move |x| doubled.forward(x, &c))),
        ("separable", Box::new(move |x| separable.forward(x, &d))),
        ("1x1", Box::new(move |x| linear.forward(x))),
    ]
}

fn kinds(criterion: &mut Criterion) {
    let device = Device::flex();
    let clouds = spheres();
    let neighborhood =
        Neighborhood::build(&clouds, &KernelShape::cells(0.1), &device).expect("a sound shape");
    // What the backward pass needs beside the lists belongs to the search.
    neighborhood.prepare(&device);
    println!(
        "{:.1} neighbours and {:.1} occupied sub-domains per point",
        neighborhood.edges_per_point(),
        neighborhood.occupied_per_point()
    );

    for width in [9, 16, 32, 64] {
        let features = Tensor::<2>::random([clouds.points(), width], Distribution::Default, &device);
        let mut group = criterion.benchmark_group("forward");
        group.throughput(Throughput::Elements(clouds.points() as u64)).sample_size(10);
        for (name, layer) in layers(width, &neighborhood, &device) {
            group.bench_function(BenchmarkId::new(name, width), |bencher| {
                bencher.iter(|| black_box(layer(features.clone())));
            });
        }
        group.finish();

        let device = device.clone().autodiff();
        let features = Tensor::<2>::from_data(features.into_data(), &device).require_grad();
        let mut group = criterion.benchmark_group("forward and backward");
        group.throughput(Throughput::Elements(clouds.points() as u64)).sample_size(10);
        for (name, layer) in layers(width, &neighborhood, &device) {
            group.bench_function(BenchmarkId::new(name, width), |bencher| {
                bencher.iter(|| black_box(layer(features.clone()).sum().backward()));
            });
        }
        group.finish();
    }
}

criterion_group!(benches, kinds);
criterion_main!(benches);
