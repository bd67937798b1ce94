//! How the points around every point lie: along a line, on a surface or in a volume. These numbers do not change when the cloud
//! is turned.
//!
//! The eigenvalues `λ1 >= λ2 >= λ3` of the covariance of the nearest points give the dimensionality features of Demantké,
//! Mallet, David, Vallet, *Dimensionality based scale selection in 3D lidar point clouds* (2011): linearity
//! `(λ1 - λ2) / λ1`, planarity `(λ2 - λ3) / λ1` and scattering `λ3 / λ1`, which sum up to 1. The eigenvector of `λ3` is the
//! normal of the surface; the size of its z is 1 on a floor and 0 on a wall.

use neighbors::{NeighborError, PointIndex, Search};
use rayon::prelude::*;

use crate::config::{Attribute, NEAREST};
use crate::task::eigen::{SymmetricMatrix, eigen};

/// Points that one thread takes at a time.
const CHUNK: usize = 256;

/// The shape of the surroundings of one point, at one number of nearest points.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct LocalShape {
    linearity: f64,
    planarity: f64,
    scattering: f64,
    /// Size of the z of the normal, from 0 to 1.
    vertical: f64,
}

/// The columns that `attributes` need from the surroundings of the points: name and values.
///
/// # Errors
/// A position that is not finite, or too many points for 32-bit indices.
pub(crate) fn local_shape_columns(
    positions: &[[f32; 3]],
    attributes: &[Attribute],
) -> Result<Vec<(String, Vec<f32>)>, NeighborError> {
    if attributes.iter().all(|attribute| attribute.column_names().is_empty()) {
        return Ok(Vec::new());
    }
    let shapes = local_shapes(positions)?;
    let mut columns = Vec::new();
    for attribute in attributes {
        let values: &[fn(&LocalShape) -> f64] = match attribute {
            Attribute::Shape => &[|shape| shape.linearity, |shape| shape.planarity, |shape| shape.scattering],
            Attribute::Vertical => &[|shape| shape.vertical],
            _ => continue,
        };
        let of_each = (0..NEAREST.len()).flat_map(|scale| values.iter().map(move |value| (scale, value)));
        let column = |(scale, value): (usize, &fn(&LocalShape) -> f64)| {
            shapes.iter().map(|shapes| value(&shapes[scale]) as f32).collect()
        };
        columns.extend(attribute.column_names().into_iter().zip(of_each.map(column)));
    }
    Ok(columns)
}

/// The shape of the surroundings of every point, for each number of [`NEAREST`].
fn local_shapes(positions: &[[f32; 3]]) -> Result<Vec<[LocalShape; NEAREST.len()]>, NeighborError> {
    let index = PointIndex::build(positions, Search::Auto)?;
    let most = NEAREST[NEAREST.len() - 1];
    let of_chunk = |chunk: &[[f32; 3]]| {
        let mut found = Vec::with_capacity(most);
        let of_point = |&centre: &[f32; 3]| {
            index.nearest_n_into(centre, most, &mut found);
            let offsets = found.iter().map(|neighbor| {
                let position = positions[neighbor.index as usize];
                [0, 1, 2].map(|axis| f64::from(position[axis]) - f64::from(centre[axis]))
            });
            shapes_of(offsets)
        };
        chunk.iter().map(of_point).collect::<Vec<_>>()
    };
    let chunks: Vec<_> = positions.par_chunks(CHUNK).map(of_chunk).collect();
    Ok(chunks.concat())
}

/// From the offsets to the nearest points, the nearest first. Where there are fewer than one of [`NEAREST`], all count.
fn shapes_of(offsets: impl Iterator<Item = [f64; 3]>) -> [LocalShape; NEAREST.len()] {
    let mut shapes = [LocalShape::default(); NEAREST.len()];
    let (mut sum, mut products) = ([0.0; 3], SymmetricMatrix::default());
    let (mut count, mut scale) = (0, 0);
    for offset in offsets {
        for row in 0..3 {
            sum[row] += offset[row];
            for column in 0..3 {
                products[row][column] += offset[row] * offset[column];
            }
        }
        count += 1;
        if count == NEAREST[scale] {
            shapes[scale] = shape_of(count, sum, &products);
            scale += 1;
            if scale == NEAREST.len() {
                return shapes;
            }
        }
    }
    let all = shape_of(count, sum, &products);
    shapes[scale..].fill(all);
    shapes
}

