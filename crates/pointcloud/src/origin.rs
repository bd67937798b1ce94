//! The choice of an origin for double-precision coordinates, so that `f32` holds them well.

use std::collections::BTreeMap;

use crate::bounds::Bounds;

/// Below this magnitude the spacing of `f32` is at most 6e-5, fine without a shift.
const SMALLEST_SHIFTED: f64 = 1000.0;
/// A shift must win at least two bits of precision.
const SMALLEST_GAIN: f64 = 4.0;

/// Length of the cells in which points are counted. Within one, the spacing of `f32` about the middle is at most 0.004.
const CELL: f64 = 65_536.0;
/// Points in more cells than this are spread so wide that no origin helps most of them.
const MOST_CELLS: usize = 1000;

/// Where points lie along every axis, so that a few points far from all others do not decide on the origin.
#[derive(Clone, Debug, Default)]
pub(crate) struct Spread {
    axes: [Axis; 3],
}

/// The points in cells of an axis, or in neighbouring ones.
#[derive(Clone, Debug, Default)]
struct Axis {
    cells: BTreeMap<i64, Part>,
    /// Whether there were more than [`MOST_CELLS`].
    too_many: bool,
}

#[derive(Clone, Copy, Debug)]
struct Part {
    points: usize,
    min: f64,
    max: f64,
}

impl Part {
    fn join(self, other: Self) -> Self {
        let (min, max) = (self.min.min(other.min), self.max.max(other.max));
        Self { points: self.points + other.points, min, max }
    }
}

impl Axis {
    fn add(&mut self, cell: i64, part: Part) {
        if !self.too_many {
            self.cells.entry(cell).and_modify(|found| *found = found.join(part)).or_insert(part);
            self.too_many = self.cells.len() > MOST_CELLS;
        }
    }

    /// Of the runs of cells without a gap, the one with most points.
    fn main_part(&self) -> Option<Part> {
        let (mut main, mut run): (Option<Part>, Option<(i64, Part)>) = (None, None);
        for (&cell, &part) in &self.cells {
            let joined = match run {
                Some((last, before)) if last + 1 == cell => before.join(part),
                _ => part,
            };
            if main.is_none_or(|main| joined.points > main.points) {
                main = Some(joined);
            }
            run = Some((cell, joined));
        }
        main.filter(|_| !self.too_many)
    }

    /// The origin along the axis; zero where a shift does not gain enough.
    fn origin(&self) -> f64 {
        let Some(Part { min, max, .. }) = self.main_part() else { return 0.0 };
        let (magnitude, half_extent) = (min.abs().max(max.abs()), 0.5 * (max - min));
        let is_worth = magnitude >= SMALLEST_SHIFTED && magnitude > SMALLEST_GAIN * half_extent;
        if is_worth { (0.5 * (min + max)).floor() } else { 0.0 }
    }
}

impl Spread {
    /// Of finite points, all of which are in `bounds`.
    pub(crate) fn of(points: impl Iterator<Item = [f64; 3]> + Clone, bounds: &Bounds) -> Self {
        let mut spread = Self::default();
        let cell_of = |v: f64| (v / CELL).floor() as i64;
        for (axis, counted) in spread.axes.iter_mut().enumerate() {
            let (min, max) = (bounds.min[axis], bounds.max[axis]);
            if cell_of(min) == cell_of(max) {
                counted.add(cell_of(min), Part { points: points.clone().count(), min, max });
                continue;
            }
            for v in points.clone().map(|point| point[axis] + 0.0) {
                counted.add(cell_of(v), Part { points: 1, min: v, max: v });
            }
        }
        spread
    }

    /// Of two parts of a cloud.
    pub(crate) fn join(mut self, other: Self) -> Self {
        for (all, more) in self.axes.iter_mut().zip(other.axes) {
            all.too_many |= more.too_many;
            more.cells.into_iter().for_each(|(cell, part)| all.add(cell, part));
        }
        self
    }

    /// The origin of the coordinates: the middle of those of most points; `inexact`: whether singles do not hold a coordinate, for every
    /// axis.
    pub(crate) fn origin(&self, inexact: [bool; 3]) -> [f64; 3] {
        [0, 1, 2].map(|axis| if inexact[axis] { self.axes[axis].origin() } else { 0.0 })
    }
}

/// The origin for `coordinates`: zero on every axis where a shift gains nothing.
pub(crate) fn choose_origin(coordinates: &[[f64; 3]]) -> [f64; 3] {
    let is_single = |p: &&[f64; 3]| p.iter().all(|v| (*v as f32).is_finite());
    let singles = coordinates.iter().filter(is_single).copied();
    let Some(bounds) = Bounds::of_points(singles.clone()) else {
        return [0.0; 3];
    };
    let inexact =
        |axis: usize| coordinates.iter().any(|p| p[axis].is_finite() && f64::from(p[axis] as f32) != p[axis]);
    Spread::of(singles, &bounds).origin([0, 1, 2].map(inexact))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utm_is_shifted_per_axis() {
        let origin = choose_origin(&[[501_234.567, 5_400_010.123, 12.3], [501_240.25, 5_400_001.7, 14.1]]);
        assert_eq!(origin, [501_237.0, 5_400_005.0, 0.0]);
    }

    #[test]
    fn points_far_from_all_others_do_not_decide() {
        let tile: Vec<[f64; 3]> = (0..100).map(|i| [501_234.1 + f64::from(i), 5_400_010.3, 7.1]).collect();
        let origin = choose_origin(&tile);
        assert_eq!(origin, [501_283.0, 5_400_010.0, 0.0]);
        let stray: Vec<[f64; 3]> = [[0.0; 3], [-1e9, 3e30, 1e9]].into_iter().chain(tile.clone()).collect();
        assert_eq!(choose_origin(&stray), origin);
        // The same in parts, in any order.
        let spread = |points: &[[f64; 3]]| {
            Spread::of(points.iter().copied(), &Bounds::of_points(points.iter().copied()).unwrap())
        };
        let parts = spread(&stray[60..]).join(spread(&stray[..1])).join(spread(&stray[1..60]));
        assert_eq!(parts.origin([true, true, false]), origin);
    }

    #[test]
    fn a_country_is_shifted_and_more_cells_than_counted_are_not() {
        let country: Vec<[f64; 3]> = (0..100).map(|i| [0.0, 5e6 + 1e4 * f64::from(i) + 0.1, 0.0]).collect();
        assert_eq!(choose_origin(&country), [0.0, 5_495_000.0, 0.0]);
        let wide: Vec<[f64; 3]> = (0..1100).map(|i| [0.0, 5e6 + 1e6 * f64::from(i) + 0.1, 0.0]).collect();
        assert_eq!(choose_origin(&wide), [0.0; 3]);
    }

    #[test]
    fn what_f32_holds_stays() {
        assert_eq!(choose_origin(&[[0.1, -0.2, 999.9]]), [0.0; 3]);
        assert_eq!(choose_origin(&[[4_000_000.0, 0.5, 1e6]]), [0.0; 3], "exact in f32");
        assert_eq!(choose_origin(&[[-5000.1, 0.0, 0.0], [5000.1, 0.0, 0.0]]), [0.0; 3], "wide");
        assert_eq!(choose_origin(&[]), [0.0; 3]);
        assert_eq!(choose_origin(&[[f64::NAN, 1e300, f64::INFINITY]]), [0.0; 3]);
        assert_eq!(choose_origin(&[[1e300, 0.0, 0.0], [1e300, 5.5e6, 0.0]]), [0.0; 3]);
    }
}
