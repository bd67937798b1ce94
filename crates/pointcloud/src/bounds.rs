//! Axis-aligned boxes.

/// An axis-aligned box, corners included.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    /// Smallest x, y, z.
    pub min: [f64; 3],
    /// Largest x, y, z.
    pub max: [f64; 3],
}

impl Bounds {
    /// Smallest box around all finite `positions`; `None` when there is none.
    #[must_use]
    pub fn of(positions: &[[f32; 3]]) -> Option<Self> {
        Self::of_points(positions.iter().map(|p| p.map(f64::from)))
    }

    /// Smallest box around all finite points; `None` when there is none.
    pub(crate) fn of_points(points: impl Iterator<Item = [f64; 3]>) -> Option<Self> {
        let mut found: Option<Self> = None;
        for point in points.filter(|p| p.iter().all(|v| v.is_finite())) {
            // A zero has no sign: which of -0 and 0 is smaller depends on their order.
            let point = point.map(|v| v + 0.0);
            let one = Self { min: point, max: point };
            found = Some(found.map_or(one, |sum| sum.union(&one)));
        }
        found
    }

    /// Smallest box around both.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        Self {
            min: [0, 1, 2].map(|axis| self.min[axis].min(other.min[axis])),
            max: [0, 1, 2].map(|axis| self.max[axis].max(other.max[axis])),
        }
    }

    /// Length of the box along each axis.
    #[must_use]
    pub fn extent(&self) -> [f64; 3] {
        [0, 1, 2].map(|axis| self.max[axis] - self.min[axis])
    }

    /// Middle of the box.
    #[must_use]
    pub fn center(&self) -> [f64; 3] {
        [0, 1, 2].map(|axis| 0.5 * (self.min[axis] + self.max[axis]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn non_finite_points_are_left_out() {
        let positions = [[f32::NAN, 0.0, 0.0], [1.0, 2.0, 3.0], [-1.0, 5.0, 3.0]];
        let bounds = Bounds::of(&positions).unwrap();
        assert_eq!((bounds.min, bounds.max), ([-1.0, 2.0, 3.0], [1.0, 5.0, 3.0]));
        assert_eq!((bounds.extent(), bounds.center()), ([2.0, 3.0, 0.0], [0.0, 3.5, 3.0]));
        assert_eq!(Bounds::of(&[]), None);
        assert_eq!(Bounds::of(&positions[..1]), None);
    }

    #[test]
    fn zeros_have_no_sign() {
        let bounds = Bounds::of(&[[-0.0, -0.0, 0.0], [-0.0, 0.0, -0.0]]).unwrap();
        assert!(bounds.min.iter().chain(&bounds.max).all(|v| v.is_sign_positive()), "{bounds:?}");
    }
}
