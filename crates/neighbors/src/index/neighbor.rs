//! One answer of a point query.

use std::cmp::Ordering;

/// A point found by a query.
///
/// Ordered by distance, then index, so that ties have one answer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Neighbor {
    /// Index of the point in the positions.
    pub index: u32,
    /// Squared distance from the query, `(dx * dx + dy * dy) + dz * dz` in `f32`.
    pub squared_distance: f32,
}

/// Sorts by distance, then index.
pub(crate) fn sort(found: &mut [Neighbor]) {
    found.sort_unstable_by(compare);
}

/// Keeps the `n` nearest, sorted.
pub(crate) fn keep_nearest(found: &mut Vec<Neighbor>, n: usize) {
    if n < found.len() {
        found.select_nth_unstable_by(n, compare);
        found.truncate(n);
    }
    sort(found);
}

fn compare(a: &Neighbor, b: &Neighbor) -> Ordering {
    a.squared_distance.total_cmp(&b.squared_distance).then(a.index.cmp(&b.index))
}
