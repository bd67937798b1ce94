//! Voxel-grid subsampling: one point per occupied cell, and the way back.

use rayon::prelude::*;

use crate::cloud::PointCloud;
use crate::error::{Error, Result};
use crate::scalar::ScalarProperty;
use crate::transform::spread;

/// Cells along an axis that a Morton key can tell apart.
const CELLS_PER_AXIS: f64 = (1_u64 << 21) as f64;

/// A cloud with one point per occupied voxel, and which voxel every original point lies in.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Voxelized {
    /// One point per occupied voxel, along a Morton curve, so that neighbours are near each other in memory.
    pub cloud: PointCloud,
    /// For every original point the index of its voxel in `cloud`, `[N]`.
    pub voxel_from_point: Vec<u32>,
    /// Original points of every voxel.
    pub counts: Vec<u32>,
}

/// Merges the points of every voxel of a regular grid into one.
///
/// A voxel has the mean position, colour and further properties of its points, their mean normal scaled to length 1 (zero
/// where they cancel), and the label that most of them have; the smallest of several with equal votes. The grid passes
/// through the origin of the positions: it does not depend on which points there are, nor on their order.
///
/// # Units
/// `edge` is in the unit of the positions.
///
/// # Errors
/// [`Error::NotFinite`]; [`Error::VoxelEdge`] when `edge` is not a finite number above 0, or so small that more than 2²¹
/// layers of voxels along an axis have points.
///
/// # Complexity
/// `O(N log N)`, on all threads of rayon's pool.
///
/// ```
/// use pointcloud::PointCloud;
/// use pointcloud::scene::voxelize;
///
/// let mut cloud = PointCloud::new(vec![[0.1, 0.1, 0.1], [0.9, 0.1, 0.1], [0.3, 0.1, 0.1]]);
/// cloud.set_labels(Some(vec![4, 7, 4]))?;
/// let voxels = voxelize(&cloud, 0.5)?;
/// assert_eq!(voxels.cloud.labels(), Some([4, 7].as_slice()));
/// assert_eq!(voxels.voxel_from_point, [0, 1, 0]);
/// # Ok::<(), pointcloud::Error>(())
/// ```
pub fn voxelize(cloud: &PointCloud, edge: f32) -> Result<Voxelized> {
    cloud.check_finite()?;
    let refuse = |expected: String| Error::VoxelEdge { found: edge, expected };
    if !(edge.is_finite() && edge > 0.0) {
        return Err(refuse("a finite number above 0".into()));
    }
    let keys = keys(cloud.positions(), f64::from(edge)).map_err(refuse)?;
    let groups = Groups::of(keys);

    let mut voxels = PointCloud::new(groups.map(|members| mean3(cloud.positions(), members)));
    voxels.set_origin(cloud.origin());
    if let Some(normals) = cloud.normals() {
        voxels.set_normals(Some(groups.map(|members| unit(mean3(normals, members)))))?;
    }
    if let Some(colors) = cloud.colors() {
        let mean = |members: &[(u64, u32)]| {
            let sum = members.iter().fold([0_u64; 3], |sum, &(_, i)| {
                [0, 1, 2].map(|channel| sum[channel] + u64::from(colors[i as usize][channel]))
            });
            let count = members.len() as u64;
            sum.map(|sum| ((sum + count / 2) / count) as u8)
        };
        voxels.set_colors(Some(groups.map(mean)))?;
    }
    if let Some(labels) = cloud.labels() {
        voxels.set_labels(Some(groups.map(|members| vote(labels, members))))?;
    }
    for property in cloud.properties() {
        let mean = |members: &[(u64, u32)]| {
            members.iter().map(|&(_, i)| property.values[i as usize]).sum::<f64>() / members.len() as f64
        };
        let (name, scalar_type) = (property.name.clone(), property.scalar_type);
        voxels.push_property(ScalarProperty { name, scalar_type, values: groups.map(mean) })?;
    }
    let counts = groups.map(|members| members.len() as u32);
    Ok(Voxelized { cloud: voxels, voxel_from_point: groups.voxel_from_point(), counts })
}

