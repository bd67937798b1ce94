//! Which widened cells each point lies in.

use rayon::prelude::*;

use crate::cell_key::{CellKeys, CellSpan};
use crate::cell_table::CellTable;
use crate::lanes::{Kernel, Lanes, dispatch};

/// Points of one chunk; fewer are not worth sharing among threads.
const CHUNK: usize = 32_768;

/// The cells of some consecutive points.
#[derive(Debug)]
pub(crate) struct Members {
    /// The first of the points.
    first: usize,
    /// For each point its own cell, then the widened cells.
    numbers: Vec<u32>,
    /// End of each point in the numbers.
    ends: Vec<u32>,
}

impl Members {
    /// Finds the cells of all points, entering new ones in the table, in chunks that depend on the number
    /// of points alone.
    pub(crate) fn find(points: &[[f32; 3]], keys: &CellKeys, table: &mut CellTable) -> Vec<Self> {
        if points.len() > CHUNK && table.is_dense() {
            let table = &*table;
            let chunks = points.par_chunks(CHUNK).enumerate();
            return chunks
                .map(|(number, points)| {
                    dispatch(Find {
                        points,
                        first: number * CHUNK,
                        keys,
                        // Every cell of a dense table is there.
                        number: |key| table.get(key).unwrap_or(0),
                    })
                })
                .collect();
        }
        let mut members = dispatch(Find { points, first: 0, keys, number: |key| table.enter(key) });
        if let Some(new_from_old) = table.sort() {
            for number in &mut members.numbers {
                *number = new_from_old[*number as usize];
            }
        }
        vec![members]
    }

    /// Calls `visit` with each point, its own cell and the widened cells.
    #[inline(always)]
    pub(crate) fn visit(&self, mut visit: impl FnMut(usize, u32, &[u32])) {
        let mut begin = 0;
        for (i, &end) in self.ends.iter().enumerate() {
            if let Some((&own, lists)) = self.numbers[begin..end as usize].split_first() {
                visit(self.first + i, own, lists);
            }
            begin = end as usize;
        }
    }
}

struct Find<'a, N> {
    points: &'a [[f32; 3]],
    first: usize,
    keys: &'a CellKeys,
    number: N,
}

impl<N: FnMut([i64; 3]) -> u32> Kernel for Find<'_, N> {
    type Output = Members;

    #[inline(always)]
    fn run<L: Lanes>(mut self, _: L) -> Members {
        let mut numbers = Vec::with_capacity(self.points.len() * 9);
        let mut ends = Vec::with_capacity(self.points.len());
        for point in self.points {
            let [x, y, z]: [CellSpan; 3] = point.map(|v| self.keys.span(v));
            numbers.push((self.number)([x.own, y.own, z.own]));
            for kz in z.low..=z.high {
                for ky in y.low..=y.high {
                    for kx in x.low..=x.high {
                        numbers.push((self.number)([kx, ky, kz]));
                    }
                }
            }
            ends.push(numbers.len() as u32);
        }
        Members { first: self.first, numbers, ends }
    }
}
