//! What answers the queries of one region: cells, or a tree where cells are slower.

use crate::error::NeighborError;
use crate::index::{Occupancy, Search};
use crate::search::cell_lists::{CellLayout, CellLists};
use crate::search::region::Region;
use crate::search::region_tree::RegionTree;
use crate::search::tiles;
use crate::shape::{Cells, Reach, Rule};
use crate::tables::{RegionRows, Totals};

/// The points of one region, ready for the rules.
#[derive(Debug)]
pub(crate) enum RegionStructure<'a> {
    Cells(CellLists),
    Tree(RegionTree<'a>),
}

impl<'a> RegionStructure<'a> {
    /// Builds the cells or the tree; [`Search::Auto`] compares the two.
    pub(crate) fn build<R: Rule>(
        region: &'a Region<'a>,
        cells: Cells,
        rules: &[R],
        search: Search,
    ) -> Result<Self, NeighborError> {
        if search == Search::KdTree {
            return Ok(Self::Tree(RegionTree::build(region)?));
        }
        let layout = CellLayout::new(region, cells)?;
        // Cells in a dense table are faster on every cloud that was measured.
        if search == Search::Auto && !layout.is_dense() && tree_is_faster(region, rules)? {
            return Ok(Self::Tree(RegionTree::build(region)?));
        }
        Ok(Self::Cells(CellLists::build(region, cells, layout)))
    }

    /// A number of pairs that is not exceeded.
    pub(crate) fn most_edges<R: Rule>(&self, rule: &R) -> u64 {
        match self {
            Self::Cells(lists) => tiles::most_edges(lists, rule),
            Self::Tree(tree) => tree.most_edges(),
        }
    }

    /// Runs and neighbour pairs of all centres.
    pub(crate) fn count<R: Rule>(&self, rule: &R) -> Totals {
        match self {
            Self::Cells(lists) => tiles::count(lists, rule),
            Self::Tree(tree) => tree.count(rule),
        }
    }

    /// The rows of all centres.
    pub(crate) fn find<R: Rule>(&self, rule: &R, task_centres: usize) -> RegionRows<'_> {
        match self {
            Self::Cells(lists) => tiles::find(lists, rule, task_centres),
            Self::Tree(tree) => tree.find(rule, task_centres),
        }
    }
}

/// Whether a tree is faster than cells in a hash table, by the number of points within the reach of a point.
///
/// Cells cost much per point and little per neighbour, a tree the other way round. The constants are nanoseconds per
/// point, measured on two threads over uniform, surface, clustered and scanner-like clouds of 30,000 points and radii
/// over two orders of magnitude; only their ratios matter.
fn tree_is_faster<R: Rule>(region: &Region<'_>, rules: &[R]) -> Result<bool, NeighborError> {
    let (mut tree, mut cells) = (0.0, 0.0);
    for (number, rule) in rules.iter().enumerate() {
        let reach = rule.reach();
        let (Reach::Cube(half) | Reach::Ball(half)) = reach;
        // Infinitely wide cells hold all points, and tiny ones none but equal points.
        let edge = (2.0 * half).clamp(f64::from(f32::MIN_POSITIVE), f64::from(f32::MAX)) as f32;
        let within_reach = Occupancy::count(region.points(), edge)?.mean();
        match reach {
            Reach::Cube(_) => {
                tree += 200.0 + 100.0 * within_reach;
                cells += if number == 0 { 3500.0 } else { 1300.0 } + 15.0 * within_reach;
            }
            Reach::Ball(_) => {
                tree += 150.0 + 55.0 * within_reach;
                cells += 1400.0 + 10.0 * within_reach;
            }
        }
    }
    Ok(tree < cells)
}
