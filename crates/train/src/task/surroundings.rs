//! The surroundings of every point: whether the nearest points lie along a line, on a surface or in a volume, whether a surface is
//! level or upright, and how dense the points are.
//!
//! The eigenvalues `λ1 >= λ2 >= λ3` of the covariance of the nearest points give the dimensionality features of Demantké,
//! Mallet, David, Vallet, *Dimensionality based scale selection in 3D lidar point clouds* (2011): linearity
//! `(λ1 - λ2) / λ1`, planarity `(λ2 - λ3) / λ1` and scattering `λ3 / λ1`, which sum up to 1. The eigenvector of `λ3` is the
//! normal of the surface; the size of its z is 1 on a floor and 0 on a wall. The angle between the normal and the direction from
//! the centroid of all points is one of the point pair features of Drost et al., *Model globally, match locally* (2010); the size of its
//! cosine is 1 on a sphere and 0 on a plane through the centroid.
//!
//! The density is that of the points which were merged into voxels. If `n` of them are in the nearest voxels, and the farthest
//! of these voxels, which have the edge `e`, is at the distance `r`, then `n e² / (π r²)` points lie on as much surface as a face of
//! a voxel has. The density is the logarithm of this number.

use std::f64::consts::PI;

use neighbors::{NeighborError, PointIndex, Search};
use rayon::prelude::*;

use crate::config::{Attribute, Computed, NEAREST};
use crate::task::eigen::{SymmetricMatrix, eigen};

/// Points that one thread takes at a time.
const CHUNK: usize = 256;

/// The points that were merged into voxels.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Merged<'a> {
    /// How many of them are in each voxel.
    pub(crate) counts: &'a [u32],
    /// The edge of a voxel, in the unit of the positions.
    pub(crate) edge: f32,
}

/// The surroundings of one point, at one number of nearest points.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Surroundings {
    linearity: f64,
    planarity: f64,
    scattering: f64,
    /// Size of the cosine of the angle between the normal and the direction from the centroid of all points, from 0 to 1.
    angle: f64,
    /// Size of the z of the normal, from 0 to 1.
    vertical: f64,
    /// 0 where no points were merged.
    density: f64,
}

/// The columns that `attributes` need from the surroundings of the points: name and values. Where the points are voxels, `merged` says
/// what they stand for.
///
/// # Errors
/// A position that is not finite, or too many points for 32-bit indices.
pub(crate) fn surroundings_columns(
    positions: &[[f32; 3]],
    merged: Option<Merged<'_>>,
    attributes: &[Attribute],
) -> Result<Vec<(String, Vec<f32>)>, NeighborError> {
    let computed: Vec<Computed> = attributes.iter().filter_map(Attribute::computed).collect();
    if computed.is_empty() {
        return Ok(Vec::new());
    }
    let all = surroundings(positions, merged)?;
    let mut columns = Vec::new();
    for computed in computed {
        let values: &[fn(&Surroundings) -> f64] = match computed {
            Computed::Shape => &[|found| found.linearity, |found| found.planarity, |found| found.scattering],
            Computed::Angle => &[|found| found.angle],
            Computed::Vertical => &[|found| found.vertical],
            Computed::Density => &[|found| found.density],
        };
        let of_each = (0..NEAREST.len()).flat_map(|scale| values.iter().map(move |value| (scale, value)));
        let column = |(scale, value): (usize, &fn(&Surroundings) -> f64)| {
            all.iter().map(|scales| value(&scales[scale]) as f32).collect()
        };
        columns.extend(computed.column_names().into_iter().zip(of_each.map(column)));
    }
    Ok(columns)
}

/// The surroundings of every point, for each number of [`NEAREST`].
fn surroundings(
    positions: &[[f32; 3]],
    merged: Option<Merged<'_>>,
) -> Result<Vec<[Surroundings; NEAREST.len()]>, NeighborError> {
    let index = PointIndex::build(positions, Search::Auto)?;
    let most = NEAREST[NEAREST.len() - 1];
    let centroid = centroid(positions);
    let of_chunk = |chunk: &[[f32; 3]]| {
        let mut found = Vec::with_capacity(most);
        let of_point = |&centre: &[f32; 3]| {
            index.nearest_n_into(centre, most, &mut found);
            let nearest = found.iter().map(|neighbor| {
                let index = neighbor.index as usize;
                let offset =
                    [0, 1, 2].map(|axis| f64::from(positions[index][axis]) - f64::from(centre[axis]));
                (offset, merged.map_or(1, |merged| merged.counts[index]))
            });
            let outward = [0, 1, 2].map(|axis| f64::from(centre[axis]) - centroid[axis]);
            of_nearest(nearest, outward, merged.map(|merged| merged.edge))
        };
        chunk.iter().map(of_point).collect::<Vec<_>>()
    };
    let chunks: Vec<_> = positions.par_chunks(CHUNK).map(of_chunk).collect();
    Ok(chunks.concat())
}

