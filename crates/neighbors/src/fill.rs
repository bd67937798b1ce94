//! Places for the rows of centres that are found in another order than that of their indices.

use crate::tables::Tables;
use crate::tile_search::Counts;

/// Where the rows of one cloud start, counted from the first row of the cloud.
#[derive(Debug)]
pub(crate) struct CloudRows {
    /// First run of each centre, and their number.
    run_starts: Vec<u32>,
    /// First edge of each centre, and their number.
    edge_starts: Vec<u32>,
}

impl CloudRows {
    /// Sums the counts, which are in the order `order` of the centres.
    pub(crate) fn new(order: &[u32], counts: &[Counts]) -> Self {
        let mut run_starts = vec![0; order.len() + 1];
        let mut edge_starts = vec![0; order.len() + 1];
        let mut centres = order.iter();
        for task in counts {
            for ((&runs, &edges), &centre) in task.runs.iter().zip(&task.edges).zip(&mut centres) {
                run_starts[centre as usize + 1] = runs;
                edge_starts[centre as usize + 1] = edges;
            }
        }
        for centre in 0..order.len() {
            run_starts[centre + 1] += run_starts[centre];
            edge_starts[centre + 1] += edge_starts[centre];
        }
        Self { run_starts, edge_starts }
    }

    pub(crate) fn centres(&self) -> usize {
        self.run_starts.len() - 1
    }

    pub(crate) fn runs(&self) -> usize {
        self.run_starts[self.centres()] as usize
    }

    pub(crate) fn edges(&self) -> usize {
        self.edge_starts[self.centres()] as usize
    }
}

/// The part of the lists of a batch that belongs to one cloud.
#[derive(Debug)]
pub(crate) struct CloudTables<'a> {
    first_run: u32,
    first_edge: u32,
    run_offsets: &'a mut [u32],
    run_subdomains: &'a mut [u16],
    run_starts: &'a mut [u32],
    indices: &'a mut [u32],
}

/// The row of one centre.
#[derive(Debug)]
pub(crate) struct Row<'a> {
    first_edge: u32,
    subdomains: &'a mut [u16],
    starts: &'a mut [u32],
    indices: &'a mut [u32],
}

impl Row<'_> {
    /// Writes the sub-domains and lengths of the runs, and all indices.
    #[inline(always)]
    pub(crate) fn write(&mut self, subdomains: &[u16], lengths: &[u32], indices: &[u32]) {
        self.subdomains.copy_from_slice(subdomains);
        let mut edge = self.first_edge;
        for (start, &length) in self.starts.iter_mut().zip(lengths) {
            *start = edge;
            edge += length;
        }
        self.indices.copy_from_slice(indices);
    }
}

impl<'a> CloudTables<'a> {
    /// Writes where the runs of every centre start.
    pub(crate) fn write_run_offsets(&mut self, rows: &CloudRows) {
        for (offset, &start) in self.run_offsets.iter_mut().zip(&rows.run_starts) {
            *offset = self.first_run + start;
        }
    }

    /// The row of a centre, counted from the first of the cloud.
    #[inline(always)]
    pub(crate) fn row(&mut self, rows: &CloudRows, centre: usize) -> Row<'_> {
        let runs = rows.run_starts[centre] as usize..rows.run_starts[centre + 1] as usize;
        let edges = rows.edge_starts[centre] as usize..rows.edge_starts[centre + 1] as usize;
        Row {
            first_edge: self.first_edge + rows.edge_starts[centre],
            subdomains: &mut self.run_subdomains[runs.clone()],
            starts: &mut self.run_starts[runs],
            indices: &mut self.indices[edges],
        }
    }

    /// All rows at once, in the given order of the centres, so that they can be written in parallel.
    pub(crate) fn rows_in_order(self, rows: &CloudRows, order: &[u32]) -> Vec<Row<'a>> {
        let mut subdomains_left = self.run_subdomains;
        let mut starts_left = self.run_starts;
        let mut indices_left = self.indices;
        let mut by_centre: Vec<Option<Row<'a>>> = (0..rows.centres())
            .map(|centre| {
                let runs = (rows.run_starts[centre + 1] - rows.run_starts[centre]) as usize;
                let edges = (rows.edge_starts[centre + 1] - rows.edge_starts[centre]) as usize;
                Some(Row {
                    first_edge: self.first_edge + rows.edge_starts[centre],
                    subdomains: subdomains_left.split_off_mut(..runs)?,
                    starts: starts_left.split_off_mut(..runs)?,
                    indices: indices_left.split_off_mut(..edges)?,
                })
            })
            .collect();
        order.iter().filter_map(|&centre| by_centre[centre as usize].take()).collect()
    }
}

/// Cuts the lists of a batch into those of its clouds.
pub(crate) fn split_tables<'a>(tables: &'a mut Tables, clouds: &[CloudRows]) -> Vec<CloudTables<'a>> {
    let mut run_offsets_left = &mut tables.run_offsets[..];
    let mut subdomains_left = &mut tables.run_subdomains[..];
    let mut starts_left = &mut tables.run_starts[..];
    let mut indices_left = &mut tables.indices[..];
    let (mut first_run, mut first_edge) = (0, 0);
    clouds
        .iter()
        .filter_map(|rows| {
            let (runs, edges) = (rows.runs(), rows.edges());
            let cloud = CloudTables {
                first_run,
                first_edge,
                run_offsets: run_offsets_left.split_off_mut(..rows.centres())?,
                run_subdomains: subdomains_left.split_off_mut(..runs)?,
                run_starts: starts_left.split_off_mut(..runs)?,
                indices: indices_left.split_off_mut(..edges)?,
            };
            first_run += runs as u32;
            first_edge += edges as u32;
            Some(cloud)
        })
        .collect()
}
