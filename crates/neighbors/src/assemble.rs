//! The lists of a batch from the rows of its pieces.

use rayon::prelude::*;

use crate::error::NeighborError;
use crate::lanes::LANES;
use crate::pieces::Section;
use crate::tables::Tables;

/// Neighbours that a buffer of rows has room for.
const ROOM: usize = 1 << 14;

/// Rows that one task found, in the order in which it visited the centres.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    /// End of each centre in the runs.
    pub(crate) run_ends: Vec<u32>,
    /// End of each centre in the indices.
    pub(crate) edge_ends: Vec<u32>,
    /// Sub-domain of each run; possibly longer than there are runs.
    pub(crate) subdomains: Vec<u16>,
    /// Neighbours of each run; possibly longer than there are runs.
    pub(crate) lengths: Vec<u32>,
    /// Neighbours; possibly longer than there are any.
    pub(crate) indices: Vec<u32>,
}

/// One row.
#[derive(Debug, Clone, Copy)]
struct Row<'a> {
    subdomains: &'a [u16],
    lengths: &'a [u32],
    indices: &'a [u32],
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
            lengths: vec![0; runs],
            indices: vec![0; indices],
            ..Self::default()
        }
    }

    /// Whether so many runs and neighbours fit, with a run and a block of neighbours that are written but
    /// not kept.
    #[inline(always)]
    pub(crate) fn have_room(&self, runs: usize, neighbors: usize) -> bool {
        self.lengths.len() > runs && self.indices.len() >= neighbors + LANES
    }

    #[inline(always)]
    fn row(&self, place: usize) -> Row<'_> {
        let before = |ends: &[u32]| if place == 0 { 0 } else { ends[place - 1] as usize };
        let runs = before(&self.run_ends)..self.run_ends[place] as usize;
        let edges = before(&self.edge_ends)..self.edge_ends[place] as usize;
        Row {
            subdomains: &self.subdomains[runs.clone()],
            lengths: &self.lengths[runs],
            indices: &self.indices[edges],
        }
    }
}

/// The rows of all centres of a piece.
#[derive(Debug)]
pub(crate) struct PieceRows {
    tasks: Vec<Rows>,
    /// The task of each centre, and its place there.
    places: Vec<(u32, u32)>,
}

impl PieceRows {
    /// Rows of the centres `order`, task by task.
    pub(crate) fn new(order: &[u32], tasks: Vec<Rows>) -> Self {
        let mut places = vec![(0, 0); order.len()];
        let mut centres = order.iter();
        for (number, task) in (0..).zip(&tasks) {
            for (place, &centre) in (0..task.run_ends.len() as u32).zip(&mut centres) {
                places[centre as usize] = (number, place);
            }
        }
        Self { tasks, places }
    }

    /// The same rows, one after the other.
    pub(crate) fn into_order_of_centres(self) -> Self {
        let last = |ends: &[u32]| ends.last().map_or(0, |&end| end as usize);
        let runs = self.tasks.iter().map(|task| last(&task.run_ends)).sum();
        let edges = self.tasks.iter().map(|task| last(&task.edge_ends)).sum();
        let centres = self.places.len();
        let mut rows = Rows {
            run_ends: Vec::with_capacity(centres),
            edge_ends: Vec::with_capacity(centres),
            subdomains: Vec::with_capacity(runs),
            lengths: Vec::with_capacity(runs),
            indices: Vec::with_capacity(edges),
        };
        for rank in 0..centres {
            let row = self.row(rank);
            rows.subdomains.extend_from_slice(row.subdomains);
            rows.lengths.extend_from_slice(row.lengths);
            rows.indices.extend_from_slice(row.indices);
            rows.run_ends.push(rows.lengths.len() as u32);
            rows.edge_ends.push(rows.indices.len() as u32);
        }
        Self { tasks: vec![rows], places: (0..centres as u32).map(|place| (0, place)).collect() }
    }

    #[inline(always)]
    fn row(&self, rank: usize) -> Row<'_> {
        let (task, place) = self.places[rank];
        self.tasks[task as usize].row(place as usize)
    }
}

/// The part of the lists that belongs to a section.
struct Part<'a> {
    section: &'a Section,
    first_run: u32,
    first_edge: u32,
    run_offsets: &'a mut [u32],
    run_subdomains: &'a mut [u16],
    run_starts: &'a mut [u32],
    indices: &'a mut [u32],
}

