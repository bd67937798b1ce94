//! A uniform grid over one cloud.

use crate::distance::{conservative_radius, squared_distance};
use crate::error::NeighborError;
use crate::index::cell_keys::CellKeys;
use crate::index::cell_table::CellTable;
use crate::index::neighbor::{Neighbor, keep_nearest, sort};
use crate::packed_clouds::check_positions;

/// The points of one cloud sorted into cubic cells.
///
/// Only occupied cells take memory, unless the bounding box has few cells per point: one far outlier or
/// large coordinates cost nothing. Answers are the same as those of [`KdTree`](crate::KdTree), ties
/// included. Quickest for radii of about one cell.
///
/// ```
/// use neighbors::UniformGrid;
///
/// let grid = UniformGrid::build(&[[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 2.0, 0.0]], 1.0)?;
/// let found: Vec<u32> = grid.within([0.0; 3], 1.0).iter().map(|n| n.index).collect();
/// assert_eq!(found, [0, 1]);
/// assert_eq!(grid.nearest_n([0.0, 3.0, 0.0], 1)[0].squared_distance, 1.0);
/// # Ok::<(), neighbors::NeighborError>(())
/// ```
#[derive(Debug)]
pub struct UniformGrid {
    cell: f32,
    keys: CellKeys,
    table: CellTable,
    /// Start of each cell in the points below, and their number.
    starts: Vec<u32>,
    positions: Vec<[f32; 3]>,
    indices: Vec<u32>,
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
    pub fn build(positions: &[[f32; 3]], cell: f32) -> Result<Self, NeighborError> {
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
        let mut table = CellTable::new(positions.len(), cell_of(&low), cell_of(&high));
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
            low,
            high,
        })
    }

    /// Number of points.
    pub fn len(&self) -> usize {
        self.indices.len()
    }

    /// Whether there is no point.
    pub fn is_empty(&self) -> bool {
        self.indices.is_empty()
    }

    /// Edge of a cell.
    pub fn cell(&self) -> f32 {
        self.cell
    }

    /// The points in the closed ball, `squared_distance <= radius * radius`, sorted by distance, then
    /// index.
    ///
    /// Empty for a negative radius, and for a radius or query that is not finite. Visits the cells that
    /// the ball touches, at most all that are occupied.
    pub fn within(&self, query: [f32; 3], radius: f32) -> Vec<Neighbor> {
        let mut found = Vec::new();
        self.within_into(query, radius, &mut found);
        found
    }

    /// As [`within`](Self::within), into a buffer that is cleared first.
    pub fn within_into(&self, query: [f32; 3], radius: f32, found: &mut Vec<Neighbor>) {
        found.clear();
        if radius >= 0.0 && radius.is_finite() {
            self.collect(query, radius, found);
            sort(found);
        }
    }

    /// The `n` nearest points, or all if there are fewer, sorted by distance, then index.
    ///
    /// Empty for a query that is not finite. Searches balls of doubled radius until one holds `n` points.
    pub fn nearest_n(&self, query: [f32; 3], n: usize) -> Vec<Neighbor> {
        let mut found = Vec::new();
        if n == 0 || !query.iter().all(|v| v.is_finite()) {
            return found;
        }
        let outside =
            |axis: usize| (self.low[axis] - query[axis]).max(query[axis] - self.high[axis]).max(0.0);
        let nearest = (0..3).map(outside).fold(0.0, f32::max);
        let mut radius = (nearest + self.cell).min(f32::MAX);
        loop {
            found.clear();
            // With a squared radius that overflows every point is found.
            self.collect(query, radius, &mut found);
            if found.len() >= n.min(self.len()) {
                keep_nearest(&mut found, n);
                return found;
            }
            radius = (radius * 2.0).min(f32::MAX);
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
