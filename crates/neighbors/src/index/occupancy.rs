//! How many points share a cell: what decides between a grid and a tree.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use rayon::prelude::*;

use crate::error::NeighborError;
use crate::index::cell_keys::CellKeys;
use crate::index::cell_table::KeyHasher;

/// Points whose cells are counted.
const SAMPLES: usize = 512;

/// Points that one thread counts together.
const CHUNK: usize = 65_536;

/// Bits of the filter that spares most points a look into the table.
const FILTER_BITS: usize = 1 << 14;

/// For points spread evenly over the order of a cloud, the number of points in their cell, ascending.
#[derive(Debug)]
pub(crate) struct Occupancy {
    counts: Vec<u32>,
}

impl Occupancy {
    /// Counts in cells of the given edge, in `O(N)`: one pass that compares the cell of every point with those of the
    /// sample. The same positions give the same counts.
    pub(crate) fn count(positions: &[[f32; 3]], cell: f32) -> Result<Self, NeighborError> {
        let keys = CellKeys::new(cell, 0.0, 0.0)?;
        let key_of = |point: &[f32; 3]| point.map(|v| keys.own(v));
        let mut slots: HashMap<[i64; 3], usize, BuildHasherDefault<KeyHasher>> = HashMap::default();
        let mut filter = vec![false; FILTER_BITS];
        // Half a step in, so that the first point, often a special one, is not always there.
        let samples = SAMPLES.min(positions.len());
        let sample_slots: Vec<usize> = (0..samples)
            .map(|s| {
                let key = key_of(&positions[(2 * s + 1) * positions.len() / (2 * samples)]);
                filter[filter_bit(key)] = true;
                let next = slots.len();
                *slots.entry(key).or_insert(next)
            })
            .collect();
        let count = |points: &[[f32; 3]]| {
            let mut counts = vec![0u32; slots.len()];
            for point in points {
                let key = key_of(point);
                if filter[filter_bit(key)]
                    && let Some(&slot) = slots.get(&key)
                {
                    counts[slot] += 1;
                }
            }
            counts
        };
        let sum = |mut a: Vec<u32>, b: Vec<u32>| {
            a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
            a
        };
        let counts = positions.par_chunks(CHUNK).map(count).reduce(|| vec![0; slots.len()], sum);
        let mut counts: Vec<u32> = sample_slots.into_iter().map(|slot| counts[slot]).collect();
        counts.sort_unstable();
        Ok(Self { counts })
    }

    /// The number of points in the cell of a point, on average over the points: large where a few cells hold most of
    /// them. 0 without points.
    pub(crate) fn mean(&self) -> f64 {
        let sum: f64 = self.counts.iter().map(|&count| f64::from(count)).sum();
        sum / self.counts.len().max(1) as f64
    }

    /// The number that a share `part` of the points does not exceed; 0 without points.
    pub(crate) fn quantile(&self, part: f64) -> u32 {
        let last = self.counts.len().saturating_sub(1);
        self.counts.get((last as f64 * part) as usize).copied().unwrap_or(0)
    }
}

#[inline(always)]
fn filter_bit([x, y, z]: [i64; 3]) -> usize {
    let mixed = (x as u64)
        .wrapping_mul(0x9e37_79b9_7f4a_7c15)
        .wrapping_add((y as u64).wrapping_mul(0xc2b2_ae3d_27d4_eb4f))
        .wrapping_add((z as u64).wrapping_mul(0x1656_67b1_9e37_79f9));
    (mixed >> 32) as usize % FILTER_BITS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_counted_with_those_of_their_cell() {
        // 900 points in one cell, 100 alone.
        let positions: Vec<[f32; 3]> =
            (0..1000).map(|i| if i % 10 == 0 { [i as f32 + 5.0, 0.0, 0.0] } else { [0.5; 3] }).collect();
        let occupancy = Occupancy::count(&positions, 1.0).unwrap();
        assert_eq!(
            (occupancy.quantile(0.0), occupancy.quantile(0.5), occupancy.quantile(1.0)),
            (1, 900, 900)
        );
        assert!((800.0..820.0).contains(&occupancy.mean()), "{}", occupancy.mean());
    }

    #[test]
    fn no_points_and_distant_points() {
        let none = Occupancy::count(&[], 1.0).unwrap();
        assert_eq!((none.mean(), none.quantile(0.5)), (0.0, 0));
        let far = Occupancy::count(&[[3e38; 3], [-3e38; 3], [3e38; 3]], 1e-3).unwrap();
        assert_eq!((far.quantile(0.0), far.quantile(1.0)), (1, 2));
    }
}
