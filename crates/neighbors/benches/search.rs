//! Which structure answers kernel, ball and nearest-point searches quickest, from a small cloud to a large one?
//!
//! Points on a wavy sheet, about 30 neighbours each; the naive scan only where it is bearable.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use neighbors::{KernelShape, NearestLists, PackedClouds, RadiusLists, Search, SubdomainLists};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Clouds to measure; the naive scan up to the first.
const SIZES: [usize; 4] = [2048, 16_384, 131_072, 1_048_576];

/// A sheet with the same number of points per unit area for every size.
fn sheet(points: usize) -> PackedClouds {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let edge = (points as f32).sqrt();
    let positions: Vec<_> = (0..points)
        .map(|_| {
            let (x, y) = (rng.random_range(0.0..edge), rng.random_range(0.0..edge));
            [x, y, (x * 0.1).sin() + (y * 0.13).cos()]
        })
        .collect();
    PackedClouds::single(positions).expect("finite positions")
}

/// Radius with about 30 neighbours on the sheet.
const RADIUS: f32 = 3.1;

fn radius_lists(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("radius_lists");
    group.sample_size(10);
    for points in SIZES {
        let clouds = sheet(points);
        group.throughput(Throughput::Elements(points as u64));
        for (name, search) in [("grid", Search::Grid), ("kd-tree", Search::KdTree)] {
            group.bench_function(BenchmarkId::new(name, points), |b| {
                b.iter(|| RadiusLists::build(black_box(&clouds), RADIUS, search));
            });
        }
        if points == SIZES[0] {
            group.bench_function(BenchmarkId::new("naive", points), |b| {
                let ball = KernelShape::shells(RADIUS, 1);
                b.iter(|| SubdomainLists::brute_force(black_box(&clouds), &ball));
            });
        }
    }
    group.finish();
}

fn kernel_lists(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("kernel_cells");
    group.sample_size(10);
    let shape = KernelShape::cells(2.0);
    for points in SIZES {
        let clouds = sheet(points);
        group.throughput(Throughput::Elements(points as u64));
        for (name, search) in [("grid", Search::Grid), ("kd-tree", Search::KdTree)] {
            group.bench_function(BenchmarkId::new(name, points), |b| {
                b.iter(|| SubdomainLists::build(black_box(&clouds), &shape, search));
            });
        }
        if points == SIZES[0] {
            group.bench_function(BenchmarkId::new("naive", points), |b| {
                b.iter(|| SubdomainLists::brute_force(black_box(&clouds), &shape));
            });
        }
    }
    group.finish();
}

fn nearest_lists(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("nearest_16");
    group.sample_size(10);
    for points in SIZES {
        let clouds = sheet(points);
        group.throughput(Throughput::Elements(points as u64));
        for (name, search) in [("grid", Search::Grid), ("kd-tree", Search::KdTree)] {
            group.bench_function(BenchmarkId::new(name, points), |b| {
                b.iter(|| NearestLists::build(black_box(&clouds), &clouds, 16, search));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, radius_lists, kernel_lists, nearest_lists);
criterion_main!(benches);
