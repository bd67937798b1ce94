//! The choice of an origin for double-precision coordinates, so that `f32` holds them well.

use crate::bounds::Bounds;

/// Below this magnitude the spacing of `f32` is at most 6e-5, fine without a shift.
const SMALLEST_SHIFTED: f64 = 1000.0;
/// A shift must win at least four bits of precision.
const SMALLEST_GAIN: f64 = 16.0;

/// The origin for `coordinates`: zero on every axis where a shift gains nothing.
pub(crate) fn choose_origin(coordinates: &[[f64; 3]]) -> [f64; 3] {
    let Some(bounds) = Bounds::of_points(coordinates.iter().copied()) else {
        return [0.0; 3];
    };
    [0, 1, 2].map(|axis| {
        let magnitude = bounds.min[axis].abs().max(bounds.max[axis].abs());
        let half_extent = 0.5 * bounds.extent()[axis];
        let worth_it = magnitude >= SMALLEST_SHIFTED && magnitude > SMALLEST_GAIN * half_extent;
        let inexact = |p: &[f64; 3]| p[axis].is_finite() && f64::from(p[axis] as f32) != p[axis];
        if worth_it && coordinates.iter().any(inexact) { bounds.center()[axis].floor() } else { 0.0 }
    })
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
    }
}
