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

/// Leaves the `n` nearest, sorted.
pub(crate) fn truncate_to_nearest(found: &mut Vec<Neighbor>, n: usize) {
    if n < found.len() {
        found.select_nth_unstable_by(n, compare);
        found.truncate(n);
    }
    sort(found);
}

/// The `n` nearest of the points offered so far.
///
/// Points are buffered up to twice `n`, then the farther half is dropped: constant time for each point.
pub(crate) struct Nearest<'a> {
    found: &'a mut Vec<Neighbor>,
    n: usize,
    /// Points farther than this are not among the `n` nearest.
    limit: f32,
}

impl<'a> Nearest<'a> {
    /// An empty collection of at least one point; the buffer is cleared.
    pub(crate) fn new(found: &'a mut Vec<Neighbor>, n: usize) -> Self {
        found.clear();
        Self { found, n, limit: f32::INFINITY }
    }

    pub(crate) fn clear(&mut self) {
        self.found.clear();
        self.limit = f32::INFINITY;
    }

    #[inline(always)]
    pub(crate) fn offer(&mut self, neighbor: Neighbor) {
        if neighbor.squared_distance <= self.limit {
            self.found.push(neighbor);
            if self.found.len() >= 2 * self.n {
                self.drop_farther();
            }
        }
    }

    /// The distance of the last of the `n` nearest; none while there are fewer.
    pub(crate) fn farthest(&mut self) -> Option<f32> {
        if self.found.len() > self.n {
            self.drop_farther();
        } else if self.found.len() == self.n && self.limit == f32::INFINITY {
            self.limit = self.found.iter().fold(0.0, |a, neighbor| a.max(neighbor.squared_distance));
        }
        (self.found.len() == self.n).then_some(self.limit)
    }

    /// Sorts what was found.
    pub(crate) fn finish(self) {
        truncate_to_nearest(self.found, self.n);
    }

    #[inline(never)]
    fn drop_farther(&mut self) {
        let last = self.n - 1;
        self.limit = self.found.select_nth_unstable_by(last, compare).1.squared_distance;
        self.found.truncate(self.n);
    }
}

fn compare(a: &Neighbor, b: &Neighbor) -> Ordering {
    a.squared_distance.total_cmp(&b.squared_distance).then(a.index.cmp(&b.index))
}
