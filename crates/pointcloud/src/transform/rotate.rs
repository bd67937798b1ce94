//! Rotations about an axis of the coordinate system.

use rand::{Rng, RngExt};
use std::f32::consts::TAU;

/// An axis of the coordinate system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Axis {
    /// The first coordinate.
    X,
    /// The second coordinate.
    Y,
    /// The third coordinate.
    Z,
}

/// Turns `vectors` (positions or normals, `[N, 3]`) about `axis` through the origin, in place.
///
/// # Units
/// `angle` in radians, counter-clockwise when the axis points at the viewer.
pub fn rotate(vectors: &mut [[f32; 3]], axis: Axis, angle: f32) {
    let (sin, cos) = angle.sin_cos();
    let (a, b) = match axis {
        Axis::X => (1, 2),
        Axis::Y => (2, 0),
        Axis::Z => (0, 1),
    };
    for vector in vectors {
        let (u, v) = (vector[a], vector[b]);
        vector[a] = cos * u - sin * v;
        vector[b] = sin * u + cos * v;
    }
}

/// Turns `vectors` about `axis` by an angle drawn evenly from the full circle, and returns it.
///
/// # Units
/// The angle is in radians.
pub fn rotate_randomly(vectors: &mut [[f32; 3]], axis: Axis, rng: &mut impl Rng) -> f32 {
    let angle = rng.random_range(0.0..TAU);
    rotate(vectors, axis, angle);
    angle
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use std::f32::consts::FRAC_PI_2;

    #[test]
    fn quarter_turns_follow_the_right_hand() {
        for (axis, from, to) in [
            (Axis::X, [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]),
            (Axis::Y, [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]),
            (Axis::Z, [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]),
        ] {
            let mut vectors = [from];
            rotate(&mut vectors, axis, FRAC_PI_2);
            for k in 0..3 {
                assert!((vectors[0][k] - to[k]).abs() < 1e-6, "{axis:?}: {vectors:?}");
            }
        }
    }

    #[test]
    fn random_turn_keeps_height_and_can_be_undone() {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(5);
        let start = [[0.3_f32, -0.4, 0.9], [2.0, 1.0, -1.0]];
        let mut vectors = start;
        let angle = rotate_randomly(&mut vectors, Axis::Z, &mut rng);
        assert!((0.0..TAU).contains(&angle));
        assert_eq!((vectors[0][2], vectors[1][2]), (0.9, -1.0));
        rotate(&mut vectors, Axis::Z, -angle);
        for (a, b) in vectors.iter().flatten().zip(start.iter().flatten()) {
            assert!((a - b).abs() < 1e-6);
        }
    }
}