/// The Morton key of every point's voxel.
fn keys(positions: &[[f32; 3]], edge: f64) -> std::result::Result<Vec<(u64, u32)>, String> {
    let cell = |position: &[f32; 3]| position.map(|v| (f64::from(v) / edge).floor());
    let infinite = ([f64::INFINITY; 3], [f64::NEG_INFINITY; 3]);
    let join = |(low, high): ([f64; 3], [f64; 3]), (l, h): ([f64; 3], [f64; 3])| {
        ([0, 1, 2].map(|axis| low[axis].min(l[axis])), [0, 1, 2].map(|axis| high[axis].max(h[axis])))
    };
    let (low, high) = positions.par_iter().map(cell).map(|cell| (cell, cell)).reduce(|| infinite, join);
    let most = (0..3).map(|axis| high[axis] - low[axis] + 1.0).fold(1.0, f64::max);
    // Where the numbers of the layers are too large for a key, only the layers that have points are numbered.
    let layers: Vec<Option<Vec<f64>>> = (0..3)
        .map(|axis| (most > CELLS_PER_AXIS).then(|| layers(positions.iter().map(|p| cell(p)[axis]))))
        .collect();
    let used = layers.iter().flatten().map(Vec::len).max().unwrap_or(0) as f64;
    if used > CELLS_PER_AXIS {
        let least = edge * most / CELLS_PER_AXIS;
        return Err(format!(
            "at least {least:.3e}, for at most 2^21 layers with points along an axis, not {used:.3e}"
        ));
    }
    Ok(positions
        .par_iter()
        .enumerate()
        .map(|(index, position)| {
            let cell = cell(position);
            let number = |axis: usize| match &layers[axis] {
                Some(layers) => layers.partition_point(|&layer| layer < cell[axis]) as u64,
                None => (cell[axis] - low[axis]) as u64,
            };
            let part = |axis: usize| spread(number(axis)) << axis;
            (part(0) | part(1) | part(2), index as u32)
        })
        .collect())
}

/// The layers of voxels along an axis that have points, in order.
fn layers(cells: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut layers: Vec<f64> = cells.collect();
    layers.sort_unstable_by(f64::total_cmp);
    layers.dedup();
    layers
}

/// Points sorted by voxel, each voxel's points in their order.
struct Groups {
    sorted: Vec<(u64, u32)>,
    starts: Vec<usize>,
}

impl Groups {
    fn of(mut keys: Vec<(u64, u32)>) -> Self {
        keys.par_sort_unstable();
        let mut starts: Vec<usize> =
            (0..keys.len()).filter(|&i| i == 0 || keys[i].0 != keys[i - 1].0).collect();
        starts.push(keys.len());
        Self { sorted: keys, starts }
    }

    /// One value per voxel.
    fn map<T: Send>(&self, of: impl Fn(&[(u64, u32)]) -> T + Sync) -> Vec<T> {
        self.starts.par_windows(2).map(|range| of(&self.sorted[range[0]..range[1]])).collect()
    }

    fn voxel_from_point(&self) -> Vec<u32> {
        let mut voxels = vec![0; self.sorted.len()];
        for (voxel, range) in self.starts.windows(2).enumerate() {
            for &(_, point) in &self.sorted[range[0]..range[1]] {
                voxels[point as usize] = voxel as u32;
            }
        }
        voxels
    }
}

fn mean3(column: &[[f32; 3]], members: &[(u64, u32)]) -> [f32; 3] {
    let sum = members.iter().fold([0.0; 3], |sum: [f64; 3], &(_, i)| {
        [0, 1, 2].map(|axis| sum[axis] + f64::from(column[i as usize][axis]))
    });
    sum.map(|sum| (sum / members.len() as f64) as f32)
}

fn unit(vector: [f32; 3]) -> [f32; 3] {
    let length = vector.iter().map(|v| v * v).sum::<f32>().sqrt();
    if length > 0.0 { vector.map(|v| v / length) } else { vector }
}

