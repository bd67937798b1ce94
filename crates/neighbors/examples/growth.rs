//! Times the kernel-cell and fixed-radius lists of one cloud or of many, per point.
//!
//! `cargo run --release -p neighbors --example growth -- FILE CELL [POINTS_PER_CLOUD [REPETITIONS]]`, where
//! FILE holds little-endian `f32` coordinates `[N, 3]`. Four layers of 3x3x3 cells with dilation 1 to 4,
//! one after the other, so that the peak of the memory is that of one; the ball has the radius of a cell.

use std::time::Instant;

use neighbors::{KernelShape, PackedClouds, RadiusLists, Search, SubdomainLists};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(file), Some(cell)) = (arguments.next(), arguments.next()) else {
        return Err("FILE and CELL are missing".into());
    };
    let cell: f32 = cell.parse()?;
    let positions = read(&std::fs::read(file)?);
    let points: usize = arguments.next().map_or(Ok(positions.len()), |n| n.parse())?;
    let repetitions = arguments.next().map_or(Ok(3), |n| n.parse())?;
    if points == 0 || !positions.len().is_multiple_of(points) {
        return Err(format!("{} points are not clouds of {points}", positions.len()).into());
    }
    let offsets: Vec<usize> = (0..=positions.len()).step_by(points).collect();
    let clouds = PackedClouds::new(positions, offsets)?;
    println!("{} clouds of {points} points, {} threads", clouds.len(), rayon::current_num_threads());

    for dilation in 1..=4 {
        let shape = KernelShape::cells(cell).with_dilation([dilation; 3]);
        let mut seconds = Vec::new();
        let mut edges = 0;
        for _ in 0..repetitions {
            let start = Instant::now();
            edges = SubdomainLists::build(&clouds, &shape, Search::Auto)?.edges();
            seconds.push(start.elapsed().as_secs_f64());
        }
        report(&format!("dilation {dilation}"), &mut seconds, edges, clouds.points());
    }
    if clouds.len() == 1 {
        let mut seconds = Vec::new();
        let mut edges = 0;
        for _ in 0..repetitions {
            let start = Instant::now();
            edges = RadiusLists::build(&clouds, cell, Search::Auto)?.indices().len();
            seconds.push(start.elapsed().as_secs_f64());
        }
        report("ball", &mut seconds, edges, clouds.points());
    }
    // The peak of the resident memory, where the system tells.
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status.lines().filter(|line| line.starts_with("VmHWM")).for_each(|line| println!("{line}"));
    Ok(())
}

fn report(name: &str, seconds: &mut [f64], edges: usize, points: usize) {
    seconds.sort_by(f64::total_cmp);
    println!(
        "{name:10} {:5.1} neighbours, min {:9.3} ms, {:6.1} ns per point, median {:6.1}",
        edges as f64 / points as f64,
        seconds[0] * 1e3,
        seconds[0] * 1e9 / points as f64,
        seconds[seconds.len() / 2] * 1e9 / points as f64,
    );
}

fn read(bytes: &[u8]) -> Vec<[f32; 3]> {
    let (values, _) = bytes.as_chunks::<4>();
    let values: Vec<f32> = values.iter().map(|v| f32::from_le_bytes(*v)).collect();
    values.as_chunks::<3>().0.to_vec()
}