/// From the offsets to the nearest points, the nearest first, and the number of points that each stands for. Where there are fewer than
/// one of [`NEAREST`], all count.
fn of_nearest(
    nearest: impl Iterator<Item = ([f64; 3], u32)>,
    outward: [f64; 3],
    edge: Option<f32>,
) -> [Surroundings; NEAREST.len()] {
    let mut scales = [Surroundings::default(); NEAREST.len()];
    let (mut sums, mut scale) = (Sums::default(), 0);
    for (offset, points) in nearest {
        sums.add(offset, points);
        if sums.count == NEAREST[scale] {
            scales[scale] = sums.surroundings(outward, edge);
            scale += 1;
            if scale == NEAREST.len() {
                return scales;
            }
        }
    }
    scales[scale..].fill(sums.surroundings(outward, edge));
    scales
}

fn centroid(positions: &[[f32; 3]]) -> [f64; 3] {
    let count = positions.len().max(1) as f64;
    [0, 1, 2].map(|axis| positions.iter().map(|position| f64::from(position[axis])).sum::<f64>() / count)
}

/// The size of the cosine of the angle between `normal`, of length 1, and `direction`; 0 where there is no direction.
fn size_of_cosine(normal: [f64; 3], direction: [f64; 3]) -> f64 {
    let product = |a: [f64; 3], b: [f64; 3]| (0..3).map(|axis| a[axis] * b[axis]).sum::<f64>();
    let length = product(direction, direction).sqrt();
    if length > 0.0 { product(normal, direction).abs() / length } else { 0.0 }
}

/// What is summed up over the nearest points.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    count: usize,
    offset: [f64; 3],
    products: SymmetricMatrix,
    /// The points that they stand for.
    points: u64,
    /// The squared distance of the last one.
    squared_distance: f64,
}

impl Sums {
    fn add(&mut self, offset: [f64; 3], points: u32) {
        for row in 0..3 {
            self.offset[row] += offset[row];
            for column in 0..3 {
                self.products[row][column] += offset[row] * offset[column];
            }
        }
        self.count += 1;
        self.points += u64::from(points);
        self.squared_distance = offset.iter().map(|v| v * v).sum();
    }

    /// `outward` points from the centroid of all points to this one; `edge` is that of the voxels into which points were merged.
    fn surroundings(&self, outward: [f64; 3], edge: Option<f32>) -> Surroundings {
        let density = edge.map_or(0.0, |edge| self.density(f64::from(edge)));
        let count = self.count.max(1) as f64;
        let mean = self.offset.map(|sum| sum / count);
        let covariance = [0, 1, 2]
            .map(|row| [0, 1, 2].map(|column| self.products[row][column] / count - mean[row] * mean[column]));
        let [first, second, third] = eigen(covariance);
        let [largest, middle, smallest] =
            [first.value, second.value, third.value].map(|value| value.max(0.0));
        if largest <= 0.0 {
            // One point, or all at one position.
            return Surroundings { density, ..Surroundings::default() };
        }
        Surroundings {
            linearity: (largest - middle) / largest,
            planarity: (middle - smallest) / largest,
            scattering: smallest / largest,
            angle: size_of_cosine(third.vector, outward),
            vertical: third.vector[2].abs(),
            density,
        }
    }

