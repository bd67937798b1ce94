//! A uniform grid over one cloud.

use std::ops::Range;

use crate::distance::{conservative_radius, squared_distance};
use crate::error::NeighborError;
use crate::index::cell_keys::CellKeys;
use crate::index::cell_table::CellTable;
use crate::index::neighbor::{Nearest, Neighbor, sort};
use crate::packed_clouds::check_positions;

/// Cells this far from the origin are still told apart by less than [`ROUNDING_CELLS`].
const NEAR_CELLS: i64 = 1 << 44;

/// More than the rounding of a coordinate that is counted in cells.
const ROUNDING_CELLS: f64 = 1.0 / 128.0;

/// The points of one cloud sorted into cubic cells.
///
/// Only occupied cells take memory, unless the bounding box has few cells per point: one far outlier or
/// large coordinates cost nothing. Answers are the same as those of [`KdTree`](crate::KdTree), ties
/// included. Quickest for radii of about one cell.
#[derive(Debug)]
pub(crate) struct UniformGrid {
    cell: f32,
    keys: CellKeys,
    table: CellTable,
    /// Start of each cell in the points below, and their number.
    starts: Vec<u32>,
    positions: Vec<[f32; 3]>,
    indices: Vec<u32>,
    /// Lowest and highest cell.
    corner_keys: [[i64; 3]; 2],
    /// Corners of the cloud.
    low: [f32; 3],
    high: [f32; 3],
}

impl UniformGrid {
    /// Sorts the points into cells with the given edge, in `O(N)`, or `O(N log N)` when the bounding box
    /// has many cells per point.
    ///
    /// # Errors
    /// A cell edge that is not finite and positive, a position that is not finite, or too many points for
    /// 32-bit indices.
    pub(crate) fn build(positions: &[[f32; 3]], cell: f32) -> Result<Self, NeighborError> {
        check_positions(positions)?;
        let (mut low, mut high) = ([f32::MAX; 3], [f32::MIN; 3]);
        for point in positions {
            for axis in 0..3 {
                low[axis] = low[axis].min(point[axis]);
                high[axis] = high[axis].max(point[axis]);
            }
        }
        if positions.is_empty() {
            (low, high) = ([0.0; 3], [0.0; 3]);
        }
        let keys = CellKeys::new(cell, 0.0, 0.0)?;
        let cell_of = |point: &[f32; 3]| point.map(|v| keys.own(v));
        let corner_keys = [cell_of(&low), cell_of(&high)];
        let mut table = CellTable::new(positions.len(), corner_keys[0], corner_keys[1]);
        let mut numbers: Vec<u32> = positions.iter().map(|p| table.enter(cell_of(p))).collect();
        if let Some(new_from_old) = table.sort() {
            for number in &mut numbers {
                *number = new_from_old[*number as usize];
            }
        }
        let mut starts = vec![0u32; table.len() + 1];
        for &number in &numbers {
            starts[number as usize + 1] += 1;
        }
        for number in 0..table.len() {
            starts[number + 1] += starts[number];
        }
        let mut cursors = starts.clone();
        let mut indices = vec![0; positions.len()];
        for (i, &number) in numbers.iter().enumerate() {
            let cursor = &mut cursors[number as usize];
            indices[*cursor as usize] = i as u32;
            *cursor += 1;
        }
        Ok(Self {
            cell,
            keys,
            table,
            starts,
            positions: indices.iter().map(|&i| positions[i as usize]).collect(),
            indices,
            corner_keys,
            low,
            high,
        })
    }

    /// Number of points.
    pub(crate) fn len(&self) -> usize {
        self.indices.len()
    }

    /// Whether there is no point.
    pub(crate) fn is_empty(&self) -> bool {
        self.indices.is_empty()
    }

    /// The points in the closed ball, `squared_distance <= radius * radius`, sorted by distance, then
    /// index.
    ///
    /// Empty for a negative radius, and for a radius or query that is not finite. Visits the cells that
    /// the ball touches, at most all that are occupied.
    #[cfg(test)]
    pub(crate) fn within(&self, query: [f32; 3], radius: f32) -> Vec<Neighbor> {
        let mut found = Vec::new();
        self.within_into(query, radius, &mut found);
        found
    }

    /// As [`within`](Self::within), into a buffer that is cleared first.
    pub(crate) fn within_into(&self, query: [f32; 3], radius: f32, found: &mut Vec<Neighbor>) {
        found.clear();
        if radius >= 0.0 && radius.is_finite() {
            self.collect(query, radius, found);
            sort(found);
        }
    }

