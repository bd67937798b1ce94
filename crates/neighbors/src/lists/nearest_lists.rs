//! The nearest points of all queries of a batch.

use rayon::prelude::*;

use crate::error::NeighborError;
use crate::index::{Neighbor, PointIndex, Search};
use crate::packed_clouds::PackedClouds;
use crate::tables::MAX_EDGES;

/// Queries that one thread answers together.
const CHUNK: usize = 1024;

/// From so many queries on they are answered in the order of where they lie.
const SORTED_QUERIES: usize = 16_384;

/// The nearest points of every query, as compressed rows in the order of the queries.
///
/// # Shapes
/// `Q` queries, `E` neighbour pairs: `offsets [Q + 1]`, `indices [E]`, `squared_distances [E]`. Where every cloud has
/// `n` points or more, `E = Q * n` and the tables are `[Q, n]`.
#[derive(Debug, Clone, PartialEq)]
pub struct NearestLists {
    offsets: Vec<u32>,
    indices: Vec<u32>,
    squared_distances: Vec<f32>,
}

impl NearestLists {
    /// The `n` nearest points of every query, or all points if its cloud has fewer, in parallel.
    ///
    /// Queries of cloud `b` are answered from the points of cloud `b`. Pass the same batch twice for the nearest points
    /// of every point; each is then its own nearest, unless equal points with lower indices come first. Points are
    /// sorted by distance, then index, so the answer does not depend on the search or on the number of threads.
    ///
    /// # Errors
    /// Different numbers of clouds, or more than 2^32 - 1 pairs.
    ///
    /// ```
    /// use neighbors::{NearestLists, PackedClouds, Search};
    ///
    /// let points = PackedClouds::single([[0.0; 3], [1.0, 0.0, 0.0], [0.0, 3.0, 0.0]])?;
    /// let queries = PackedClouds::single([[0.9, 0.0, 0.0]])?;
    /// let lists = NearestLists::build(&points, &queries, 2, Search::Auto)?;
    /// assert_eq!(lists.indices(), [1, 0]);
    /// assert_eq!(lists.neighbors(0).next().map(|nearest| nearest.index), Some(1));
    /// # Ok::<(), neighbors::NeighborError>(())
    /// ```
    pub fn build(
        points: &PackedClouds,
        queries: &PackedClouds,
        n: usize,
        search: Search,
    ) -> Result<Self, NeighborError> {
        if points.len() != queries.len() {
            return Err(NeighborError::CloudCount { found: queries.len(), expected: points.len() });
        }
        let lengths: Vec<usize> = points.ranges().map(|cloud| cloud.len().min(n)).collect();
        let pairs = || queries.ranges().zip(lengths.iter().copied());
        let edges: u128 = pairs().map(|(cloud, length)| cloud.len() as u128 * length as u128).sum();
        if edges > u128::from(MAX_EDGES) {
            return Err(NeighborError::TooManyEdges { max: MAX_EDGES });
        }
        let mut lists = Self {
            offsets: Vec::with_capacity(queries.points() + 1),
            indices: vec![0; edges as usize],
            squared_distances: vec![0.0; edges as usize],
        };
        lists.offsets.push(0);
        let mut end = 0;
        for (cloud, length) in pairs() {
            lists.offsets.extend(cloud.map(|_| {
                end += length as u32;
                end
            }));
        }
        let (mut indices, mut distances) = (&mut lists.indices[..], &mut lists.squared_distances[..]);
        let query_positions = queries.positions();
        let mut clouds = Vec::with_capacity(points.len());
        for (cloud, (queries, length)) in points.ranges().zip(pairs()) {
            let edges = queries.len() * length;
            if let (Some(indices), Some(distances)) =
                (indices.split_off_mut(..edges), distances.split_off_mut(..edges))
                && edges > 0
            {
                clouds.push(Rows {
                    first: cloud.start as u32,
                    points: &points.positions()[cloud],
                    queries: &query_positions[queries],
                    length,
                    indices,
                    distances,
                });
            }
        }
        clouds.into_par_iter().try_for_each(|rows| {
            let index = PointIndex::for_nearest(rows.points, n, search)?;
            rows.fill(&index);
            Ok(())
        })?;
        Ok(lists)
    }