/// The most frequent label of `members`; the smallest of several.
fn vote(labels: &[i32], members: &[(u64, u32)]) -> i32 {
    let mut found: Vec<i32> = members.iter().map(|&(_, i)| labels[i as usize]).collect();
    found.sort_unstable();
    let runs = found.chunk_by(|a, b| a == b);
    // The first of the longest: `max_by_key` would give the last.
    runs.rev().max_by_key(|run| run.len()).map_or(0, |run| run[0])
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn columns_are_means_and_votes() {
        let mut cloud =
            PointCloud::new(vec![[0.1, 0.2, 0.3], [0.3, 0.4, 0.1], [-0.1, 0.0, 0.0], [0.2, 0.0, 0.2]]);
        cloud.set_origin([100.0, 0.0, 0.0]);
        cloud.set_colors(Some(vec![[0, 10, 255], [1, 20, 255], [9, 9, 9], [1, 33, 255]])).unwrap();
        cloud.set_labels(Some(vec![5, 2, 8, 5])).unwrap();
        cloud
            .set_normals(Some(vec![[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [0.0, 0.0, 0.0]]))
            .unwrap();
        let values = vec![1.0, 2.0, 3.0, 6.0];
        let scalar_type = crate::ScalarType::F32;
        cloud.push_property(ScalarProperty { name: "t".into(), scalar_type, values }).unwrap();
        let Voxelized { cloud: voxels, voxel_from_point, counts } = voxelize(&cloud, 0.5).unwrap();
        assert_eq!((voxel_from_point, counts), (vec![1, 1, 0, 1], vec![1, 3]));
        assert_eq!(voxels.len(), 2);
        let mean = voxels.positions()[1];
        assert!((mean[0] - 0.2).abs() < 1e-6 && (mean[1] - 0.2).abs() < 1e-6 && (mean[2] - 0.2).abs() < 1e-6);
        assert_eq!(voxels.colors().unwrap(), [[9, 9, 9], [1, 21, 255]]);
        assert_eq!(voxels.labels().unwrap(), [8, 5]);
        let half = 0.5_f32.sqrt();
        assert!((voxels.normals().unwrap()[1][0] - half).abs() < 1e-6);
        assert_eq!(voxels.property("t").unwrap().values, [3.0, 3.0]);
        assert_eq!(voxels.origin(), [100.0, 0.0, 0.0]);
    }

    #[test]
    fn equal_votes_go_to_the_smallest_label() {
        let mut cloud = PointCloud::new(vec![[0.0; 3]; 4]);
        cloud.set_labels(Some(vec![7, 3, 7, 3])).unwrap();
        assert_eq!(voxelize(&cloud, 1.0).unwrap().cloud.labels().unwrap(), [3]);
    }

    #[test]
    fn nothing_and_nonsense() {
        assert!(voxelize(&PointCloud::default(), 0.1).unwrap().cloud.is_empty());
        let cloud = PointCloud::new(vec![[0.0; 3], [1000.0, 0.0, 0.0]]);
        for edge in [0.0, -1.0, f32::NAN, f32::INFINITY] {
            assert!(matches!(voxelize(&cloud, edge), Err(Error::VoxelEdge { .. })), "{edge}");
        }
        // Too many layers for a key, of which few have points.
        let few = voxelize(&cloud, 1e-5).unwrap();
        assert_eq!((few.cloud.len(), few.voxel_from_point), (2, vec![0, 1]));
        let many = (0..(1 << 21) + 1).map(|i| [i as f32, 0.0, 0.0]).collect();
        let error = voxelize(&PointCloud::new(many), 1.0).unwrap_err().to_string();
        assert!(error.contains("1.0") && error.contains("at most 2^21 layers with points"), "{error}");
        let bad = PointCloud::new(vec![[0.0, f32::NAN, 0.0]]);
        assert!(matches!(voxelize(&bad, 1.0), Err(Error::NotFinite { row: 0, .. })));
    }

    proptest! {
        #[test]
        fn groups_are_those_of_the_cells(
            points in prop::collection::vec((prop::array::uniform3(-3.0_f32..3.0), 0_i32..4), 0..80)
        ) {
            let mut cloud = PointCloud::new(points.iter().map(|(p, _)| *p).collect());
            cloud.set_labels(Some(points.iter().map(|(_, l)| *l).collect())).unwrap();
            let voxels = voxelize(&cloud, 0.7).unwrap();
            // The oracle: a map from cells to their points.
            let mut cells: BTreeMap<[i64; 3], Vec<usize>> = BTreeMap::new();
            for (i, (p, _)) in points.iter().enumerate() {
                cells.entry(p.map(|v| (f64::from(v) / f64::from(0.7_f32)).floor() as i64)).or_default().push(i);
            }
            prop_assert_eq!(voxels.cloud.len(), cells.len());
            for members in cells.values() {
                let voxel = voxels.voxel_from_point[members[0]];
                prop_assert!(members.iter().all(|&i| voxels.voxel_from_point[i] == voxel));
                let label = voxels.cloud.labels().unwrap()[voxel as usize];
                let votes = |label| members.iter().filter(|&&i| points[i].1 == label).count();
                prop_assert!((0..4).all(|other| votes(other) < votes(label) || (votes(other) == votes(label) && label <= other)));
            }
        }
    }
}
