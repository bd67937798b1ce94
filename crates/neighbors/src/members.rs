//! In which widened cells each point of a piece lies.

use crate::cell_key::{CellKeys, CellSpan};
use crate::cell_table::CellTable;

/// Added to a number below 2^31, leaves the nearest integer in the low bits.
const ROUND: f64 = 6_755_399_441_055_744.0;

/// The cells of all points of a piece.
#[derive(Debug)]
pub(crate) enum Members {
    /// In a dense table, where the numbers of neighbouring cells are known.
    Dense {
        points: Vec<Block>,
        /// Distance of the numbers of neighbours along y and z.
        strides: [u32; 2],
    },
    /// Numbers of the widened cells, one point after the other.
    Listed {
        /// The own cell of each point.
        own: Vec<u32>,
        lists: Vec<u32>,
        /// End of each point in the lists.
        ends: Vec<u32>,
    },
}

/// A block of widened cells.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Block {
    /// The cell that holds the point.
    own: u32,
    /// The first widened cell.
    first: u32,
    /// Cells along x, y and z.
    size: [u8; 3],
}

impl Members {
    /// Finds the cells of all points, entering new ones in the table.
    pub(crate) fn find(points: &[[f32; 3]], keys: &CellKeys, table: &mut CellTable) -> Self {
        match table {
            CellTable::Dense { low, size } if keys.is_near(*low, *size) => {
                Self::find_dense(points, keys, *low, *size)
            }
            _ => Self::find_listed(points, keys, table),
        }
    }

    fn find_dense(points: &[[f32; 3]], keys: &CellKeys, low: [i64; 3], size: [i64; 3]) -> Self {
        let low = low.map(|v| v as f64);
        let strides = [size[0] as u32, (size[0] * size[1]) as u32];
        // Rounding, where the span of a coordinate is defined by floors: on a border the cell may be the
        // one before, which the coordinate also touches. The widening has a margin for it.
        let floor = |cells: f64| ((cells - 0.5) + ROUND).to_bits() as u32;
        let number = |[x, y, z]: [u32; 3]| x + y * strides[0] + z * strides[1];
        let points = points
            .iter()
            .map(|point| {
                let cells: [f64; 3] = std::array::from_fn(|axis| keys.cells(point[axis]) - low[axis]);
                let first = cells.map(|v| floor(v - keys.widening()));
                let last = cells.map(|v| floor(v + keys.widening()));
                Block {
                    own: number(cells.map(floor)),
                    first: number(first),
                    size: std::array::from_fn(|axis| (last[axis] - first[axis] + 1) as u8),
                }
            })
            .collect();
        Self::Dense { points, strides }
    }

    fn find_listed(points: &[[f32; 3]], keys: &CellKeys, table: &mut CellTable) -> Self {
        let (mut own, mut lists) = (Vec::with_capacity(points.len()), Vec::with_capacity(points.len() * 8));
        let mut ends = Vec::with_capacity(points.len());
        for point in points {
            let [x, y, z]: [CellSpan; 3] = point.map(|v| keys.span(v));
            own.push(table.enter([x.own, y.own, z.own]));
            for kz in z.low..=z.high {
                for ky in y.low..=y.high {
                    for kx in x.low..=x.high {
                        lists.push(table.enter([kx, ky, kz]));
                    }
                }
            }
            ends.push(lists.len() as u32);
        }
        if let Some(new_from_old) = table.sort() {
            for number in own.iter_mut().chain(&mut lists) {
                *number = new_from_old[*number as usize];
            }
        }
        Self::Listed { own, lists, ends }
    }

    /// Calls `visit` with each point and its own cell.
    #[inline(always)]
    pub(crate) fn visit_own(&self, mut visit: impl FnMut(usize, u32)) {
        match self {
            Self::Dense { points, .. } => points.iter().enumerate().for_each(|(i, b)| visit(i, b.own)),
            Self::Listed { own, .. } => own.iter().enumerate().for_each(|(i, &own)| visit(i, own)),
        }
    }

    /// Calls `visit` with each point and each widened cell that holds it.
    #[inline(always)]
    pub(crate) fn visit_lists(&self, mut visit: impl FnMut(usize, u32)) {
        match self {
            Self::Dense { points, strides } => {
                for (i, block) in points.iter().enumerate() {
                    let [nx, ny, nz] = block.size.map(u32::from);
                    for z in 0..nz {
                        for y in 0..ny {
                            let row = block.first + y * strides[0] + z * strides[1];
                            for x in 0..nx {
                                visit(i, row + x);
                            }
                        }
                    }
                }
            }
            Self::Listed { lists, ends, .. } => {
                let mut begin = 0;
                for (i, &end) in ends.iter().enumerate() {
                    for &list in &lists[begin..end as usize] {
                        visit(i, list);
                    }
                    begin = end as usize;
                }
            }
        }
    }
}
