//! Finds the points of the regions of a training scene, over all epochs.
//!
//! [`RegionIndex`](pointcloud::RegionIndex) borrows the positions and so cannot lie beside them in a source that lives as long
//! as a training; this one owns its columns and is given the positions at every query.

use pointcloud::Region;

/// The points of a scene, sorted into square columns as wide as a region reaches.
#[derive(Clone, Debug)]
pub(super) struct ColumnIndex {
    /// Column and point, sorted.
    sorted: Vec<([i32; 2], u32)>,
    edge: f32,
}

impl ColumnIndex {
    /// Sorts finite `positions`, for regions of the size of `region`, whose reach is above 0.
    pub(super) fn new(positions: &[[f32; 3]], region: &Region) -> Self {
        let edge = region.reach();
        let columns = positions.iter().zip(0..);
        let mut sorted: Vec<_> = columns.map(|([x, y, _], point)| (column([*x, *y], edge), point)).collect();
        sorted.sort_unstable();
        Self { sorted, edge }
    }

    /// The points of `region` around `centre`, in ascending order. `positions` are those of [`new`](Self::new).
    pub(super) fn members(&self, positions: &[[f32; 3]], region: &Region, centre: [f32; 3]) -> Vec<usize> {
        let reach = region.reach();
        let low = column([centre[0] - reach, centre[1] - reach], self.edge);
        let high = column([centre[0] + reach, centre[1] + reach], self.edge);
        let mut members = Vec::new();
        for x in low[0]..=high[0] {
            let from = self.sorted.partition_point(|(column, _)| *column < [x, low[1]]);
            let inside = self.sorted[from..].iter().take_while(|(column, _)| *column <= [x, high[1]]);
            let points = inside.map(|&(_, point)| point as usize);
            members.extend(points.filter(|&point| region.contains(centre, positions[point])));
        }
        members.sort_unstable();
        members
    }
}

/// Saturates far away, where single precision has no columns any more.
fn column(position: [f32; 2], edge: f32) -> [i32; 2] {
    position.map(|coordinate| (coordinate / edge).floor() as i32)
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    #[test]
    fn members_are_those_of_a_scan() {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let mut point = || [0, 1, 2].map(|_| rng.random_range(-3.0_f32..3.0));
        let positions: Vec<[f32; 3]> = (0..500).map(|_| point()).collect();
        for region in [Region::Column { edge: 1.3 }, Region::Sphere { radius: 0.9 }] {
            let index = ColumnIndex::new(&positions, &region);
            for _ in 0..50 {
                let centre = point();
                let scan: Vec<usize> =
                    (0..positions.len()).filter(|&i| region.contains(centre, positions[i])).collect();
                assert_eq!(index.members(&positions, &region, centre), scan);
            }
        }
    }
}
