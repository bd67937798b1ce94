//! Neighbour lists from the widened cells of a cloud, in two passes: count, then fill.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;

use crate::batch::cloud_ranges;
use crate::cell_lists::{CellLists, List};
use crate::error::NeighborError;
use crate::fill::{CloudRows, CloudTables, split_tables};
use crate::lanes::{Kernel, LANES, Lanes, dispatch, first};
use crate::rule::{Cells, Rule};
use crate::tables::Tables;

/// Centres of one task, about; a larger cloud is cut into several.
const TASK_CENTRES: u32 = 4096;

/// Builds the lists of rules that share the cells.
pub(crate) fn search<R: Rule>(
    positions: &[[f32; 3]],
    offsets: &[usize],
    cells: Cells,
    rules: &[R],
    max_edges: u64,
) -> Result<Vec<Tables>, NeighborError> {
    let clouds: Vec<CellLists> = cloud_ranges(offsets)
        .collect::<Vec<_>>()
        .into_par_iter()
        .map(|range| CellLists::build(&positions[range.clone()], range.start, cells))
        .collect::<Result<_, _>>()?;
    // One rule after the other: what is kept between the passes is as large as the lists themselves.
    rules.iter().map(|rule| search_rule(&clouds, rule, max_edges)).collect()
}

fn search_rule<R: Rule>(clouds: &[CellLists], rule: &R, max_edges: u64) -> Result<Tables, NeighborError> {
    let total = AtomicU64::new(0);
    let counts: Vec<Vec<Counts>> = clouds
        .par_iter()
        .map(|lists| {
            let count = |tiles| dispatch(Count { lists, tiles, rule, total: &total, max_edges });
            tasks(lists).into_par_iter().map(count).collect()
        })
        .collect::<Result<_, _>>()?;
    let rows: Vec<CloudRows> =
        clouds.par_iter().zip(&counts).map(|(lists, counts)| CloudRows::new(lists.order(), counts)).collect();
    let mut tables = Tables::with_sizes(
        rows.iter().map(CloudRows::centres).sum(),
        rows.iter().map(CloudRows::runs).sum(),
        rows.iter().map(CloudRows::edges).sum(),
    );
    split_tables(&mut tables, &rows)
        .into_par_iter()
        .zip(clouds)
        .zip(counts)
        .zip(&rows)
        .for_each(|(((tables, lists), counts), rows)| fill(lists, &counts, rows, tables));
    Ok(tables)
}

/// Writes the rows of one cloud.
fn fill(lists: &CellLists, counts: &[Counts], rows: &CloudRows, mut tables: CloudTables<'_>) {
    tables.write_run_offsets(rows);
    let order = lists.order();
    if let [counts] = counts {
        dispatch(Fill {
            lists,
            first_place: 0,
            counts,
            write: |place: usize, subdomains: &[u16], lengths: &[u32], indices: &[u32]| {
                let centre = order[place] as usize;
                tables.row(rows, centre).write(subdomains, lengths, indices);
            },
        });
        return;
    }
    let mut slots = tables.rows_in_order(rows, order);
    let mut left = &mut slots[..];
    let mut work = Vec::with_capacity(counts.len());
    let mut first_place = 0;
    for task in counts {
        let (mine, rest) = left.split_at_mut(task.centres());
        left = rest;
        work.push((first_place, task, mine));
        first_place += task.centres();
    }
    work.into_par_iter().for_each(|(first_place, counts, slots)| {
        dispatch(Fill {
            lists,
            first_place,
            counts,
            write: |place: usize, subdomains: &[u16], lengths: &[u32], indices: &[u32]| {
                slots[place - first_place].write(subdomains, lengths, indices);
            },
        });
    });
}

/// Cuts the tiles of a cloud into tasks.
fn tasks(lists: &CellLists) -> Vec<Range<usize>> {
    let tiles = lists.tiles();
    let mut tasks = Vec::new();
    let mut start = 0;
    for (t, tile) in tiles.iter().enumerate() {
        if t + 1 == tiles.len() || tile.centres.end - tiles[start].centres.start >= TASK_CENTRES {
            tasks.push(start..t + 1);
            start = t + 1;
        }
    }
    tasks
}

/// What a task found for one rule, in the order of its centres.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    /// Runs of each centre.
    pub(crate) runs: Vec<u32>,
    /// Neighbours of each centre.
    pub(crate) edges: Vec<u32>,
    /// Sub-domain of each run.
    pub(crate) subdomains: Vec<u16>,
    /// Neighbours of each run.
    pub(crate) lengths: Vec<u32>,
    /// Blocks of candidates with a neighbour, of each centre.
    hits: Vec<u32>,
    /// Where each such block starts in the lists.
    hit_starts: Vec<u32>,
    /// Which of its candidates are neighbours.
    hit_masks: Vec<u16>,
}

impl Counts {
    pub(crate) fn centres(&self) -> usize {
        self.runs.len()
    }
}

