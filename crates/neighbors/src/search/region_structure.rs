//! What answers the queries of one region: cells, or a tree where cells are slower.

use crate::error::NeighborError;
use crate::index::{Occupancy, Search};
use crate::search::cell_lists::{CellLayout, CellLists};
use crate::search::region::Region;
use crate::search::region_tree::RegionTree;
use crate::search::tiles;
use crate::shape::{Cells, Reach, Rule};
use crate::tables::{Index, RegionRows, Totals};

/// Blocks of all lists for each point above which a tree is faster for one rule: measured where a kernel of cells holds four points.
const MOST_BLOCKS_PER_POINT: f64 = 4.5;

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
        if search == Search::Auto && !layout.is_dense() && tree_is_faster(region, cells, rules)? {
            return Ok(Self::Tree(RegionTree::build(region)?));
        }
        // Cells in a dense table are faster, unless they hold almost nothing and are built for one rule only.
        let most_blocks = match (search, rules) {
            (Search::Auto, [_]) => (MOST_BLOCKS_PER_POINT * region.points().len() as f64) as usize,
            _ => usize::MAX,
        };
        match CellLists::build(region, cells, layout, most_blocks) {
            Some(lists) => Ok(Self::Cells(lists)),
            None => Ok(Self::Tree(RegionTree::build(region)?)),
        }
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
    pub(crate) fn find<R: Rule, X: Index>(
        &self,
        rule: &R,
        task_centres: usize,
    ) -> Box<dyn RegionRows<X> + '_> {
        match self {
            Self::Cells(lists) => Box::new(tiles::find(lists, rule, task_centres)),
            Self::Tree(tree) => Box::new(tree.find(rule, task_centres)),
        }
    }
}

/// Whether a tree is faster than cells in a hash table.
///
/// The cost of cells grows with the number of cells that hold something: up to eight for each point, since a point is
/// listed in all widened cells around it, and few where many points share them. The cost of a tree grows with the number
/// of points within reach. The constants are nanoseconds per point, measured with the example `grid_or_tree` and over
/// radii of two orders of magnitude; only their ratios matter.
fn tree_is_faster<R: Rule>(region: &Region<'_>, cells: Cells, rules: &[R]) -> Result<bool, NeighborError> {
    let points_per_cell = |edge: f64| {
        // Infinitely wide cells hold all points, and tiny ones none but equal points.
        let edge = edge.clamp(f64::from(f32::MIN_POSITIVE), f64::from(f32::MAX)) as f32;
        Occupancy::count(region.points(), edge)
    };
    let listed = points_per_cell(2.0 * f64::from(cells.edge))?;
    let lists_per_point = 8.0 * listed.cells_per_point();
    let ball_costs = |within_reach: f64| {
        (150.0 + 50.0 * within_reach, 300.0 + 270.0 * lists_per_point + 10.0 * within_reach)
    };
    if let [rule] = rules
        && let Reach::Ball(_) = rule.reach()
    {
        // The bounding cube of a ball is an eighth of such a cell, so it holds at most all of its points and on average
        // at least an eighth. If both bounds agree, a second pass over the points is not needed.
        let [fewest, most] = [listed.mean() / 8.0, listed.mean()].map(|within_reach| {
            let (tree, grid) = ball_costs(within_reach);
            tree < grid
        });
        if fewest == most {
            return Ok(most);
        }
    }
    let (mut tree, mut grid) = (0.0, 0.0);
    for (number, rule) in rules.iter().enumerate() {
        match rule.reach() {
            Reach::Cube(half) => {
                let within_reach = points_per_cell(2.0 * half)?.mean();
                tree += 200.0 + 100.0 * within_reach;
                let first = if number == 0 { 300.0 + 370.0 * lists_per_point } else { 0.0 };
                grid += first + 200.0 + 130.0 * lists_per_point + 15.0 * within_reach;
            }
            Reach::Ball(radius) => {
                let within_reach = points_per_cell(2.0 * radius)?.mean();
                let (ball_tree, ball_grid) = ball_costs(within_reach);
                tree += ball_tree;
                grid += ball_grid;
            }
        }
    }
    Ok(tree < grid)
}
