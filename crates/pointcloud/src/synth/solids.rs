//! The surface of one random member of each family, about 2 units in size.

use std::f64::consts::PI;

use rand::{Rng, RngExt};

use super::family::Family;
use super::surface::Surface;

/// Builds a member of `family`; the later fit sets the proportions of the bounding box.
pub(crate) fn build(family: Family, rng: &mut impl Rng) -> Surface {
    let mut surface = Surface::default();
    match family {
        Family::Block => surface.cells([&[-1.0, 1.0], &[-1.0, 1.0], &[-1.0, 1.0]], |_| true),
        Family::Cone => {
            let tip = rng.random_range(0.0..0.12);
            surface.lathe(&[[0.0, -1.0], [1.0, -1.0], [tip, 1.0], [0.0, 1.0]]);
        }
        Family::Cross => cross(&mut surface, rng),
        Family::Dumbbell => dumbbell(&mut surface, rng),
        Family::Ellipsoid => surface.lathe(&arc(0.0, 1.0, 0.0, PI)),
        Family::Helix => {
            let turns = rng.random_range(2.0..3.0);
            let radius = rng.random_range(0.12..0.2);
            surface.coil(turns, rng.random_range(0.7..0.9), radius);
        }
        Family::Ring => surface.coil(1.0, 0.0, rng.random_range(0.2..0.4)),
        Family::Saddle => surface.grid(20, 20, |u, v| {
            let (x, y) = (2.0 * u - 1.0, 2.0 * v - 1.0);
            [x, y, x * x - y * y]
        }),
        Family::Stairs => stairs(&mut surface, rng),
        Family::Table => table(&mut surface, rng),
    }
    surface
}

/// Profile of a ball of `radius` around `height` on the axis, from one polar angle to another; 0 is
/// the lowest point.
fn arc(height: f64, radius: f64, from: f64, to: f64) -> Vec<[f64; 2]> {
    const PIECES: usize = 20;
    (0..=PIECES)
        .map(|i| {
            let (sin, cos) = (from + (to - from) * i as f64 / PIECES as f64).sin_cos();
            [radius * sin, height - radius * cos]
        })
        .collect()
}

/// The balls touch the ends at -1 and 1; the rod meets them where they are as wide as it is.
fn dumbbell(surface: &mut Surface, rng: &mut impl Rng) {
    let rod = rng.random_range(0.12..0.2);
    let [low, high] = [(); 2].map(|()| rng.random_range(0.42..0.55));
    let mut profile = arc(low - 1.0, low, 0.0, PI - f64::asin(rod / low));
    profile.extend(arc(1.0 - high, high, f64::asin(rod / high), PI));
    surface.lathe(&profile);
}

/// Planes of a beam of half-width `half` that crosses the range from -1 to 1 off the middle.
fn beam(rng: &mut impl Rng) -> [f64; 4] {
    let half = rng.random_range(0.16..0.28);
    let middle = rng.random_range(-0.2..0.2);
    [-1.0, middle - half, middle + half, 1.0]
}

fn cross(surface: &mut Surface, rng: &mut impl Rng) {
    let (xs, ys, zs) = (beam(rng), beam(rng), beam(rng));
    let inner = |index: usize| usize::from(index == 1);
    surface.cells([&xs, &ys, &zs], |[i, j, k]| inner(i) + inner(j) + inner(k) >= 2);
}

fn stairs(surface: &mut Surface, rng: &mut impl Rng) {
    let steps = rng.random_range(3..=5_usize);
    let planes: Vec<f64> = (0..=steps).map(|i| 2.0 * i as f64 / steps as f64 - 1.0).collect();
    surface.cells([&planes, &[-1.0, 1.0], &planes], |[i, _, k]| k <= i);
}

fn table(surface: &mut Surface, rng: &mut impl Rng) {
    let leg = rng.random_range(0.25..0.4);
    let top = rng.random_range(0.2..0.4);
    let sides = [-1.0, leg - 1.0, 1.0 - leg, 1.0];
    surface.cells([&sides, &sides, &[-1.0, 1.0 - top, 1.0]], |[i, j, k]| k == 1 || (i != 1 && j != 1));
}
