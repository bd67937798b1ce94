//! Neighbour lists from the kd-tree of a region.

use std::ops::Range;

use rayon::prelude::*;

use crate::error::NeighborError;
use crate::index::KdTree;
use crate::search::region::Region;
use crate::shape::{Reach, Rule};
use crate::tables::{Index, Part, RegionRows, Totals};

/// The kd-tree of a region.
#[derive(Debug)]
pub(crate) struct RegionTree<'a> {
    region: &'a Region<'a>,
    tree: KdTree,
    /// The centres among the points of the region.
    own: Vec<u32>,
    /// Their packed indices.
    centres: Vec<u32>,
}

impl<'a> RegionTree<'a> {
    pub(crate) fn build(region: &'a Region<'a>) -> Result<Self, NeighborError> {
        let tree = KdTree::build(region.points())?;
        let own: Vec<u32> =
            (0..region.points().len() as u32).filter(|&i| region.is_own(i as usize)).collect();
        let centres: Vec<u32> = own.iter().map(|&i| region.packed(i as usize)).collect();
        Ok(Self { region, tree, own, centres })
    }

    /// A number of pairs that is not exceeded.
    pub(crate) fn most_edges(&self) -> u64 {
        self.own.len() as u64 * self.region.points().len() as u64
    }

    /// Runs and neighbour pairs of all centres.
    pub(crate) fn count<R: Rule>(&self, rule: &R) -> Totals {
        let mut totals = Totals::default();
        let mut keys = Vec::new();
        for &centre in &self.own {
            self.neighbors(rule, centre, &mut keys);
            let runs = keys.chunk_by(|a, b| a.0 == b.0).count() as u64;
            totals = totals.plus(Totals { runs, edges: keys.len() as u64 });
        }
        totals
    }

    /// The rows of all centres, found in tasks of `task_centres`.
    pub(crate) fn find<R: Rule>(&self, rule: &R, task_centres: usize) -> TreeRows<'_> {
        let find = |centres: &[u32]| {
            let mut task = Task::default();
            let mut keys = Vec::new();
            for &centre in centres {
                self.neighbors(rule, centre, &mut keys);
                task.keys.extend_from_slice(&keys);
                task.ends.push(task.keys.len());
            }
            task
        };
        let tasks = self.own.par_chunks(task_centres).map(find).collect();
        TreeRows { tree: self, tasks, task_centres }
    }

    /// Sub-domain and index in the region of every neighbour, in ascending order.
    fn neighbors<R: Rule>(&self, rule: &R, centre: u32, keys: &mut Vec<(u16, u32)>) {
        keys.clear();
        let points = self.region.points();
        let query = points[centre as usize];
        let visit = |i: u32| {
            if let Some(subdomain) = rule.subdomain(query, points[i as usize]) {
                keys.push((subdomain, i));
            }
        };
        match rule.reach() {
            Reach::Cube(half) => self.tree.visit_cube(query, half, visit),
            Reach::Ball(radius) => self.tree.visit_ball(query, radius, visit),
        }
        keys.sort_unstable();
    }
}

/// Sub-domain and index in the region of every neighbour of some centres, in ascending order for each.
#[derive(Debug, Default)]
struct Task {
    ends: Vec<usize>,
    keys: Vec<(u16, u32)>,
}

/// The rows of all centres of a region.
#[derive(Debug)]
pub(crate) struct TreeRows<'a> {
    tree: &'a RegionTree<'a>,
    tasks: Vec<Task>,
    task_centres: usize,
}

impl TreeRows<'_> {
    /// The runs of a centre.
    fn runs(&self, centre: usize) -> impl Iterator<Item = &[(u16, u32)]> {
        let (task, slot) = (&self.tasks[centre / self.task_centres], centre % self.task_centres);
        let start = if slot == 0 { 0 } else { task.ends[slot - 1] };
        task.keys[start..task.ends[slot]].chunk_by(|a, b| a.0 == b.0)
    }
}

impl<X: Index> RegionRows<X> for TreeRows<'_> {
    fn centres(&self) -> &[u32] {
        &self.tree.centres
    }

    fn size(&self, centres: Range<usize>) -> (usize, usize) {
        let runs = centres.flat_map(|centre| self.runs(centre));
        runs.fold((0, 0), |(runs, edges), run| (runs + 1, edges + run.len()))
    }

    fn write(&self, centres: Range<usize>, part: Part<X>) {
        let (mut run, mut edge) = (0, 0);
        let offsets = part.run_offsets.iter_mut().zip(part.edge_offsets);
        for (centre, (run_offset, edge_offset)) in centres.zip(offsets) {
            *run_offset = part.first_run + run as u32;
            *edge_offset = part.first_edge + edge as u32;
            let row_start = edge;
            for keys in self.runs(centre) {
                for (index, &(_, i)) in part.indices[edge..].iter_mut().zip(keys) {
                    *index = X::new(self.tree.region.number(i as usize));
                }
                edge += keys.len();
                part.run_subdomains[run] = keys[0].0;
                part.run_ends[run] = X::new((edge - row_start) as u32);
                run += 1;
            }
        }
    }
}
