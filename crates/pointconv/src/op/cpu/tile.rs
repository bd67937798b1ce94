//! The runs of some rows of the lists, sorted by sub-domain: what shares a weight is multiplied together.

use std::ops::Range;

use super::Problem;
use super::problem::Run;
use crate::neighborhood::Index;

/// The runs of consecutive rows, sub-domain by sub-domain, in the order of the rows within each.
#[derive(Default)]
pub(super) struct Tile {
    /// Start of each sub-domain in the runs, and the end of the last.
    starts: Vec<u32>,
    /// Where the next run of each sub-domain goes.
    cursors: Vec<u32>,
    /// The row of each run, counted from the first of the tile; longer than there are runs.
    rows: Vec<u32>,
}

impl Tile {
    /// Takes the runs of `rows`: calls `visit` with the place of each among the sorted, the first point of its cloud, and
    /// itself, in the order of the lists.
    #[inline(always)]
    pub(super) fn sort<X: Index>(
        &mut self,
        problem: Problem<X>,
        rows: Range<usize>,
        mut visit: impl FnMut(usize, usize, Run),
    ) {
        let all = problem.run_range(rows.clone());
        self.starts.clear();
        self.starts.resize(problem.subdomains + 1, 0);
        if self.rows.len() < all.len() {
            self.rows.resize(2 * all.len(), 0);
        }
        for &subdomain in &problem.lists.run_subdomains()[all] {
            self.starts[usize::from(subdomain) + 1] += 1;
        }
        for k in 0..problem.subdomains {
            self.starts[k + 1] += self.starts[k];
        }
        self.cursors.clone_from(&self.starts);
        problem.walk(rows.clone(), |row, first_point| {
            for run in problem.runs(row) {
                let cursor = &mut self.cursors[run.subdomain];
                self.rows[*cursor as usize] = (row - rows.start) as u32;
                visit(*cursor as usize, first_point, run);
                *cursor += 1;
            }
        });
    }

    /// The occupied sub-domains in rising order, with the places of their runs and the row of each, counted from the
    /// first of the tile.
    #[inline(always)]
    pub(super) fn subdomains(&self) -> impl Iterator<Item = (usize, Range<usize>, &[u32])> {
        let bounds = self.starts.windows(2).enumerate();
        bounds.filter(|(_, bounds)| bounds[0] < bounds[1]).map(|(k, bounds)| {
            let places = bounds[0] as usize..bounds[1] as usize;
            (k, places.clone(), &self.rows[places])
        })
    }
}
