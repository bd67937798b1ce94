//! The runs of some rows of the lists, sorted by sub-domain: what shares a weight is multiplied together.

use std::ops::Range;

use super::Problem;

/// The runs of consecutive rows, sub-domain by sub-domain, in the order of the rows within each.
pub(super) struct Tile {
    /// Start of each sub-domain in the runs, and the end of the last.
    starts: Vec<usize>,
    runs: Vec<TileRun>,
}

/// One run of a tile.
#[derive(Clone, Copy, Default)]
pub(super) struct TileRun {
    /// The row, counted from the first of the tile.
    pub(super) row: usize,
    /// Its neighbours, as a range of all edges.
    pub(super) start: usize,
    pub(super) end: usize,
}

impl Tile {
    pub(super) fn new(problem: Problem, rows: Range<usize>) -> Self {
        let lists = problem.lists;
        let all = lists.run_offsets()[rows.start] as usize..lists.run_offsets()[rows.end] as usize;
        let mut starts = vec![0; problem.subdomains + 1];
        for &subdomain in &lists.run_subdomains()[all.clone()] {
            starts[usize::from(subdomain) + 1] += 1;
        }
        for k in 0..problem.subdomains {
            starts[k + 1] += starts[k];
        }
        let mut cursors = starts.clone();
        let mut runs = vec![TileRun::default(); all.len()];
        for (place, row) in rows.enumerate() {
            for run in problem.runs(row) {
                let cursor = &mut cursors[run.subdomain];
                runs[*cursor] = TileRun { row: place, start: run.start, end: run.end };
                *cursor += 1;
            }
        }
        Self { starts, runs }
    }

    /// The occupied sub-domains with their runs, in rising order.
    pub(super) fn subdomains(&self) -> impl Iterator<Item = (usize, &[TileRun])> {
        let bounds = self.starts.windows(2).enumerate();
        bounds
            .filter(|(_, bounds)| bounds[0] < bounds[1])
            .map(|(k, bounds)| (k, &self.runs[bounds[0]..bounds[1]]))
    }
}
