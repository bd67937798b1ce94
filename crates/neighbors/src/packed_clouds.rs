//! A packed batch of clouds.

use std::ops::Range;
use std::sync::Arc;

use crate::error::NeighborError;

/// Several clouds in one table: `positions [P, 3]`, and `offsets [B + 1]` that cut them into clouds.
///
/// Cloud `b` holds the points `offsets[b]..offsets[b + 1]`. Clouds may differ in size and may be empty. The values are
/// checked once, when the batch is made: every position is finite, the offsets ascend from 0 to `P`, and a
/// 32-bit index can name every point. A clone shares the memory.
///
/// # Shapes
/// `positions [P, 3]` in any unit, `offsets [B + 1]`.
///
/// ```
/// use neighbors::PackedClouds;
///
/// let clouds = PackedClouds::from_clouds(&[vec![[0.0; 3], [0.1, 0.0, 0.0]], vec![[0.5; 3]]])?;
/// assert_eq!((clouds.len(), clouds.points()), (2, 3));
/// assert_eq!(clouds.offsets(), [0, 2, 3]);
/// assert_eq!(clouds.cloud(1), [[0.5; 3]]);
/// assert_eq!(clouds, PackedClouds::new(&[[0.0; 3], [0.1, 0.0, 0.0], [0.5; 3]], &[0, 2, 3])?);
/// # Ok::<(), neighbors::NeighborError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct PackedClouds {
    inner: Arc<Inner>,
}

#[derive(Debug, PartialEq)]
struct Inner {
    positions: Vec<[f32; 3]>,
    offsets: Vec<usize>,
}

/// Most points of a batch: 32-bit indices name them.
const MOST_POINTS: usize = u32::MAX as usize - 1;

impl PackedClouds {
    /// A batch from `positions [P, 3]` and `offsets [B + 1]`; vectors are taken as they are, slices are copied.
    ///
    /// # Errors
    /// Offsets that do not ascend from 0 to `P`, a position that is not finite, or more than 2^32 - 2 points.
    pub fn new(
        positions: impl Into<Vec<[f32; 3]>>,
        offsets: impl Into<Vec<usize>>,
    ) -> Result<Self, NeighborError> {
        let (positions, offsets) = (positions.into(), offsets.into());
        check_offsets(&offsets, positions.len())?;
        check_positions(&positions)?;
        Ok(Self { inner: Arc::new(Inner { positions, offsets }) })
    }

    /// A batch of one cloud.
    ///
    /// # Errors
    /// A position that is not finite, or more than 2^32 - 2 points.
    pub fn single(positions: impl Into<Vec<[f32; 3]>>) -> Result<Self, NeighborError> {
        let positions = positions.into();
        let points = positions.len();
        Self::new(positions, [0, points])
    }

    /// A batch from one slice or vector of positions for each cloud.
    ///
    /// # Errors
    /// A position that is not finite, or more than 2^32 - 2 points.
    pub fn from_clouds<C: AsRef<[[f32; 3]]>>(clouds: &[C]) -> Result<Self, NeighborError> {
        let mut offsets = Vec::with_capacity(clouds.len() + 1);
        let mut positions = Vec::with_capacity(clouds.iter().map(|cloud| cloud.as_ref().len()).sum());
        offsets.push(0);
        for cloud in clouds {
            positions.extend_from_slice(cloud.as_ref());
            offsets.push(positions.len());
        }
        Self::new(positions, offsets)
    }

    /// A batch from dense coordinates `[B, N, 3]` in row-major order: `clouds` clouds of the same size.
    ///
    /// # Errors
    /// A number of coordinates that is not `B * N * 3` for any `N`, a position that is not finite, or more than
    /// 2^32 - 2 points or clouds.
    ///
    /// ```
    /// use neighbors::PackedClouds;
    ///
    /// let clouds = PackedClouds::from_dense(&[0.0, 0.0, 0.0, 1.0, 1.0, 1.0], 2)?;
    /// assert_eq!(clouds.offsets(), [0, 1, 2]);
    /// # Ok::<(), neighbors::NeighborError>(())
    /// ```
    pub fn from_dense(coordinates: &[f32], clouds: usize) -> Result<Self, NeighborError> {
        let points = coordinates.len() / 3;
        let size = points.checked_div(clouds).unwrap_or(0);
        // Without coordinates, nothing else bounds the number of clouds.
        if size * clouds * 3 != coordinates.len() || clouds > MOST_POINTS {
            return Err(NeighborError::DenseLength { found: coordinates.len(), clouds });
        }
        let (positions, _) = coordinates.as_chunks::<3>();
        Self::new(positions, (0..=clouds).map(|cloud| cloud * size).collect::<Vec<_>>())
    }

    /// Positions `[P, 3]` of all clouds, one cloud after the other.
    pub fn positions(&self) -> &[[f32; 3]] {
        &self.inner.positions
    }

    /// Offsets `[B + 1]` of the clouds into the positions.
    pub fn offsets(&self) -> &[usize] {
        &self.inner.offsets
    }

