//! Into the unit sphere and back.

/// The map `(position - center) / scale` and its inverse.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Normalizer {
    /// What is moved to the origin.
    pub center: [f32; 3],
    /// What becomes length 1; never zero.
    pub scale: f32,
}

impl Normalizer {
    /// The map that does nothing.
    pub const IDENTITY: Self = Self { center: [0.0; 3], scale: 1.0 };

    /// The map of `positions` into the unit sphere: the mean goes to the origin, the point farthest
    /// from it to distance 1.
    ///
    /// Without points it is the identity; where all points are equal the scale is 1. Positions
    /// must be finite.
    ///
    /// ```
    /// use pointcloud::transform::Normalizer;
    ///
    /// let mut positions = [[3.0, 0.0, 0.0], [7.0, 0.0, 0.0]];
    /// let normalizer = Normalizer::unit_sphere(&positions);
    /// normalizer.apply(&mut positions);
    /// assert_eq!(positions, [[-1.0, 0.0, 0.0], [1.0, 0.0, 0.0]]);
    /// ```
    #[must_use]
    pub fn unit_sphere(positions: &[[f32; 3]]) -> Self {
        if positions.is_empty() {
            return Self::IDENTITY;
        }
        let mut sum = [0.0_f64; 3];
        for position in positions {
            sum = [0, 1, 2].map(|axis| sum[axis] + f64::from(position[axis]));
        }
        let center = sum.map(|s| (s / positions.len() as f64) as f32);
        let squared_distance = |p: &[f32; 3]| -> f64 {
            (0..3).map(|axis| (f64::from(p[axis]) - f64::from(center[axis])).powi(2)).sum()
        };
        let farthest = positions.iter().map(squared_distance).fold(0.0, f64::max).sqrt() as f32;
        // Equal points leave only the rounding of the mean.
        let noise = 4.0 * f32::EPSILON * center.iter().fold(0.0_f32, |m, c| m.max(c.abs()));
        Self { center, scale: if farthest > noise { farthest } else { 1.0 } }
    }

    /// `(position - center) / scale`, in place.
    pub fn apply(&self, positions: &mut [[f32; 3]]) {
        let factor = 1.0 / self.scale;
        for position in positions {
            *position = [0, 1, 2].map(|axis| (position[axis] - self.center[axis]) * factor);
        }
    }

    /// `position · scale + center`, in place.
    pub fn invert(&self, positions: &mut [[f32; 3]]) {
        for position in positions {
            *position = [0, 1, 2].map(|axis| position[axis] * self.scale + self.center[axis]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn equal_points_keep_their_scale() {
        for point in [[0.1, 1000.3, -7.7], [0.0; 3]] {
            let mut positions = [point; 7];
            let normalizer = Normalizer::unit_sphere(&positions);
            assert_eq!(normalizer.scale, 1.0);
            normalizer.apply(&mut positions);
            assert!(positions.iter().flatten().all(|v| v.abs() < 1e-3));
        }
        assert_eq!(Normalizer::unit_sphere(&[]), Normalizer::IDENTITY);
    }

    proptest! {
        #[test]
        fn farthest_point_lands_on_the_sphere(
            positions in prop::collection::vec(prop::array::uniform3(-50.0_f32..50.0), 2..40)
        ) {
            let normalizer = Normalizer::unit_sphere(&positions);
            let mut moved = positions.clone();
            normalizer.apply(&mut moved);
            let farthest = moved.iter().map(|p| p.iter().map(|v| v * v).sum::<f32>().sqrt()).fold(0.0, f32::max);
            prop_assert!((farthest - 1.0).abs() < 1e-3);
            normalizer.invert(&mut moved);
            for (a, b) in moved.iter().flatten().zip(positions.iter().flatten()) {
                prop_assert!((a - b).abs() < 1e-3);
            }
        }
    }
}
