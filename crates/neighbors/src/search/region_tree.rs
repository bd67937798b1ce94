//! Neighbour lists from the kd-tree of a region.

use rayon::prelude::*;

use crate::error::NeighborError;
use crate::index::KdTree;
use crate::search::region::Region;
use crate::shape::{Reach, Rule};
use crate::tables::{RegionRows, Rows, Totals};

/// The kd-tree of a region.
#[derive(Debug)]
pub(crate) struct RegionTree<'a> {
    region: &'a Region<'a>,
    tree: KdTree,
    /// The centres among the points of the region.
    own: Vec<u32>,
    /// Their packed indices.
    centres: Vec<u32>,
    /// The centres are visited in their order: 0, 1, 2 and so on.
    order: Vec<u32>,
}

impl<'a> RegionTree<'a> {
    pub(crate) fn build(region: &'a Region<'a>) -> Result<Self, NeighborError> {
        let tree = KdTree::build(region.points())?;
        let own: Vec<u32> =
            (0..region.points().len() as u32).filter(|&i| region.is_own(i as usize)).collect();
        let centres: Vec<u32> = own.iter().map(|&i| region.index(i as usize)).collect();
        let order = (0..centres.len() as u32).collect();
        Ok(Self { region, tree, own, centres, order })
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
    pub(crate) fn find<R: Rule>(&self, rule: &R, task_centres: usize) -> RegionRows<'_> {
        let find = |centres: &[u32]| {
            let mut rows = Rows::default();
            let mut keys = Vec::new();
            for &centre in centres {
                self.neighbors(rule, centre, &mut keys);
                rows.push(keys.iter().map(|&(subdomain, i)| (subdomain, self.region.index(i as usize))));
            }
            rows
        };
        let tasks = self.own.par_chunks(task_centres).map(find).collect();
        RegionRows::new(&self.centres, &self.order, tasks)
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
