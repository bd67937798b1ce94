//! From cell coordinates to the number of a cell, without a table of the bounding box unless it is small.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// A dense table is used when it has at most this many cells per point.
const DENSE_CELLS_PER_POINT: usize = 16;

/// Small clouds may always have a dense table of this size.
const DENSE_CELLS: usize = 4096;

/// Numbers the cells of a cloud.
#[derive(Debug)]
pub(crate) enum CellTable {
    /// All cells of a small bounding box, x fastest: the number of a cell is its index in the box.
    Dense {
        /// Lowest cell.
        low: [i64; 3],
        /// Cells along the axes.
        size: [i64; 3],
    },
    /// The cells entered so far, numbered in the order of their coordinates (z, y, x) once
    /// [sorted](CellTable::sort).
    Hashed {
        /// Number of a cell.
        numbers: HashMap<[i64; 3], u32, BuildHasherDefault<KeyHasher>>,
        /// Cell of a number.
        keys: Vec<[i64; 3]>,
    },
}

impl CellTable {
    /// An empty table for cells from `low` to `high`.
    pub(crate) fn new(points: usize, low: [i64; 3], high: [i64; 3]) -> Self {
        let budget =
            points.saturating_mul(DENSE_CELLS_PER_POINT).max(DENSE_CELLS).min(u32::MAX as usize / 2) as i128;
        let size: [i128; 3] = std::array::from_fn(|axis| i128::from(high[axis]) - i128::from(low[axis]) + 1);
        if size.iter().all(|&s| s <= budget) && size[0] * size[1] * size[2] <= budget {
            return Self::Dense { low, size: size.map(|s| s as i64) };
        }
        Self::Hashed { numbers: HashMap::default(), keys: Vec::new() }
    }

    /// Number of cells that have a number.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Dense { size, .. } => (size[0] * size[1] * size[2]) as usize,
            Self::Hashed { keys, .. } => keys.len(),
        }
    }

    /// The number of a cell, entered if it is new. A dense table must hold it.
    #[inline(always)]
    pub(crate) fn enter(&mut self, key: [i64; 3]) -> u32 {
        match self {
            Self::Dense { low, size } => dense_number(low, size, key) as u32,
            Self::Hashed { numbers, keys } => *numbers.entry(key).or_insert_with(|| {
                keys.push(key);
                keys.len() as u32 - 1
            }),
        }
    }

    /// Calls `visit` with the cells that are some steps from `key`: which step, and the number of the cell, which is [`len`](Self::len)
    /// if it has none.
    #[inline(always)]
    pub(crate) fn visit(&self, key: [i64; 3], steps: &[[i64; 3]], mut visit: impl FnMut(usize, u32)) {
        let none = self.len() as u32;
        match self {
            Self::Dense { low, size } => {
                let (key, size) = ([0, 1, 2].map(|axis| key[axis].wrapping_sub(low[axis])), *size);
                for (slot, step) in steps.iter().enumerate() {
                    let cell = [0, 1, 2].map(|axis| key[axis].wrapping_add(step[axis]));
                    // One comparison for each axis: cells before the first become very large.
                    let inside = |axis: usize| (cell[axis] as u64) < size[axis] as u64;
                    let number = cell[2].wrapping_mul(size[1]).wrapping_add(cell[1]);
                    let number = number.wrapping_mul(size[0]).wrapping_add(cell[0]);
                    // A selection, not a branch, which would be mispredicted often.
                    visit(slot, if inside(0) & inside(1) & inside(2) { number as u32 } else { none });
                }
            }
            Self::Hashed { numbers, .. } => {
                for (slot, step) in steps.iter().enumerate() {
                    let number = numbers.get(&[0, 1, 2].map(|axis| key[axis] + step[axis]));
                    visit(slot, number.copied().unwrap_or(none));
                }
            }
        }
    }

    /// The number of a cell, if it has one.
    #[inline(always)]
    pub(crate) fn get(&self, key: [i64; 3]) -> Option<u32> {
        let mut found = None;
        self.visit(key, &[[0; 3]], |_, number| found = (number < self.len() as u32).then_some(number));
        found
    }

    /// The cell with a number.
    pub(crate) fn key(&self, number: u32) -> [i64; 3] {
        match self {
            Self::Dense { low, size } => {
                let n = i64::from(number);
                [low[0] + n % size[0], low[1] + n / size[0] % size[1], low[2] + n / size[0] / size[1]]
            }
            Self::Hashed { keys, .. } => keys[number as usize],
        }
    }

    /// Renumbers entered cells by their coordinates, so that numbers close to each other are cells close
    /// to each other, and returns the new number of each old one. A dense table has that order already.
    pub(crate) fn sort(&mut self) -> Option<Vec<u32>> {
        let Self::Hashed { numbers, keys } = self else {
            return None;
        };
        let mut old_from_new: Vec<u32> = (0..keys.len() as u32).collect();
        old_from_new.sort_unstable_by_key(|&old| {
            let [x, y, z] = keys[old as usize];
            [z, y, x]
        });
        let mut new_from_old = vec![0; keys.len()];
        for (new, &old) in old_from_new.iter().enumerate() {
            new_from_old[old as usize] = new as u32;
        }
        *keys = old_from_new.iter().map(|&old| keys[old as usize]).collect();
        for number in numbers.values_mut() {
            *number = new_from_old[*number as usize];
        }
        Some(new_from_old)
    }
}

#[inline(always)]
fn dense_number(low: &[i64; 3], size: &[i64; 3], key: [i64; 3]) -> i64 {
    ((key[2] - low[2]) * size[1] + (key[1] - low[1])) * size[0] + (key[0] - low[0])
}

/// Multiplicative mixing of integer words: fast, and good enough for cell coordinates.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct KeyHasher(u64);

impl Hasher for KeyHasher {
    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 32)
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u64(u64::from(byte));
        }
    }

    fn write_u64(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(23) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn write_i64(&mut self, word: i64) {
        self.write_u64(word as u64);
    }

    fn write_usize(&mut self, word: usize) {
        self.write_u64(word as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dense_table_numbers_its_box() {
        let table = CellTable::new(10, [-1, 0, 5], [1, 1, 6]);
        assert!(matches!(table, CellTable::Dense { .. }));
        assert_eq!(table.len(), 12);
        assert_eq!(table.get([0, 1, 6]), Some(10));
        assert_eq!(table.key(10), [0, 1, 6]);
        assert_eq!(table.get([2, 0, 5]), None);
        assert_eq!(table.get([i64::MIN / 4, 0, 5]), None);
    }

    #[test]
    fn a_wide_box_keeps_only_entered_cells() {
        let far = 10_000_000_000;
        let mut table = CellTable::new(10, [-far; 3], [far; 3]);
        let entered = [[far, 0, 0], [0, 0, 7], [0, 0, 0], [0, 0, 7]].map(|key| table.enter(key));
        assert_eq!(entered, [0, 1, 2, 1]);
        let renumbered = table.sort().unwrap();
        assert_eq!(renumbered, [1, 2, 0]);
        assert_eq!(table.get([0, 0, 7]), Some(2));
        assert_eq!(table.key(0), [0, 0, 0]);
        assert_eq!(table.get([1, 1, 1]), None);
    }
}
