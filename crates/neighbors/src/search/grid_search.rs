//! Neighbour lists from the widened cells of small clouds and of parts of large ones.

use std::ops::Range;

use rayon::prelude::*;

use crate::error::NeighborError;
use crate::search::cell_lists::{CellLists, List, Tile};
use crate::search::region::Piece;
use crate::search::regions::pieces;
use crate::shape::{Cells, Rule};
use crate::simd::{Kernel, LANES, Lanes, dispatch, first};
use crate::tables::{GrowingTables, PieceRows, Rows};
use crate::tables::{Tables, Totals};

/// How the points are searched.
#[derive(Debug, Clone, Copy)]
struct Sizes {
    /// Points of one box of a large cloud, about.
    box_points: usize,
    /// Centres that are searched together, at least.
    group_centres: usize,
    /// Fewest centres of one task.
    task_centres: usize,
}

impl Sizes {
    /// For this number of threads; it makes no difference to the lists.
    fn current() -> Self {
        // The lists of a box fit into the cache of one core, what a group finds is joined while it is in that of the
        // processor, and there are tasks enough for all threads to end at about the same time.
        let threads = rayon::current_num_threads();
        Self {
            box_points: BOX_POINTS,
            group_centres: (2 * BOX_POINTS * threads).max(32_768),
            task_centres: 512,
        }
    }
}

/// Points of one box of a large cloud; the boxes decide about the order of the rows.
const BOX_POINTS: usize = 8_192;

/// Builds the lists of rules that share the cells.
pub(crate) fn search<R: Rule>(
    positions: &[[f32; 3]],
    offsets: &[usize],
    cells: Cells,
    rules: &[R],
    max_edges: u64,
) -> Result<Vec<Tables>, NeighborError> {
    search_in_groups(positions, offsets, cells, rules, max_edges, Sizes::current())
}

fn search_in_groups<R: Rule>(
    positions: &[[f32; 3]],
    offsets: &[usize],
    cells: Cells,
    rules: &[R],
    max_edges: u64,
    sizes: Sizes,
) -> Result<Vec<Tables>, NeighborError> {
    let mut tables: Vec<GrowingTables> =
        rules.iter().map(|_| GrowingTables::new(positions.len(), max_edges)).collect();
    let pieces = pieces(positions, offsets, cells.reach, sizes.box_points);
    for group in groups(&pieces, sizes.group_centres) {
        let pairs: u64 = group.iter().map(|piece| (piece.points().len() as u64).pow(2)).sum();
        let lists = list(group, cells)?;
        // One rule after the other: what is found is joined before the next is searched.
        for (rule, tables) in rules.iter().zip(&mut tables) {
            // Bounds first: what is counted is tested twice.
            if pairs > tables.edges_left() && most_edges(&lists, rule) > tables.edges_left() {
                tables.expect(count_rule(&lists, rule).edges)?;
            }
            let rows: Vec<PieceRows> =
                lists.par_iter().map(|lists| search_piece(lists, rule, sizes.task_centres)).collect();
            tables.append(&rows);
        }
    }
    Ok(tables.into_iter().map(GrowingTables::finish).collect())
}

/// Consecutive pieces with at least `centres` centres, but for the last.
fn groups<'a, 'p>(pieces: &'a [Piece<'p>], centres: usize) -> impl Iterator<Item = &'a [Piece<'p>]> {
    let mut filled = 0;
    pieces.chunk_by(move |piece, _| {
        filled += piece.centres();
        let full = filled >= centres;
        if full {
            filled = 0;
        }
        !full
    })
}

/// Runs and neighbour pairs of rules that share the cells, without lists of them.
pub(crate) fn count<R: Rule>(
    positions: &[[f32; 3]],
    offsets: &[usize],
    cells: Cells,
    rules: &[R],
) -> Result<Vec<Totals>, NeighborError> {
    let sizes = Sizes::current();
    let mut totals = vec![Totals::default(); rules.len()];
    let pieces = pieces(positions, offsets, cells.reach, sizes.box_points);
    for group in groups(&pieces, sizes.group_centres) {
        let lists = list(group, cells)?;
        for (rule, totals) in rules.iter().zip(&mut totals) {
            *totals = totals.plus(count_rule(&lists, rule));
        }
    }
    Ok(totals)
}

