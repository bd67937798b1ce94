//! Which search is faster on which cloud: grid, kd-tree, and what `Search::Auto` chooses.
//!
//! `cargo run --release -p neighbors --example grid_or_tree -- [MOST_POINTS [SECONDS]]` prints a table for clouds of
//! 2,000 to MOST_POINTS points (100,000 unless told): lists of a kernel of 3x3x3 cells, lists of a ball, and the 16
//! nearest points of every point. The searches take turns, three times and for SECONDS (0.5) at least; the least processor
//! time of each counts. A search that takes five times as long as the best is not repeated. A grid that would need minutes
//! for the nearest points is timed for every thousandth point only; its time is marked with `~`.

use std::time::Instant;

use neighbors::{
    KernelShape, NearestLists, NeighborError, PackedClouds, RadiusLists, Search, SubdomainLists,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Sizes of the clouds.
const SIZES: [usize; 6] = [2_000, 16_384, 20_000, 100_000, 1_000_000, 10_000_000];

/// Neighbours of a point within the ball, about; half of the points have fewer.
const NEIGHBORS: usize = 30;

/// Nearest points of every point.
const NEAREST: usize = 16;

/// What is compared.
const ALL: [Search; 3] = [Search::Grid, Search::KdTree, Search::Auto];

/// How the points lie.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Layout {
    /// Evenly in a cube.
    Uniform,
    /// On the faces of boxes and on a wavy floor.
    Surface,
    /// Half in a hundred dense clusters of very different sizes, half evenly around them.
    Clustered,
    /// A floor and walls seen by a scanner in the middle: the density falls with the square of the distance.
    Scanner,
    /// Nine in ten points in one dense cluster, in a thousandth of the extent.
    OneCluster,
    /// Evenly, but so thin that a kernel holds two neighbours.
    Sparse,
}

fn main() -> Result<(), NeighborError> {
    let mut arguments = std::env::args().skip(1);
    let most = arguments.next().and_then(|n| n.parse().ok()).unwrap_or(100_000);
    let seconds = arguments.next().and_then(|n| n.parse().ok()).unwrap_or(0.5);
    println!(
        "{} threads, ns of processor time per point; auto: against the better of the two",
        rayon::current_num_threads()
    );
    println!(
        "| cloud | points | kernel: grid | tree | auto | ball: grid | tree | auto | nearest 16: grid | tree | auto |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|");
    let mut worst = 0.0f64;
    for points in SIZES.into_iter().filter(|&points| points <= most) {
        for layout in [
            Layout::Uniform,
            Layout::Surface,
            Layout::Clustered,
            Layout::Scanner,
            Layout::OneCluster,
            Layout::Sparse,
        ] {
            let clouds = PackedClouds::single(cloud(layout, points))?;
            let radius = radius(&clouds, layout)?;
            let kernel = KernelShape::cells(radius / 1.5);
            let kernels = times(seconds, &ALL, |search| {
                SubdomainLists::build(&clouds, &kernel, search).map(|lists| lists.edges())
            })?;
            let balls = times(seconds, &ALL, |search| {
                RadiusLists::build(&clouds, radius, search).map(|lists| lists.indices().len())
            })?;
            let estimate = slow_nearest_grid(&clouds)?;
            let searches = if estimate.is_some() { &ALL[1..] } else { &ALL };
            let mut nearest = times(seconds, searches, |search| {
                NearestLists::build(&clouds, &clouds, NEAREST, search).map(|lists| lists.indices().len())
            })?;
            nearest[0] = estimate.unwrap_or(nearest[0]);
            print!("| {layout:?} | {points} |");
            let nearest_mark = if estimate.is_some() { "~" } else { "" };
            for (mark, [grid, tree, auto]) in [("", kernels), ("", balls), (nearest_mark, nearest)] {
                let ratio = auto / grid.min(tree);
                worst = worst.max(ratio);
                let per_point = |seconds: f64| seconds * 1e9 / points as f64;
                print!(" {mark}{:.0} | {:.0} | {ratio:.2} |", per_point(grid), per_point(tree));
            }
            println!();
        }
    }
    println!("auto takes at most {worst:.2} times as long as the better of the two");
    Ok(())
}

/// The least processor time of one call for each of [`ALL`], in seconds; infinite for a search that is not among
/// `searches`.
fn times(
    seconds: f64,
    searches: &[Search],
    work: impl Fn(Search) -> Result<usize, NeighborError>,
) -> Result<[f64; 3], NeighborError> {
    let mut least = [f64::INFINITY; 3];
    let start = Instant::now();
    let mut rounds = 0;
    while rounds < 3 && start.elapsed().as_secs_f64() < 40.0 || start.elapsed().as_secs_f64() < seconds {
        let mut found = Vec::new();
        for &search in searches {
            let slot = ALL.iter().position(|&one| one == search).unwrap_or(0);
            let best = least.iter().copied().fold(f64::INFINITY, f64::min);
            if least[slot].is_finite() && least[slot] > 5.0 * best {
                continue;
            }
            let (before, mut calls) = (processor_seconds(), 0);
            while calls == 0 || processor_seconds() - before < 0.03 {
                found.push(work(search)?);
                calls += 1;
            }
            least[slot] = least[slot].min((processor_seconds() - before) / f64::from(calls));
        }
        assert!(found.windows(2).all(|pair| pair[0] == pair[1]), "the searches find the same");
        rounds += 1;
    }
    Ok(least)
}