    /// Number of queries Q.
    pub fn queries(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Offsets `[Q + 1]` into the other tables: those of query `q` are `offsets[q]..offsets[q + 1]`.
    pub fn offsets(&self) -> &[u32] {
        &self.offsets
    }

    /// Packed indices `[E]` of the points, nearest first for each query.
    pub fn indices(&self) -> &[u32] {
        &self.indices
    }

    /// Squared distances `[E]`, `(dx * dx + dy * dy) + dz * dz` in `f32`, of the points in
    /// [`indices`](Self::indices).
    pub fn squared_distances(&self) -> &[f32] {
        &self.squared_distances
    }

    /// The points nearest to one query, nearest first.
    ///
    /// # Panics
    /// When `query` is not less than [`queries`](Self::queries).
    pub fn neighbors(&self, query: usize) -> impl ExactSizeIterator<Item = Neighbor> + '_ {
        let range = self.offsets[query] as usize..self.offsets[query + 1] as usize;
        let found = self.indices[range.clone()].iter().zip(&self.squared_distances[range]);
        found.map(|(&index, &squared_distance)| Neighbor { index, squared_distance })
    }
}

/// The rows of one cloud, to be filled.
struct Rows<'a> {
    /// Packed index of the first point.
    first: u32,
    points: &'a [[f32; 3]],
    queries: &'a [[f32; 3]],
    /// Neighbours of every query.
    length: usize,
    indices: &'a mut [u32],
    distances: &'a mut [f32],
}

impl Rows<'_> {
    fn fill(self, index: &PointIndex) {
        let Self { first, queries, length, indices, distances, .. } = self;
        if queries.len() < SORTED_QUERIES {
            let chunks = queries.par_chunks(CHUNK);
            let tables = indices.par_chunks_mut(CHUNK * length).zip(distances.par_chunks_mut(CHUNK * length));
            chunks.zip(tables).for_each(|(queries, (indices, distances))| {
                let mut found = Vec::new();
                let rows = indices.chunks_exact_mut(length).zip(distances.chunks_exact_mut(length));
                for (&query, row) in queries.iter().zip(rows) {
                    index.nearest_n_into(query, length, &mut found);
                    write(&found, first, row);
                }
            });
            return;
        }
        // Queries that lie together read the same points.
        let order = spatial_order(queries);
        let mut slots = vec![0u32; order.len()];
        (0..).zip(&order).for_each(|(slot, &query)| slots[query as usize] = slot);
        let answers: Vec<Vec<Neighbor>> = order
            .par_chunks(CHUNK)
            .map(|chunk| {
                let mut answers = Vec::with_capacity(chunk.len() * length);
                let mut found = Vec::new();
                for &query in chunk {
                    index.nearest_n_into(queries[query as usize], length, &mut found);
                    answers.extend_from_slice(&found);
                }
                answers
            })
            .collect();
        let rows = indices.par_chunks_exact_mut(length).zip(distances.par_chunks_exact_mut(length));
        slots.par_iter().zip(rows).with_min_len(CHUNK).for_each(|(&slot, row)| {
            let (chunk, start) = (slot as usize / CHUNK, slot as usize % CHUNK * length);
            write(&answers[chunk][start..start + length], first, row);
        });
    }
}

#[inline(always)]
fn write(found: &[Neighbor], first: u32, (indices, distances): (&mut [u32], &mut [f32])) {
    for ((neighbor, index), distance) in found.iter().zip(indices).zip(distances) {
        (*index, *distance) = (first + neighbor.index, neighbor.squared_distance);
    }
}

/// The queries along a curve through space (Morton's): neighbours in the order are mostly neighbours in space.
fn spatial_order(queries: &[[f32; 3]]) -> Vec<u32> {
    let axes = [0, 1, 2].map(|axis| {
        let low = queries.iter().fold(f32::MAX, |a, p| a.min(p[axis]));
        let high = queries.iter().fold(f32::MIN, |a, p| a.max(p[axis]));
        (f64::from(low), 1023.99 / (f64::from(high) - f64::from(low)).max(f64::MIN_POSITIVE))
    });
    let mut keys: Vec<u64> = queries
        .par_iter()
        .enumerate()
        .map(|(i, query)| {
            let mut code = 0;
            for (axis, (low, scale)) in axes.iter().enumerate() {
                code |= spread(((f64::from(query[axis]) - low) * scale) as u32) << axis;
            }
            u64::from(code) << 32 | i as u64
        })
        .collect();
    keys.par_sort_unstable();
    keys.into_iter().map(|key| key as u32).collect()
}

/// Ten bits with two free bits after each.
fn spread(bits: u32) -> u32 {
    let mut bits = bits & 0x3ff;
    bits = (bits | bits << 16) & 0x0300_00ff;
    bits = (bits | bits << 8) & 0x0300_f00f;
    bits = (bits | bits << 4) & 0x030c_30c3;
    (bits | bits << 2) & 0x0924_9249
}
