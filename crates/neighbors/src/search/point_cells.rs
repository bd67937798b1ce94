//! In which widened cells each point of a region lies.

use crate::index::CellTable;
use crate::index::{CellKeys, CellSpan};
use crate::simd::{Kernel, Lanes, dispatch};

/// Added to a number below 2^31, leaves the nearest integer in the low bits.
const ROUND: f64 = 6_755_399_441_055_744.0;

/// The cells of all points of a region.
pub(crate) trait PointCells {
    /// Calls `visit` with each point and its own cell.
    fn visit_own(&self, visit: impl FnMut(usize, u32));

    /// Calls `visit` with each point and each widened cell that holds it.
    fn visit_lists(&self, visit: impl FnMut(usize, u32));
}

/// Cells in a dense table, where the numbers of neighbouring cells are known.
#[derive(Debug)]
pub(crate) struct DenseCells {
    own: Vec<u32>,
    blocks: Vec<Block>,
    /// Distance of the numbers of neighbours along y and z.
    strides: [u32; 2],
}

/// The widened cells of one point.
#[derive(Debug, Clone, Copy)]
struct Block {
    first: u32,
    /// Cells along x, y and z.
    size: [u8; 3],
}

impl DenseCells {
    /// The cells of points within a dense table of cells that are [near](CellKeys::is_near).
    pub(crate) fn find(points: &[[f32; 3]], keys: &CellKeys, low: [i64; 3], size: [i64; 3]) -> Self {
        dispatch(Find { points, keys, low, size })
    }
}

struct Find<'a> {
    points: &'a [[f32; 3]],
    keys: &'a CellKeys,
    low: [i64; 3],
    size: [i64; 3],
}

impl Kernel for Find<'_> {
    type Output = DenseCells;

    #[inline(always)]
    fn run<L: Lanes>(self, _: L) -> DenseCells {
        let Self { points, keys, size, .. } = self;
        let low = self.low.map(|v| v as f64);
        let strides = [size[0] as u32, (size[0] * size[1]) as u32];
        // The widening has a margin for rounding, so that nothing is missed by staying inside the table.
        let top = size.map(|v| v as f64 - 0.5);
        let mut own = vec![0; points.len()];
        let mut blocks = vec![Block { first: 0, size: [0; 3] }; points.len()];
        for ((point, own), block) in points.iter().zip(&mut own).zip(&mut blocks) {
            let cells = [0, 1, 2].map(|axis| keys.cells(point[axis]) - low[axis]);
            let first = cells.map(|v| floor((v - keys.widening()).max(0.0)));
            let last = [0, 1, 2].map(|axis| floor((cells[axis] + keys.widening()).min(top[axis])));
            *own = number(cells.map(floor), strides);
            *block = Block {
                first: number(first, strides),
                size: [0, 1, 2].map(|axis| (last[axis] - first[axis] + 1) as u8),
            };
        }
        DenseCells { own, blocks, strides }
    }
}

/// The cell of a number below 2^31, by rounding, where the span of a coordinate is defined by floors: on a
/// border it may be the cell before, which the coordinate also touches. The widening has a margin for it.
#[inline(always)]
fn floor(cells: f64) -> u32 {
    ((cells - 0.5) + ROUND).to_bits() as u32
}

#[inline(always)]
fn number([x, y, z]: [u32; 3], strides: [u32; 2]) -> u32 {
    x + y * strides[0] + z * strides[1]
}

impl PointCells for DenseCells {
    #[inline(always)]
    fn visit_own(&self, mut visit: impl FnMut(usize, u32)) {
        self.own.iter().enumerate().for_each(|(i, &own)| visit(i, own));
    }

    #[inline(always)]
    fn visit_lists(&self, mut visit: impl FnMut(usize, u32)) {
        for (i, block) in self.blocks.iter().enumerate() {
            let [nx, ny, nz] = block.size.map(u32::from);
            for z in 0..nz {
                for y in 0..ny {
                    let row = block.first + y * self.strides[0] + z * self.strides[1];
                    for x in 0..nx {
                        visit(i, row + x);
                    }
                }
            }
        }
    }
}

/// The numbers of all cells, one point after the other.
#[derive(Debug, Default)]
pub(crate) struct ListedCells {
    own: Vec<u32>,
    lists: Vec<u32>,
    /// End of each point in the lists.
    ends: Vec<u32>,
}

impl ListedCells {
    /// The cells of all points, entering new ones in the table.
    pub(crate) fn find(points: &[[f32; 3]], keys: &CellKeys, table: &mut CellTable) -> Self {
        let mut found = Self::default();
        for point in points {
            let [x, y, z]: [CellSpan; 3] = point.map(|v| keys.span(v));
            found.own.push(table.enter([x.own, y.own, z.own]));
            for kz in z.low..=z.high {
                for ky in y.low..=y.high {
                    for kx in x.low..=x.high {
                        found.lists.push(table.enter([kx, ky, kz]));
                    }
                }
            }
            found.ends.push(found.lists.len() as u32);
        }
        if let Some(new_from_old) = table.sort() {
            for number in found.own.iter_mut().chain(&mut found.lists) {
                *number = new_from_old[*number as usize];
            }
        }
        found
    }
}

impl PointCells for ListedCells {
    #[inline(always)]
    fn visit_own(&self, mut visit: impl FnMut(usize, u32)) {
        self.own.iter().enumerate().for_each(|(i, &own)| visit(i, own));
    }

    #[inline(always)]
    fn visit_lists(&self, mut visit: impl FnMut(usize, u32)) {
        let mut begin = 0;
        for (i, &end) in self.ends.iter().enumerate() {
            for &list in &self.lists[begin..end as usize] {
                visit(i, list);
            }
            begin = end as usize;
        }
    }
}
