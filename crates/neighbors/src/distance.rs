//! The distance every search of the crate computes, in one order of operations.

/// `(dx * dx + dy * dy) + dz * dz` in `f32`.
#[inline(always)]
pub(crate) fn squared_distance(a: [f32; 3], b: [f32; 3]) -> f32 {
    let (dx, dy, dz) = (b[0] - a[0], b[1] - a[1], b[2] - a[2]);
    (dx * dx + dy * dy) + dz * dz
}

/// A length that no pair accepted by an `f32` test against `radius` exceeds.
///
/// Covers the rounding of the differences, squares and sums (relative) and their underflow (absolute);
/// infinite when the squared radius overflows, because then every pair passes.
pub(crate) fn conservative_radius(radius: f32) -> f64 {
    if (radius * radius).is_infinite() {
        return f64::INFINITY;
    }
    f64::from(radius) * (1.0 + 1e-6) + 1e-22
}
