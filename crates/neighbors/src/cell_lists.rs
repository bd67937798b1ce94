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

use rayon::prelude::*;

use crate::cell_key::CellKeys;
use crate::cell_table::CellTable;
use crate::error::NeighborError;
use crate::lanes::{Coordinates, LANES};
use crate::members::Members;
use crate::rule::Cells;

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
    /// Lists the points `first..first + points.len()` of a batch.
    ///
    /// In parallel when there are many points; the lists are the same for any number of threads.
    pub(crate) fn build(points: &[[f32; 3]], first: usize, cells: Cells) -> Result<Self, NeighborError> {
        if points.len() > MAX_POINTS {
            return Err(NeighborError::TooManyPoints { points: points.len(), max: MAX_POINTS });
        }
        let (low, high) = corners(points);
        let largest = low.iter().chain(&high).fold(0.0f32, |a, b| a.max(b.abs()));
        let keys = CellKeys::new(cells.edge, cells.widening, largest)?;
        let mut table =
            CellTable::new(points.len(), low.map(|v| keys.span(v).low), high.map(|v| keys.span(v).high));
        let members = Members::find(points, &keys, &mut table);
        let parts = if members.len() == 1 { 1 } else { rayon::current_num_threads() };

        let (own_starts, starts) = count_members(&members, table.len(), parts);
        let mut tiles = Vec::new();
        for number in 0..table.len() {
            let (begin, end) = (own_starts[number], own_starts[number + 1]);
            for start in (begin..end).step_by(TILE_CENTRES as usize) {
                tiles.push(Tile {
                    key: table.key(number as u32),
                    centres: start..end.min(start + TILE_CENTRES),
                });
            }
        }

        let entries = starts[table.len()] as usize;
        let mut order = vec![0u32; points.len()];
        let mut columns = [(); 3].map(|()| vec![0.0f32; entries + LANES]);
        let mut indices = vec![0u32; entries + LANES];
        let (mut order_left, mut indices_left) = (&mut order[..], &mut indices[..]);
        let mut columns_left = columns.each_mut().map(|column| &mut column[..]);
        let mut begin = 0;
        let mut work = Vec::with_capacity(parts);
        for part in 1..=parts {
            // About as many entries in each part; the last takes all that is left.
            let end = if part == parts {
                table.len()
            } else {
                let target = (entries as u64 * part as u64 / parts as u64) as u32;
                starts.partition_point(|&start| start < target).clamp(begin, table.len())
            };
            let own = (own_starts[end] - own_starts[begin]) as usize;
            let listed = (starts[end] - starts[begin]) as usize;
            let mut columns = columns_left.each_mut().map(std::mem::take).into_iter();
            let mut split = || columns.next().unwrap_or_default().split_at_mut(listed);
            let [x, y, z] = [split(), split(), split()];
            let (own_order, rest) = order_left.split_at_mut(own);
            order_left = rest;
            let (own_indices, rest) = indices_left.split_at_mut(listed);
            indices_left = rest;
            columns_left = [x.1, y.1, z.1];
            work.push(Part {
                numbers: begin..end,
                own_cursors: offsets_from(&own_starts[begin..end]),
                cursors: offsets_from(&starts[begin..end]),
                order: own_order,
                columns: [x.0, y.0, z.0],
                indices: own_indices,
            });
            begin = end;
        }
        work.into_par_iter().for_each(|part| part.fill(points, first, &members));
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

/// Lowest and highest coordinates; the origin without points.
fn corners(points: &[[f32; 3]]) -> ([f32; 3], [f32; 3]) {
    let Some(&start) = points.first() else {
        return ([0.0; 3], [0.0; 3]);
    };
    points.iter().fold((start, start), |(low, high), point| {
        (
            std::array::from_fn(|axis| low[axis].min(point[axis])),
            std::array::from_fn(|axis| high[axis].max(point[axis])),
        )
    })
}

/// Starts of the cells' own points, and of the lists, each with the end of the last.
fn count_members(members: &[Members], cells: usize, parts: usize) -> (Vec<u32>, Vec<u32>) {
    let (mut own_starts, mut starts) = (vec![0u32; cells + 1], vec![0u32; cells + 1]);
    let size = cells.div_ceil(parts).max(1);
    own_starts[1..].par_chunks_mut(size).zip(starts[1..].par_chunks_mut(size)).enumerate().for_each(
        |(part, (own_counts, counts))| {
            let begin = (part * size) as u32;
            for chunk in members {
                chunk.visit(|_, own, lists| {
                    if let Some(count) = own_counts.get_mut(own.wrapping_sub(begin) as usize) {
                        *count += 1;
                    }
                    for list in lists {
                        if let Some(count) = counts.get_mut(list.wrapping_sub(begin) as usize) {
                            *count += 1;
                        }
                    }
                });
            }
        },
    );
    for number in 0..cells {
        own_starts[number + 1] += own_starts[number];
        starts[number + 1] += starts[number];
    }
    (own_starts, starts)
}

/// Starts counted from the first of them.
fn offsets_from(starts: &[u32]) -> Vec<u32> {
    let first = starts.first().copied().unwrap_or(0);
    starts.iter().map(|start| start - first).collect()
}

/// Consecutive lists, to be filled by one thread.
struct Part<'a> {
    /// Numbers of the lists.
    numbers: Range<usize>,
    /// Next place of each cell's own points, and of each list.
    own_cursors: Vec<u32>,
    cursors: Vec<u32>,
    order: &'a mut [u32],
    columns: [&'a mut [f32]; 3],
    indices: &'a mut [u32],
}

impl Part<'_> {
    /// Enters the points in the order of their indices.
    fn fill(mut self, points: &[[f32; 3]], first: usize, members: &[Members]) {
        let begin = self.numbers.start as u32;
        for chunk in members {
            chunk.visit(|i, own, lists| {
                if let Some(place) = self.own_cursors.get_mut(own.wrapping_sub(begin) as usize) {
                    self.order[*place as usize] = i as u32;
                    *place += 1;
                }
                for list in lists {
                    if let Some(next) = self.cursors.get_mut(list.wrapping_sub(begin) as usize) {
                        let place = *next as usize;
                        *next += 1;
                        for (column, coordinate) in self.columns.iter_mut().zip(points[i]) {
                            column[place] = coordinate;
                        }
                        self.indices[place] = (first + i) as u32;
                    }
                }
            });
        }
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
