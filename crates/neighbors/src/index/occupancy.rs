//! How many points share a cell: what decides between a grid and a tree.

use rayon::prelude::*;

use crate::error::NeighborError;
use crate::index::cell_keys::CellKeys;
use crate::simd::{Kernel, Lanes, dispatch};

/// Most points whose cells are counted.
const SAMPLES: usize = 256;

/// Entries of the table of sampled cells: so many more than samples that almost every point ends at its first look.
const TABLE: usize = 16 * SAMPLES;

/// Points that one thread counts together.
const CHUNK: usize = 65_536;

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
        let mut cells = SampledCells::default();
        // One of every so many points, at a changing index among them: points often come in rows.
        let samples = SAMPLES.min(positions.len() / 8).max(64).min(positions.len());
        let step = positions.len() / samples.max(1);
        let slots: Vec<usize> =
            (0..samples).map(|s| cells.enter(key_of(&positions[s * step + mixed(s) % step]))).collect();
        let count = |points: &[[f32; 3]]| dispatch(CountCells { points, keys: &keys, cells: &cells });
        let sum = |mut a: Vec<u32>, b: Vec<u32>| {
            a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
            a
        };
        let counts = positions.par_chunks(CHUNK).map(count).reduce(|| vec![0; cells.keys.len()], sum);
        let mut counts: Vec<u32> = slots.into_iter().map(|slot| counts[slot]).collect();
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

/// The cells of the sample, each with a number: a hash table with linear probing.
#[derive(Debug)]
struct SampledCells {
    /// One more than the number of a cell; 0 where there is none.
    table: [u16; TABLE],
    keys: Vec<[i64; 3]>,
}

impl Default for SampledCells {
    fn default() -> Self {
        Self { table: [0; TABLE], keys: Vec::new() }
    }
}

impl SampledCells {
    /// The number of a cell, entered if it is new.
    fn enter(&mut self, key: [i64; 3]) -> usize {
        self.find(key).unwrap_or_else(|free| {
            self.keys.push(key);
            self.table[free] = self.keys.len() as u16;
            self.keys.len() - 1
        })
    }

    /// The number of a cell, or the entry of the table that is free for it.
    #[inline(always)]
    fn find(&self, key: [i64; 3]) -> Result<usize, usize> {
        let mut entry = first_entry(key);
        loop {
            match self.table[entry] {
                0 => return Err(entry),
                number if self.keys[number as usize - 1] == key => return Ok(number as usize - 1),
                _ => entry = (entry + 1) % TABLE,
            }
        }
    }
}

/// Counts the points in the cells of the sample.
struct CountCells<'a> {
    points: &'a [[f32; 3]],
    keys: &'a CellKeys,
    cells: &'a SampledCells,
}

impl Kernel for CountCells<'_> {
    type Output = Vec<u32>;

    #[inline(always)]
    fn run<L: Lanes>(self, _: L) -> Vec<u32> {
        let mut counts = vec![0u32; self.cells.keys.len()];
        for point in self.points {
            if let Ok(number) = self.cells.find(point.map(|v| self.keys.own(v))) {
                counts[number] += 1;
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
fn first_entry([x, y, z]: [i64; 3]) -> usize {
    let mixed = (x as u64)
        .wrapping_mul(0x9e37_79b9_7f4a_7c15)
        .wrapping_add((y as u64).wrapping_mul(0xc2b2_ae3d_27d4_eb4f))
        .wrapping_add((z as u64).wrapping_mul(0x1656_67b1_9e37_79f9));
    (mixed >> 32) as usize % TABLE
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
