//! One coarse point for the points in each voxel.

#[cfg(feature = "cube")]
use std::any::Any;
use std::sync::Arc;

use rayon::prelude::*;

#[cfg(feature = "cube")]
use super::attached::Attached;
use super::voxel_cells::VoxelCells;
use super::voxel_sort::{Sorted, sort};
use neighbors::{NeighborError, PackedClouds};

/// Voxels of one work item.
const CHUNK: usize = 1 << 12;

/// The points of a batch sorted into cubic voxels, and the batch of their means: one coarse point for each occupied voxel.
///
/// The voxel of a point is `floor((p - origin) / voxel)` for each axis, computed in `f64` from the `f32` values. The
/// origin is that of the coordinates, unless [`build_from`](Self::build_from) or [`build_shifted`](Self::build_shifted)
/// names another one. Clouds never share a voxel. The position of a coarse point is the mean of the points in its voxel,
/// summed in `f64`. In a map of a batch that is itself coarse, this is the mean of those coarse points, each counted
/// once however many points it stands for.
///
/// Coarse points are sorted by cloud, then along the Z-order curve of their voxels, so that points that are near in space
/// are near in memory. The same input gives the same map for any number of threads. A clone shares the memory.
///
/// # Shapes
/// `P` fine points, `V` coarse points: `voxel_from_point [P]`, `point_offsets [V + 1]`, `points [P]`.
///
/// # Units
/// The voxel edge is in the unit of the positions.
///
/// ```
/// use pointconv::{PackedClouds, VoxelMap};
///
/// let fine = PackedClouds::single([[0.2, 0.0, 0.0], [1.5, 0.0, 0.0], [0.4, 0.0, 0.0]])?;
/// let map = VoxelMap::build(&fine, 1.0)?;
/// assert_eq!(map.coarse().points(), 2);
/// assert_eq!(map.voxel_from_point(), [0, 1, 0]);
/// assert_eq!(map.coarse().positions()[1], [1.5, 0.0, 0.0]);
/// # Ok::<(), pointconv::NeighborError>(())
/// ```
#[derive(Debug, Clone)]
pub struct VoxelMap {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    voxel: f32,
    fine: PackedClouds,
    coarse: PackedClouds,
    voxel_from_point: Vec<u32>,
    point_offsets: Vec<u32>,
    points: Vec<u32>,
    /// The copies of the map on devices.
    #[cfg(feature = "cube")]
    attached: Attached,
}

impl VoxelMap {
    /// Sorts the points of `clouds` into voxels with the given edge, in `O(P)`; the grid passes through the origin.
    ///
    /// # Errors
    /// An edge that is not finite and positive ([`NeighborError::CellEdge`]), or so small that the index of a cell needs more
    /// than 128 bits ([`NeighborError::TooManyVoxels`]; an extent of 1e9 with voxels of 0.1 needs 105).
    pub fn build(clouds: &PackedClouds, voxel: f32) -> Result<Self, NeighborError> {
        Self::build_from(clouds, voxel, &vec![[0.0; 3]; clouds.len()])
    }

    /// As [`build`](Self::build), with grids that pass through the given origins, one for each cloud.
    ///
    /// # Errors
    /// As [`build`](Self::build), and origins that are not finite or not one for each cloud.
    pub fn build_from(
        clouds: &PackedClouds,
        voxel: f32,
        origins: &[[f32; 3]],
    ) -> Result<Self, NeighborError> {
        if !(voxel.is_finite() && voxel > 0.0) {
            return Err(NeighborError::CellEdge { found: voxel });
        }
        if origins.len() != clouds.len() {
            return Err(NeighborError::OriginCount { found: origins.len(), clouds: clouds.len() });
        }
        if let Some(cloud) = origins.iter().position(|origin| !origin.iter().all(|v| v.is_finite())) {
            return Err(NeighborError::NonFiniteOrigin { cloud, origin: origins[cloud] });
        }
        let cells = VoxelCells::new(clouds, voxel, origins)?;
        let Sorted { points, starts } = sort(clouds, &cells);
        Ok(Self { inner: Arc::new(Inner::new(clouds, voxel, points, starts)?) })
    }

    /// As [`build`](Self::build), with an origin drawn for each cloud uniformly within a voxel. For training: a network then
    /// sees another cut of the same cloud in every epoch. The origins follow from `seed` and the index of the cloud alone.
    ///
    /// # Errors
    /// As [`build`](Self::build).
    pub fn build_shifted(clouds: &PackedClouds, voxel: f32, seed: u64) -> Result<Self, NeighborError> {
        let origin = |cloud: usize| [0, 1, 2].map(|axis| voxel * uniform(seed, 3 * cloud as u64 + axis));
        Self::build_from(clouds, voxel, &(0..clouds.len()).map(origin).collect::<Vec<_>>())
    }

    /// Edge of a voxel.
    pub fn voxel(&self) -> f32 {
        self.inner.voxel
    }