struct Count<'a, R> {
    lists: &'a CellLists,
    tiles: Range<usize>,
    rule: &'a R,
    total: &'a AtomicU64,
    max_edges: u64,
}

impl<R: Rule> Kernel for Count<'_, R> {
    type Output = Result<Counts, NeighborError>;

    #[inline(always)]
    fn run<L: Lanes>(self, lanes: L) -> Self::Output {
        let Self { lists, rule, .. } = self;
        let subdomains = rule.steps().len();
        let mut counts = Counts::default();
        let mut candidates: Vec<(u16, List)> = Vec::with_capacity(subdomains);
        let mut row = RowBuffer::default();
        for tile in &lists.tiles()[self.tiles] {
            candidates.clear();
            for (k, step) in rule.steps().iter().enumerate() {
                let list = lists.list(shifted(tile.key, *step));
                if list.len > 0 {
                    candidates.push((k as u16, list));
                }
            }
            row.reserve(&candidates);
            let mut tile_edges = 0u64;
            for place in tile.centres.clone() {
                let centre = lists.centre(place);
                let (mut runs, mut hits, mut edges) = (0, 0, 0u64);
                for &(k, list) in &candidates {
                    let mut length = 0;
                    let mut at = 0;
                    while at < list.len {
                        let start = list.start + at;
                        let block = lists.coordinates(start);
                        let mask = rule.mask(lanes, block, centre, k) & first(list.len - at);
                        // Always written, kept only if it counts: cheaper than a branch.
                        row.hit_starts[hits] = start as u32;
                        row.hit_masks[hits] = mask;
                        hits += usize::from(mask != 0);
                        length += mask.count_ones();
                        at += LANES;
                    }
                    row.subdomains[runs] = k;
                    row.lengths[runs] = length;
                    runs += usize::from(length > 0);
                    edges += u64::from(length);
                }
                counts.runs.push(runs as u32);
                // A cloud has fewer than 2^32 points.
                counts.edges.push(edges as u32);
                counts.hits.push(hits as u32);
                counts.subdomains.extend_from_slice(&row.subdomains[..runs]);
                counts.lengths.extend_from_slice(&row.lengths[..runs]);
                counts.hit_starts.extend_from_slice(&row.hit_starts[..hits]);
                counts.hit_masks.extend_from_slice(&row.hit_masks[..hits]);
                tile_edges += edges;
            }
            let before = self.total.fetch_add(tile_edges, Ordering::Relaxed);
            if before + tile_edges > self.max_edges {
                return Err(NeighborError::TooManyEdges { max: self.max_edges });
            }
        }
        Ok(counts)
    }
}

/// What is found for one centre, with room for one entry more than can be kept.
#[derive(Debug, Default)]
struct RowBuffer {
    subdomains: Vec<u16>,
    lengths: Vec<u32>,
    hit_starts: Vec<u32>,
    hit_masks: Vec<u16>,
}

impl RowBuffer {
    fn reserve(&mut self, candidates: &[(u16, List)]) {
        let blocks: usize = candidates.iter().map(|c| c.1.len.div_ceil(LANES)).sum();
        if self.subdomains.len() <= candidates.len() {
            self.subdomains.resize(candidates.len() + 1, 0);
            self.lengths.resize(candidates.len() + 1, 0);
        }
        if self.hit_starts.len() <= blocks {
            self.hit_starts.resize(blocks + 1, 0);
            self.hit_masks.resize(blocks + 1, 0);
        }
    }
}

struct Fill<'a, W> {
    lists: &'a CellLists,
    /// Place of the task's first centre in the order of the centres.
    first_place: usize,
    counts: &'a Counts,
    /// Receives a place in the order of the centres and its row.
    write: W,
}

impl<W: FnMut(usize, &[u16], &[u32], &[u32])> Kernel for Fill<'_, W> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(mut self, lanes: L) {
        let Self { lists, counts, .. } = self;
        let mut row: Vec<u32> = Vec::new();
        let (mut run, mut hit) = (0, 0);
        for centre in 0..counts.centres() {
            let edges = counts.edges[centre] as usize;
            let runs = run..run + counts.runs[centre] as usize;
            let hits = hit..hit + counts.hits[centre] as usize;
            (run, hit) = (runs.end, hits.end);
            if row.len() < edges + LANES {
                row.resize(2 * edges + LANES, 0);
            }
            let mut filled = 0;
            let starts = &counts.hit_starts[hits.clone()];
            for (&start, &mask) in starts.iter().zip(&counts.hit_masks[hits]) {
                if let Some(out) = row[filled..].first_chunk_mut() {
                    lanes.compress(mask, lists.block_indices(start as usize), out);
                }
                filled += mask.count_ones() as usize;
            }
            (self.write)(
                self.first_place + centre,
                &counts.subdomains[runs.clone()],
                &counts.lengths[runs],
                &row[..edges],
            );
        }
    }
}

#[inline(always)]
fn shifted(key: [i64; 3], step: [i64; 3]) -> [i64; 3] {
    [key[0] + step[0], key[1] + step[1], key[2] + step[2]]
}
