//! From the features of few points to those of many.

use std::any::Any;
use std::sync::Arc;

use rayon::prelude::*;

use super::attached::Attached;
use super::voxel_map::VoxelMap;
use neighbors::{NeighborError, PackedClouds, PointIndex, Search};

/// Fine points of one work item.
const CHUNK: usize = 1 << 10;

/// The coarse points from which each fine point takes its features, and the weight of each.
///
/// `y_i = sum_e w_e x_{j(e)}` over the row `i`; the weights of a row add up to 1.
///
/// Rows are compressed: those of fine point `i` are the entries `offsets[i]..offsets[i + 1]`. A clone shares the memory.
///
/// # Shapes
/// `P` fine points, `S` coarse points, `E` entries: `offsets [P + 1]`, `indices [E]` below `S`, `weights [E]`.
#[derive(Debug, Clone)]
pub(crate) struct InterpolationMap {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    coarse_points: usize,
    offsets: Vec<u32>,
    indices: Vec<u32>,
    weights: Vec<f32>,
    attached: Attached,
}

impl InterpolationMap {
    /// The `neighbours` nearest coarse points of the same cloud, weighted by the inverse of the squared distance (Qi, Yi, Su,
    /// Guibas, *PointNet++*, 2017, eq. 2): `w_e = (1/d_e^2) / sum 1/d^2`.
    ///
    /// A fine point that lies exactly on a coarse one takes that alone, the first of them. A cloud with fewer coarse points
    /// gives all that it has. Of coarse points at the same distance the first ones are taken. Builds a kd-tree for each
    /// cloud: `O(P log S)`.
    ///
    /// # Errors
    /// No neighbours, batches with different numbers of clouds, a cloud that has fine points and no coarse point, or more than
    /// 2^32 - 1 entries.
    pub(crate) fn nearest(
        coarse: &PackedClouds,
        fine: &PackedClouds,
        neighbours: usize,
    ) -> Result<Self, NeighborError> {
        if neighbours == 0 {
            return Err(NeighborError::NoNeighbours);
        }
        if coarse.len() != fine.len() {
            return Err(NeighborError::CloudCount { found: fine.len(), expected: coarse.len() });
        }
        let mut entries = 0u64;
        for (cloud, (coarse, fine)) in coarse.ranges().zip(fine.ranges()).enumerate() {
            if coarse.is_empty() && !fine.is_empty() {
                return Err(NeighborError::NoCoarsePoints { cloud, fine: fine.len() });
            }
            entries += fine.len() as u64 * neighbours.min(coarse.len()) as u64;
        }
        if entries > u64::from(u32::MAX) {
            return Err(NeighborError::TooManyEdges { max: u64::from(u32::MAX) });
        }
        let trees: Vec<PointIndex> = (0..coarse.len())
            .into_par_iter()
            .map(|cloud| PointIndex::build(coarse.cloud(cloud), Search::Auto))
            .collect::<Result<_, _>>()?;
        let items: Vec<(usize, usize, usize)> = fine
            .ranges()
            .enumerate()
            .flat_map(|(cloud, range)| {
                let end = range.end;
                range.step_by(CHUNK).map(move |start| (cloud, start, end.min(start + CHUNK)))
            })
            .collect();
        let parts: Vec<Rows> = items
            .into_par_iter()
            .map(|(cloud, start, end)| {
                let first = coarse.offsets()[cloud] as u32;
                Rows::of(&trees[cloud], coarse.cloud(cloud), first, &fine.positions()[start..end], neighbours)
            })
            .collect();
        Ok(Self::joined(coarse.points(), fine.points(), parts))
    }

    /// Every fine point takes the features of its voxel.
    pub(crate) fn of_voxels(map: &VoxelMap) -> Self {
        let points = map.fine().points();
        Self::new(
            map.coarse().points(),
            (0..=points as u32).collect(),
            map.voxel_from_point().to_vec(),
            vec![1.0; points],
        )
    }

    /// Number of coarse points `S`.
    pub(crate) fn coarse_points(&self) -> usize {
        self.inner.coarse_points
    }

    /// Number of fine points `P`.
    pub(crate) fn fine_points(&self) -> usize {
        self.inner.offsets.len() - 1
    }

    /// Where the entries of each fine point start, `[P + 1]`.
    pub(crate) fn offsets(&self) -> &[u32] {
        &self.inner.offsets
    }

    /// The coarse point of each entry, `[E]`; those of one fine point are sorted by distance.
    pub(crate) fn indices(&self) -> &[u32] {
        &self.inner.indices
    }

    /// The weight of each entry, `[E]`.
    pub(crate) fn weights(&self) -> &[f32] {
        &self.inner.weights
    }

    /// A value kept with the map, made by `T::default` when it is first asked for; one for each type.
    ///
    /// For tables that others derive from the map, such as its copy in the memory of a device.
    pub(crate) fn attached<T: Any + Send + Sync + Default>(&self) -> Arc<T> {
        self.inner.attached.get()
    }

    fn new(coarse_points: usize, offsets: Vec<u32>, indices: Vec<u32>, weights: Vec<f32>) -> Self {
        let attached = Attached::default();
        Self { inner: Arc::new(Inner { coarse_points, offsets, indices, weights, attached }) }
    }

