//! Neighbour lists of a batch, region by region: small clouds, and parts of large ones.

use std::sync::Arc;

use rayon::prelude::*;

use crate::error::NeighborError;
use crate::index::Search;
use crate::packed_clouds::PackedClouds;
use crate::search::region::{Outline, Region};
use crate::search::region_structure::RegionStructure;
use crate::search::regions::regions;
use crate::shape::{Cells, Rule};
use crate::tables::{
    GrowingTables, Index, MOST_NARROW, Numbering, RegionPoints, RegionRows, RegionSizes, Tables, Totals,
};

/// Points of one box of a large cloud; the boxes decide about the order of the rows.
const BOX_POINTS: usize = 8_192;

/// How the points are searched; it makes no difference to the lists.
#[derive(Debug, Clone, Copy)]
struct Sizes {
    /// Points of one box of a large cloud, about.
    box_points: usize,
    /// Centres and regions that are searched together, at least.
    group_centres: usize,
    group_regions: usize,
    /// Fewest centres of one task.
    task_centres: usize,
    /// Most points of a cloud or region that are counted in two bytes.
    most_narrow: usize,
}

impl Sizes {
    /// For this number of threads.
    fn current() -> Self {
        // What a group finds becomes rows while it is in the caches of the cores, and there are tasks enough for all threads
        // to end at about the same time.
        let threads = rayon::current_num_threads();
        Self {
            box_points: BOX_POINTS,
            group_centres: 8192 * threads,
            group_regions: 4 * threads,
            task_centres: 512,
            most_narrow: MOST_NARROW,
        }
    }
}

/// The search of one batch for rules that share their cells.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RegionSearch<'a> {
    clouds: &'a PackedClouds,
    cells: Cells,
    search: Search,
    sizes: Sizes,
}

impl<'a> RegionSearch<'a> {
    /// A search whose regions have a grid, or with [`Search::Auto`] a kd-tree where that is faster.
    pub(crate) fn new(clouds: &'a PackedClouds, cells: Cells, search: Search) -> Self {
        Self { clouds, cells, search, sizes: Sizes::current() }
    }

    /// The same with lists that count all neighbours in their clouds, in four bytes.
    pub(crate) fn wide(self) -> Self {
        Self { sizes: Sizes { most_narrow: 0, ..self.sizes }, ..self }
    }

    /// The lists of all rules, in their order.
    pub(crate) fn lists<R: Rule>(&self, rules: &[R], max_edges: u64) -> Result<Vec<Tables>, NeighborError> {
        // On a thread of the pool: any other is woken for each of the parallel steps.
        rayon::scope(|_| {
            let (outlines, numbering) = self.outlines();
            match numbering {
                Numbering::Narrow => self.lists_of::<R, u16>(&outlines, None, rules, max_edges),
                Numbering::Regions(sizes) => {
                    let points = RegionPoints::new(sizes, outlines.iter().map(Outline::centres_and_points));
                    self.lists_of::<R, u16>(&outlines, Some(Arc::new(points)), rules, max_edges)
                }
                Numbering::Wide => self.lists_of::<R, u32>(&outlines, None, rules, max_edges),
            }
        })
    }

    /// What is searched, and how the rows count neighbours: in two bytes where that is possible.
    fn outlines(&self) -> (Vec<Outline<'a>>, Numbering) {
        let outlines = regions(self.clouds, self.cells.reach, self.sizes.box_points);
        let points = || outlines.iter().map(Outline::len);
        let numbering = if self.clouds.largest() <= self.sizes.most_narrow {
            Numbering::Narrow
        } else if points().all(|points| points <= self.sizes.most_narrow) {
            Numbering::Regions(RegionSizes { regions: outlines.len(), points: points().sum() })
        } else {
            Numbering::Wide
        };
        (outlines, numbering)
    }

    fn lists_of<R: Rule, X: Index>(
        &self,
        outlines: &[Outline<'_>],
        region_points: Option<Arc<RegionPoints>>,
        rules: &[R],
        max_edges: u64,
    ) -> Result<Vec<Tables>, NeighborError> {
        let mut tables: Vec<GrowingTables<X>> =
            rules.iter().map(|_| GrowingTables::new(self.clouds.points(), max_edges)).collect();
        for group in groups(outlines, &self.sizes) {
            let pairs: u64 = group.iter().map(|outline| (outline.len() as u64).pow(2)).sum();
            let regions = gather(group, region_points.is_some());
            let structures = self.structures(&regions, rules)?;
            // One rule after the other: what is found is joined before the next is searched.
            for (rule, tables) in rules.iter().zip(&mut tables) {
                // Bounds first: what is counted is tested twice.
                if pairs > tables.edges_left() && most_edges(&structures, rule) > tables.edges_left() {
                    tables.expect(count(&structures, rule).edges)?;
                }
                let rows: Vec<Box<dyn RegionRows<X> + '_>> = structures
                    .par_iter()
                    .map(|structure| structure.find(rule, self.sizes.task_centres))
                    .collect();
                tables.append(&rows);
            }
        }
        Ok(tables.into_iter().map(|tables| tables.finish(region_points.clone())).collect())
    }

    /// Runs and neighbour pairs of all rules, in their order, without lists of them, and how lists would count neighbours.
    pub(crate) fn count<R: Rule>(&self, rules: &[R]) -> Result<(Vec<Totals>, Numbering), NeighborError> {
        let mut totals = vec![Totals::default(); rules.len()];
        let (outlines, numbering) = self.outlines();
        for group in groups(&outlines, &self.sizes) {
            let regions = gather(group, false);
            let structures = self.structures(&regions, rules)?;
            for (rule, totals) in rules.iter().zip(&mut totals) {
                *totals = totals.plus(count(&structures, rule));
            }
        }
        Ok((totals, numbering))
    }

    fn structures<'r, R: Rule>(
        &self,
        regions: &'r [Region<'r>],
        rules: &[R],
    ) -> Result<Vec<RegionStructure<'r>>, NeighborError> {
        let build = |region| RegionStructure::build(region, self.cells, rules, self.search);
        regions.par_iter().map(build).collect()
    }
}

