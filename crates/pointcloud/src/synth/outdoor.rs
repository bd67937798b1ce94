//! Ground with trees, poles and clutter, as a few terrestrial laser scanners see them.

use std::f64::consts::{PI, TAU};

use rand::{Rng, RngExt};

use super::scene_config::SceneSynthConfig;
use super::surface::Surface;
use crate::cloud::PointCloud;
use crate::transform::{jitter, sample_uniform, shuffled_indices};

/// Labels: indices of [`OUTDOOR_CLASSES`](super::OUTDOOR_CLASSES).
const GROUND: i32 = 0;
const TREE: i32 = 1;
const POLE: i32 = 2;
const CLUTTER: i32 = 3;

/// Edges of the ground along x and y, in metres.
const SIZE: f64 = 40.0;

/// Up to this distance from a scanner the density is full; beyond, it falls with the square of the distance.
const NEAR: f64 = 8.0;

/// Height of a scanner above the ground.
const TRIPOD: f64 = 1.8;

/// Attempts to find free ground for an object before it is left out.
const ATTEMPTS: usize = 30;

/// Depth of objects below the ground, so that none floats on a slope.
const DEPTH: f64 = 0.5;

/// How the scanners see the points of a part.
#[derive(Clone, Copy, PartialEq)]
enum Skin {
    /// Only the side that faces a scanner.
    Solid,
    /// From all sides: the waves of the ground are flat.
    Open,
    /// Leaves: points lie up to this share of the radius below the hull.
    Leaves([f64; 3]),
}

/// The height of the ground: a slope and waves.
struct Ground {
    slope: [f64; 2],
    /// Wave numbers along x and y, phase, height.
    waves: [[f64; 4]; 5],
}

impl Ground {
    fn random(rng: &mut impl Rng) -> Self {
        let waves = std::array::from_fn(|index| {
            // Long waves are high, short ones low.
            let length = 30.0 / (index + 1) as f64;
            let (sin, cos) = rng.random_range(0.0..TAU).sin_cos();
            let number = TAU / (length * rng.random_range(0.8..1.2));
            [
                number * cos,
                number * sin,
                rng.random_range(0.0..TAU),
                0.015 * length * rng.random_range(0.5..1.0),
            ]
        });
        Self { slope: [(); 2].map(|()| rng.random_range(-0.04..0.04)), waves }
    }

    fn height(&self, [x, y]: [f64; 2]) -> f64 {
        let waves = self.waves.iter().map(|[a, b, phase, height]| height * (a * x + b * y + phase).sin());
        self.slope[0] * x + self.slope[1] * y + waves.sum::<f64>()
    }
}

/// A site under construction.
struct Site {
    ground: Ground,
    /// Middle and radius of the occupied areas.
    taken: Vec<([f64; 2], f64)>,
    parts: Vec<(i32, Surface, Skin)>,
}

/// One random site, with labels (indices of [`OUTDOOR_CLASSES`](super::OUTDOOR_CLASSES)), in metres; z is up.
pub(super) fn outdoor(config: &SceneSynthConfig, rng: &mut impl Rng) -> PointCloud {
    let mut site = Site { ground: Ground::random(rng), taken: Vec::new(), parts: Vec::new() };
    let mut ground = Surface::default();
    ground.grid(100, 100, |u, v| [u * SIZE, v * SIZE, site.ground.height([u * SIZE, v * SIZE])]);
    site.parts.push((GROUND, ground, Skin::Open));
    let mut scanners = Vec::new();
    for _ in 0..rng.random_range(3..=4) {
        let at = site.free(1.0, rng);
        scanners.extend(at.map(|at| [at[0], at[1], site.ground.height(at) + TRIPOD]));
    }
    for _ in 0..rng.random_range(8..=14) {
        site.tree(rng);
    }
    for _ in 0..rng.random_range(2..=4) {
        site.pole(rng);
    }
    for _ in 0..rng.random_range(8..=14) {
        site.clutter(rng);
    }
    site.sample(config, &scanners, rng)
}

impl Site {
    /// Finds free ground of a radius, and marks it as occupied.
    fn free(&mut self, radius: f64, rng: &mut impl Rng) -> Option<[f64; 2]> {
        for _ in 0..ATTEMPTS {
            let middle = [(); 2].map(|()| rng.random_range(radius..SIZE - radius));
            let apart =
                |([x, y], other): &([f64; 2], f64)| (middle[0] - x).hypot(middle[1] - y) > radius + other;
            if self.taken.iter().all(apart) {
                self.taken.push((middle, radius));
                return Some(middle);
            }
        }
        None
    }

