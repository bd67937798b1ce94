//! Which search builds the lists of which shape.

use crate::error::NeighborError;
use crate::kd_search;
use crate::rule::{BallRule, CellRule};
use crate::search::Search;
use crate::shape::KernelShape;
use crate::tables::Tables;
use crate::tile_search;

/// Lists of all shapes, in their order. The input is checked.
pub(crate) fn search_all(
    positions: &[[f32; 3]],
    offsets: &[usize],
    shapes: &[KernelShape],
    search: Search,
    max_edges: u64,
) -> Result<Vec<Tables>, NeighborError> {
    if search == Search::KdTree {
        return kd_search::search(positions, offsets, shapes, max_edges);
    }
    let mut found: Vec<Option<Tables>> = shapes.iter().map(|_| None).collect();
    // Kernels with one cell edge share the cells.
    let mut groups: Vec<(f32, Vec<usize>, Vec<CellRule>)> = Vec::new();
    for (place, shape) in shapes.iter().enumerate() {
        match *shape {
            KernelShape::Cells { size, cell, dilation } => {
                let rule = CellRule::new(size, cell, dilation);
                match groups.iter_mut().find(|(edge, ..)| *edge == cell) {
                    Some((_, places, rules)) => {
                        places.push(place);
                        rules.push(rule);
                    }
                    None => groups.push((cell, vec![place], vec![rule])),
                }
            }
            KernelShape::Shells { shells, .. } => {
                let rule = BallRule::shells((0..shells).filter_map(|m| shape.shell_bounds(m)));
                let (cells, rules) = (rule.cells(), [rule]);
                let mut tables = tile_search::search(positions, offsets, cells, &rules, max_edges)?;
                found[place] = tables.pop();
            }
        }
    }
    for (cell, places, rules) in groups {
        let cells = CellRule::cells(&rules, cell);
        let tables = tile_search::search(positions, offsets, cells, &rules, max_edges)?;
        for (place, tables) in places.into_iter().zip(tables) {
            found[place] = Some(tables);
        }
    }
    Ok(found.into_iter().flatten().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// More pairs than allowed are refused by every search, exactly at the limit.
    #[test]
    fn too_many_edges() {
        let positions = vec![[1.0, 2.0, 3.0]; 40];
        let shapes = [KernelShape::cells(0.1), KernelShape::shells(0.1, 2)];
        for search in [Search::Grid, Search::KdTree] {
            assert!(search_all(&positions, &[0, 10, 40], &shapes, search, 1000).is_ok());
            let error = search_all(&positions, &[0, 10, 40], &shapes, search, 999).unwrap_err();
            assert_eq!(error, NeighborError::TooManyEdges { max: 999 });
        }
    }
}
