//! The box around a scene, whatever a few points far from all others do.

use crate::bounds::Bounds;

/// A point with fewer points than this in its cell and the 26 cells around it, itself among them, is a stray.
const LEAST_TOGETHER: usize = 8;

/// If a larger share of the points than this are strays, the points lie far apart, and none of them is a stray.
const MOST_STRAYS: f64 = 0.02;

/// The smallest box around all `positions` but the strays: reflections and noise that are far from all other points. `None` without
/// points.
///
/// A point is a stray if fewer than 8 points, itself among them, lie in its cell and the 26 cells around it, in a grid with cells of
/// this `edge`. If more than 2 % of the points are, the box is that of all points.
///
/// # Units
/// `edge` is in the unit of the positions.
///
/// # Panics
/// When `edge` is not a finite number above 0.
///
/// # Complexity
/// `O(N log N)`.
///
/// ```
/// use pointcloud::scene::bounds_without_strays;
///
/// let mut positions: Vec<[f32; 3]> = (0..900).map(|i| [(i % 30) as f32, (i / 30) as f32, 0.0]).collect();
/// positions.push([5.0, 5.0, -70.0]);
/// let bounds = bounds_without_strays(&positions, 4.0).unwrap();
/// assert_eq!((bounds.min, bounds.max), ([0.0; 3], [29.0, 29.0, 0.0]));
/// ```
#[must_use]
pub fn bounds_without_strays(positions: &[[f32; 3]], edge: f32) -> Option<Bounds> {
    assert!(edge.is_finite() && edge > 0.0, "bounds_without_strays: expected an edge above 0, found {edge}");
    let cell = |position: &[f32; 3]| position.map(|v| (f64::from(v) / f64::from(edge)).floor() as i64);
    let mut cells: Vec<[i64; 3]> = positions.iter().map(cell).collect();
    cells.sort_unstable();
    let together = |[x, y, z]: [i64; 3]| {
        let row = |dx: i64, dy: i64| {
            let at = |dz: i64| [x.saturating_add(dx), y.saturating_add(dy), z.saturating_add(dz)];
            cells.partition_point(|cell| *cell <= at(1)) - cells.partition_point(|cell| *cell < at(-1))
        };
        (-1..=1).flat_map(|dx| (-1..=1).map(move |dy| (dx, dy))).map(|(dx, dy)| row(dx, dy)).sum::<usize>()
    };
    let strays: Vec<[i64; 3]> = cells
        .chunk_by(|a, b| a == b)
        .filter(|same| same.len() < LEAST_TOGETHER && together(same[0]) < LEAST_TOGETHER)
        .flatten()
        .copied()
        .collect();
    if strays.len() as f64 > MOST_STRAYS * positions.len() as f64 {
        return Bounds::of(positions);
    }
    let near = positions.iter().filter(|position| strays.binary_search(&cell(position)).is_err());
    Bounds::of_points(near.map(|position| position.map(f64::from)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_strays_do_not_count_and_a_sparse_cloud_has_none() {
        let wall: Vec<[f32; 3]> =
            (0..2000).map(|i| [(i % 50) as f32 * 0.1, 0.0, (i / 50) as f32 * 0.1]).collect();
        let bounds = Bounds::of(&wall);
        assert_eq!(bounds_without_strays(&wall, 0.4), bounds);
        let far = [[5.4e6, 0.0, 0.0], [0.0, -1e30, 0.0], [1.0, 0.0, -3.0], [1.0, 0.0, -3.1]];
        let with: Vec<[f32; 3]> = far.into_iter().chain(wall).collect();
        assert_eq!(bounds_without_strays(&with, 0.4), bounds);
        // Every point is far from every other.
        let sparse: Vec<[f32; 3]> = (0..100).map(|i| [i as f32 * 10.0, 0.0, 0.0]).collect();
        assert_eq!(bounds_without_strays(&sparse, 0.4), Bounds::of(&sparse));
        assert_eq!(bounds_without_strays(&[[1.0; 3]], 0.4), Bounds::of(&[[1.0; 3]]));
        assert_eq!(bounds_without_strays(&[], 0.4), None);
    }
}
