//! Two-level compressed rows, and their assembly from chunks of rows.

use std::mem::replace;
use std::ops::Range;
use std::sync::Arc;

use rayon::iter::Either;
use rayon::prelude::*;

use super::index::{Columns, Index, MOST_NARROW, Numbers};
use super::region_points::{Numbering, RegionPoints};
use crate::error::NeighborError;
use crate::packed_clouds::PackedClouds;

/// Largest number of neighbour pairs of one batch.
pub(crate) const MAX_EDGES: u64 = u32::MAX as u64;

/// The tables of [`SubdomainLists`](crate::SubdomainLists): rows have a centre and runs, runs have indices.
///
/// # Shapes
/// `P` points, `R` runs, `E` neighbour pairs.
#[derive(Debug)]
pub(crate) struct Tables<N = Numbers> {
    /// The point of each row, `[P]`; cloud by cloud.
    pub(crate) centres: Vec<u32>,
    /// Where the runs of each row begin, `[P + 1]` with the end of the last.
    pub(crate) run_offsets: Vec<u32>,
    /// Where the indices of each row begin, `[P + 1]` with the end of the last.
    pub(crate) edge_offsets: Vec<u32>,
    /// Sub-domain of each run, `[R]`, ascending within a row.
    pub(crate) run_subdomains: Vec<u16>,
    pub(crate) numbers: N,
    /// What the neighbours are counted from, where that is not the first point of their cloud.
    pub(crate) regions: Option<Arc<RegionPoints>>,
}

/// How long the lists of a batch are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Totals {
    pub(crate) runs: u64,
    pub(crate) edges: u64,
}

impl Totals {
    pub(crate) fn plus(self, other: Self) -> Self {
        Self { runs: self.runs + other.runs, edges: self.edges + other.edges }
    }
}

impl<X: Index> Tables<Columns<X>> {
    /// Lists to be filled.
    pub(crate) fn with_sizes(points: usize, runs: usize, edges: usize) -> Self {
        Self {
            centres: vec![0; points],
            run_offsets: vec![0; points + 1],
            edge_offsets: vec![0; points + 1],
            run_subdomains: vec![0; runs],
            numbers: Columns { run_ends: vec![X::default(); runs], indices: vec![X::default(); edges] },
            regions: None,
        }
    }

    /// Lists that are filled.
    pub(crate) fn finished(self) -> Tables {
        let Self { centres, run_offsets, edge_offsets, run_subdomains, numbers, regions } = self;
        Tables { centres, run_offsets, edge_offsets, run_subdomains, numbers: X::numbers(numbers), regions }
    }
}

impl Tables {
    pub(crate) fn edges(&self) -> usize {
        match &self.numbers {
            Numbers::Narrow(columns) => columns.indices.len(),
            Numbers::Wide(columns) => columns.indices.len(),
        }
    }

    /// The runs of a row, each with its sub-domain and its neighbours; `first` is the first point of the cloud.
    #[inline(always)]
    pub(crate) fn runs(
        &self,
        row: usize,
        first: u32,
    ) -> impl ExactSizeIterator<Item = (usize, impl ExactSizeIterator<Item = u32> + Clone + use<'_>)>
    + Clone
    + use<'_> {
        let row_start = self.edge_offsets[row] as usize;
        let mut start = row_start;
        let points = self.regions.as_ref().map(|regions| regions.points(regions.of_row(row)));
        let packed = move |index: u32| first + points.map_or(index, |points| points[index as usize]);
        let runs = self.run_offsets[row] as usize..self.run_offsets[row + 1] as usize;
        runs.map(move |run| {
            let neighbours = match &self.numbers {
                Numbers::Narrow(Columns { run_ends, indices }) => {
                    let end = row_start + usize::from(run_ends[run]);
                    let narrow = &indices[replace(&mut start, end)..end];
                    Either::Left(narrow.iter().map(move |&index| packed(u32::from(index))))
                }
                Numbers::Wide(Columns { run_ends, indices }) => {
                    let end = row_start + run_ends[run] as usize;
                    let wide = &indices[replace(&mut start, end)..end];
                    Either::Right(wide.iter().map(move |&index| packed(index)))
                }
            };
            (usize::from(self.run_subdomains[run]), neighbours)
        })
    }

    /// Whether all points have the same runs, in whatever order the rows are; the clouds must be the same.
    pub(crate) fn lists_equal(&self, other: &Self) -> bool {
        let others = inverse(&other.centres, 0);
        self.centres.len() == other.centres.len()
            && self.centres.iter().enumerate().all(|(row, &centre)| {
                let (mine, theirs) = (self.runs(row, 0), other.runs(others[centre as usize] as usize, 0));
                mine.len() == theirs.len() && mine.zip(theirs).all(|(a, b)| a.0 == b.0 && a.1.eq(b.1))
            })
    }