/// Outlines of consecutive regions, as many as the sizes ask for, but for the last.
fn groups<'a, 'p>(outlines: &'a [Outline<'p>], sizes: &Sizes) -> impl Iterator<Item = &'a [Outline<'p>]> {
    let mut filled = (0, 0);
    outlines.chunk_by(move |outline, _| {
        filled = (filled.0 + 1, filled.1 + outline.centres());
        let full = filled.0 >= sizes.group_regions && filled.1 >= sizes.group_centres;
        if full {
            filled = (0, 0);
        }
        !full
    })
}

/// The points of some regions.
fn gather<'a>(outlines: &'a [Outline<'a>], count_their_points: bool) -> Vec<Region<'a>> {
    outlines.par_iter().map(|outline| outline.gather(count_their_points)).collect()
}

/// A number of pairs that is not exceeded.
fn most_edges<R: Rule>(structures: &[RegionStructure<'_>], rule: &R) -> u64 {
    structures.par_iter().map(|structure| structure.most_edges(rule)).sum()
}

fn count<R: Rule>(structures: &[RegionStructure<'_>], rule: &R) -> Totals {
    structures.par_iter().map(|structure| structure.count(rule)).reduce(Totals::default, Totals::plus)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::brute_force;
    use crate::shape::KernelShape;
    use crate::shape::{BallRule, CellRule};
    use proptest::prelude::*;

    /// A point near one of a few positions, some of them far away, some exactly there.
    fn points() -> impl Strategy<Value = Vec<[f32; 3]>> {
        let slot = prop::sample::select(vec![[0.0f32; 3], [0.5, 0.0, 0.25], [1e9, -1e9, 0.0]]);
        let spread = prop::sample::select(vec![0.0f32, 0.5, 4.0, 40.0]);
        let offset = prop::array::uniform3(-1.0f32..1.0);
        let point = (slot, spread, offset, any::<bool>()).prop_map(|(slot, spread, offset, snapped)| {
            let offset = if snapped { offset.map(|v| (v * 20.0).round() / 20.0) } else { offset };
            [0, 1, 2].map(|axis| slot[axis] + spread * offset[axis])
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
            most_narrow in prop::sample::select(vec![1, 100, MOST_NARROW]),
            search in prop::sample::select(vec![Search::Grid, Search::KdTree, Search::Auto]),
        ) {
            splits.sort_by(f64::total_cmp);
            let [a, b, c, d] = splits.map(|split| (points.len() as f64 * split) as usize);
            let offsets = [0, a, b, c, d, points.len()];
            let clouds = PackedClouds::new(points, offsets).unwrap();
            let sizes = Sizes { box_points, group_centres, group_regions: 1 + group_centres % 3, task_centres, most_narrow };
            let shapes = [1, 2].map(|d| KernelShape::cells(0.1).with_dilation([d, 1, d]));
            let rules: Vec<CellRule> = [1, 2].map(|d| CellRule::new([3; 3], 0.1, [d, 1, d])).into();
            let cells = CellRule::cells(&rules, 0.1);
            let search = RegionSearch { clouds: &clouds, cells, search, sizes };
            let found = search.lists(&rules, u64::MAX).unwrap();
            for ((shape, rule), found) in shapes.iter().zip(&rules).zip(&found) {
                let expected = brute_force::search(&clouds, shape, u64::MAX).unwrap();
                prop_assert!(found.lists_equal(&expected), "{:?}", shape);
                // A single rule may be searched in a tree where several are not.
                let single = search.lists(std::slice::from_ref(rule), u64::MAX).unwrap();
                prop_assert!(single[0].lists_equal(&expected), "{:?} alone", shape);
            }
            let (totals, numbering) = search.count(&rules).unwrap();
            prop_assert!(found.iter().map(Tables::totals).eq(totals));
            prop_assert!(found.iter().all(|found| found.numbering() == numbering));
            let most = found.iter().map(|found| found.edges() as u64).max().unwrap_or(0);
            prop_assert!(search.lists(&rules, most).is_ok());
            if most > 0 {
                let refused = search.lists(&rules, most - 1).unwrap_err();
                prop_assert_eq!(refused, NeighborError::TooManyEdges { max: most - 1 });
            }
            let ball = KernelShape::shells(0.2, 2);
            let rule = BallRule::shells((0..2).filter_map(|m| ball.shell_bounds(m)));
            let (cells, rules) = (rule.cells(), [rule]);
            let found = RegionSearch { cells, ..search }.lists(&rules, u64::MAX).unwrap();
            let expected = brute_force::search(&clouds, &ball, u64::MAX).unwrap();
            prop_assert!(found[0].lists_equal(&expected));
        }
    }
}
