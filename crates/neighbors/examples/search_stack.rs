//! Times the neighbour search of the paper's four layers: 3x3x3 cells of 0.1, dilation 1 to 4.
//!
//! `cargo run --release -p neighbors --example search_stack -- [FILE [POINTS_PER_CLOUD]]`, where FILE
//! holds little-endian `f32` coordinates `[B, N, 3]`. Without a file it samples clouds of its own.

use std::time::Instant;

use neighbors::{KernelShape, PackedClouds, Search, SubdomainLists};
use rand::{RngExt, SeedableRng};

/// Timed builds.
const REPETITIONS: usize = 5;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let file = arguments.next();
    let points: usize = arguments.next().map_or(Ok(2048), |n| n.parse())?;
    let positions = match file {
        Some(path) => read(&std::fs::read(path)?),
        None => sample(128, points),
    };
    if points == 0 || positions.len() % points != 0 {
        return Err(format!("{} points are not clouds of {points}", positions.len()).into());
    }
    let offsets: Vec<usize> = (0..=positions.len()).step_by(points).collect();
    let clouds = PackedClouds::new(positions, offsets)?;
    let shapes = [1, 2, 3, 4].map(|d| KernelShape::cells(0.1).with_dilation([d; 3]));

    let mut search_s = Vec::new();
    for repetition in 0..REPETITIONS {
        let start = Instant::now();
        let layers = SubdomainLists::build_all(&clouds, &shapes, Search::Auto)?;
        search_s.push(start.elapsed().as_secs_f64());
        if repetition == 0 {
            for (layer, dilation) in layers.iter().zip(1..) {
                println!(
                    "dilation {dilation}: {} edges, {:.2} per point, {:.2} of {} sub-domains occupied, {:.1} MB",
                    layer.edges(),
                    layer.edges_per_point(),
                    layer.occupied_per_point(),
                    layer.shape().subdomains(),
                    layer.bytes() as f64 / 1e6,
                );
            }
        }
    }
    println!("{} clouds of {points} points, {} threads", clouds.len(), rayon::current_num_threads());
    report("search", &mut search_s);
    Ok(())
}

fn report(name: &str, seconds: &mut [f64]) {
    seconds.sort_by(f64::total_cmp);
    println!("{name}: min {:.4} s, median {:.4} s", seconds[0], seconds[seconds.len() / 2]);
}

fn read(bytes: &[u8]) -> Vec<[f32; 3]> {
    let (values, _) = bytes.as_chunks::<4>();
    let values: Vec<f32> = values.iter().map(|v| f32::from_le_bytes(*v)).collect();
    values.as_chunks::<3>().0.to_vec()
}

/// Clouds on the faces of a few boxes each, within the unit ball or so.
fn sample(clouds: usize, points: usize) -> Vec<[f32; 3]> {
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
    let mut positions = Vec::with_capacity(clouds * points);
    for _ in 0..clouds {
        let boxes: Vec<([f32; 3], [f32; 3])> = (0..4)
            .map(|_| {
                let centre = [(); 3].map(|()| rng.random_range(-0.4..0.4f32));
                let half = [(); 3].map(|()| rng.random_range(0.05..0.4f32));
                (centre, half)
            })
            .collect();
        for _ in 0..points {
            let (centre, half) = boxes[rng.random_range(0..boxes.len())];
            let face = rng.random_range(0..3usize);
            let side = if rng.random_bool(0.5) { 1.0 } else { -1.0 };
            positions.push(std::array::from_fn(|axis| {
                let along = if axis == face { side } else { rng.random_range(-1.0..1.0f32) };
                centre[axis] + half[axis] * along
            }));
        }
    }
    positions
}
