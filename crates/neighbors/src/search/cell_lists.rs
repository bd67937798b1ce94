//! The points of a region, listed for every cell that could hold neighbours of another cell's centres.
//!
//! Let `T` be the cell that holds a centre. Wherever it lies in `T`, the points in kernel cell `n` of the
//! centre lie in the cell `T + n` widened by half a cell on every side. So one list of points for each
//! widened cell serves all centres of `T`, all sub-domains and all dilations. A point is in 8 lists
//! (two along each axis), and filling them in the order of the indices leaves every list sorted.
//!
//! For balls the cells are twice as wide as the radius and widened by the radius: the one list of `T` then
//! holds all candidates of its centres, and cells without centres need no list.

use std::ops::Range;

use crate::error::NeighborError;
use crate::index::CellKeys;
use crate::index::CellTable;
use crate::search::point_cells::{DenseCells, ListedCells, PointCells};
use crate::search::region::Region;
use crate::shape::Cells;
use crate::simd::{Coordinates, LANES, PADDING};

/// Points of one region: each is in at most 64 lists (four along each axis, when it lies on the border of
/// two), and their entries are counted in 32 bits.
const MAX_POINTS: usize = u32::MAX as usize / 64;

/// Centres of one tile at most, so that crowded cells are shared among threads.
const TILE_CENTRES: u32 = 512;

/// How the cells of one region are numbered.
#[derive(Debug)]
pub(crate) struct CellLayout {
    keys: CellKeys,
    table: CellTable,
}

impl CellLayout {
    /// Cells for the points of a region.
    pub(crate) fn new(region: &Region<'_>, cells: Cells) -> Result<Self, NeighborError> {
        let points = region.points();
        if points.len() > MAX_POINTS {
            return Err(NeighborError::TooManyPoints { points: points.len(), max: MAX_POINTS });
        }
        let (low, high) = corners(points);
        let largest = low.iter().chain(&high).fold(0.0f32, |a, b| a.max(b.abs()));
        let keys = CellKeys::new(cells.edge, cells.widening, largest)?;
        let table =
            CellTable::new(points.len(), low.map(|v| keys.span(v).low), high.map(|v| keys.span(v).high));
        Ok(Self { keys, table })
    }

    /// Whether all cells of the bounding box have a number, so that no point needs a look into a hash table.
    pub(crate) fn is_dense(&self) -> bool {
        matches!(self.table, CellTable::Dense { .. })
    }
}

/// The lists of one region.
#[derive(Debug)]
pub(crate) struct CellLists {
    /// Packed indices of the centres, in their order.
    centres: Vec<u32>,
    /// The centres by their ranks in that order, tile by tile.
    order: Vec<u32>,
    /// Their coordinates.
    positions: Vec<[f32; 3]>,
    tiles: Vec<Tile>,
    table: CellTable,
    /// The first block of every list below, and the end of the last, twice: the cells without a number share an empty list.
    starts: Vec<u32>,
    blocks: Vec<Block>,
}

/// Some candidates of one list.
#[derive(Debug, Clone)]
struct Block {
    /// Coordinates by axis; [`PADDING`], which is in no sub-domain, behind the end of the list.
    coordinates: [[f32; LANES]; 3],
    /// Their numbers in the rows.
    numbers: [u32; LANES],
}

/// Centres that lie in one cell.
#[derive(Debug, Clone)]
pub(crate) struct Tile {
    /// The cell.
    pub(crate) key: [i64; 3],
    /// Slots in the order of the centres.
    pub(crate) centres: Range<u32>,
}

impl CellLists {
    /// Lists the points of a region in the cells that were laid out for it; `None` if that takes more blocks than `most_blocks`.
    pub(crate) fn build(
        region: &Region<'_>,
        cells: Cells,
        layout: CellLayout,
        most_blocks: usize,
    ) -> Option<Self> {
        let CellLayout { keys, mut table } = layout;
        match table {
            CellTable::Dense { low, size } if keys.is_near(low, size) => {
                let point_cells = DenseCells::find(region.points(), &keys, low, size);
                Self::sort(region, cells, table, &point_cells, most_blocks)
            }
            _ => {
                let point_cells = ListedCells::find(region.points(), &keys, &mut table);
                Self::sort(region, cells, table, &point_cells, most_blocks)
            }
        }
    }

