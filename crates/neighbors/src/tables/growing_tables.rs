//! The lists of a batch from the rows that its tasks find.

use std::ops::Range;
use std::sync::Arc;

use rayon::prelude::*;

use crate::error::NeighborError;
use crate::tables::index::Columns;
use crate::tables::index::Index;
use crate::tables::region_points::RegionPoints;
use crate::tables::subdomain_tables::Tables;

/// Points whose rows are written by one thread.
const SECTION: usize = 1024;

/// The rows that were found in a region.
pub(crate) trait RegionRows<X>: Send + Sync {
    /// Packed indices of the centres, in their order.
    fn centres(&self) -> &[u32];

    /// Number of runs and of neighbours of some of the centres.
    fn size(&self, centres: Range<usize>) -> (usize, usize);

    /// Writes the rows of some of the centres.
    fn write(&self, centres: Range<usize>, part: Part<X>);
}

/// The part of the lists that belongs to some consecutive rows.
#[derive(Debug)]
pub(crate) struct Part<'a, X> {
    /// Runs and neighbours of all rows before.
    pub(crate) first_run: u32,
    pub(crate) first_edge: u32,
    pub(crate) run_offsets: &'a mut [u32],
    pub(crate) edge_offsets: &'a mut [u32],
    pub(crate) run_subdomains: &'a mut [u16],
    pub(crate) run_ends: &'a mut [X],
    pub(crate) indices: &'a mut [X],
}

/// Some consecutive centres of a region.
struct Section<'a, X> {
    rows: &'a dyn RegionRows<X>,
    centres: Range<usize>,
}

/// Lists to which rows are appended.
#[derive(Debug)]
pub(crate) struct GrowingTables<X> {
    /// The columns of points have their full length, those of runs and neighbours as much as is filled.
    tables: Tables<Columns<X>>,
    max_edges: u64,
    points: usize,
    runs: usize,
    edges: usize,
}

impl<X: Index> GrowingTables<X> {
    pub(crate) fn new(points: usize, max_edges: u64) -> Self {
        Self { tables: Tables::with_sizes(points, 0, 0), max_edges, points: 0, runs: 0, edges: 0 }
    }

    /// How many more neighbours are allowed.
    pub(crate) fn edges_left(&self) -> u64 {
        self.max_edges - self.edges as u64
    }

    /// Refuses more neighbours than are allowed.
    pub(crate) fn expect(&self, edges: u64) -> Result<(), NeighborError> {
        if edges > self.edges_left() {
            return Err(NeighborError::TooManyEdges { max: self.max_edges });
        }
        Ok(())
    }

    /// Appends the rows of the centres of some regions, in their order. So many more neighbours must be allowed.
    pub(crate) fn append(&mut self, regions: &[Box<dyn RegionRows<X> + '_>]) {
        let mut sections = Vec::new();
        for rows in regions {
            let count = rows.centres().len();
            let starts = (0..count).step_by(SECTION);
            sections.extend(
                starts
                    .map(|start| Section { rows: rows.as_ref(), centres: start..count.min(start + SECTION) }),
            );
        }
        let size = |section: &Section<X>| section.rows.size(section.centres.clone());
        let sizes: Vec<(usize, usize)> = sections.par_iter().map(size).collect();
        let points: usize = sections.iter().map(|section| section.centres.len()).sum();
        let (runs, edges) = sizes.iter().fold((0, 0), |(a, b), (runs, edges)| (a + runs, b + edges));
        self.make_room(points, runs, edges);
        self.parts(&sections, &sizes).into_par_iter().for_each(|(section, centres, part)| {
            centres.copy_from_slice(&section.rows.centres()[section.centres.clone()]);
            section.rows.write(section.centres.clone(), part);
        });
        self.points += points;
        self.runs += runs;
        self.edges += edges;
    }

    /// The lists; `region_points` has what the neighbours are counted from, unless they are counted in their cloud.
    pub(crate) fn finish(self, region_points: Option<Arc<RegionPoints>>) -> Tables {
        let Self { mut tables, points, runs, edges, .. } = self;
        tables.regions = region_points;
        tables.run_offsets[points] = runs as u32;
        tables.edge_offsets[points] = edges as u32;
        tables.finished()
    }

    /// Makes room for so many more points, runs and neighbours.
    fn make_room(&mut self, points: usize, runs: usize, edges: usize) {
        // What the rest needs if it is like this, and half of that more: the first regions are often those at a border, which
        // have fewer neighbours, and to grow later takes the memory twice. What is not filled takes none.
        let all = self.tables.centres.len();
        let share = |count: usize, filled: usize| {
            let rest = count as f64 / points.max(1) as f64 * (all - self.points) as f64;
            filled + count.max(if all == self.points + points { 0 } else { (rest * 1.5) as usize })
        };
        grow(&mut self.tables.run_subdomains, runs, share(runs, self.runs));
        let Columns { run_ends, indices } = &mut self.tables.numbers;
        grow(run_ends, runs, share(runs, self.runs));
        grow(indices, edges, share(edges, self.edges));
    }

    /// Where each of the sections goes: its centres, and the rest.
    fn parts<'a, 's, 'r>(
        &'a mut self,
        sections: &'s [Section<'r, X>],
        sizes: &[(usize, usize)],
    ) -> Vec<(&'s Section<'r, X>, &'a mut [u32], Part<'a, X>)> {
        let tables = &mut self.tables;
        let mut centres_left = &mut tables.centres[self.points..];
        let mut run_offsets_left = &mut tables.run_offsets[self.points..];
        let mut edge_offsets_left = &mut tables.edge_offsets[self.points..];
        let mut subdomains_left = &mut tables.run_subdomains[self.runs..];
        let mut ends_left = &mut tables.numbers.run_ends[self.runs..];
        let mut indices_left = &mut tables.numbers.indices[self.edges..];
        let (mut first_run, mut first_edge) = (self.runs as u32, self.edges as u32);
        sections
            .iter()
            .zip(sizes)
            .filter_map(|(section, &(runs, edges))| {
                let points = section.centres.len();
                let part = Part {
                    first_run,
                    first_edge,
                    run_offsets: run_offsets_left.split_off_mut(..points)?,
                    edge_offsets: edge_offsets_left.split_off_mut(..points)?,
                    run_subdomains: subdomains_left.split_off_mut(..runs)?,
                    run_ends: ends_left.split_off_mut(..runs)?,
                    indices: indices_left.split_off_mut(..edges)?,
                };
                first_run += runs as u32;
                first_edge += edges as u32;
                Some((section, centres_left.split_off_mut(..points)?, part))
            })
            .collect()
    }
}

/// Appends so many `more` zeros to `values`; if it must be moved for that, then to a space for `wanted`.
///
/// The zeros are in the caches when they are overwritten. All threads write them, because each takes new pages from the system.
fn grow<T: Copy + Default + Send + Sync>(values: &mut Vec<T>, more: usize, wanted: usize) {
    let needed = values.len() + more;
    if values.capacity() < needed {
        // A quarter more at least, or it would grow often where the points lie closer and closer.
        let mut longer = Vec::with_capacity(wanted.max(needed).max(values.len() + values.len() / 4));
        longer.par_extend(values.par_iter());
        *values = longer;
    }
    values.par_extend(rayon::iter::repeat_n(T::default(), more));
}