    /// The `n` nearest points, or all if there are fewer, sorted by distance, then index.
    ///
    /// Empty for a query that is not finite. Visits the cells around the query, near ones first.
    #[cfg(test)]
    pub(crate) fn nearest_n(&self, query: [f32; 3], n: usize) -> Vec<Neighbor> {
        let mut found = Vec::new();
        self.nearest_n_into(query, n, &mut found);
        found
    }

    /// The `n` nearest points, or all if there are fewer, sorted by distance, then index.
    ///
    /// Empty for a query that is not finite. Visits the cells around the query, near ones first.
    pub(crate) fn nearest_n_into(&self, query: [f32; 3], n: usize, found: &mut Vec<Neighbor>) {
        found.clear();
        if n == 0 || self.is_empty() || !query.iter().all(|v| v.is_finite()) {
            return;
        }
        let mut nearest = Nearest::new(found, n);
        if !self.visit_shells(query, &mut nearest) {
            nearest.clear();
            self.scan(0..self.len(), query, &mut nearest);
        }
        nearest.finish();
    }

    /// Visits cells in shells around that of the query until no other can hold a nearer point; gives up, and returns
    /// false, where a scan of all points is cheaper or the cells are too far from the origin.
    fn visit_shells(&self, query: [f32; 3], nearest: &mut Nearest<'_>) -> bool {
        let [first, last] = self.corner_keys;
        let size = [0, 1, 2].map(|axis| last[axis].saturating_sub(first[axis]).saturating_add(1));
        if !(0..3).all(|axis| first[axis] > -NEAR_CELLS && last[axis] < NEAR_CELLS) {
            return false;
        }
        let inside = [0, 1, 2].map(|axis| query[axis].clamp(self.low[axis], self.high[axis]));
        let centre = inside.map(|v| self.keys.own(v));
        // A block of 3x3x3 cells at once, then one shell at a time.
        let mut shell = 1;
        let mut looked_up = 0.0;
        self.visit_block(centre, 0, 1, query, nearest);
        loop {
            let block = [0, 1, 2].map(|axis| (centre[axis] - shell, centre[axis] + shell));
            if (0..3).all(|axis| block[axis].0 <= first[axis] && block[axis].1 >= last[axis]) {
                return true;
            }
            if let Some(farthest) = nearest.farthest() {
                let mut margin = f64::INFINITY;
                for axis in 0..3 {
                    let cells = self.keys.cells(query[axis]);
                    if block[axis].0 > first[axis] {
                        margin = margin.min(cells - block[axis].0 as f64);
                    }
                    if block[axis].1 < last[axis] {
                        margin = margin.min(block[axis].1 as f64 + 1.0 - cells);
                    }
                }
                // What the cells of coordinates and the squares are rounded by, and underflow.
                let distance = (margin - ROUNDING_CELLS).max(0.0) * f64::from(self.cell);
                let (bound, farthest) = (distance * distance * (1.0 - 1e-5), f64::from(farthest));
                if farthest + f64::from(f32::MIN_POSITIVE) < bound {
                    return true;
                }
            }
            shell += 1;
            let cells: f64 = (0..3).map(|axis| ((2 * shell + 1) as f64).min(size[axis] as f64)).product();
            looked_up += cells;
            if looked_up > 8.0 * self.table.len() as f64 + 1000.0 {
                return false;
            }
            self.visit_block(centre, shell, shell, query, nearest);
        }
    }

    /// Visits the cells whose distance from the centre, in cells along the farthest axis, is from `inner` to `outer`;
    /// `inner` is 0 or equal to `outer`.
    fn visit_block(
        &self,
        centre: [i64; 3],
        inner: i64,
        outer: i64,
        query: [f32; 3],
        nearest: &mut Nearest<'_>,
    ) {
        let [first, last] = self.corner_keys;
        let range =
            |axis: usize| ((centre[axis] - outer).max(first[axis]), (centre[axis] + outer).min(last[axis]));
        let (x, y, z) = (range(0), range(1), range(2));
        for kz in z.0..=z.1 {
            for ky in y.0..=y.1 {
                let on_face =
                    inner == 0 || (kz - centre[2]).abs() == outer || (ky - centre[1]).abs() == outer;
                if on_face {
                    self.visit_row([x.0, ky, kz], x.1, query, nearest);
                    continue;
                }
                for kx in [centre[0] - outer, centre[0] + outer] {
                    if kx >= first[0] && kx <= last[0] {
                        self.visit_row([kx, ky, kz], kx, query, nearest);
                    }
                }
            }
        }
    }

