//! Neighbour lists from the widened cells of a region.

use std::ops::Range;

use rayon::prelude::*;

use crate::search::cell_lists::{CellLists, List, Tile};
use crate::shape::Rule;
use crate::simd::{Kernel, LANES, Lanes, dispatch, first};
use crate::tables::{RegionRows, Rows, Totals};

/// A number of pairs that is not exceeded.
pub(super) fn most_edges<R: Rule>(lists: &CellLists, rule: &R) -> u64 {
    let of_tile = |tile: &Tile| {
        let candidates: usize =
            rule.steps().iter().map(|step| lists.list(shifted(tile.key, *step)).len).sum();
        candidates as u64 * tile.centres.len() as u64
    };
    lists.tiles().iter().map(of_tile).sum()
}

/// Runs and neighbour pairs of all centres.
pub(super) fn count<R: Rule>(lists: &CellLists, rule: &R) -> Totals {
    dispatch(Count { lists, rule })
}

/// The rows of all centres, found in tasks of at least `task_centres`.
pub(super) fn find<'a, R: Rule>(lists: &'a CellLists, rule: &R, task_centres: usize) -> RegionRows<'a> {
    let find = |tiles| dispatch(Find { lists, tiles, rule });
    let rows: Vec<Vec<Rows>> = tasks(lists, task_centres as u32).into_par_iter().map(find).collect();
    RegionRows::new(lists.centres(), lists.order(), rows.into_iter().flatten().collect())
}

/// Cuts the tiles of a region into tasks.
fn tasks(lists: &CellLists, task_centres: u32) -> Vec<Range<usize>> {
    let tiles = lists.tiles();
    let mut tasks = Vec::new();
    let mut start = 0;
    for (t, tile) in tiles.iter().enumerate() {
        if t + 1 == tiles.len() || tile.centres.end - tiles[start].centres.start >= task_centres {
            tasks.push(start..t + 1);
            start = t + 1;
        }
    }
    tasks
}

struct Find<'a, R> {
    lists: &'a CellLists,
    tiles: Range<usize>,
    rule: &'a R,
}

impl<R: Rule> Kernel for Find<'_, R> {
    type Output = Vec<Rows>;

    #[inline(always)]
    fn run<L: Lanes>(self, lanes: L) -> Self::Output {
        let Self { lists, rule, .. } = self;
        let subdomains = rule.steps().len();
        let (mut all, mut rows) = (Vec::new(), Rows::default());
        let mut candidates: Vec<(u16, List)> = Vec::with_capacity(subdomains);
        let mut hits: Vec<(u32, u16)> = Vec::new();
        let (mut runs, mut edges) = (0, 0);
        for tile in &lists.tiles()[self.tiles] {
            find_candidates(lists, tile, rule, &mut candidates);
            let most = candidates.iter().map(|(_, list)| list.len.next_multiple_of(LANES)).sum::<usize>();
            // Room for one entry more than can be kept.
            if hits.len() <= most / LANES {
                hits.resize(most / LANES + 1, (0, 0));
            }
            for slot in tile.centres.clone() {
                let centre = lists.position(slot);
                if !rows.have_room(runs + candidates.len(), edges + most) {
                    all.push(std::mem::replace(&mut rows, Rows::with_room(subdomains, most)));
                    (runs, edges) = (0, 0);
                }
                let mut hit = 0;
                let mut start_of_run = edges;
                for &(k, list) in &candidates {
                    let mut length = 0;
                    let mut at = 0;
                    while at < list.len {
                        let start = list.start + at;
                        let block = lists.coordinates(start);
                        let mask = rule.mask(lanes, block, centre, k) & first(list.len - at);
                        // Always written, kept only if it counts: cheaper than a branch.
                        hits[hit] = (start as u32, mask);
                        hit += usize::from(mask != 0);
                        length += mask.count_ones();
                        at += LANES;
                    }
                    rows.subdomains[runs] = k;
                    rows.run_starts[runs] = start_of_run as u32;
                    runs += usize::from(length > 0);
                    start_of_run += length as usize;
                }
                for &(start, mask) in &hits[..hit] {
                    if let Some(out) = rows.indices[edges..].first_chunk_mut() {
                        lanes.compress(mask, lists.block_indices(start as usize), out);
                    }
                    edges += mask.count_ones() as usize;
                }
                rows.run_ends.push(runs as u32);
                rows.edge_ends.push(edges as u32);
            }
        }
        all.push(rows);
        all
    }
}

struct Count<'a, R> {
    lists: &'a CellLists,
    rule: &'a R,
}

impl<R: Rule> Kernel for Count<'_, R> {
    type Output = Totals;

    #[inline(always)]
    fn run<L: Lanes>(self, lanes: L) -> Totals {
        let Self { lists, rule } = self;
        let mut totals = Totals::default();
        let mut candidates = Vec::with_capacity(rule.steps().len());
        for tile in lists.tiles() {
            find_candidates(lists, tile, rule, &mut candidates);
            for slot in tile.centres.clone() {
                let centre = lists.position(slot);
                for &(k, list) in &candidates {
                    let mut length = 0;
                    for at in (0..list.len).step_by(LANES) {
                        let block = lists.coordinates(list.start + at);
                        length += (rule.mask(lanes, block, centre, k) & first(list.len - at)).count_ones();
                    }
                    totals.runs += u64::from(length > 0);
                    totals.edges += u64::from(length);
                }
            }
        }
        totals
    }
}

/// The lists that are not empty, with their sub-domains.
#[inline(always)]
fn find_candidates<R: Rule>(lists: &CellLists, tile: &Tile, rule: &R, candidates: &mut Vec<(u16, List)>) {
    candidates.clear();
    for (k, step) in rule.steps().iter().enumerate() {
        let list = lists.list(shifted(tile.key, *step));
        if list.len > 0 {
            candidates.push((k as u16, list));
        }
    }
}

#[inline(always)]
fn shifted(key: [i64; 3], step: [i64; 3]) -> [i64; 3] {
    [key[0] + step[0], key[1] + step[1], key[2] + step[2]]
}
