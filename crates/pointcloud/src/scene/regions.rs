//! Parts of a scene that fit a network: columns and spheres around a centre.

use crate::bounds::Bounds;

/// The part of a scene around a centre.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Region {
    /// A square column along z: `|x - c_x|` and `|y - c_y|` at most half of `edge`, any z.
    Column {
        /// Edge of the square.
        edge: f32,
    },
    /// A ball.
    Sphere {
        /// Its radius.
        radius: f32,
    },
}

impl Region {
    /// Largest distance from the centre, along x and y.
    #[must_use]
    pub fn reach(&self) -> f32 {
        match *self {
            Self::Column { edge } => 0.5 * edge,
            Self::Sphere { radius } => radius,
        }
    }

    /// Whether `position` lies in the region around `centre`.
    #[must_use]
    pub fn contains(&self, centre: [f32; 3], position: [f32; 3]) -> bool {
        let [x, y, z] = [0, 1, 2].map(|axis| position[axis] - centre[axis]);
        match *self {
            Self::Column { edge } => x.abs() <= 0.5 * edge && y.abs() <= 0.5 * edge,
            Self::Sphere { radius } => x * x + y * y + z * z <= radius * radius,
        }
    }
}

/// Finds the points of regions quickly: points sorted into square columns of one size.
#[derive(Clone, Debug)]
pub struct RegionIndex {
    /// Column and point, sorted.
    sorted: Vec<([i32; 2], u32)>,
    cell: f32,
}

impl RegionIndex {
    /// Sorts `positions`, for regions of about the size of `region`.
    ///
    /// # Panics
    /// When the size of the region is not a finite number above 0, or a position is not finite.
    #[must_use]
    pub fn new(positions: &[[f32; 3]], region: &Region) -> Self {
        let cell = region.reach();
        assert!(cell.is_finite() && cell > 0.0, "RegionIndex: expected a size above 0, found {region:?}");
        let mut sorted: Vec<([i32; 2], u32)> = positions
            .iter()
            .enumerate()
            .map(|(index, position)| {
                assert!(
                    position.iter().all(|v| v.is_finite()),
                    "RegionIndex: position {index} is not finite"
                );
                (column(*position, cell), index as u32)
            })
            .collect();
        sorted.sort_unstable();
        Self { sorted, cell }
    }

    /// The points of `region` around `centre`, in ascending order; `positions` are those of [`new`](Self::new).
    ///
    /// # Panics
    /// When there are fewer positions than there were.
    #[must_use]
    pub fn members(&self, positions: &[[f32; 3]], region: &Region, centre: [f32; 3]) -> Vec<u32> {
        let reach = region.reach();
        let low = column([centre[0] - reach, centre[1] - reach, 0.0], self.cell);
        let high = column([centre[0] + reach, centre[1] + reach, 0.0], self.cell);
        let mut members = Vec::new();
        for x in low[0]..=high[0] {
            let from = self.sorted.partition_point(|(column, _)| *column < [x, low[1]]);
            let inside = self.sorted[from..].iter().take_while(|(column, _)| *column <= [x, high[1]]);
            members.extend(
                inside
                    .map(|&(_, point)| point)
                    .filter(|&point| region.contains(centre, positions[point as usize])),
            );
        }
        members.sort_unstable();
        members
    }
}

/// Saturates far away, where single precision has no columns any more.
fn column(position: [f32; 3], cell: f32) -> [i32; 2] {
    [0, 1].map(|axis| (position[axis] / cell).floor() as i32)
}

