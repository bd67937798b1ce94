//! To a wanted number of points.

use rand::seq::SliceRandom;
use rand::{Rng, RngExt};

use super::farthest::farthest_in_columns;
use crate::cloud::PointCloud;
use crate::error::{Error, Result};

/// How points are chosen when there are more than wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Sampling {
    /// Evenly at random, without replacement.
    #[default]
    Random,
    /// Farthest point sampling from a random start: even coverage, `O(N · n)`.
    Farthest,
    /// The first points of the file, which costs nothing where files are shuffled already.
    First,
}

/// `0..len` in random order.
#[must_use]
pub fn shuffled_indices(len: usize, rng: &mut impl Rng) -> Vec<usize> {
    let mut indices: Vec<usize> = (0..len).collect();
    indices.shuffle(rng);
    indices
}

/// `n` indices below `len` at random: without repeats while they last, then with.
///
/// When `n > len`, every index occurs once and the other `n - len` are drawn with replacement.
///
/// # Panics
/// When `len` is 0 but `n` is not.
#[must_use]
pub fn random_indices(len: usize, n: usize, rng: &mut impl Rng) -> Vec<usize> {
    // Half of the memory, and the same order.
    let indices: Vec<usize> = match u32::try_from(len) {
        Ok(len) => {
            let mut indices: Vec<u32> = (0..len).collect();
            indices.shuffle(rng);
            indices.into_iter().take(n).map(|index| index as usize).collect()
        }
        Err(_) => shuffled_indices(len, rng).into_iter().take(n).collect(),
    };
    repeat_to(indices, len, n, rng)
}

/// [`resample_indices`] where the positions do not matter; `None` where they do.
///
/// # Panics
/// As [`random_indices`].
pub(crate) fn count_indices(
    len: usize,
    n: usize,
    sampling: Sampling,
    rng: &mut impl Rng,
) -> Option<Vec<usize>> {
    match sampling {
        Sampling::Random => Some(random_indices(len, n, rng)),
        Sampling::First => Some(repeat_to((0..len.min(n)).collect(), len, n, rng)),
        Sampling::Farthest => None,
    }
}

/// `n` indices into `positions`, chosen by `sampling`; repeats as in [`random_indices`].
///
/// # Panics
/// When there are no positions but `n` is not 0.
#[must_use]
pub fn resample_indices(
    positions: &[[f32; 3]],
    n: usize,
    sampling: Sampling,
    rng: &mut impl Rng,
) -> Vec<usize> {
    let len = positions.len();
    if let Some(indices) = count_indices(len, n, sampling, rng) {
        return indices;
    }
    resample_columns([0, 1, 2].map(|axis| positions.iter().map(|p| p[axis]).collect()), n, rng)
}

/// [`resample_indices`] with farthest points of positions in columns.
///
/// # Panics
/// As [`resample_indices`].
pub(crate) fn resample_columns(columns: [Vec<f32>; 3], n: usize, rng: &mut impl Rng) -> Vec<usize> {
    let len = columns[0].len();
    let start = if len > 0 { rng.random_range(0..len) } else { 0 };
    repeat_to(farthest_in_columns(columns, n, start), len, n, rng)
}

/// `cloud` with exactly `n` points and all columns.
///
/// # Errors
/// [`Error::EmptyCloud`] when there are no points to draw from.
///
/// ```
/// use pointcloud::PointCloud;
/// use pointcloud::transform::{Sampling, resample};
/// use rand::SeedableRng;
///
/// let cloud = PointCloud::new(vec![[0.0; 3], [1.0; 3], [2.0; 3]]);
/// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(0);
/// assert_eq!(resample(&cloud, 5, Sampling::Random, &mut rng)?.len(), 5);
/// # Ok::<(), pointcloud::Error>(())
/// ```
pub fn resample(cloud: &PointCloud, n: usize, sampling: Sampling, rng: &mut impl Rng) -> Result<PointCloud> {
    if cloud.is_empty() && n > 0 {
        return Err(Error::EmptyCloud { path: None, wanted: n });
    }
    Ok(cloud.select(&resample_indices(cloud.positions(), n, sampling, rng)))
}

fn repeat_to(mut indices: Vec<usize>, len: usize, n: usize, rng: &mut impl Rng) -> Vec<usize> {
    assert!(len > 0 || n == 0, "{n} points wanted from a cloud of {len}");
    while indices.len() < n {
        indices.push(rng.random_range(0..len));
    }
    indices
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;
    use std::collections::HashSet;

    proptest! {
        #[test]
        fn every_point_before_any_repeat(len in 1_usize..40, n in 0_usize..90, seed in 0_u64..99) {
            let positions: Vec<[f32; 3]> = (0..len).map(|i| [i as f32, 0.0, 1.0]).collect();
            for sampling in [Sampling::Random, Sampling::Farthest, Sampling::First] {
                let mut rng = ChaCha8Rng::seed_from_u64(seed);
                let indices = resample_indices(&positions, n, sampling, &mut rng);
                prop_assert_eq!(indices.len(), n);
                prop_assert!(indices.iter().all(|&i| i < len));
                let unique: HashSet<_> = indices.iter().take(len).collect();
                prop_assert_eq!(unique.len(), n.min(len));
            }
        }
    }

    #[test]
    fn nothing_to_draw_from() {
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        let empty = PointCloud::default();
        assert!(resample(&empty, 0, Sampling::Farthest, &mut rng).unwrap().is_empty());
        let error = resample(&empty, 4, Sampling::Random, &mut rng).unwrap_err();
        assert_eq!(error.to_string(), "found no points, expected at least one");
    }
}