/// The processor time that a grid would need for the nearest points of every point, from every thousandth, if that is
/// more than a minute.
fn slow_nearest_grid(clouds: &PackedClouds) -> Result<Option<f64>, NeighborError> {
    let time = |queries: Vec<[f32; 3]>| {
        let queries = PackedClouds::single(queries)?;
        let before = processor_seconds();
        NearestLists::build(clouds, &queries, NEAREST, Search::Grid)?;
        Ok(processor_seconds() - before)
    };
    // An odd step, since every second point is in a cluster.
    let some: Vec<[f32; 3]> = clouds.positions().iter().copied().step_by(1001).collect();
    let build = time(some[..1].to_vec())?;
    let all = build + (time(some)? - build) * 1001.0;
    Ok((all > 60.0).then_some(all))
}

/// The processor time of all threads so far, which other programs disturb less than the time of day; that one where the
/// system does not tell.
fn processor_seconds() -> f64 {
    static START: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);
    let Ok(threads) = std::fs::read_dir("/proc/self/task") else {
        return START.elapsed().as_secs_f64();
    };
    let nanoseconds = threads.flatten().filter_map(|thread| {
        let text = std::fs::read_to_string(thread.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<f64>().ok()
    });
    nanoseconds.sum::<f64>() * 1e-9
}

/// A radius for which the middle one of the points has the wanted number of neighbours.
fn radius(clouds: &PackedClouds, layout: Layout) -> Result<f32, NeighborError> {
    let wanted = if layout == Layout::Sparse { 3 } else { NEIGHBORS };
    // Odd, since every second point is in a cluster.
    let step = clouds.points().div_ceil(1000) | 1;
    let queries: Vec<[f32; 3]> = clouds.positions().iter().copied().step_by(step).collect();
    let queries = PackedClouds::single(queries)?;
    let lists = NearestLists::build(clouds, &queries, wanted, Search::KdTree)?;
    let mut radii: Vec<f32> = (0..lists.queries())
        .filter_map(|query| lists.neighbors(query).last())
        .map(|farthest| farthest.squared_distance.sqrt())
        .collect();
    radii.sort_by(f32::total_cmp);
    // Where the density varies most, longer lists would measure nothing but the writing of them.
    let part =
        if matches!(layout, Layout::Clustered | Layout::OneCluster | Layout::Scanner) { 10 } else { 2 };
    Ok(radii[radii.len() / part])
}

fn cloud(layout: Layout, points: usize) -> Vec<[f32; 3]> {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let centres: Vec<([f32; 3], f32)> = (0..100)
        .map(|_| ([(); 3].map(|()| rng.random_range(0.0..1.0f32)), 10f32.powf(rng.random_range(-4.0..-1.5))))
        .collect();
    (0..points)
        .map(|i| {
            let p = [(); 3].map(|()| rng.random_range(0.0..1.0f32));
            match layout {
                Layout::Uniform | Layout::Sparse => p,
                Layout::Surface => {
                    if i % 2 == 0 {
                        return [p[0], p[1], 0.05 * (9.0 * p[0]).sin() * (7.0 * p[1]).cos()];
                    }
                    let (corner, _) = centres[i / 2 % 20];
                    let mut q = [0, 1, 2].map(|axis| corner[axis] + 0.1 * p[axis]);
                    let axis = i / 40 % 3;
                    q[axis] = corner[axis] + if p[axis] < 0.5 { 0.0 } else { 0.1 };
                    q
                }
                Layout::Clustered => {
                    if i % 2 == 0 {
                        return p;
                    }
                    let (centre, size) = centres[i / 2 % 100];
                    [0, 1, 2].map(|axis| centre[axis] + size * (p[axis] - 0.5))
                }
                Layout::Scanner => {
                    // Directions are even; the ray ends at the floor, 1.5 below, or at a wall, 20 to 60 away.
                    let (z, angle) = (2.0 * p[0] - 1.0, p[1] * std::f32::consts::TAU);
                    let ring = (1.0 - z * z).sqrt().max(1e-3);
                    let wall = if p[1] < 0.5 { 20.0 } else { 60.0 };
                    let length = if z < 0.0 { (1.5 / -z).min(wall / ring) } else { wall / ring };
                    let length = length.min(100.0) + 0.01 * p[2];
                    [ring * angle.cos() * length, ring * angle.sin() * length, z * length]
                }
                Layout::OneCluster => {
                    if i % 10 == 0 {
                        return p;
                    }
                    p.map(|v| 0.5 + 0.001 * v)
                }
            }
        })
        .collect()
}