/// From the number of points, the sum of their offsets and that of the products of their offsets.
fn shape_of(count: usize, sum: [f64; 3], products: &SymmetricMatrix) -> LocalShape {
    let count = count.max(1) as f64;
    let covariance = [0, 1, 2].map(|row| {
        [0, 1, 2].map(|column| products[row][column] / count - sum[row] / count * sum[column] / count)
    });
    let [first, second, third] = eigen(covariance);
    let [largest, middle, smallest] = [first.value, second.value, third.value].map(|value| value.max(0.0));
    if largest <= 0.0 {
        // One point, or all at one position.
        return LocalShape::default();
    }
    LocalShape {
        linearity: (largest - middle) / largest,
        planarity: (middle - smallest) / largest,
        scattering: smallest / largest,
        vertical: third.vector[2].abs(),
    }
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::task::rotate_uniformly;

    /// The values of all columns, point by point: three times linearity, planarity, scattering, then three times vertical.
    fn values(positions: &[[f32; 3]]) -> Vec<Vec<f32>> {
        let columns = local_shape_columns(positions, &[Attribute::Shape, Attribute::Vertical]).unwrap();
        assert_eq!(columns.len(), 12);
        (0..positions.len()).map(|row| columns.iter().map(|(_, values)| values[row]).collect()).collect()
    }

    fn assert_close(found: &[f32], expected: &[f32], tolerance: f32) {
        assert_eq!(found.len(), expected.len());
        let near = found.iter().zip(expected).all(|(a, b)| (a - b).abs() <= tolerance);
        assert!(near, "found {found:?}, expected {expected:?}");
    }

    #[test]
    fn a_line_a_floor_a_wall_and_a_volume() {
        let line: Vec<_> = (0..300).map(|i| [0.1 * i as f32, 7.0, 3.0]).collect();
        for values in values(&line) {
            assert_close(&values[..9], &[1.0, 0.0, 0.0].repeat(3), 1e-6);
        }
        let grid = |a: usize, b: usize| {
            let point = move |i: usize| {
                let mut point = [2.0; 3];
                (point[a], point[b]) = ((i % 41) as f32, (i / 41) as f32);
                point
            };
            (0..41 * 41).map(point).collect::<Vec<_>>()
        };
        let middle = 41 * 20 + 20;
        for (surface, vertical) in [(grid(0, 1), 1.0), (grid(0, 2), 0.0), (grid(1, 2), 0.0)] {
            let values = &values(&surface)[middle];
            assert!((0..3).all(|scale| values[3 * scale + 1] > 0.75), "{values:?}");
            assert_close(&[values[2], values[5], values[8]], &[0.0; 3], 1e-6);
            assert_close(&values[9..], &[vertical; 3], 1e-6);
        }
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let volume: Vec<_> = (0..3000).map(|_| [(); 3].map(|()| rng.random_range(-1.0..1.0f32))).collect();
        let of_200: Vec<f32> = values(&volume).iter().map(|values| values[8]).collect();
        assert!(of_200.iter().sum::<f32>() / 3000.0 > 0.4);
    }

    /// By hand: 16 points, of which 8 lie 3 to the left and right, 4 are 2 in front and behind, and 4 are 1 above and below.
    #[test]
    fn figures_by_hand() {
        let point = |i: usize| {
            let side = if i.is_multiple_of(2) { 1.0 } else { -1.0 };
            match i {
                0..8 => [3.0 * side, 0.0, 0.0],
                8..12 => [0.0, 2.0 * side, 0.0],
                _ => [0.0, 0.0, side],
            }
        };
        let positions: Vec<[f32; 3]> = (0..16).map(point).collect();
        // The variances are 72/16, 16/16 and 4/16.
        let expected = [56.0 / 72.0, 12.0 / 72.0, 4.0 / 72.0];
        for values in values(&positions) {
            assert_close(&values, &[expected.repeat(3), vec![1.0; 3]].concat(), 1e-6);
        }
    }

    #[test]
    fn a_turned_cloud_has_the_same_shape() {
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        let mut cloud: Vec<_> =
            (0..500).map(|_| [(); 3].map(|()| rng.random_range(0.0..1.0f32).powi(2))).collect();
        let before = values(&cloud);
        rotate_uniformly(&mut cloud, &mut rng);
        for (after, before) in values(&cloud).iter().zip(&before) {
            assert_close(&after[..9], &before[..9], 1e-3);
        }
    }

    #[test]
    fn few_and_equal_points() {
        assert_eq!(values(&[]), Vec::<Vec<f32>>::new());
        assert_eq!(values(&[[1.0, 2.0, 3.0]]), [vec![0.0; 12]]);
        assert_eq!(values(&[[5.0; 3]; 300]), vec![vec![0.0; 12]; 300]);
        let two = values(&[[0.0; 3], [0.0, 0.0, 1e30]]);
        assert_close(&two[0][..9], &[1.0, 0.0, 0.0].repeat(3), 1e-6);
    }

    #[test]
    fn nothing_is_computed_for_other_inputs() {
        let columns = local_shape_columns(&[[0.0; 3]], &[Attribute::Xyz, Attribute::Normal]).unwrap();
        assert!(columns.is_empty());
    }
}
