//! The points of a cloud, listed for every cell that could hold neighbours of another cell's centres.
//!
//! Let `T` be the cell that holds a centre. Whatever its place in `T`, the points in kernel cell `n` of the
//! centre lie in the cell `T + n` widened by half a cell on every side. So one list of points for each
//! widened cell serves all centres of `T`, all sub-domains and all dilations. A point is in 8 lists
//! (two along each axis), and filling them in the order of the indices leaves every list sorted.
//!
//! For balls the cells are as wide as the radius and widened by the radius: the one list of `T` then holds
//! all candidates of its centres.

use std::ops::Range;

use crate::cell_key::{CellKeys, CellSpan};
use crate::cell_table::CellTable;
use crate::error::NeighborError;
use crate::lanes::{Coordinates, LANES};

/// Points of one cloud: each is in at most 64 lists (four along each axis, when it lies on the border of
/// two), and their entries are counted in 32 bits.
const MAX_POINTS: usize = u32::MAX as usize / 64;

/// Centres of one tile at most, so that crowded cells are shared among threads.
const TILE_CENTRES: u32 = 512;

/// The lists of one cloud.
#[derive(Debug)]
pub(crate) struct CellLists {
    /// The points of the cloud, counted from its first, tile by tile.
    order: Vec<u32>,
    /// The coordinates of the points in that order.
    centres: Vec<[f32; 3]>,
    tiles: Vec<Tile>,
    table: CellTable,
    /// Start of every list in the columns below, and the end of the last.
    starts: Vec<u32>,
    /// Coordinates by axis, padded so that a block of lanes can be read anywhere.
    columns: [Vec<f32>; 3],
    /// Packed indices, padded likewise.
    indices: Vec<u32>,
}

/// Centres that lie in one cell.
#[derive(Debug, Clone)]
pub(crate) struct Tile {
    /// The cell.
    pub(crate) key: [i64; 3],
    /// Places in the order of the points.
    pub(crate) centres: Range<u32>,
}

/// One list of candidates: a range of the columns.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct List {
    pub(crate) start: usize,
    pub(crate) len: usize,
}

impl CellLists {
    /// Lists the points `first..first + points.len()` of a batch, for cells of the given edge widened by
    /// `widening` cells on every side.
    #[inline(always)]
    pub(crate) fn build(
        points: &[[f32; 3]],
        first: usize,
        cell: f32,
        widening: f64,
    ) -> Result<Self, NeighborError> {
        if points.len() > MAX_POINTS {
            return Err(NeighborError::TooManyPoints { points: points.len(), max: MAX_POINTS });
        }
        let (mut low, mut high) = ([f32::MAX; 3], [f32::MIN; 3]);
        for point in points {
            for axis in 0..3 {
                low[axis] = low[axis].min(point[axis]);
                high[axis] = high[axis].max(point[axis]);
            }
        }
        let largest = low.iter().chain(&high).fold(0.0f32, |a, b| a.max(b.abs()));
        let keys = CellKeys::new(cell, widening, largest)?;

        if points.is_empty() {
            (low, high) = ([0.0; 3], [0.0; 3]);
        }
        let mut table =
            CellTable::new(points.len(), low.map(|v| keys.span(v).low), high.map(|v| keys.span(v).high));

        // Which lists each point belongs to, its own cell first.
        let mut members: Vec<u32> = Vec::with_capacity(points.len() * 9);
        let mut member_ends: Vec<u32> = Vec::with_capacity(points.len());
        for point in points {
            let [x, y, z]: [CellSpan; 3] = point.map(|v| keys.span(v));
            members.push(table.enter([x.own, y.own, z.own]));
            for kz in z.low..=z.high {
                for ky in y.low..=y.high {
                    for kx in x.low..=x.high {
                        members.push(table.enter([kx, ky, kz]));
                    }
                }
            }
            member_ends.push(members.len() as u32);
        }
        if let Some(new_from_old) = table.sort() {
            for member in &mut members {
                *member = new_from_old[*member as usize];
            }
        }

        // Counting sorts: the points by their own cell, and the lists.
        let cells = table.len();
        let mut own_starts = vec![0u32; cells + 1];
        let mut starts = vec![0u32; cells + 1];
        let mut begin = 0;
        for &end in &member_ends {
            own_starts[members[begin] as usize + 1] += 1;
            for &list in &members[begin + 1..end as usize] {
                starts[list as usize + 1] += 1;
            }
            begin = end as usize;
        }
        let mut tiles = Vec::new();
        for number in 0..cells {
            own_starts[number + 1] += own_starts[number];
            starts[number + 1] += starts[number];
            let (begin, end) = (own_starts[number], own_starts[number + 1]);
            for start in (begin..end).step_by(TILE_CENTRES as usize) {
                tiles.push(Tile {
                    key: table.key(number as u32),
                    centres: start..end.min(start + TILE_CENTRES),
                });
            }
        }
        let entries = starts[cells] as usize;
        let mut order = vec![0u32; points.len()];
        let mut columns = [(); 3].map(|()| vec![0.0f32; entries + LANES]);
        let mut indices = vec![0u32; entries + LANES];
        let mut cursors = starts.clone();
        let mut begin = 0;
        for (i, (point, &end)) in points.iter().zip(&member_ends).enumerate() {
            let own = &mut own_starts[members[begin] as usize];
            order[*own as usize] = i as u32;
            *own += 1;
            for &list in &members[begin + 1..end as usize] {
                let cursor = &mut cursors[list as usize];
                let place = *cursor as usize;
                *cursor += 1;
                for axis in 0..3 {
                    columns[axis][place] = point[axis];
                }
                indices[place] = (first + i) as u32;
            }
            begin = end as usize;
        }
        let centres = order.iter().map(|&i| points[i as usize]).collect();
        Ok(Self { order, centres, tiles, table, starts, columns, indices })
    }

    /// The coordinates of the point at a place in the order.
    #[inline(always)]
    pub(crate) fn centre(&self, place: u32) -> [f32; 3] {
        self.centres[place as usize]
    }

    /// The points of the cloud, counted from its first, tile by tile.
    pub(crate) fn order(&self) -> &[u32] {
        &self.order
    }

    /// The occupied cells.
    pub(crate) fn tiles(&self) -> &[Tile] {
        &self.tiles
    }

    /// The points in a widened cell, in the order of their indices.
    #[inline(always)]
    pub(crate) fn list(&self, key: [i64; 3]) -> List {
        match self.table.get(key) {
            Some(number) => {
                let start = self.starts[number as usize] as usize;
                let end = self.starts[number as usize + 1] as usize;
                List { start, len: end - start }
            }
            None => List::default(),
        }
    }

    /// Coordinates of a block of lanes; what follows the end of a list belongs to others.
    #[inline(always)]
    pub(crate) fn coordinates(&self, start: usize) -> Coordinates<'_> {
        [block(&self.columns[0], start), block(&self.columns[1], start), block(&self.columns[2], start)]
    }

    /// Packed indices of a block of lanes.
    #[inline(always)]
    pub(crate) fn block_indices(&self, start: usize) -> &[u32; LANES] {
        block(&self.indices, start)
    }
}

/// Sixteen values from `start` on.
#[inline(always)]
fn block<T>(values: &[T], start: usize) -> &[T; LANES] {
    match values.get(start..).and_then(|tail| tail.first_chunk()) {
        Some(block) => block,
        None => unreachable!("columns are padded by a block"),
    }
}