/// Centres of regions that cover all `positions`: a regular lattice of edge `stride` from the smallest corner of `bounds`, shifted by
/// `shift` strides (a fraction of 1, per axis), without the centres whose region holds no point. Points may lie outside of the bounds, see
/// [`bounds_without_strays`](super::bounds_without_strays).
///
/// Columns have one centre for all heights, in the middle of the bounds; spheres a lattice in three dimensions. Every point
/// lies in at least one region when `stride` is at most the edge of a column, or the edge of the cube in a sphere, 1.15 of
/// its radius. The centres are sorted by x, then y, then z.
///
/// # Panics
/// When `stride` is not a finite number above 0.
#[must_use]
pub fn regular_centres(
    positions: &[[f32; 3]],
    bounds: &Bounds,
    region: &Region,
    stride: f32,
    shift: [f32; 3],
) -> Vec<[f32; 3]> {
    assert!(stride.is_finite() && stride > 0.0, "regular_centres: expected a stride above 0, found {stride}");
    let stride = f64::from(stride);
    let low =
        [0, 1, 2].map(|axis| bounds.min[axis] + (f64::from(shift[axis]).rem_euclid(1.0) - 1.0) * stride);
    // Every point belongs to the nearest centre, which is at most half a stride away along each axis.
    let mut cells: Vec<[i64; 3]> = positions
        .iter()
        .map(|position| {
            let cell = |axis: usize| ((f64::from(position[axis]) - low[axis]) / stride).floor() as i64;
            match region {
                Region::Column { .. } => [cell(0), cell(1), 0],
                Region::Sphere { .. } => [cell(0), cell(1), cell(2)],
            }
        })
        .collect();
    cells.sort_unstable();
    cells.dedup();
    cells
        .into_iter()
        .map(|cell| {
            let at = |axis: usize| (low[axis] + (cell[axis] as f64 + 0.5) * stride) as f32;
            match region {
                Region::Column { .. } => [at(0), at(1), bounds.center()[2] as f32],
                Region::Sphere { .. } => [at(0), at(1), at(2)],
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn regions_by_hand() {
        let column = Region::Column { edge: 2.0 };
        assert!(column.contains([1.0, 1.0, 0.0], [2.0, 0.0, 99.0]));
        assert!(!column.contains([1.0, 1.0, 0.0], [2.1, 1.0, 0.0]));
        let sphere = Region::Sphere { radius: 2.0 };
        assert!(sphere.contains([0.0; 3], [0.0, 2.0, 0.0]) && !sphere.contains([0.0; 3], [0.0, 2.0, 0.1]));
    }

    #[test]
    fn no_points_have_no_centres() {
        let region = Region::Sphere { radius: 1.0 };
        assert!(
            regular_centres(&[], &Bounds { min: [0.0; 3], max: [0.0; 3] }, &region, 1.0, [0.0; 3]).is_empty()
        );
        assert!(RegionIndex::new(&[], &region).members(&[], &region, [0.0; 3]).is_empty());
        let at = [[5.0, -7.0, 2.0]];
        let one = regular_centres(&at, &Bounds::of(&at).unwrap(), &region, 1.0, [0.25; 3]);
        assert_eq!(one.len(), 1);
        assert!(region.contains(one[0], [5.0, -7.0, 2.0]));
    }

    proptest! {
        #[test]
        fn members_are_all_points_in_the_region_and_centres_cover(
            positions in prop::collection::vec(prop::array::uniform3(-5.0_f32..5.0), 1..60),
            centre in prop::array::uniform3(-6.0_f32..6.0),
            size in 0.3_f32..4.0, shift in prop::array::uniform3(0.0_f32..1.0)
        ) {
            for (region, stride) in
                [(Region::Column { edge: size }, size), (Region::Sphere { radius: size }, 1.15 * size)]
            {
                let index = RegionIndex::new(&positions, &region);
                let expected: Vec<u32> = (0..positions.len() as u32)
                    .filter(|&i| region.contains(centre, positions[i as usize]))
                    .collect();
                prop_assert_eq!(index.members(&positions, &region, centre), expected);
                let Some(bounds) = Bounds::of(&positions) else { return Ok(()) };
                let centres = regular_centres(&positions, &bounds, &region, 0.9 * stride, shift);
                for position in &positions {
                    prop_assert!(centres.iter().any(|&centre| region.contains(centre, *position)));
                }
                prop_assert!(centres.iter().all(|centre| centre[0].is_finite()));
            }
        }
    }
}