    fn sort(
        region: &Region<'_>,
        cells: Cells,
        table: CellTable,
        point_cells: &impl PointCells,
        most_blocks: usize,
    ) -> Option<Self> {
        let points = region.points();
        let mut own_starts = vec![0u32; table.len() + 1];
        point_cells.visit_own(|i, own| own_starts[own as usize + 1] += u32::from(region.is_own(i)));
        // What is skipped costs neither memory nor time, and a step of zero asks for cells of centres only.
        let wanted: Vec<bool> = own_starts[1..].iter().map(|&n| n > 0 || !cells.own_only).collect();
        let mut starts = vec![0u32; table.len() + 2];
        point_cells.visit_lists(|_, list| starts[list as usize + 1] += u32::from(wanted[list as usize]));
        starts.iter_mut().for_each(|entries| *entries = entries.div_ceil(LANES as u32));
        if starts.iter().map(|&blocks| blocks as usize).sum::<usize>() > most_blocks {
            return None;
        }
        let mut tiles = Vec::new();
        for number in 0..table.len() {
            starts[number + 1] += starts[number];
            own_starts[number + 1] += own_starts[number];
            let (begin, end) = (own_starts[number], own_starts[number + 1]);
            for start in (begin..end).step_by(TILE_CENTRES as usize) {
                tiles.push(Tile {
                    key: table.key(number as u32),
                    centres: start..end.min(start + TILE_CENTRES),
                });
            }
        }

        starts[table.len() + 1] = starts[table.len()];
        let (entries, owned) = (starts[table.len()] as usize * LANES, own_starts[table.len()] as usize);
        let mut centres = Vec::with_capacity(owned);
        let mut order = vec![0u32; owned];
        let mut positions = vec![[0.0f32; 3]; owned];
        point_cells.visit_own(|i, own| {
            if region.is_own(i) {
                let slot = own_starts[own as usize] as usize;
                own_starts[own as usize] += 1;
                order[slot] = centres.len() as u32;
                positions[slot] = points[i];
                centres.push(region.packed(i));
            }
        });
        // Points of lists that are not wanted are all written behind the end: cheaper than a branch.
        let mut next: Vec<u32> = starts
            .iter()
            .zip(&wanted)
            .map(|(&start, &wanted)| if wanted { start * LANES as u32 } else { entries as u32 })
            .collect();
        let mut listed = vec![u32::MAX; entries + 1];
        point_cells.visit_lists(|i, list| {
            listed[next[list as usize] as usize] = i as u32;
            next[list as usize] += u32::from(wanted[list as usize]);
        });
        // The blocks in a second step, in their order: the first writes to one address for each entry, not to four.
        let block = |listed: &[u32; LANES]| {
            let mut block = Block { coordinates: [[PADDING; LANES]; 3], numbers: [0; LANES] };
            for (lane, &i) in listed.iter().enumerate() {
                if let Some(point) = points.get(i as usize) {
                    for (column, &coordinate) in block.coordinates.iter_mut().zip(point) {
                        column[lane] = coordinate;
                    }
                    block.numbers[lane] = region.number(i as usize);
                }
            }
            block
        };
        let blocks = listed.as_chunks().0.iter().map(block).collect();
        Some(Self { centres, order, positions, tiles, table, starts, blocks })
    }

    /// Packed indices of the centres, in their order.
    pub(crate) fn centres(&self) -> &[u32] {
        &self.centres
    }

    /// The centres by their ranks in that order, tile by tile.
    pub(crate) fn order(&self) -> &[u32] {
        &self.order
    }

    /// The coordinates of the centre at a slot in the [order](Self::order).
    #[inline(always)]
    pub(crate) fn position(&self, slot: u32) -> [f32; 3] {
        self.positions[slot as usize]
    }

    /// The occupied cells.
    pub(crate) fn tiles(&self) -> &[Tile] {
        &self.tiles
    }

    /// Calls `visit` with the lists of the widened cells that are some steps from a cell: which step, and the blocks with
    /// the points in the order of their indices. There may be none.
    #[inline(always)]
    pub(crate) fn visit(&self, key: [i64; 3], steps: &[[i64; 3]], mut visit: impl FnMut(usize, Range<u32>)) {
        self.table.visit(key, steps, |step, number| {
            visit(step, self.starts[number as usize]..self.starts[number as usize + 1]);
        });
    }

    /// Coordinates of the candidates in a block.
    #[inline(always)]
    pub(crate) fn coordinates(&self, block: u32) -> Coordinates<'_> {
        let [x, y, z] = &self.blocks[block as usize].coordinates;
        [x, y, z]
    }

    /// Numbers of the candidates in a block.
    #[inline(always)]
    pub(crate) fn numbers(&self, block: u32) -> &[u32; LANES] {
        &self.blocks[block as usize].numbers
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