    /// The centre of every row, where the neighbours of each begin, with the end of the last, and the packed indices of these;
    /// of lists that count neighbours in their clouds.
    pub(crate) fn into_packed(self, clouds: &PackedClouds) -> [Vec<u32>; 3] {
        debug_assert!(self.regions.is_none());
        let offsets = self.edge_offsets;
        let edges = |rows: Range<usize>| offsets[rows.start] as usize..offsets[rows.end] as usize;
        let mut indices = self.numbers.into_wide();
        for cloud in clouds.ranges().skip_while(|cloud| cloud.start == 0) {
            let first = cloud.start as u32;
            indices[edges(cloud)].par_iter_mut().for_each(|index| *index += first);
        }
        [self.centres, offsets, indices]
    }

    pub(crate) fn numbering(&self) -> Numbering {
        match (&self.regions, &self.numbers) {
            (Some(regions), _) => Numbering::Regions(regions.sizes()),
            (None, Numbers::Narrow(_)) => Numbering::Narrow,
            (None, Numbers::Wide(_)) => Numbering::Wide,
        }
    }

    pub(crate) fn totals(&self) -> Totals {
        Totals { runs: self.run_subdomains.len() as u64, edges: self.edges() as u64 }
    }
}

/// The slot of every point in a permutation of consecutive points from `first` on.
pub(crate) fn inverse(points: &[u32], first: usize) -> Vec<u32> {
    let mut slots = vec![0; points.len()];
    for (slot, &point) in (0..).zip(points) {
        slots[point as usize - first] = slot;
    }
    slots
}

/// Some consecutive rows.
#[derive(Debug, Default)]
pub(crate) struct Chunk {
    /// Runs of each row, and its neighbours.
    sizes: Vec<(u32, u32)>,
    subdomains: Vec<u16>,
    /// End of each run, counted from the beginning of its row.
    run_ends: Vec<u32>,
    indices: Vec<u32>,
}

impl Chunk {
    /// Appends the next row from `(sub-domain, neighbour)` keys in ascending order; the neighbours are counted from the
    /// first point of their cloud.
    pub(crate) fn push_centre(&mut self, keys: &[(u16, u32)]) {
        let before = self.subdomains.len();
        let mut end = 0;
        for run in keys.chunk_by(|a, b| a.0 == b.0) {
            end += run.len() as u32;
            self.subdomains.push(run[0].0);
            self.run_ends.push(end);
        }
        self.indices.extend(keys.iter().map(|key| key.1));
        self.sizes.push(((self.subdomains.len() - before) as u32, end));
    }
}

/// Joins chunks of consecutive rows into the lists of a batch whose largest cloud has `largest` points; `centres` has the
/// point of every row.
pub(crate) fn concatenate(
    chunks: &[Chunk],
    centres: Vec<u32>,
    largest: usize,
    max_edges: u64,
) -> Result<Tables, NeighborError> {
    let edges: usize = chunks.iter().map(|chunk| chunk.indices.len()).sum();
    if edges as u64 > max_edges {
        return Err(NeighborError::TooManyEdges { max: max_edges });
    }
    Ok(if largest <= MOST_NARROW {
        join::<u16>(chunks, centres, edges).finished()
    } else {
        join::<u32>(chunks, centres, edges).finished()
    })
}

fn join<X: Index>(chunks: &[Chunk], centres: Vec<u32>, edges: usize) -> Tables<Columns<X>> {
    let runs: usize = chunks.iter().map(|chunk| chunk.subdomains.len()).sum();
    let mut tables = Tables { centres, ..Tables::with_sizes(0, runs, edges) };
    let sizes = chunks.iter().flat_map(|chunk| &chunk.sizes);
    let ends = sizes.scan((0, 0), |end, &(runs, edges)| {
        *end = (end.0 + runs, end.1 + edges);
        Some(*end)
    });
    let offsets: (Vec<u32>, Vec<u32>) = ends.unzip();
    tables.run_offsets.extend(offsets.0);
    tables.edge_offsets.extend(offsets.1);

    let Columns { run_ends, indices } = &mut tables.numbers;
    let mut left = (&mut tables.run_subdomains[..], &mut run_ends[..], &mut indices[..]);
    let mut copies = Vec::with_capacity(chunks.len());
    for chunk in chunks {
        let subdomains = left.0.split_off_mut(..chunk.subdomains.len()).unwrap_or_default();
        let run_ends = left.1.split_off_mut(..chunk.run_ends.len()).unwrap_or_default();
        let indices = left.2.split_off_mut(..chunk.indices.len()).unwrap_or_default();
        copies.push((chunk, subdomains, run_ends, indices));
    }
    copies.into_par_iter().for_each(|(chunk, subdomains, run_ends, indices)| {
        subdomains.copy_from_slice(&chunk.subdomains);
        run_ends.iter_mut().zip(&chunk.run_ends).for_each(|(target, &end)| *target = X::new(end));
        indices.iter_mut().zip(&chunk.indices).for_each(|(target, &index)| *target = X::new(index));
    });
    tables
}
