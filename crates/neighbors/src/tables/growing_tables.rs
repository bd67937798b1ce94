//! The lists of a batch from the rows that its tasks find.

use std::ops::Range;

use rayon::prelude::*;

use crate::error::NeighborError;
use crate::simd::LANES;
use crate::tables::subdomain_tables::Tables;

/// Neighbours that a buffer of rows has room for.
const ROOM: usize = 1 << 14;

/// Points whose rows are joined by one thread.
const SECTION: usize = 4096;

/// Rows that one task found, in the order in which it visited the centres.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    /// End of each row in the runs.
    pub(crate) run_ends: Vec<u32>,
    /// End of each row in the indices.
    pub(crate) edge_ends: Vec<u32>,
    /// Sub-domain of each run; possibly longer than there are runs.
    pub(crate) subdomains: Vec<u16>,
    /// Start of each run in the indices; possibly longer than there are runs.
    pub(crate) run_starts: Vec<u32>,
    /// Neighbours; possibly longer than there are any.
    pub(crate) indices: Vec<u32>,
}

impl Rows {
    /// Room for [`ROOM`] neighbours, or for a row of so many runs and neighbours if that is more. Several
    /// of these, none of which grows, save copying a buffer that does.
    pub(crate) fn with_room(runs: usize, neighbors: usize) -> Self {
        let indices = ROOM.max(neighbors + LANES);
        // Shorter runs fill the runs before the neighbours.
        let runs = (indices / 4).max(runs + 1);
        Self {
            subdomains: vec![0; runs],
            run_starts: vec![0; runs],
            indices: vec![0; indices],
            ..Self::default()
        }
    }

    /// Appends the next row from sub-domains and neighbours in ascending order; only for rows without room to spare.
    pub(crate) fn push(&mut self, row: impl Iterator<Item = (u16, u32)>) {
        let first = self.subdomains.len();
        for (subdomain, index) in row {
            if self.subdomains[first..].last() != Some(&subdomain) {
                self.subdomains.push(subdomain);
                self.run_starts.push(self.indices.len() as u32);
            }
            self.indices.push(index);
        }
        self.run_ends.push(self.subdomains.len() as u32);
        self.edge_ends.push(self.indices.len() as u32);
    }

    /// Whether so many runs and neighbours fit, with a run and a block of neighbours that are written but
    /// not kept.
    #[inline(always)]
    pub(crate) fn have_room(&self, runs: usize, neighbors: usize) -> bool {
        self.run_starts.len() > runs && self.indices.len() >= neighbors + LANES
    }

    /// The runs and the indices of one row.
    #[inline(always)]
    fn row(&self, slot: usize) -> (Range<usize>, Range<usize>) {
        let row = |ends: &[u32]| {
            let start = if slot == 0 { 0 } else { ends[slot - 1] };
            start as usize..ends[slot] as usize
        };
        (row(&self.run_ends), row(&self.edge_ends))
    }
}

/// The rows of all centres of a region.
#[derive(Debug)]
pub(crate) struct RegionRows<'a> {
    /// Packed indices of the centres, in their order.
    centres: &'a [u32],
    tasks: Vec<Rows>,
    /// The task of each centre, and its slot there.
    slots: Vec<(u32, u32)>,
}

impl<'a> RegionRows<'a> {
    /// What the tasks found, one after the other, for the `centres` as they are visited in `order`.
    pub(crate) fn new(centres: &'a [u32], order: &[u32], tasks: Vec<Rows>) -> Self {
        let mut slots = vec![(0, 0); order.len()];
        let mut ranks = order.iter();
        for (number, task) in (0..).zip(&tasks) {
            for (slot, &rank) in (0..task.run_ends.len() as u32).zip(&mut ranks) {
                slots[rank as usize] = (number, slot);
            }
        }
        Self { centres, tasks, slots }
    }

    /// The centres, a part at a time.
    fn sections(&self) -> impl Iterator<Item = Section<'_>> {
        let sections = self.centres.chunks(SECTION).zip(self.slots.chunks(SECTION));
        sections.map(|(centres, slots)| Section { centres, tasks: &self.tasks, slots })
    }
}

/// The rows of some consecutive centres.
#[derive(Debug, Clone, Copy)]
struct Section<'a> {
    centres: &'a [u32],
    tasks: &'a [Rows],
    slots: &'a [(u32, u32)],
}

impl<'a> Section<'a> {
    /// Each row, as the runs and indices of a task.
    #[inline(always)]
    fn rows(self) -> impl Iterator<Item = (&'a Rows, Range<usize>, Range<usize>)> {
        self.slots.iter().map(move |&(task, slot)| {
            let task = &self.tasks[task as usize];
            let (runs, edges) = task.row(slot as usize);
            (task, runs, edges)
        })
    }

    /// Number of runs and of neighbours.
    fn size(self) -> (usize, usize) {
        self.rows().fold((0, 0), |(a, b), (_, runs, edges)| (a + runs.len(), b + edges.len()))
    }
}

/// Lists to which rows are appended.
#[derive(Debug)]
pub(crate) struct GrowingTables {
    /// Longer than what is filled.
    tables: Tables,
    max_edges: u64,
    points: usize,
    runs: usize,
    edges: usize,
}