/// Lists to which the rows of one group of clouds after the other are appended.
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

    pub(crate) fn finish(self) -> Tables {
        let Self { mut tables, runs, edges, .. } = self;
        tables.run_subdomains.truncate(runs);
        tables.run_starts.truncate(runs + 1);
        tables.indices.truncate(edges);
        tables.run_starts[runs] = edges as u32;
        let points = tables.run_offsets.len() - 1;
        tables.run_offsets[points] = runs as u32;
        tables
    }

    /// Makes room for so many more points, runs and neighbours.
    fn make_room(&mut self, points: usize, runs: usize, edges: usize) {
        // What the rest needs if it is like this, and a tenth more; memory that is not written is not taken.
        let all = self.tables.run_offsets.len() - 1;
        let share = |count: usize, filled: usize| {
            let rest = count as f64 / points.max(1) as f64 * (all - self.points) as f64;
            filled + count.max(if all == self.points + points { 0 } else { (rest * 1.1) as usize })
        };
        grow(&mut self.tables.run_subdomains, self.runs, self.runs + runs, share(runs, self.runs));
        grow(&mut self.tables.run_starts, self.runs, self.runs + runs + 1, share(runs, self.runs) + 1);
        grow(&mut self.tables.indices, self.edges, self.edges + edges, share(edges, self.edges));
    }
}

/// Makes `values` at least `needed` long, and if it must grow then `wanted`; keeps the first `filled`.
fn grow<T: Copy + Default>(values: &mut Vec<T>, filled: usize, needed: usize, wanted: usize) {
    if values.len() < needed {
        // Fresh memory is zero without being written.
        let mut longer = vec![T::default(); wanted.max(needed)];
        longer[..filled].copy_from_slice(&values[..filled]);
        *values = longer;
    }
}

/// Appends the rows of all points of the sections in their order. There are fewer than 2^32 neighbours.
pub(crate) fn append(target: &mut GrowingTables, sections: &[Section], pieces: &[PieceRows]) {
    let sizes: Vec<(usize, usize)> = sections
        .par_iter()
        .map(|section| {
            let (mut runs, mut edges) = (0, 0);
            section.visit(|_, piece, rank| {
                let row = pieces[piece].row(rank);
                runs += row.lengths.len();
                edges += row.indices.len();
            });
            (runs, edges)
        })
        .collect();
    let points: usize = sections.iter().map(Section::points).sum();
    let (runs, edges) = sizes.iter().fold((0, 0), |(a, b), (runs, edges)| (a + runs, b + edges));
    target.make_room(points, runs, edges);
    parts(target, sections, &sizes).into_par_iter().for_each(|part| part.write(pieces));
    target.points += points;
    target.runs += runs;
    target.edges += edges;
}

fn parts<'a>(
    target: &'a mut GrowingTables,
    sections: &'a [Section],
    sizes: &[(usize, usize)],
) -> Vec<Part<'a>> {
    let tables = &mut target.tables;
    let mut run_offsets_left = &mut tables.run_offsets[target.points..];
    let mut subdomains_left = &mut tables.run_subdomains[target.runs..];
    let mut starts_left = &mut tables.run_starts[target.runs..];
    let mut indices_left = &mut tables.indices[target.edges..];
    let (mut first_run, mut first_edge) = (target.runs as u32, target.edges as u32);
    sections
        .iter()
        .zip(sizes)
        .filter_map(|(section, &(runs, edges))| {
            let part = Part {
                section,
                first_run,
                first_edge,
                run_offsets: run_offsets_left.split_off_mut(..section.points())?,
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

impl Part<'_> {
    fn write(self, pieces: &[PieceRows]) {
        // Start of each point in the runs and in the indices.
        let mut starts = vec![(0, 0); self.section.points() + 1];
        self.section.visit(|point, piece, rank| {
            let row = pieces[piece].row(rank);
            starts[point + 1] = (row.lengths.len(), row.indices.len());
        });
        for (point, offset) in self.run_offsets.iter_mut().enumerate() {
            *offset = self.first_run + starts[point].0 as u32;
            starts[point + 1].0 += starts[point].0;
            starts[point + 1].1 += starts[point].1;
        }
        self.section.visit(|point, piece, rank| {
            let row = pieces[piece].row(rank);
            let (run, edge) = starts[point];
            let mut start = self.first_edge + edge as u32;
            let runs = run..run + row.lengths.len();
            for (target, length) in self.run_starts[runs.clone()].iter_mut().zip(row.lengths) {
                *target = start;
                start += length;
            }
            self.run_subdomains[runs].copy_from_slice(row.subdomains);
            self.indices[edge..edge + row.indices.len()].copy_from_slice(row.indices);
        });
    }
}
