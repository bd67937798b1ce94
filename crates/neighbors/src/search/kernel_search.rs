//! Which search builds the lists of which shape.

use crate::error::NeighborError;
use crate::index::Search;
use crate::packed_clouds::PackedClouds;
use crate::search::custom_search;
use crate::search::region_search::RegionSearch;
use crate::shape::KernelShape;
use crate::shape::{BallRule, CellRule, Cells, CustomKernel, Rule};
use crate::tables::{MAX_EDGES, Numbering, Tables, Totals};

/// Lists of all shapes, in their order. The input is checked.
pub(crate) fn search_all(
    clouds: &PackedClouds,
    shapes: &[KernelShape],
    search: Search,
    max_edges: u64,
) -> Result<Vec<Tables>, NeighborError> {
    with_rules(shapes, &Lists { clouds, search, max_edges })
}

/// Runs and neighbour pairs of all shapes, in their order, and how lists would count the neighbours. The input is checked.
pub(crate) fn count_all(
    clouds: &PackedClouds,
    shapes: &[KernelShape],
) -> Result<Vec<(Totals, Numbering)>, NeighborError> {
    with_rules(shapes, &Counts { clouds })
}

/// What is done with rules that share their cells.
trait Work {
    type Output;

    /// One output for each rule.
    fn run<R: Rule>(&self, cells: Cells, rules: &[R]) -> Result<Vec<Self::Output>, NeighborError>;

    /// The output for a kernel that is no such rule.
    fn custom(&self, kernel: &dyn CustomKernel) -> Result<Self::Output, NeighborError>;
}

struct Lists<'a> {
    clouds: &'a PackedClouds,
    search: Search,
    max_edges: u64,
}

impl Work for Lists<'_> {
    type Output = Tables;

    fn run<R: Rule>(&self, cells: Cells, rules: &[R]) -> Result<Vec<Tables>, NeighborError> {
        RegionSearch::new(self.clouds, cells, self.search).lists(rules, self.max_edges)
    }

    fn custom(&self, kernel: &dyn CustomKernel) -> Result<Tables, NeighborError> {
        custom_search::search(self.clouds, kernel, self.search, self.max_edges)
    }
}

struct Counts<'a> {
    clouds: &'a PackedClouds,
}

impl Work for Counts<'_> {
    type Output = (Totals, Numbering);

    fn run<R: Rule>(&self, cells: Cells, rules: &[R]) -> Result<Vec<Self::Output>, NeighborError> {
        let (totals, numbering) = RegionSearch::new(self.clouds, cells, Search::Auto).count(rules)?;
        Ok(totals.into_iter().map(|totals| (totals, numbering)).collect())
    }

    fn custom(&self, kernel: &dyn CustomKernel) -> Result<Self::Output, NeighborError> {
        let lists = custom_search::search(self.clouds, kernel, Search::Auto, MAX_EDGES)?;
        Ok((lists.totals(), lists.numbering()))
    }
}

/// Does the work for the rules of all shapes: kernels with one cell edge share the cells.
fn with_rules<W: Work>(shapes: &[KernelShape], work: &W) -> Result<Vec<W::Output>, NeighborError> {
    let mut outputs: Vec<Option<W::Output>> = shapes.iter().map(|_| None).collect();
    let mut groups: Vec<(f32, Vec<usize>, Vec<CellRule>)> = Vec::new();
    for (slot, shape) in shapes.iter().enumerate() {
        match *shape {
            KernelShape::Cells { size, cell, dilation } => {
                let rule = CellRule::new(size, cell, dilation);
                match groups.iter_mut().find(|(edge, ..)| *edge == cell) {
                    Some((_, slots, rules)) => {
                        slots.push(slot);
                        rules.push(rule);
                    }
                    None => groups.push((cell, vec![slot], vec![rule])),
                }
            }
            KernelShape::Shells { shells, .. } => {
                let rule = BallRule::shells((0..shells).filter_map(|m| shape.shell_bounds(m)));
                outputs[slot] = work.run(rule.cells(), &[rule])?.pop();
            }
            KernelShape::Custom(kernel) => outputs[slot] = Some(work.custom(kernel)?),
        }
    }
    for (cell, slots, rules) in groups {
        for (slot, output) in slots.into_iter().zip(work.run(CellRule::cells(&rules, cell), &rules)?) {
            outputs[slot] = Some(output);
        }
    }
    Ok(outputs.into_iter().flatten().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// More pairs than allowed are refused by every search, exactly at the limit.
    #[test]
    fn too_many_edges() {
        let clouds = PackedClouds::new([[1.0, 2.0, 3.0]; 40], [0, 10, 40]).unwrap();
        let shapes = [KernelShape::cells(0.1), KernelShape::shells(0.1, 2)];
        for search in [Search::Grid, Search::KdTree] {
            assert!(search_all(&clouds, &shapes, search, 1000).is_ok());
            let error = search_all(&clouds, &shapes, search, 999).unwrap_err();
            assert_eq!(error, NeighborError::TooManyEdges { max: 999 });
        }
    }
}