impl GrowingTables {
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
    pub(crate) fn append(&mut self, regions: &[RegionRows]) {
        let sections: Vec<Section> = regions.iter().flat_map(RegionRows::sections).collect();
        let sizes: Vec<(usize, usize)> = sections.par_iter().map(|section| section.size()).collect();
        let points: usize = sections.iter().map(|section| section.centres.len()).sum();
        let (runs, edges) = sizes.iter().fold((0, 0), |(a, b), (runs, edges)| (a + runs, b + edges));
        self.make_room(points, runs, edges);
        self.parts(&sections, &sizes).into_par_iter().for_each(Part::write);
        self.points += points;
        self.runs += runs;
        self.edges += edges;
    }

    pub(crate) fn finish(self) -> Tables {
        let Self { mut tables, points, runs, edges, .. } = self;
        tables.run_subdomains.truncate(runs);
        tables.run_starts.truncate(runs + 1);
        tables.indices.truncate(edges);
        tables.run_starts[runs] = edges as u32;
        tables.run_offsets[points] = runs as u32;
        tables
    }

    /// Makes room for so many more points, runs and neighbours.
    fn make_room(&mut self, points: usize, runs: usize, edges: usize) {
        // What the rest needs if it is like this, and a tenth more; memory that is not written is not taken.
        let all = self.tables.centres.len();
        let share = |count: usize, filled: usize| {
            let rest = count as f64 / points.max(1) as f64 * (all - self.points) as f64;
            filled + count.max(if all == self.points + points { 0 } else { (rest * 1.1) as usize })
        };
        grow(&mut self.tables.run_subdomains, self.runs, self.runs + runs, share(runs, self.runs));
        grow(&mut self.tables.run_starts, self.runs, self.runs + runs + 1, share(runs, self.runs) + 1);
        grow(&mut self.tables.indices, self.edges, self.edges + edges, share(edges, self.edges));
    }

    /// Where each of the sections goes.
    fn parts<'a>(&'a mut self, sections: &[Section<'a>], sizes: &[(usize, usize)]) -> Vec<Part<'a>> {
        let tables = &mut self.tables;
        let mut centres_left = &mut tables.centres[self.points..];
        let mut run_offsets_left = &mut tables.run_offsets[self.points..];
        let mut subdomains_left = &mut tables.run_subdomains[self.runs..];
        let mut starts_left = &mut tables.run_starts[self.runs..];
        let mut indices_left = &mut tables.indices[self.edges..];
        let (mut first_run, mut first_edge) = (self.runs as u32, self.edges as u32);
        sections
            .iter()
            .zip(sizes)
            .filter_map(|(&section, &(runs, edges))| {
                let points = section.centres.len();
                let part = Part {
                    section,
                    first_run,
                    first_edge,
                    centres: centres_left.split_off_mut(..points)?,
                    run_offsets: run_offsets_left.split_off_mut(..points)?,
                    run_subdomains: subdomains_left.split_off_mut(..runs)?,
                    run_starts: starts_left.split_off_mut(..runs)?,
                    indices: indices_left.split_off_mut(..edges)?,
                };
                first_run += runs as u32;
                first_edge += edges as u32;
                Some(part)
            })
            .collect()
    }
}

/// Makes `values` at least `needed` long, and if it must grow then `wanted`; keeps the first `filled`.
fn grow<T: Copy + Default>(values: &mut Vec<T>, filled: usize, needed: usize, wanted: usize) {
    if values.len() < needed {
        // Fresh memory is zero without being written. A quarter more at least, or it would grow often where the
        // points lie closer and closer.
        let mut longer = vec![T::default(); wanted.max(needed).max(filled + filled / 4)];
        longer[..filled].copy_from_slice(&values[..filled]);
        *values = longer;
    }
}

/// A section, and the part of the lists that belongs to it.
struct Part<'a> {
    section: Section<'a>,
    first_run: u32,
    first_edge: u32,
    centres: &'a mut [u32],
    run_offsets: &'a mut [u32],
    run_subdomains: &'a mut [u16],
    run_starts: &'a mut [u32],
    indices: &'a mut [u32],
}

impl Part<'_> {
    fn write(self) {
        self.centres.copy_from_slice(self.section.centres);
        let (mut run, mut edge) = (0, 0);
        for ((rows, runs, edges), offset) in self.section.rows().zip(self.run_offsets) {
            *offset = self.first_run + run as u32;
            let (next_run, next_edge) = (run + runs.len(), edge + edges.len());
            // Starts are counted from the first of the task there, from the first of all here.
            let shift = (self.first_edge + edge as u32).wrapping_sub(edges.start as u32);
            for (target, start) in
                self.run_starts[run..next_run].iter_mut().zip(&rows.run_starts[runs.clone()])
            {
                *target = start.wrapping_add(shift);
            }
            self.run_subdomains[run..next_run].copy_from_slice(&rows.subdomains[runs]);
            self.indices[edge..next_edge].copy_from_slice(&rows.indices[edges]);
            (run, edge) = (next_run, next_edge);
        }
    }
}
