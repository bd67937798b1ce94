//! Neighbour lists from the widened cells of small clouds and of parts of large ones.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;

use crate::assemble::{PieceRows, Rows, assemble};
use crate::cell_lists::{CellLists, List};
use crate::error::NeighborError;
use crate::lanes::{Kernel, LANES, Lanes, dispatch, first};
use crate::piece::Piece;
use crate::pieces::Pieces;
use crate::rule::{Cells, Rule};
use crate::tables::Tables;

/// Points of one box of a large cloud, about: their lists fit into the cache of one core.
const BOX_POINTS: usize = 16_384;

/// Fewest centres of one task.
const TASK_CENTRES: usize = 512;

/// Tasks for each thread, so that all end at about the same time.
const TASKS_PER_THREAD: usize = 8;

/// Builds the lists of rules that share the cells.
pub(crate) fn search<R: Rule>(
    positions: &[[f32; 3]],
    offsets: &[usize],
    cells: Cells,
    rules: &[R],
    max_edges: u64,
) -> Result<Vec<Tables>, NeighborError> {
    search_in_boxes(positions, offsets, cells, rules, max_edges, BOX_POINTS)
}

/// Cuts clouds of at least twice so many points into boxes.
fn search_in_boxes<R: Rule>(
    positions: &[[f32; 3]],
    offsets: &[usize],
    cells: Cells,
    rules: &[R],
    max_edges: u64,
    box_points: usize,
) -> Result<Vec<Tables>, NeighborError> {
    let Pieces { pieces, sections } = Pieces::of(positions, offsets, cells.reach, box_points);
    let mut lists: Vec<CellLists> =
        pieces.par_iter().map(|piece| CellLists::build(piece, cells)).collect::<Result<_, _>>()?;
    let scattered: Vec<bool> = pieces.iter().map(Piece::is_part).collect();
    drop(pieces);
    let task_centres =
        (positions.len() / (TASKS_PER_THREAD * rayon::current_num_threads())).max(TASK_CENTRES);
    // One rule after the other: what is found is as large as the lists themselves, until they are joined.
    let mut found = Vec::with_capacity(rules.len());
    for (number, rule) in rules.iter().enumerate() {
        let total = AtomicU64::new(0);
        let rows: Vec<PieceRows> = lists
            .par_iter()
            .zip(&scattered)
            .map(|(lists, &scattered)| {
                let rows = search_piece(lists, rule, task_centres as u32, &total, max_edges)?;
                // Rows that are joined with those of other pieces had better come one after the other.
                Ok(if scattered { rows.into_order_of_centres() } else { rows })
            })
            .collect::<Result<_, _>>()?;
        if number + 1 == rules.len() {
            lists = Vec::new();
        }
        found.push(assemble(positions.len(), &sections, &rows));
    }
    Ok(found)
}

fn search_piece<R: Rule>(
    lists: &CellLists,
    rule: &R,
    task_centres: u32,
    total: &AtomicU64,
    max_edges: u64,
) -> Result<PieceRows, NeighborError> {
    let find = |tiles| dispatch(Find { lists, tiles, rule, total, max_edges });
    let tasks = tasks(lists, task_centres);
    let rows = if tasks.len() <= 1 {
        tasks.into_iter().map(find).collect::<Result<_, _>>()
    } else {
        tasks.into_par_iter().map(find).collect::<Result<_, _>>()
    };
    Ok(PieceRows::new(lists.order(), rows?))
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
    total: &'a AtomicU64,
    max_edges: u64,
}

impl<R: Rule> Kernel for Find<'_, R> {
    type Output = Result<Rows, NeighborError>;

    #[inline(always)]
    fn run<L: Lanes>(self, lanes: L) -> Self::Output {
        let Self { lists, rule, .. } = self;
        let subdomains = rule.steps().len();
        let mut rows = Rows::default();
        let mut candidates: Vec<(u16, List)> = Vec::with_capacity(subdomains);
        let (mut runs, mut edges) = (0, 0);
        for tile in &lists.tiles()[self.tiles] {
            candidates.clear();
            for (k, step) in rule.steps().iter().enumerate() {
                let list = lists.list(shifted(tile.key, *step));
                if list.len > 0 {
                    candidates.push((k as u16, list));
                }
            }
            let most: usize = candidates.iter().map(|(_, list)| list.len).sum();
            let edges_before = edges;
            for place in tile.centres.clone() {
                let centre = lists.centre(place);
                rows.reserve(runs + candidates.len(), edges + most + LANES);
                for &(k, list) in &candidates {
                    let before = edges;
                    let mut at = 0;
                    while at < list.len {
                        let start = list.start + at;
                        let block = lists.coordinates(start);
                        let mask = rule.mask(lanes, block, centre, k) & first(list.len - at);
                        if let Some(out) = rows.indices[edges..].first_chunk_mut() {
                            lanes.compress(mask, lists.block_indices(start), out);
                        }
                        edges += mask.count_ones() as usize;
                        at += LANES;
                    }
                    // Always written, kept only if there is a neighbour: cheaper than a branch.
                    rows.subdomains[runs] = k;
                    rows.lengths[runs] = (edges - before) as u32;
                    runs += usize::from(edges > before);
                }
                rows.run_ends.push(runs as u32);
                rows.edge_ends.push(edges as u32);
            }
            let tile_edges = (edges - edges_before) as u64;
            let before = self.total.fetch_add(tile_edges, Ordering::Relaxed);
            if before + tile_edges > self.max_edges {
                return Err(NeighborError::TooManyEdges { max: self.max_edges });
            }
        }
        Ok(rows)
    }
}

#[inline(always)]
fn shifted(key: [i64; 3], step: [i64; 3]) -> [i64; 3] {
    [key[0] + step[0], key[1] + step[1], key[2] + step[2]]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::brute;
    use crate::rule::{BallRule, CellRule};
    use crate::shape::KernelShape;
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

        /// Boxes of a few points, with faces on every side, give the lists of the whole cloud.
        #[test]
        fn boxes_make_no_difference(points in points(), split in 0.0..1.0, box_points in 1usize..100) {
            let offsets = [0, (points.len() as f64 * split) as usize, points.len()];
            let shapes = [1, 2].map(|d| KernelShape::cells(0.1).with_dilation([d, 1, d]));
            let rules: Vec<CellRule> = [1, 2].map(|d| CellRule::new([3; 3], 0.1, [d, 1, d])).into();
            let cells = CellRule::cells(&rules, 0.1);
            let found = search_in_boxes(&points, &offsets, cells, &rules, u64::MAX, box_points).unwrap();
            for (shape, found) in shapes.iter().zip(&found) {
                prop_assert_eq!(found, &brute::search(&points, &offsets, shape, u64::MAX).unwrap());
            }
            let ball = KernelShape::shells(0.2, 2);
            let rule = BallRule::shells((0..2).filter_map(|m| ball.shell_bounds(m)));
            let (cells, rules) = (rule.cells(), [rule]);
            let found = search_in_boxes(&points, &offsets, cells, &rules, u64::MAX, box_points).unwrap();
            prop_assert_eq!(&found[0], &brute::search(&points, &offsets, &ball, u64::MAX).unwrap());
        }
    }
}
