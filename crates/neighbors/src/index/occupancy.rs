//! How many points share a cell: what decides between a grid and a tree.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use rayon::prelude::*;

use crate::error::NeighborError;
use crate::index::cell_keys::CellKeys;
use crate::index::cell_table::KeyHasher;
use crate::simd::{Kernel, Lanes, dispatch};

/// Most points whose cells are counted.
const SAMPLES: usize = 256;

/// Which counter belongs to which cell of the sample.
type Slots = HashMap<[i64; 3], usize, BuildHasherDefault<KeyHasher>>;

/// Points that one thread counts together.
const CHUNK: usize = 65_536;

/// Bits of the filter that spares most points a look into the table.
const FILTER_BITS: usize = 1 << 12;

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
        let mut slots = Slots::default();
        let mut filter = vec![false; FILTER_BITS];
        // One of every so many points, at a changing index among them: points often come in rows.
        let samples = SAMPLES.min(positions.len() / 8).max(64).min(positions.len());
        let step = positions.len() / samples.max(1);
        let sample_slots: Vec<usize> = (0..samples)
            .map(|s| {
                let key = key_of(&positions[s * step + mixed(s) % step]);
                filter[filter_bit(key)] = true;
                let next = slots.len();
                *slots.entry(key).or_insert(next)
            })
            .collect();
        let count = |points: &[[f32; 3]]| {
            dispatch(CountCells { points, keys: &keys, slots: &slots, filter: &filter })
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

    /// Occupied cells per point; 0 without points.
    pub(crate) fn cells_per_point(&self) -> f64 {
        let sum: f64 = self.counts.iter().map(|&count| 1.0 / f64::from(count)).sum();
        sum / self.counts.len().max(1) as f64
    }

    /// The number that a share `part` of the points does not exceed; 0 without points.
    pub(crate) fn quantile(&self, part: f64) -> u32 {
        let last = self.counts.len().saturating_sub(1);
        self.counts.get((last as f64 * part) as usize).copied().unwrap_or(0)
    }
}

/// Counts the points in the cells of the sample.
struct CountCells<'a> {
    points: &'a [[f32; 3]],
    keys: &'a CellKeys,
    slots: &'a Slots,
    filter: &'a [bool],
}

impl Kernel for CountCells<'_> {
    type Output = Vec<u32>;

    #[inline(always)]
    fn run<L: Lanes>(self, _: L) -> Vec<u32> {
        let mut counts = vec![0u32; self.slots.len()];
        for point in self.points {
            let key = point.map(|v| self.keys.own(v));
            if self.filter[filter_bit(key)]
                && let Some(&slot) = self.slots.get(&key)
            {
                counts[slot] += 1;
            }
        }
        counts
    }
}

/// A number that looks random, always the same for `s`.
fn mixed(s: usize) -> usize {
    let mut bits = (s as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ bits >> 32).wrapping_mul(0xd6e8_feb8_6659_fd93);
    (bits >> 33) as usize
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
        // 125 samples, 12.5 of them alone on average: within three standard deviations of 3.4.
        assert!((735.0..885.0).contains(&occupancy.mean()), "{}", occupancy.mean());
        assert!((0.02..0.19).contains(&occupancy.cells_per_point()), "{}", occupancy.cells_per_point());
    }

    #[test]
    fn no_points_and_distant_points() {
        let none = Occupancy::count(&[], 1.0).unwrap();
        assert_eq!((none.mean(), none.quantile(0.5)), (0.0, 0));
        let far = Occupancy::count(&[[3e38; 3], [-3e38; 3], [3e38; 3]], 1e-3).unwrap();
        assert_eq!((far.quantile(0.0), far.quantile(1.0)), (1, 2));
    }
}