    fn put(&mut self, class: i32, surface: &Surface, angle: f64, at: [f64; 2], skin: Skin) {
        let mut placed = Surface::default();
        placed.add(surface, angle, [at[0], at[1], self.ground.height(at)]);
        self.parts.push((class, placed, skin));
    }

    /// An ellipsoid of leaves with its middle at `height` above the ground.
    fn leaves(&mut self, class: i32, at: [f64; 2], height: f64, radii: [f64; 2]) {
        let arc: Vec<[f64; 2]> = (0..=12)
            .map(|step| {
                let (sin, cos) = (PI * f64::from(step) / 12.0).sin_cos();
                [radii[0] * sin, height - radii[1] * cos]
            })
            .collect();
        let mut hull = Surface::default();
        hull.lathe(&arc);
        let middle = [at[0], at[1], self.ground.height(at) + height];
        self.put(class, &hull, 0.0, at, Skin::Leaves(middle));
    }

    /// A trunk and a crown of two to five ellipsoids, or of cones for a conifer.
    fn tree(&mut self, rng: &mut impl Rng) {
        let Some(at) = self.free(1.5, rng) else { return };
        let (trunk, foot) = (rng.random_range(1.8..3.5), rng.random_range(0.12..0.3));
        let mut stem = Surface::default();
        stem.lathe(&[[1.2 * foot, -DEPTH], [foot, 0.3], [0.6 * foot, trunk + 1.0]]);
        self.put(TREE, &stem, 0.0, at, Skin::Solid);
        let (width, height) = (rng.random_range(1.2..2.5), rng.random_range(1.2..2.5));
        if rng.random::<f64>() < 0.3 {
            // A conifer: ever smaller layers.
            for layer in 0..4 {
                let share = f64::from(layer) / 4.0;
                let middle = 0.5 * trunk + share * 2.5 * height;
                self.leaves(TREE, at, middle + 0.5, [width * (1.0 - 0.8 * share) * 0.8, 0.5 * height]);
            }
            return;
        }
        for _ in 0..rng.random_range(2..=5) {
            let shift = |rng: &mut dyn FnMut() -> f64| at.map(|v| v + 0.5 * width * (2.0 * rng() - 1.0));
            let middle = shift(&mut || rng.random::<f64>());
            let up = trunk + height * rng.random_range(0.6..1.2);
            let size = rng.random_range(0.5..0.85);
            self.leaves(TREE, middle, up, [size * width, size * height]);
        }
    }

    /// A thin pole, perhaps with an arm and a lamp or a board.
    fn pole(&mut self, rng: &mut impl Rng) {
        let Some(at) = self.free(0.8, rng) else { return };
        let (height, radius) = (rng.random_range(3.5..7.0), rng.random_range(0.05..0.1));
        let mut pole = Surface::default();
        pole.lathe(&[[radius, -DEPTH], [radius, height], [0.0, height]]);
        match rng.random_range(0..3) {
            0 => {
                pole.block([-0.04, -0.04, height - 0.1], [1.2, 0.04, height]);
                pole.block([0.9, -0.1, height - 0.2], [1.4, 0.1, height - 0.1]);
            }
            1 => pole.block([-0.35, radius, height - 0.8], [0.35, radius + 0.03, height - 0.2]),
            _ => {}
        }
        self.put(POLE, &pole, rng.random_range(0.0..TAU), at, Skin::Solid);
    }

    /// A box, a bench, a car or a bush.
    fn clutter(&mut self, rng: &mut impl Rng) {
        let kind = rng.random_range(0..4);
        let half: [f64; 2] = match kind {
            0 => [rng.random_range(0.3..0.8), rng.random_range(0.3..0.8)],
            1 => [rng.random_range(0.7..1.0), 0.25],
            2 => [rng.random_range(1.9..2.3), rng.random_range(0.8..0.95)],
            _ => [rng.random_range(0.5..1.1); 2],
        };
        let Some(at) = self.free(half[0].hypot(half[1]), rng) else { return };
        let mut thing = Surface::default();
        match kind {
            0 => thing.block([-half[0], -half[1], -DEPTH], [half[0], half[1], rng.random_range(0.4..1.4)]),
            1 => {
                thing.block([-half[0], -half[1], 0.4], [half[0], half[1], 0.48]);
                thing.block([-half[0], half[1] - 0.05, 0.48], [half[0], half[1], 0.9]);
                for x in [-0.8 * half[0], 0.7 * half[0]] {
                    thing.block([x, -half[1], -DEPTH], [x + 0.08, half[1], 0.4]);
                }
            }
            2 => {
                thing.block([-half[0], -half[1], 0.25], [half[0], half[1], 0.85]);
                thing.block([-0.5 * half[0], -0.9 * half[1], 0.85], [0.6 * half[0], 0.9 * half[1], 1.45]);
            }
            _ => {
                self.leaves(CLUTTER, at, 0.5 * half[0], [half[0], rng.random_range(0.5..0.9)]);
                return;
            }
        }
        self.put(CLUTTER, &thing, rng.random_range(0.0..TAU), at, Skin::Solid);
    }

