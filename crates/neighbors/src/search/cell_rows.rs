//! What the cells of a region found: masks of candidates, which become rows where these belong.

use std::ops::Range;

use crate::search::cell_lists::CellLists;
use crate::simd::{Kernel, LANES, Lanes, dispatch};
use crate::tables::{Index, Part, RegionRows};

/// Candidates of one block that are neighbours: the block, the sub-domain and a mask, in one word, which is written at once.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hit(u64);

impl Hit {
    /// No candidate of a block.
    #[inline(always)]
    pub(super) fn new(block: u32, subdomain: u16) -> Self {
        Self(u64::from(block) | u64::from(subdomain) << 32)
    }

    /// The candidates of the mask, where there was none before.
    #[inline(always)]
    pub(super) fn with_mask(self, mask: u16) -> Self {
        Self(self.0 | u64::from(mask) << 48)
    }

    #[inline(always)]
    pub(super) fn block(self) -> u32 {
        self.0 as u32
    }

    #[inline(always)]
    pub(super) fn subdomain(self) -> u16 {
        (self.0 >> 32) as u16
    }

    #[inline(always)]
    fn mask(self) -> u16 {
        (self.0 >> 48) as u16
    }
}

/// Hits of a centre for which there is room: of a kernel of 27 cells, and of a ball with about as many points. A buffer that
/// grows leaves memory of many sizes behind.
const HITS: usize = 32;

/// The hits of one task, centre by centre as it visited them.
#[derive(Debug)]
pub(super) struct Hits {
    hits: Vec<Hit>,
    /// End of the hits of each centre.
    ends: Vec<u32>,
    /// Runs and neighbours of each centre.
    sizes: Vec<(u32, u32)>,
}

impl Hits {
    /// Room for the hits of so many centres.
    pub(super) fn with_room(centres: usize) -> Self {
        Self {
            hits: Vec::with_capacity(HITS * centres),
            ends: Vec::with_capacity(centres),
            sizes: Vec::with_capacity(centres),
        }
    }

    /// Appends the hits of the next centre.
    #[inline(always)]
    pub(super) fn push(&mut self, hits: &[Hit]) {
        let (mut runs, mut edges, mut last) = (0, 0, u16::MAX);
        for hit in hits {
            runs += u32::from(hit.subdomain() != last);
            edges += hit.mask().count_ones();
            last = hit.subdomain();
        }
        self.hits.extend_from_slice(hits);
        self.ends.push(self.hits.len() as u32);
        self.sizes.push((runs, edges));
    }

    #[inline(always)]
    fn of(&self, slot: usize) -> &[Hit] {
        let start = if slot == 0 { 0 } else { self.ends[slot - 1] };
        &self.hits[start as usize..self.ends[slot] as usize]
    }
}

/// The rows of all centres of a region.
#[derive(Debug)]
pub(crate) struct CellRows<'a> {
    lists: &'a CellLists,
    tasks: Vec<Hits>,
    /// The task of each centre, and its slot there.
    slots: Vec<(u32, u32)>,
}

impl<'a> CellRows<'a> {
    /// What the tasks found, which have visited the centres one after the other.
    pub(super) fn new(lists: &'a CellLists, tasks: Vec<Hits>) -> Self {
        let mut slots = vec![(0, 0); lists.order().len()];
        let mut ranks = lists.order().iter();
        for (number, task) in (0..).zip(&tasks) {
            for (slot, &rank) in (0..task.ends.len() as u32).zip(&mut ranks) {
                slots[rank as usize] = (number, slot);
            }
        }
        Self { lists, tasks, slots }
    }
}

impl<X: Index> RegionRows<X> for CellRows<'_> {
    fn centres(&self) -> &[u32] {
        self.lists.centres()
    }

    fn size(&self, centres: Range<usize>) -> (usize, usize) {
        self.slots[centres].iter().fold((0, 0), |(a, b), &(task, slot)| {
            let (runs, edges) = self.tasks[task as usize].sizes[slot as usize];
            (a + runs as usize, b + edges as usize)
        })
    }

    fn write(&self, centres: Range<usize>, part: Part<X>) {
        dispatch(Write { rows: self, centres, part });
    }
}

struct Write<'a, X> {
    rows: &'a CellRows<'a>,
    centres: Range<usize>,
    part: Part<'a, X>,
}

impl<X: Index> Kernel for Write<'_, X> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, lanes: L) {
        let Self { rows: CellRows { lists, tasks, slots }, part, .. } = self;
        let (mut run, mut edge) = (0, 0);
        let offsets = part.run_offsets.iter_mut().zip(part.edge_offsets);
        for (&(task, slot), (run_offset, edge_offset)) in slots[self.centres].iter().zip(offsets) {
            *run_offset = part.first_run + run as u32;
            *edge_offset = part.first_edge + edge as u32;
            let (row_start, mut last) = (edge, u16::MAX);
            for hit in tasks[task as usize].of(slot as usize) {
                let (subdomain, mask) = (hit.subdomain(), hit.mask());
                let mut compressed = [0; LANES];
                lanes.compress(mask, lists.numbers(hit.block()), &mut compressed);
                // Not `map`, which is not always inlined.
                let mut found = [X::default(); LANES];
                for (found, index) in found.iter_mut().zip(compressed) {
                    *found = X::new(index);
                }
                let count = mask.count_ones() as usize;
                // What a whole block writes too much is overwritten by the next.
                match part.indices[edge..].first_chunk_mut() {
                    Some(target) => *target = found,
                    None => part.indices[edge..edge + count].copy_from_slice(&found[..count]),
                }
                edge += count;
                run += usize::from(subdomain != last);
                last = subdomain;
                // Written anew for every hit of a run: cheaper than a branch.
                part.run_subdomains[run - 1] = subdomain;
                part.run_ends[run - 1] = X::new((edge - row_start) as u32);
            }
        }
    }
}