    /// Visits the cells from `key` to `last_x` along x, all of them between the corners.
    #[inline(always)]
    fn visit_row(&self, key: [i64; 3], last_x: i64, query: [f32; 3], nearest: &mut Nearest<'_>) {
        match &self.table {
            CellTable::Dense { low, size } => {
                let row = ((key[2] - low[2]) * size[1] + (key[1] - low[1])) * size[0] - low[0];
                let (start, end) = ((row + key[0]) as usize, (row + last_x + 1) as usize);
                self.scan(self.starts[start] as usize..self.starts[end] as usize, query, nearest);
            }
            table => {
                for kx in key[0]..=last_x {
                    if let Some(number) = table.get([kx, key[1], key[2]]) {
                        let number = number as usize;
                        let range = self.starts[number] as usize..self.starts[number + 1] as usize;
                        self.scan(range, query, nearest);
                    }
                }
            }
        }
    }

    #[inline(always)]
    fn scan(&self, range: Range<usize>, query: [f32; 3], nearest: &mut Nearest<'_>) {
        for (point, &index) in self.positions[range.clone()].iter().zip(&self.indices[range]) {
            nearest.offer(Neighbor { index, squared_distance: squared_distance(query, *point) });
        }
    }

    /// Appends the points of the closed ball.
    fn collect(&self, query: [f32; 3], radius: f32, found: &mut Vec<Neighbor>) {
        let squared = radius * radius;
        let mut visit = |start: u32, end: u32| {
            let range = start as usize..end as usize;
            for (point, &index) in self.positions[range.clone()].iter().zip(&self.indices[range]) {
                let squared_distance = squared_distance(query, *point);
                if squared_distance <= squared {
                    found.push(Neighbor { index, squared_distance });
                }
            }
        };
        let reach = conservative_radius(radius);
        let (mut low, mut high) = ([0i64; 3], [0i64; 3]);
        let mut cells = 1.0;
        for axis in 0..3 {
            let (q, first, last) =
                (f64::from(query[axis]), f64::from(self.low[axis]), f64::from(self.high[axis]));
            // Comparing coordinates first keeps the cells near the cloud, and away from overflow.
            if q - reach > last || q + reach < first {
                return;
            }
            low[axis] = self.keys.at_or_before((q - reach).max(first));
            high[axis] = self.keys.at_or_after((q + reach).min(last));
            cells *= (high[axis] - low[axis]) as f64 + 1.0;
        }
        match &self.table {
            CellTable::Dense { low: first, size, .. } => {
                let range = |axis: usize| {
                    let from = (low[axis] - first[axis]).clamp(0, size[axis] - 1);
                    let to = (high[axis] - first[axis]).clamp(0, size[axis] - 1);
                    (from, to)
                };
                let (x, y, z) = (range(0), range(1), range(2));
                for kz in z.0..=z.1 {
                    for ky in y.0..=y.1 {
                        let row = (kz * size[1] + ky) * size[0];
                        visit(self.starts[(row + x.0) as usize], self.starts[(row + x.1 + 1) as usize]);
                    }
                }
            }
            table if cells <= table.len() as f64 => {
                for kz in low[2]..=high[2] {
                    for ky in low[1]..=high[1] {
                        for kx in low[0]..=high[0] {
                            if let Some(number) = table.get([kx, ky, kz]) {
                                let number = number as usize;
                                visit(self.starts[number], self.starts[number + 1]);
                            }
                        }
                    }
                }
            }
            _ => visit(0, self.len() as u32),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ball_is_closed() {
        let grid = UniformGrid::build(&[[0.0; 3], [0.5, 0.0, 0.0], [0.0, -0.5, 0.0]], 0.2).unwrap();
        let found = grid.within([0.0; 3], 0.5);
        assert_eq!(found.iter().map(|n| n.index).collect::<Vec<_>>(), [0, 1, 2]);
        assert_eq!(grid.within([0.0; 3], 0.5f32.next_down()).len(), 1);
    }

    #[test]
    fn an_outlier_costs_nothing() {
        let mut positions: Vec<[f32; 3]> = (0..1000).map(|i| [i as f32 * 0.01, 0.0, 0.0]).collect();
        positions.push([1e30, -1e30, 1e9]);
        let grid = UniformGrid::build(&positions, 0.01).unwrap();
        assert!(grid.starts.len() < 1100);
        assert_eq!(grid.within([1e30, -1e30, 1e9], 1.0)[0].index, 1000);
        assert_eq!(grid.nearest_n([0.0; 3], 1001).len(), 1001);
        assert_eq!(grid.nearest_n([-1e30, 0.0, 0.0], 2).len(), 2);
    }

    #[test]
    fn unusable_input_is_refused() {
        let error = UniformGrid::build(&[[0.0; 3]], 0.0).unwrap_err();
        assert_eq!(error, NeighborError::CellEdge { found: 0.0 });
        let error = UniformGrid::build(&[[f32::INFINITY, 0.0, 0.0]], 1.0).unwrap_err();
        assert!(matches!(error, NeighborError::NonFinite { index: 0, .. }));
    }
}
