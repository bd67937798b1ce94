//! The choice of an origin for double-precision coordinates, so that `f32` holds them well.

use crate::bounds::Bounds;

/// Below this magnitude the spacing of `f32` is at most 6e-5, fine without a shift.
const SMALLEST_SHIFTED: f64 = 1000.0;
/// A shift must win at least four bits of precision.
const SMALLEST_GAIN: f64 = 16.0;

/// The origin for `coordinates`: zero on every axis where a shift gains nothing.
pub(crate) fn choose_origin(coordinates: &[[f64; 3]]) -> [f64; 3] {
    let is_single = |p: &[f64; 3]| p.iter().all(|v| (*v as f32).is_finite());
    let Some(bounds) = Bounds::of_points(coordinates.iter().copied().filter(is_single)) else {
        return [0.0; 3];
    };
    let inexact =
        |axis: usize| coordinates.iter().any(|p| p[axis].is_finite() && f64::from(p[axis] as f32) != p[axis]);
    origin_of(&bounds, [0, 1, 2].map(|axis| is_worth(&bounds, axis) && inexact(axis)))
}

/// The origin for coordinates in `bounds`; `inexact`: whether singles do not hold a coordinate, for every axis.
pub(crate) fn origin_of(bounds: &Bounds, inexact: [bool; 3]) -> [f64; 3] {
    let shifted = |axis: usize| inexact[axis] && is_worth(bounds, axis);
    [0, 1, 2].map(|axis| if shifted(axis) { bounds.center()[axis].floor() } else { 0.0 })
}

/// Whether a shift gains enough.
fn is_worth(bounds: &Bounds, axis: usize) -> bool {
    let magnitude = bounds.min[axis].abs().max(bounds.max[axis].abs());
    let half_extent = 0.5 * bounds.extent()[axis];
    magnitude >= SMALLEST_SHIFTED && magnitude > SMALLEST_GAIN * half_extent
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
    fn what_f32_holds_stays() {
        assert_eq!(choose_origin(&[[0.1, -0.2, 999.9]]), [0.0; 3]);
        assert_eq!(choose_origin(&[[4_000_000.0, 0.5, 1e6]]), [0.0; 3], "exact in f32");
        assert_eq!(choose_origin(&[[-5000.1, 0.0, 0.0], [5000.1, 0.0, 0.0]]), [0.0; 3], "wide");
        assert_eq!(choose_origin(&[]), [0.0; 3]);
        assert_eq!(choose_origin(&[[f64::NAN, 1e300, f64::INFINITY]]), [0.0; 3]);
        assert_eq!(choose_origin(&[[1e300, 0.0, 0.0], [1e300, 5.5e6, 0.0]]), [0.0; 3]);
    }
}
