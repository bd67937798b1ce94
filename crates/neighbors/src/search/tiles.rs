//! Neighbour lists from the widened cells of a region.

use std::ops::Range;

use rayon::prelude::*;

use crate::search::cell_lists::{CellLists, Tile};
use crate::search::cell_rows::{CellRows, Hit, Hits};
use crate::shape::Rule;
use crate::simd::{Kernel, LANES, Lanes, dispatch};
use crate::tables::Totals;

/// A number of pairs that is not exceeded.
pub(super) fn most_edges<R: Rule>(lists: &CellLists, rule: &R) -> u64 {
    let of_tile = |tile: &Tile| {
        let mut blocks = 0;
        lists.visit(tile.key, rule.steps(), |_, list| blocks += list.len());
        (blocks * LANES) as u64 * tile.centres.len() as u64
    };
    lists.tiles().iter().map(of_tile).sum()
}

/// Runs and neighbour pairs of all centres.
pub(super) fn count<R: Rule>(lists: &CellLists, rule: &R) -> Totals {
    dispatch(Count { lists, rule })
}

/// The rows of all centres, found in tasks of at least `task_centres`.
pub(super) fn find<'a, R: Rule>(lists: &'a CellLists, rule: &R, task_centres: usize) -> CellRows<'a> {
    let find = |tiles| dispatch(Find { lists, tiles, rule });
    CellRows::new(lists, tasks(lists, task_centres as u32).into_par_iter().map(find).collect())
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
    type Output = Hits;

    #[inline(always)]
    fn run<L: Lanes>(self, lanes: L) -> Hits {
        let Self { lists, rule, .. } = self;
        let tiles = &lists.tiles()[self.tiles];
        let mut found = Hits::with_room(tiles.iter().map(|tile| tile.centres.len()).sum());
        let (mut candidates, mut hits) = (Vec::new(), Vec::new());
        for tile in tiles {
            let candidates = find_candidates(lists, tile, rule, &mut candidates);
            hits.resize(candidates.len() + 1, Hit::new(0, 0));
            for slot in tile.centres.clone() {
                let centre = lists.position(slot);
                let mut count = 0;
                for &candidate in candidates {
                    let block = lists.coordinates(candidate.block());
                    let mask = rule.mask(lanes, block, centre, candidate.subdomain());
                    // Always written, kept only if it counts: cheaper than a branch.
                    hits[count] = candidate.with_mask(mask);
                    count += usize::from(mask != 0);
                }
                found.push(&hits[..count]);
            }
        }
        found
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
        let mut candidates = Vec::new();
        for tile in lists.tiles() {
            let candidates = find_candidates(lists, tile, rule, &mut candidates);
            for slot in tile.centres.clone() {
                let centre = lists.position(slot);
                let mut last = None;
                for candidate in candidates {
                    let (block, k) = (lists.coordinates(candidate.block()), candidate.subdomain());
                    let found = rule.mask(lanes, block, centre, k).count_ones();
                    totals.runs += u64::from(found > 0 && last != Some(k));
                    totals.edges += u64::from(found);
                    last = if found > 0 { Some(k) } else { last };
                }
            }
        }
        totals
    }
}

/// Candidates that are written together.
const GROUP: usize = 4;

/// The blocks of the lists, with their sub-domains and no candidate, in `buffer`.
#[inline(always)]
fn find_candidates<'b, R: Rule>(
    lists: &CellLists,
    tile: &Tile,
    rule: &R,
    buffer: &'b mut Vec<Hit>,
) -> &'b [Hit] {
    let mut count = 0;
    lists.visit(tile.key, rule.steps(), |k, list| {
        let (len, mut written) = (list.len(), 0);
        // Most lists have fewer blocks than a group, many have none. A group is always written, and the next list overwrites what
        // it has too much: cheaper than a branch.
        loop {
            let group = count + written;
            if buffer.len() < group + GROUP {
                buffer.resize(2 * (group + GROUP), Hit::new(0, 0));
            }
            let block = list.start.wrapping_add(written as u32);
            for i in 0..GROUP {
                buffer[group + i] = Hit::new(block.wrapping_add(i as u32), k as u16);
            }
            written += GROUP;
            if written >= len {
                break;
            }
        }
        count += len;
    });
    &buffer[..count]
}
