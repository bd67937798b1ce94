//! Times the fixed-radius lists of one cloud beside kiddo's kd-tree, interleaved.
//!
//! `cargo run --release -p neighbors --example search_radius` takes clouds of 2,048 to 1,000,000 random points on a sphere,
//! with balls that hold about 30. `... -- FILE RADIUS [REPETITIONS]` takes a cloud of your own: FILE holds little-endian `f32`
//! coordinates `[N, 3]`. Both make lists for all points, in parallel; ours are in the order of the indices and joined,
//! kiddo's are in its own order, one buffer for every few thousand points. Our time includes everything; the tree is
//! built before its time starts.

use std::error::Error;
use std::f32::consts::TAU;
use std::time::Instant;

use kiddo::{ImmutableKdTree, SquaredEuclidean};
use neighbors::{PackedClouds, RadiusLists, Search};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let Some(file) = arguments.next() else {
        for (points, repetitions) in [(2_048, 201), (16_384, 51), (100_000, 21), (1_000_000, 7)] {
            // A ball of radius r around a point of the unit sphere holds r²/4 of its surface.
            let radius = (4.0 * 30.0 / points as f32).sqrt();
            compare(&random_cloud(points)?, radius, repetitions)?;
        }
        return Ok(());
    };
    let radius = arguments.next().ok_or("RADIUS is missing")?.parse()?;
    let repetitions = arguments.next().map_or(Ok(7), |n| n.parse())?;
    let bytes = std::fs::read(file)?;
    let values: Vec<f32> = bytes.as_chunks::<4>().0.iter().map(|v| f32::from_le_bytes(*v)).collect();
    compare(&PackedClouds::single(values.as_chunks::<3>().0)?, radius, repetitions)
}

/// Uniform on the unit sphere.
fn random_cloud(points: usize) -> Result<PackedClouds, Box<dyn Error>> {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let positions: Vec<[f32; 3]> = (0..points)
        .map(|_| {
            let (height, angle) = (rng.random_range(-1.0f32..1.0), rng.random_range(0.0..TAU));
            let width = (1.0 - height * height).sqrt();
            [width * angle.cos(), width * angle.sin(), height]
        })
        .collect();
    Ok(PackedClouds::single(positions)?)
}

/// Times both on one cloud.
fn compare(clouds: &PackedClouds, radius: f32, repetitions: usize) -> Result<(), Box<dyn Error>> {
    let positions = clouds.positions();

    let (mut ours, mut tree_build, mut tree_lists) = (Vec::new(), Vec::new(), Vec::new());
    let mut pairs = 0;
    for _ in 0..repetitions {
        let start = Instant::now();
        let lists = RadiusLists::build(clouds, radius, Search::Grid)?;
        ours.push(start.elapsed().as_secs_f64());
        pairs = lists.indices().len();
        drop(lists);

        let start = Instant::now();
        let tree: ImmutableKdTree<f32, 3> = ImmutableKdTree::new_from_slice(positions)?;
        tree_build.push(start.elapsed().as_secs_f64());
        let start = Instant::now();
        let found = lists_of(&tree, positions, radius);
        tree_lists.push(start.elapsed().as_secs_f64());
        let found: usize = found.iter().map(|(_, indices)| indices.len()).sum();
        // The tree rounds its distances in an order of its own.
        if found.abs_diff(pairs) * 10_000 > pairs {
            return Err(format!("{pairs} pairs, but the tree finds {found}").into());
        }
    }
    println!(
        "{} points, {:.2} neighbours each, {} threads",
        positions.len(),
        pairs as f64 / positions.len() as f64,
        rayon::current_num_threads()
    );
    let ours = report("ours, build and lists", &mut ours, pairs);
    report("kiddo, build", &mut tree_build, pairs);
    let tree = report("kiddo, lists", &mut tree_lists, pairs);
    println!("kiddo's lists take {:.2} times as long as ours with their build", tree / ours);
    Ok(())
}

/// Offsets and indices for chunks of consecutive points.
fn lists_of(
    tree: &ImmutableKdTree<f32, 3>,
    positions: &[[f32; 3]],
    radius: f32,
) -> Vec<(Vec<u32>, Vec<u32>)> {
    let size = (positions.len() / (8 * rayon::current_num_threads())).clamp(64, 4096);
    let chunks = positions.par_chunks(size);
    chunks
        .map(|points| {
            let (mut offsets, mut indices) = (Vec::with_capacity(points.len()), Vec::new());
            for point in points {
                offsets.push(indices.len() as u32);
                let within = tree.query(point).within::<SquaredEuclidean<f32>>((radius * radius).next_up());
                within.unsorted().visit(|found| indices.push(found.item));
            }
            (offsets, indices)
        })
        .collect()
}

/// Prints the least and the median time, and returns the median.
fn report(name: &str, seconds: &mut [f64], pairs: usize) -> f64 {
    seconds.sort_by(f64::total_cmp);
    let (least, median) = (seconds[0], seconds[seconds.len() / 2]);
    let per_pair = |seconds: f64| seconds * 1e9 / pairs as f64;
    println!(
        "{name:22} min {:9.3} ms, median {:9.3} ms; {:6.2}, {:6.2} ns per pair",
        least * 1e3,
        median * 1e3,
        per_pair(least),
        per_pair(median)
    );
    median
}
