//! Two-level compressed rows, and their assembly from chunks of rows.

use std::ops::Range;

use rayon::prelude::*;

use crate::error::NeighborError;

/// Largest number of neighbour pairs of one batch.
pub(crate) const MAX_EDGES: u64 = u32::MAX as u64;

/// The tables of [`SubdomainLists`](crate::SubdomainLists): rows have a centre and runs, runs have indices.
///
/// # Shapes
/// `P` points, `R` runs, `E` neighbour pairs.
#[derive(Debug)]
pub(crate) struct Tables {
    /// The point of each row, `[P]`; cloud by cloud.
    pub(crate) centres: Vec<u32>,
    /// Where the runs of each row begin, `[P + 1]` with the end of the last.
    pub(crate) run_offsets: Vec<u32>,
    /// Sub-domain of each run, `[R]`, ascending within a row.
    pub(crate) run_subdomains: Vec<u16>,
    /// Where the indices of each run begin, `[R + 1]` with the end of the last.
    pub(crate) run_starts: Vec<u32>,
    /// The neighbours, `[E]`, ascending within a run.
    pub(crate) indices: Vec<u32>,
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

impl Tables {
    /// Lists to be filled, with the ends of both levels filled in.
    pub(crate) fn with_sizes(points: usize, runs: usize, edges: usize) -> Self {
        let mut tables = Self {
            centres: vec![0; points],
            run_offsets: vec![0; points + 1],
            run_subdomains: vec![0; runs],
            run_starts: vec![0; runs + 1],
            indices: vec![0; edges],
        };
        tables.run_offsets[points] = runs as u32;
        tables.run_starts[runs] = edges as u32;
        tables
    }

    /// The runs of a row.
    #[inline(always)]
    pub(crate) fn runs(&self, row: usize) -> Range<usize> {
        self.run_offsets[row] as usize..self.run_offsets[row + 1] as usize
    }

    /// The indices of a run.
    #[inline(always)]
    pub(crate) fn indices(&self, run: usize) -> &[u32] {
        &self.indices[self.run_starts[run] as usize..self.run_starts[run + 1] as usize]
    }

    /// Whether all points have the same runs, in whatever order the rows are.
    pub(crate) fn lists_equal(&self, other: &Self) -> bool {
        if self.centres == other.centres {
            return self.run_offsets == other.run_offsets
                && self.run_subdomains == other.run_subdomains
                && self.run_starts == other.run_starts
                && self.indices == other.indices;
        }
        let others = inverse(&other.centres, 0);
        self.centres.len() == other.centres.len()
            && self.centres.iter().enumerate().all(|(row, &centre)| {
                let (mine, theirs) = (self.runs(row), other.runs(others[centre as usize] as usize));
                self.run_subdomains[mine.clone()] == other.run_subdomains[theirs.clone()]
                    && mine.zip(theirs).all(|(mine, theirs)| self.indices(mine) == other.indices(theirs))
            })
    }

    pub(crate) fn totals(&self) -> Totals {
        Totals { runs: self.run_subdomains.len() as u64, edges: self.indices.len() as u64 }
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
    /// Runs of each row.
    runs: Vec<u32>,
    subdomains: Vec<u16>,
    /// Neighbours of each run.
    lengths: Vec<u32>,
    indices: Vec<u32>,
}

impl Chunk {
    /// Appends the next row from `(sub-domain, neighbour)` keys in ascending order.
    pub(crate) fn push_centre(&mut self, keys: &[(u16, u32)]) {
        let before = self.lengths.len();
        let mut previous = None;
        for &(subdomain, index) in keys {
            if previous != Some(subdomain) {
                self.subdomains.push(subdomain);
                self.lengths.push(0);
                previous = Some(subdomain);
            }
            if let Some(length) = self.lengths.last_mut() {
                *length += 1;
            }
            self.indices.push(index);
        }
        self.runs.push((self.lengths.len() - before) as u32);
    }

    pub(crate) fn edges(&self) -> usize {
        self.indices.len()
    }
}

/// Joins chunks of consecutive rows into the lists of the batch; `centres` has the point of every row.
pub(crate) fn concatenate(
    chunks: &[Chunk],
    centres: Vec<u32>,
    max_edges: u64,
) -> Result<Tables, NeighborError> {
    let edges: usize = chunks.iter().map(Chunk::edges).sum();
    if edges as u64 > max_edges {
        return Err(NeighborError::TooManyEdges { max: max_edges });
    }
    let runs: usize = chunks.iter().map(|chunk| chunk.lengths.len()).sum();

    let mut run_offsets = Vec::with_capacity(centres.len() + 1);
    let mut run_starts = Vec::with_capacity(runs + 1);
    let (mut run, mut edge) = (0u32, 0u32);
    run_offsets.push(0);
    run_starts.push(0);
    for chunk in chunks {
        run_offsets.extend(chunk.runs.iter().map(|&n| {
            run += n;
            run
        }));
        run_starts.extend(chunk.lengths.iter().map(|&n| {
            edge += n;
            edge
        }));
    }

    let mut run_subdomains = vec![0; runs];
    let mut indices = vec![0; edges];
    let (mut subdomains_left, mut indices_left) = (&mut run_subdomains[..], &mut indices[..]);
    let mut copies = Vec::with_capacity(chunks.len());
    for chunk in chunks {
        let (subdomains, rest) = subdomains_left.split_at_mut(chunk.subdomains.len());
        subdomains_left = rest;
        let (targets, rest) = indices_left.split_at_mut(chunk.indices.len());
        indices_left = rest;
        copies.push((chunk, subdomains, targets));
    }
    copies.into_par_iter().for_each(|(chunk, subdomains, targets)| {
        subdomains.copy_from_slice(&chunk.subdomains);
        targets.copy_from_slice(&chunk.indices);
    });
    Ok(Tables { centres, run_offsets, run_subdomains, run_starts, indices })
}