    fn joined(coarse_points: usize, fine_points: usize, parts: Vec<Rows>) -> Self {
        let entries = parts.iter().map(|part| part.indices.len()).sum();
        let mut offsets = Vec::with_capacity(fine_points + 1);
        let (mut indices, mut weights) = (Vec::with_capacity(entries), Vec::with_capacity(entries));
        offsets.push(0);
        for part in parts {
            let first = indices.len() as u32;
            offsets.extend(part.ends.iter().map(|end| first + end));
            indices.extend(part.indices);
            weights.extend(part.weights);
        }
        Self::new(coarse_points, offsets, indices, weights)
    }
}

/// The rows of some fine points.
#[derive(Default)]
struct Rows {
    ends: Vec<u32>,
    indices: Vec<u32>,
    weights: Vec<f32>,
}

impl Rows {
    /// `coarse` are the points of `tree`; the first of them has the index `first` in its batch.
    fn of(tree: &PointIndex, coarse: &[[f32; 3]], first: u32, fine: &[[f32; 3]], neighbours: usize) -> Self {
        let mut rows = Self::default();
        let mut squares = Vec::new();
        for &point in fine {
            let found = tree.nearest_n(point, neighbours);
            squares.clear();
            // In f64 no square overflows or vanishes, so that zero means the same position.
            squares.extend(found.iter().map(|n| squared_distance(point, coarse[n.index as usize])));
            if let Some(same) = squares.iter().position(|&square| square == 0.0) {
                rows.indices.push(first + found[same].index);
                rows.weights.push(1.0);
            } else {
                let least = squares.iter().copied().fold(f64::INFINITY, f64::min);
                let total: f64 = squares.iter().map(|square| least / square).sum();
                rows.indices.extend(found.iter().map(|n| first + n.index));
                rows.weights.extend(squares.iter().map(|square| (least / square / total) as f32));
            }
            rows.ends.push(rows.indices.len() as u32);
        }
        rows
    }
}

fn squared_distance(a: [f32; 3], b: [f32; 3]) -> f64 {
    [0, 1, 2].map(|axis| (f64::from(b[axis]) - f64::from(a[axis])).powi(2)).iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn single(positions: &[[f32; 3]]) -> PackedClouds {
        PackedClouds::single(positions).unwrap()
    }

    #[test]
    fn misuse_is_named() {
        let (one, two) = (single(&[[0.0; 3]]), PackedClouds::new([[0.0; 3]], [0, 0, 1]).unwrap());
        let error = |coarse, fine, k| InterpolationMap::nearest(coarse, fine, k).unwrap_err();
        assert_eq!(error(&one, &one, 0), NeighborError::NoNeighbours);
        assert_eq!(error(&one, &two, 1), NeighborError::CloudCount { found: 2, expected: 1 });
        let none = single(&[]);
        assert_eq!(error(&none, &one, 3), NeighborError::NoCoarsePoints { cloud: 0, fine: 1 });
    }

    #[test]
    fn clouds_without_points() {
        let none = PackedClouds::new([], [0]).unwrap();
        assert_eq!(InterpolationMap::nearest(&none, &none, 3).unwrap().offsets(), [0]);
        let empty = PackedClouds::new([], [0, 0]).unwrap();
        assert_eq!(InterpolationMap::nearest(&single(&[[0.0; 3]]), &empty, 3).unwrap().fine_points(), 0);
    }

    /// Indices count over the batch, and no row reaches into another cloud.
    #[test]
    fn rows_stay_in_their_cloud() {
        let coarse = PackedClouds::new([[0.0; 3], [1.0, 0.0, 0.0], [0.2, 0.0, 0.0]], [0, 2, 3]).unwrap();
        let fine = PackedClouds::new([[0.25, 0.0, 0.0], [0.25, 0.0, 0.0]], [0, 1, 2]).unwrap();
        let map = InterpolationMap::nearest(&coarse, &fine, 3).unwrap();
        assert_eq!((map.offsets(), map.indices()), (&[0, 2, 3][..], &[0, 1, 2][..]));
        assert_eq!(map.weights(), [0.9, 0.1, 1.0]);
    }

    /// Squares that overflow single precision, and squares that vanish in it.
    #[test]
    fn extreme_distances() {
        for scale in [1e30, 1e-30] {
            let coarse = single(&[[0.0; 3], [3.0 * scale, 0.0, 0.0]]);
            let map = InterpolationMap::nearest(&coarse, &single(&[[scale, 0.0, 0.0]]), 2).unwrap();
            assert_eq!(map.indices().len(), 2);
            for (&index, weight) in map.indices().iter().zip(map.weights()) {
                let expected = if index == 0 { 0.8 } else { 0.2 };
                assert!((weight - expected).abs() < 1e-6, "{scale}: {weight}");
            }
        }
    }

    #[test]
    fn coarse_points_at_the_same_position() {
        let map =
            InterpolationMap::nearest(&single(&[[1.0; 3]; 5]), &single(&[[1.0; 3], [2.0; 3]]), 3).unwrap();
        assert_eq!(map.indices(), [0, 0, 1, 2]);
        assert!((map.weights()[1..].iter().sum::<f32>() - 1.0).abs() < 1e-6);
    }
}