    /// The density of the points in voxels of the edge `edge`. A single voxel counts as a disc that is as large as its face.
    fn density(&self, edge: f64) -> f64 {
        let face = edge * edge;
        let disc = (PI * self.squared_distance).max(face);
        (self.points.max(1) as f64 * face / disc).ln()
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
        let columns = surroundings_columns(
            positions,
            None,
            &[Attribute::Computed(Computed::Shape), Attribute::Computed(Computed::Vertical)],
        )
        .unwrap();
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
        let angles = |cloud: &[[f32; 3]]| {
            surroundings_columns(cloud, None, &[Attribute::Computed(Computed::Angle)]).unwrap()
        };
        let (before, angles_before) = (values(&cloud), angles(&cloud));
        rotate_uniformly(&mut cloud, &mut rng);
        for ((_, after), (_, before)) in angles(&cloud).iter().zip(&angles_before) {
            assert_close(after, before, 1e-3);
        }
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

    /// On a sphere the normal points away from the centroid; in a plane through the centroid, it is at right angles to that direction.
    #[test]
    fn angles_on_a_sphere_and_in_a_plane() {
        let angles = |cloud: &[[f32; 3]]| {
            surroundings_columns(cloud, None, &[Attribute::Computed(Computed::Angle)]).unwrap()
        };
        let golden = std::f32::consts::PI * (3.0 - 5f32.sqrt());
        let sphere: Vec<[f32; 3]> = (0..4000)
            .map(|i| {
                let (z, turn) = (1.0 - (2 * i + 1) as f32 / 4000.0, golden * i as f32);
                let r = (1.0 - z * z).sqrt();
                [r * turn.cos() + 5.0, r * turn.sin() - 2.0, z]
            })
            .collect();
        for (name, values) in angles(&sphere) {
            assert!(values.iter().all(|&value| value > 0.99), "{name}");
        }
        let plane: Vec<[f32; 3]> = (0..41 * 41).map(|i| [(i % 41) as f32, (i / 41) as f32, 2.0]).collect();
        for (name, values) in angles(&plane) {
            assert!(values.iter().all(|&value| value < 1e-6), "{name}");
        }
    }

    /// By hand: voxels of edge 0.5 on a square grid with the distance 1, so that the distances to the nearest 16, 64 and 200 are √5,
    /// √20 and √65 (lattice points within these circles: 21, 69 and 213). Each stands for `points` points.
    #[test]
    fn density_by_hand() {
        let grid: Vec<[f32; 3]> = (0..41 * 41).map(|i| [(i % 41) as f32, (i / 41) as f32, 2.0]).collect();
        let middle = 41 * 20 + 20;
        for points in [1, 7] {
            let counts = vec![points; grid.len()];
            let merged = Some(Merged { counts: &counts, edge: 0.5 });
            let columns =
                surroundings_columns(&grid, merged, &[Attribute::Computed(Computed::Density)]).unwrap();
            assert_eq!(
                columns.iter().map(|(name, _)| name).collect::<Vec<_>>(),
                ["density_16", "density_64", "density_200"]
            );
            let expected = [(16, 5.0), (64, 20.0), (200, 65.0)]
                .map(|(voxels, squared)| (f64::from(voxels * points) * 0.25 / (PI * squared)).ln() as f32);
            let found: Vec<f32> = columns.iter().map(|(_, values)| values[middle]).collect();
            assert_close(&found, &expected, 1e-6);
        }
    }

    /// The unit of length does not matter, and one voxel with all points has a density, too.
    #[test]
    fn density_has_no_unit() {
        let mut rng = ChaCha8Rng::seed_from_u64(4);
        let cloud: Vec<[f32; 3]> =
            (0..300).map(|_| [(); 3].map(|()| rng.random_range(-1.0..1.0f32))).collect();
        let counts: Vec<u32> = (0..300).map(|_| rng.random_range(1..50)).collect();
        let densities = |factor: f32, edge: f32| {
            let cloud: Vec<_> = cloud.iter().map(|point| point.map(|v| v * factor)).collect();
            let merged = Some(Merged { counts: &counts, edge });
            surroundings_columns(&cloud, merged, &[Attribute::Computed(Computed::Density)]).unwrap()
        };
        let (metres, millimetres) = (densities(1.0, 0.125), densities(1024.0, 128.0));
        assert_eq!(metres, millimetres);
        let merged = Some(Merged { counts: &[20], edge: 0.1 });
        for (_, values) in
            surroundings_columns(&[[3.0; 3]], merged, &[Attribute::Computed(Computed::Density)]).unwrap()
        {
            assert_close(&values, &[20f32.ln()], 1e-6);
        }
    }

    #[test]
    fn nothing_is_computed_for_other_inputs() {
        let columns = surroundings_columns(&[[0.0; 3]], None, &[Attribute::Xyz, Attribute::Normal]).unwrap();
        assert!(columns.is_empty());
    }
}
