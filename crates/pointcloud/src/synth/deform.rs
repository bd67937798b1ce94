//! Deformations that leave the family recognizable.

use rand::{Rng, RngExt};

/// Largest change of the width from the middle to an end.
const TAPER: f64 = 0.3;
/// Largest turn from the middle to an end, in radians.
const TWIST: f64 = 0.5;
/// Largest sideways shift of the ends.
const BEND: f64 = 0.4;
/// Shortest edge of the box that a shape is fitted to; the longest possible is 1.
const SHORTEST: f64 = 0.35;

/// Tapers, twists and bends a shape, may turn it upside down, and fits it to a box of random proportions.
pub(crate) fn deform(vertices: &mut [[f64; 3]], rng: &mut impl Rng) {
    fit(vertices, [1.0; 3]);
    let taper = rng.random_range(-TAPER..TAPER);
    let twist = rng.random_range(-TWIST..TWIST);
    let bend = rng.random_range(-BEND..BEND);
    let up = if rng.random() { 1.0 } else { -1.0 };
    let (bend_sin, bend_cos) = rng.random_range(0.0..std::f64::consts::TAU).sin_cos();
    for [x, y, z] in vertices.iter_mut() {
        let width = 1.0 + taper * *z;
        let (sin, cos) = (twist * *z).sin_cos();
        let shift = bend * (*z * *z - 0.5);
        (*x, *y) = (
            width * (cos * *x - sin * *y) + shift * bend_cos,
            width * (sin * *x + cos * *y) + shift * bend_sin,
        );
        *z *= up;
    }
    // Log-uniform, so that no axis is long or short more often than another.
    let half_edges = [(); 3].map(|()| rng.random_range(SHORTEST.ln()..0.0).exp());
    fit(vertices, half_edges);
}

/// Moves and scales each axis so that it spans `-half_edge ..= half_edge`.
fn fit(vertices: &mut [[f64; 3]], half_edges: [f64; 3]) {
    for axis in 0..3 {
        let values = || vertices.iter().map(|p| p[axis]);
        let low = values().fold(f64::INFINITY, f64::min);
        let high = values().fold(f64::NEG_INFINITY, f64::max);
        let factor = if high > low { 2.0 * half_edges[axis] / (high - low) } else { 0.0 };
        for p in vertices.iter_mut() {
            p[axis] = (p[axis] - 0.5 * (low + high)) * factor;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synth::Family;
    use crate::synth::solids::build;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn proportions_are_those_of_the_box_for_every_family() {
        for family in Family::ALL {
            for seed in 0..20 {
                let mut rng = ChaCha8Rng::seed_from_u64(seed);
                let mut vertices = build(family, &mut rng).vertices;
                deform(&mut vertices, &mut rng);
                for axis in 0..3 {
                    let high = vertices.iter().map(|p| p[axis]).fold(f64::NEG_INFINITY, f64::max);
                    let low = vertices.iter().map(|p| p[axis]).fold(f64::INFINITY, f64::min);
                    assert!((high + low).abs() < 1e-9, "{family}: centred");
                    assert!((SHORTEST - 1e-9..=1.0 + 1e-9).contains(&high), "{family}: {high}");
                }
            }
        }
    }
}