    /// The batch that was sorted into voxels.
    pub fn fine(&self) -> &PackedClouds {
        &self.inner.fine
    }

    /// The batch of the means, with one point for each occupied voxel.
    pub fn coarse(&self) -> &PackedClouds {
        &self.inner.coarse
    }

    /// The coarse point of each fine point, `[P]`.
    pub fn voxel_from_point(&self) -> &[u32] {
        &self.inner.voxel_from_point
    }

    /// Where the fine points of each coarse point start in [`points`](Self::points), `[V + 1]`.
    pub fn point_offsets(&self) -> &[u32] {
        &self.inner.point_offsets
    }

    /// The value of type `T` that is kept with the map, such as its copies on devices.
    #[cfg(feature = "cube")]
    pub(crate) fn attached<T: Any + Send + Sync + Default>(&self) -> Arc<T> {
        self.inner.attached.get()
    }

    /// The fine points of the first coarse point, of the second, and so on, `[P]`; those of one ascend.
    pub fn points(&self) -> &[u32] {
        &self.inner.points
    }
}

impl Inner {
    fn new(
        fine: &PackedClouds,
        voxel: f32,
        points: Vec<u32>,
        point_offsets: Vec<u32>,
    ) -> Result<Self, NeighborError> {
        let voxels = point_offsets.len() - 1;
        let members = |v: usize| &points[point_offsets[v] as usize..point_offsets[v + 1] as usize];
        let positions: Vec<[f32; 3]> = (0..voxels)
            .into_par_iter()
            .with_min_len(CHUNK)
            .map(|v| mean(fine.positions(), members(v)))
            .collect();
        let mut voxel_from_point = vec![0; points.len()];
        for v in 0..voxels {
            for &point in members(v) {
                voxel_from_point[point as usize] = v as u32;
            }
        }
        // The voxels of a cloud begin where its points do.
        let offsets: Vec<usize> = fine
            .offsets()
            .iter()
            .map(|&offset| point_offsets.partition_point(|&start| (start as usize) < offset))
            .collect();
        let coarse = PackedClouds::new(positions, offsets)?;
        Ok(Self {
            voxel,
            fine: fine.clone(),
            coarse,
            voxel_from_point,
            point_offsets,
            points,
            #[cfg(feature = "cube")]
            attached: Attached::default(),
        })
    }
}

fn mean(positions: &[[f32; 3]], members: &[u32]) -> [f32; 3] {
    let mut sum = [0.0; 3];
    for &point in members {
        let position = positions[point as usize];
        for axis in 0..3 {
            sum[axis] += f64::from(position[axis]);
        }
    }
    sum.map(|sum| (sum / members.len() as f64) as f32)
}