    fn sample(self, config: &SceneSynthConfig, scanners: &[[f64; 3]], rng: &mut impl Rng) -> PointCloud {
        let (mut positions, mut labels) = (Vec::new(), Vec::new());
        for (class, surface, skin) in self.parts {
            let count = (surface.area() * f64::from(config.density)).round().max(1.0) as usize;
            let cloud = sample_uniform(&surface.into_mesh(), count, rng)
                .unwrap_or_else(|error| panic!("every part of a site has a surface, but {error}"));
            for (index, position) in cloud.positions().iter().enumerate() {
                let mut at = position.map(f64::from);
                if let Skin::Leaves(middle) = skin {
                    let share = rng.random_range(0.6..1.0_f64);
                    at = [0, 1, 2].map(|k| middle[k] + share * (at[k] - middle[k]));
                }
                let normal = match (skin, cloud.normals()) {
                    (Skin::Solid, Some(normals)) => Some(normals[index].map(f64::from)),
                    _ => None,
                };
                let below = class != GROUND && at[2] < self.ground.height([at[0], at[1]]) + 0.02;
                if !below && rng.random::<f64>() < density(at, normal, scanners) {
                    positions.push(at.map(|v| v as f32));
                    labels.push(class);
                }
            }
        }
        jitter(&mut positions, config.noise, 4.0 * config.noise, rng);
        let mut cloud = PointCloud::new(positions);
        match cloud.set_labels(Some(labels)) {
            Ok(()) => cloud.select(&shuffled_indices(cloud.len(), rng)),
            Err(error) => panic!("there is one label per point, but {error}"),
        }
    }
}

/// Fraction of the full density at a point, from the scanner that sees it best; 0 if its surface faces no scanner.
fn density(at: [f64; 3], normal: Option<[f64; 3]>, scanners: &[[f64; 3]]) -> f64 {
    let of = |scanner: &[f64; 3]| {
        let to = [0, 1, 2].map(|k| scanner[k] - at[k]);
        let squared = to[0] * to[0] + to[1] * to[1] + to[2] * to[2];
        let faces = normal.is_none_or(|n| n[0] * to[0] + n[1] * to[1] + n[2] * to[2] > 0.0);
        if faces { (NEAR * NEAR / squared).min(1.0) } else { 0.0 }
    };
    scanners.iter().map(of).fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synth::SceneKind;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    fn config() -> SceneSynthConfig {
        SceneSynthConfig {
            kind: SceneKind::Outdoor,
            density: 30.0,
            noise: 0.01,
            ..SceneSynthConfig::default()
        }
    }

    #[test]
    fn sites_are_seeded_and_poles_are_rare() {
        let draw = |seed| outdoor(&config(), &mut ChaCha8Rng::seed_from_u64(seed));
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
        for seed in 0..20 {
            let site = draw(seed);
            let labels = site.labels().unwrap();
            let share = |class: i32| {
                labels.iter().filter(|&&label| label == class).count() as f64 / labels.len() as f64
            };
            assert!(share(GROUND) > 0.3 && share(TREE) > 0.03, "{seed}: {} {}", share(GROUND), share(TREE));
            assert!(share(POLE) > 0.0 && share(POLE) < 0.02, "{seed}: {}", share(POLE));
            assert!(share(CLUTTER) > 0.003, "{seed}: {}", share(CLUTTER));
            let bounds = site.bounds().unwrap();
            assert!(bounds.min[0] > -1.0 && bounds.max[0] < SIZE + 1.0 && bounds.max[2] < 20.0, "{bounds:?}");
        }
    }

    #[test]
    fn the_density_falls_with_the_distance_from_a_scanner() {
        let scanner = [[0.0, 0.0, 2.0]];
        assert_eq!(density([3.0, 0.0, 2.0], None, &scanner), 1.0);
        assert!((density([32.0, 0.0, 2.0], None, &scanner) - 1.0 / 16.0).abs() < 1e-12);
        assert_eq!(density([3.0, 0.0, 2.0], Some([1.0, 0.0, 0.0]), &scanner), 0.0);
        assert_eq!(density([3.0, 0.0, 2.0], Some([-1.0, 0.0, 0.0]), &scanner), 1.0);
    }
}
