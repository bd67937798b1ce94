//! Everything that the crate finds, on one cloud: `cargo run --release -p neighbors --example tour`.
//!
//! The cloud is a thin-walled sphere on a floor, with a few points in the air that belong to neither.

use std::time::Instant;

use neighbors::{
    CustomKernel, KernelShape, Mirror, PackedClouds, PointIndex, RadiusLists, Search, SubdomainLists,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let clouds = PackedClouds::single(cloud(20_000, 12))?;
    let (positions, points) = (clouds.positions(), clouds.points());

    // All neighbours within a radius, for every point at once. Who has none but itself is an outlier.
    let start = Instant::now();
    let lists = RadiusLists::build(&clouds, 0.05, Search::Auto)?;
    let pairs = lists.indices().len();
    let lonely = (0..points).filter(|&i| lists.neighbors(i).len() == 1).count();
    println!("fixed radius 0.05: {pairs} pairs of {points} points in {:.1?}", start.elapsed());
    println!("  {lonely} points have no neighbour but themselves");

    // The points nearest to any position, which need not be a point of the cloud.
    let index = PointIndex::build(positions, Search::Auto)?;
    let nearest = index.nearest_n([0.0, 0.0, 0.5], 3);
    println!("the 3 points nearest to the centre of the sphere:");
    for neighbor in nearest {
        let position = positions[neighbor.index as usize];
        println!(
            "  {:5} at {position:.2?}, distance {:.3}",
            neighbor.index,
            neighbor.squared_distance.sqrt()
        );
    }

    // Sub-domain lists: the neighbours of every point, sorted into 3x3x3 cells around it. Several clouds can be packed
    // one after the other, several kernels share one pass over the points.
    let dilations = [1, 2, 4].map(|dilation| KernelShape::cells(0.05).with_dilation([dilation; 3]));
    let start = Instant::now();
    let layers = SubdomainLists::build_all(&clouds, &dilations, Search::Auto)?;
    println!("3x3x3 cells of 0.05, three dilations in {:.1?}:", start.elapsed());
    for (layer, dilation) in layers.iter().zip([1, 2, 4]) {
        println!(
            "  dilation {dilation}: {:.1} neighbours in {:.1} of {} cells",
            layer.edges_per_point(),
            layer.occupied_per_point(),
            layer.shape().subdomains(),
        );
    }
    println!("neighbours in the 27 cells around {:.2?}, from below to above:", positions[0]);
    let mut counts = [0; 27];
    layers[0].row_of(0).runs().for_each(|(cell, neighbors)| counts[cell] = neighbors.len());
    for y in (0..3).rev() {
        let row =
            |z: usize| counts[9 * z + 3 * y..][..3].iter().map(|n| format!("{n:3}")).collect::<String>();
        println!("  {}   {}   {}", row(0), row(1), row(2));
    }

    // A kernel shape of one's own: what is above a point, what beside it, what below?
    let shape = KernelShape::Custom(&STOREYS);
    let storeys = SubdomainLists::build(&clouds, &shape, Search::Auto)?;
    let has = |i: usize, storey: usize| storeys.row_of(i).subdomain(storey).next().is_some();
    let under_the_sphere = (0..points).filter(|&i| positions[i][2] == 0.0 && has(i, 2)).count();
    println!("{under_the_sphere} points of the floor have the sphere within {} above them", STOREYS.radius);
    Ok(())
}

/// Three sub-domains: below, beside, above.
#[derive(Debug)]
struct Storeys {
    radius: f32,
}

static STOREYS: Storeys = Storeys { radius: 0.1 };

impl CustomKernel for Storeys {
    fn subdomains(&self) -> usize {
        3
    }

    fn radius(&self) -> f32 {
        self.radius
    }

    fn mirror(&self) -> Mirror {
        Mirror::Reversed
    }

    fn subdomain(&self, [_, _, z]: [f32; 3]) -> Option<usize> {
        let beside = 0.2 * self.radius;
        Some(if z < -beside {
            0
        } else if z > beside {
            2
        } else {
            1
        })
    }
}

/// The floor first, then a sphere of diameter 1 that touches it, then points in the air.
fn cloud(points: usize, lost: usize) -> Vec<[f32; 3]> {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let floor: Vec<[f32; 3]> =
        (0..points / 2).map(|_| [rng.random_range(-1.0..1.0), rng.random_range(-1.0..1.0), 0.0]).collect();
    let sphere: Vec<[f32; 3]> = (0..points / 2)
        .map(|_| {
            // Archimedes: height and angle are uniform.
            let (z, angle) = (rng.random_range(-1.0..1.0f32), rng.random_range(0.0..std::f32::consts::TAU));
            let (sin, cos) = angle.sin_cos();
            let ring = 0.5 * (1.0 - z * z).sqrt();
            [ring * cos, ring * sin, 0.5 + 0.5 * z]
        })
        .collect();
    let air = (0..lost).map(|_| [(); 3].map(|()| rng.random_range(1.2..3.0)));
    floor.into_iter().chain(sphere).chain(air.collect::<Vec<_>>()).collect()
}

#[test]
fn it_runs() -> Result<(), Box<dyn std::error::Error>> {
    main()
}