/// A number in `0..1` from the hash of a seed and an index (the finaliser of SplitMix64: Steele, Lea, Flood, *Fast
/// Splittable Pseudorandom Number Generators*, 2014).
fn uniform(seed: u64, index: u64) -> f32 {
    let mut z = seed.wrapping_add((index + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^= z >> 31;
    (z >> 40) as f32 / (1u32 << 24) as f32
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn scattered(points: usize, edge: f32) -> Vec<[f32; 3]> {
        let mut index = 0;
        let mut next = || {
            index += 1;
            edge * (uniform(7, index) - 0.5)
        };
        (0..points).map(|_| [next(), next(), next()]).collect()
    }

    /// The members of every voxel, found with a map from (cloud, cell).
    fn plain(clouds: &PackedClouds, voxel: f32, origins: &[[f32; 3]]) -> Vec<Vec<u32>> {
        let mut cells: BTreeMap<(usize, [i64; 3]), Vec<u32>> = BTreeMap::new();
        for (cloud, range) in clouds.ranges().enumerate() {
            for point in range {
                let cell = [0, 1, 2].map(|axis| {
                    let distance =
                        f64::from(clouds.positions()[point][axis]) - f64::from(origins[cloud][axis]);
                    (distance / f64::from(voxel)).floor() as i64
                });
                cells.entry((cloud, cell)).or_default().push(point as u32);
            }
        }
        let mut voxels: Vec<Vec<u32>> = cells.into_values().collect();
        voxels.sort();
        voxels
    }

    fn check(map: &VoxelMap, origins: &[[f32; 3]]) {
        let (fine, coarse) = (map.fine(), map.coarse());
        let members =
            |v: usize| &map.points()[map.point_offsets()[v] as usize..map.point_offsets()[v + 1] as usize];
        let mut found: Vec<Vec<u32>> = (0..coarse.points()).map(|v| members(v).to_vec()).collect();
        for (voxel, members) in found.iter().enumerate() {
            assert!(members.iter().all(|&p| map.voxel_from_point()[p as usize] == voxel as u32));
            for axis in 0..3 {
                let sum: f64 = members.iter().map(|&p| f64::from(fine.positions()[p as usize][axis])).sum();
                assert_eq!(coarse.positions()[voxel][axis], (sum / members.len() as f64) as f32);
            }
        }
        for (fine, coarse) in fine.ranges().zip(coarse.ranges()) {
            assert_eq!(fine.is_empty(), coarse.is_empty());
            assert!(fine.into_iter().all(|p| coarse.contains(&(map.voxel_from_point()[p] as usize))));
        }
        found.sort();
        assert_eq!(found, plain(fine, map.voxel(), origins));
    }

    #[test]
    fn the_same_voxels_as_an_ordered_map_finds() {
        let clouds = PackedClouds::new(scattered(3000, 2.0), [0, 0, 1000, 1001, 3000, 3000]).unwrap();
        for voxel in [0.01, 0.13, 0.7, 100.0] {
            check(&VoxelMap::build(&clouds, voxel).unwrap(), &[[0.0; 3]; 5]);
        }
        let origins = [[0.0; 3], [0.5, -3.0, 0.01], [1e3; 3], [-0.2; 3], [0.0; 3]];
        check(&VoxelMap::build_from(&clouds, 0.13, &origins).unwrap(), &origins);
    }

    #[test]
    fn no_clouds_no_points_and_one_point() {
        let none = VoxelMap::build(&PackedClouds::new([], [0]).unwrap(), 1.0).unwrap();
        assert_eq!((none.coarse().len(), none.coarse().points(), none.point_offsets()), (0, 0, &[0][..]));
        let empty = VoxelMap::build(&PackedClouds::new([], [0, 0, 0]).unwrap(), 1.0).unwrap();
        assert_eq!((empty.coarse().len(), empty.coarse().points()), (2, 0));
        let one = VoxelMap::build(&PackedClouds::new([[0.3; 3]], [0, 0, 1]).unwrap(), 1.0).unwrap();
        assert_eq!(one.coarse(), one.fine());
    }

    #[test]
    fn all_points_in_one_voxel() {
        let positions: Vec<[f32; 3]> = scattered(1000, 1.0).into_iter().map(|p| p.map(|v| v + 0.5)).collect();
        let map = VoxelMap::build(&PackedClouds::single(positions).unwrap(), 1.0).unwrap();
        assert_eq!(map.coarse().points(), 1);
        assert!(map.points().iter().copied().eq(0..1000));
    }

    /// Cells of 105 bits, and borders on both sides of zero.
    #[test]
    fn an_extent_of_a_billion() {
        let mut positions = scattered(500, 0.5);
        positions.extend([[1e9, -1e9, 1e9], [-1e9, 1e9, 5e8], [1e9, -1e9, 1e9], [-0.0, 0.0, 0.1]]);
        let clouds = PackedClouds::new(positions, [0, 250, 504]).unwrap();
        check(&VoxelMap::build(&clouds, 0.1).unwrap(), &[[0.0; 3]; 2]);
    }

    #[test]
    fn what_cannot_be_numbered_is_an_error() {
        let clouds = PackedClouds::single([[0.0; 3], [1e30, 0.0, 0.0]]).unwrap();
        let error = |voxel| VoxelMap::build(&clouds, voxel).unwrap_err();
        assert_eq!(error(0.1), NeighborError::TooManyVoxels { voxel: 0.1, max: 128 });
        for voxel in [0.0, -1.0, f32::INFINITY, f32::NAN] {
            assert!(matches!(error(voxel), NeighborError::CellEdge { .. }), "{voxel}");
        }
        let error = |origins: &[[f32; 3]]| VoxelMap::build_from(&clouds, 1.0, origins).unwrap_err();
        assert_eq!(error(&[]), NeighborError::OriginCount { found: 0, clouds: 1 });
        assert!(matches!(error(&[[f32::NAN; 3]]), NeighborError::NonFiniteOrigin { cloud: 0, .. }));
    }

    #[test]
    fn shifts_follow_from_the_seed_and_the_cloud() {
        let cloud = scattered(300, 2.0);
        let clouds = PackedClouds::from_clouds(&[cloud.clone(), cloud]).unwrap();
        let map = |seed| VoxelMap::build_shifted(&clouds, 0.4, seed).unwrap();
        assert_eq!(map(1).points(), map(1).points());
        assert_ne!(map(1).points(), map(2).points());
        let members = map(1);
        assert_ne!(members.coarse().cloud(0), members.coarse().cloud(1), "each cloud has its own shift");
        assert!((0..3000).all(|i| (0.0..1.0).contains(&uniform(3, i))));
    }

    #[test]
    fn the_same_map_for_any_number_of_threads() {
        let clouds = PackedClouds::new(scattered(100_000, 2.0), [0, 30_000, 100_000]).unwrap();
        let map = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let map = pool.install(|| VoxelMap::build(&clouds, 0.05)).unwrap();
            (map.points().to_vec(), map.voxel_from_point().to_vec(), map.coarse().clone())
        };
        let one = map(1);
        assert!(one == map(2) && one == map(8));
    }
}