    /// Number of clouds `B`.
    pub fn len(&self) -> usize {
        self.inner.offsets.len() - 1
    }

    /// Whether the batch has no cloud.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of points `P` of all clouds.
    pub fn points(&self) -> usize {
        self.inner.positions.len()
    }

    /// The positions of one cloud.
    ///
    /// # Panics
    /// When `cloud` is not less than [`len`](Self::len).
    pub fn cloud(&self, cloud: usize) -> &[[f32; 3]] {
        &self.inner.positions[self.inner.offsets[cloud]..self.inner.offsets[cloud + 1]]
    }

    /// Number of points of the largest cloud; 0 without clouds.
    pub(crate) fn largest(&self) -> usize {
        self.ranges().map(|cloud| cloud.len()).max().unwrap_or(0)
    }

    /// The range of points of each cloud.
    pub fn ranges(&self) -> impl ExactSizeIterator<Item = Range<usize>> + '_ {
        self.inner.offsets.windows(2).map(|pair| pair[0]..pair[1])
    }
}

/// Rejects positions that are not finite, naming the first one, and counts that 32-bit indices cannot name.
pub(crate) fn check_positions(positions: &[[f32; 3]]) -> Result<(), NeighborError> {
    if positions.len() > MOST_POINTS {
        return Err(NeighborError::TooManyPoints { points: positions.len(), max: MOST_POINTS });
    }
    match positions.iter().position(|p| !(p[0].is_finite() && p[1].is_finite() && p[2].is_finite())) {
        Some(index) => Err(NeighborError::NonFinite { index, position: positions[index] }),
        None => Ok(()),
    }
}

/// Rejects offsets that do not cut `points` points into consecutive clouds.
fn check_offsets(offsets: &[usize], points: usize) -> Result<(), NeighborError> {
    match offsets.first() {
        Some(0) => {}
        found => {
            return Err(NeighborError::OffsetsStart { found: found.copied() });
        }
    }
    for (index, pair) in offsets.windows(2).enumerate() {
        if pair[1] < pair[0] {
            return Err(NeighborError::OffsetsDecrease {
                index: index + 1,
                found: pair[1],
                previous: pair[0],
            });
        }
    }
    match offsets.last() {
        Some(&found) if found != points => Err(NeighborError::OffsetsEnd { found, points }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_constructor_names_what_is_wrong() {
        let nan = [f32::NAN, 0.0, 0.0];
        let origin = [0.0; 3];
        let error = |offsets: &[usize]| PackedClouds::new([origin], offsets).unwrap_err();
        assert_eq!(error(&[]), NeighborError::OffsetsStart { found: None });
        assert_eq!(error(&[1, 1]), NeighborError::OffsetsStart { found: Some(1) });
        assert_eq!(error(&[0, 2]), NeighborError::OffsetsEnd { found: 2, points: 1 });
        assert_eq!(error(&[0, 1, 0, 1]), NeighborError::OffsetsDecrease { index: 2, found: 0, previous: 1 });
        for found in [
            PackedClouds::new([origin, nan], [0, 2]),
            PackedClouds::single([origin, nan]),
            PackedClouds::from_clouds(&[vec![origin], vec![nan]]),
            PackedClouds::from_dense(&[0.0, 0.0, 0.0, f32::NAN, 0.0, 0.0], 2),
        ] {
            assert!(matches!(found, Err(NeighborError::NonFinite { index: 1, .. })), "{found:?}");
        }
        let length = |coordinates: &[f32], clouds| PackedClouds::from_dense(coordinates, clouds).unwrap_err();
        assert_eq!(length(&[0.0; 4], 1), NeighborError::DenseLength { found: 4, clouds: 1 });
        assert_eq!(length(&[0.0; 9], 2), NeighborError::DenseLength { found: 9, clouds: 2 });
        assert_eq!(length(&[0.0; 3], 0), NeighborError::DenseLength { found: 3, clouds: 0 });
        for clouds in [usize::MAX, usize::MAX / 3, 1 << 32] {
            assert_eq!(length(&[], clouds), NeighborError::DenseLength { found: 0, clouds });
        }
    }

    #[test]
    fn no_clouds_and_empty_clouds_are_batches() {
        let none = PackedClouds::from_clouds::<Vec<[f32; 3]>>(&[]).unwrap();
        assert!(none.is_empty());
        assert_eq!((none.points(), none.offsets()), (0, &[0][..]));
        assert_eq!(PackedClouds::from_dense(&[], 0).unwrap(), none);
        let empty = PackedClouds::from_clouds(&[vec![], vec![[1.0; 3]], vec![]]).unwrap();
        assert_eq!((empty.len(), empty.offsets()), (3, &[0, 0, 1, 1][..]));
        assert_eq!(empty.ranges().collect::<Vec<_>>(), [0..0, 0..1, 1..1]);
        assert_eq!(PackedClouds::from_dense(&[], 2).unwrap().offsets(), [0, 0, 0]);
    }
}