fn list(pieces: &[Piece<'_>], cells: Cells) -> Result<Vec<CellLists>, NeighborError> {
    pieces.par_iter().map(|piece| CellLists::build(piece, cells)).collect()
}

/// A number of pairs that is not exceeded.
fn most_edges<R: Rule>(lists: &[CellLists], rule: &R) -> u64 {
    let of_tile = |lists: &CellLists, tile: &Tile| {
        let candidates: usize =
            rule.steps().iter().map(|step| lists.list(shifted(tile.key, *step)).len).sum();
        candidates as u64 * tile.centres.len() as u64
    };
    lists.par_iter().map(|lists| lists.tiles().iter().map(|tile| of_tile(lists, tile)).sum::<u64>()).sum()
}

fn count_rule<R: Rule>(lists: &[CellLists], rule: &R) -> Totals {
    let count = |lists| dispatch(Count { lists, rule });
    lists.par_iter().map(count).reduce(Totals::default, Totals::plus)
}

fn search_piece<'a, R: Rule>(lists: &'a CellLists, rule: &R, task_centres: usize) -> PieceRows<'a> {
    let find = |tiles| dispatch(Find { lists, tiles, rule });
    let rows: Vec<Vec<Rows>> = tasks(lists, task_centres as u32).into_par_iter().map(find).collect();
    PieceRows::new(lists.centres(), lists.order(), rows.into_iter().flatten().collect())
}

/// Cuts the tiles of a piece into tasks.
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
            for place in tile.centres.clone() {
                let centre = lists.position(place);
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
            for place in tile.centres.clone() {
                let centre = lists.position(place);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::brute_force;
    use crate::shape::KernelShape;
    use crate::shape::{BallRule, CellRule};
    use proptest::prelude::*;

    /// A point near one of a few places, some of them far away, some exactly there.
    fn points() -> impl Strategy<Value = Vec<[f32; 3]>> {
        let place = prop::sample::select(vec![[0.0f32; 3], [0.5, 0.0, 0.25], [1e9, -1e9, 0.0]]);
        let spread = prop::sample::select(vec![0.0f32, 0.5, 4.0, 40.0]);
        let offset = prop::array::uniform3(-1.0f32..1.0);
        let point = (place, spread, offset, any::<bool>()).prop_map(|(place, spread, offset, snapped)| {
            let offset = if snapped { offset.map(|v| (v * 20.0).round() / 20.0) } else { offset };
            [0, 1, 2].map(|axis| place[axis] + spread * offset[axis])
        });
        prop::collection::vec(point, 0..400)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Boxes of a few points, with faces on every side, give the lists of the whole cloud, and groups and tasks of
        /// a few points those of the whole batch.
        #[test]
        fn how_it_is_cut_makes_no_difference(
            points in points(),
            mut splits in prop::array::uniform4(0.0..1.0),
            box_points in 1usize..100,
            group_centres in 1usize..200,
            task_centres in 1usize..100,
        ) {
            splits.sort_by(f64::total_cmp);
            let [a, b, c, d] = splits.map(|split| (points.len() as f64 * split) as usize);
            let offsets = [0, a, b, c, d, points.len()];
            let sizes = Sizes { box_points, group_centres, task_centres };
            let search = |cells, rules: &[_], max_edges| {
                search_in_groups(&points, &offsets, cells, rules, max_edges, sizes)
            };
            let shapes = [1, 2].map(|d| KernelShape::cells(0.1).with_dilation([d, 1, d]));
            let rules: Vec<CellRule> = [1, 2].map(|d| CellRule::new([3; 3], 0.1, [d, 1, d])).into();
            let cells = CellRule::cells(&rules, 0.1);
            let found = search(cells, &rules, u64::MAX).unwrap();
            for (shape, found) in shapes.iter().zip(&found) {
                let expected = brute_force::search(&points, &offsets, shape, u64::MAX).unwrap();
                prop_assert!(found.lists_equal(&expected), "{:?}", shape);
            }
            let most = found.iter().map(|found| found.indices.len() as u64).max().unwrap_or(0);
            prop_assert!(search(cells, &rules, most).is_ok());
            if most > 0 {
                let refused = search(cells, &rules, most - 1).unwrap_err();
                prop_assert_eq!(refused, NeighborError::TooManyEdges { max: most - 1 });
            }
            let ball = KernelShape::shells(0.2, 2);
            let rule = BallRule::shells((0..2).filter_map(|m| ball.shell_bounds(m)));
            let (cells, rules) = (rule.cells(), [rule]);
            let found = search_in_groups(&points, &offsets, cells, &rules, u64::MAX, sizes).unwrap();
            let expected = brute_force::search(&points, &offsets, &ball, u64::MAX).unwrap();
            prop_assert!(found[0].lists_equal(&expected));
        }
    }
}
