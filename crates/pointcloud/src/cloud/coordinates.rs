//! Coordinates in double precision: what positions in single precision and their origin come near.

use super::PointCloud;
use crate::bounds::Bounds;
use crate::error::{Error, Result};
use crate::origin::choose_origin;

impl PointCloud {
    /// A cloud of double-precision coordinates, with the origin chosen per axis.
    ///
    /// An axis is shifted only where that buys precision: when a coordinate is not exactly an
    /// `f32`, the largest magnitude is at least 1000 and it exceeds 4 times half the extent.
    /// The origin is then the middle of the extent, rounded down to a whole number. Points far from most others do not count for the
    /// extent. A coordinate beyond the range of an `f32` makes a
    /// position that is not finite. The coordinates themselves stay
    /// in the cloud where single precision does not hold them: [`point`](Self::point) returns them.
    #[must_use]
    pub fn from_coordinates(coordinates: Vec<[f64; 3]>) -> Self {
        let origin = choose_origin(&coordinates);
        Self::of_coordinates(coordinates, origin)
    }

    /// [`from_coordinates`](Self::from_coordinates) with an origin that is known.
    pub(crate) fn of_coordinates(coordinates: Vec<[f64; 3]>, origin: [f64; 3]) -> Self {
        // What single precision does not reach is not finite, wherever the origin is.
        let shift = |p: &[f64; 3]| {
            [0, 1, 2].map(|axis| match p[axis] as f32 {
                single if single.is_finite() => (p[axis] - origin[axis]) as f32,
                beyond => beyond,
            })
        };
        let positions: Vec<[f32; 3]> = coordinates.iter().map(shift).collect();
        let same = |(p, stored): (&[f64; 3], &[f32; 3])| {
            (0..3).all(|axis| p[axis].is_nan() || origin[axis] + f64::from(stored[axis]) == p[axis])
        };
        let exact = (!coordinates.iter().zip(&positions).all(same)).then_some(coordinates);
        Self { positions, origin, exact, wide: true, ..Self::default() }
    }

    /// The same coordinates with another origin.
    pub(crate) fn with_origin(self, origin: [f64; 3]) -> Self {
        let coordinates = (0..self.len()).map(|i| self.point(i)).collect();
        let Self { positions, origin, exact, wide, .. } = Self::of_coordinates(coordinates, origin);
        Self { positions, origin, exact, wide, ..self }
    }

    /// What must be added to a position to get the true coordinate.
    #[must_use]
    pub fn origin(&self) -> [f64; 3] {
        self.origin
    }

    /// Replaces the origin, which moves all points. The coordinates are `origin + position` from then on.
    pub fn set_origin(&mut self, origin: [f64; 3]) {
        (self.exact, self.wide) = (None, origin != [0.0; 3]);
        self.origin = origin;
    }

    /// The coordinates of the file, where positions and origin only come near them.
    pub(crate) fn exact(&self) -> Option<&[[f64; 3]]> {
        self.exact.as_deref()
    }

    /// Sets the coordinates of the file, as far as positions and origin only come near them, and that they are wide.
    pub(crate) fn set_exact(&mut self, exact: Option<Vec<[f64; 3]>>) {
        (self.exact, self.wide) = (exact, true);
    }

    /// Whether files should have the coordinates in double precision: they came so, or there is an origin.
    #[must_use]
    pub fn has_wide_coordinates(&self) -> bool {
        self.wide
    }

    /// The same points without any other column.
    #[must_use]
    pub fn bare(&self) -> Self {
        let (positions, exact) = (self.positions.clone(), self.exact.clone());
        Self { positions, origin: self.origin, exact, wide: self.wide, ..Self::default() }
    }

    /// Coordinate of point `i` in double precision, as the file has it.
    ///
    /// # Panics
    /// When `i` is not below [`len`](Self::len).
    #[must_use]
    pub fn point(&self, i: usize) -> [f64; 3] {
        match &self.exact {
            Some(exact) => exact[i],
            None => [0, 1, 2].map(|axis| self.origin[axis] + f64::from(self.positions[i][axis])),
        }
    }

    /// Smallest box around all points with finite coordinates, in true coordinates.
    ///
    /// `None` when there is no such point.
    #[must_use]
    pub fn bounds(&self) -> Option<Bounds> {
        if let Some(exact) = &self.exact {
            let finite = self.positions.iter().map(|position| position.iter().all(|v| v.is_finite()));
            return Bounds::of_points(
                exact.iter().copied().zip(finite).filter(|(_, ok)| *ok).map(|(p, _)| p),
            );
        }
        let relative = Bounds::of(&self.positions)?;
        let shift = |corner: [f64; 3]| [0, 1, 2].map(|axis| corner[axis] + self.origin[axis]);
        Some(Bounds { min: shift(relative.min), max: shift(relative.max) })
    }

    /// Indices of the points whose position is finite.
    #[must_use]
    pub fn finite_indices(&self) -> Vec<usize> {
        let finite = |&i: &usize| self.positions[i].iter().all(|v| v.is_finite());
        (0..self.len()).filter(finite).collect()
    }

    /// Refuses NaN and infinite positions.
    ///
    /// # Errors
    /// [`Error::NotFinite`] with the first such point.
    pub fn check_finite(&self) -> Result<()> {
        let bad = |p: &[f32; 3]| !p.iter().all(|v| v.is_finite());
        match self.positions.iter().position(bad) {
            None => Ok(()),
            Some(row) => {
                // As the file has it, without the origin.
                Err(Error::NotFinite { path: None, row, position: self.point(row) })
            }
        }
    }
}
