//! The neighbour lists in the memory of a device.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use burn::tensor::{DType, Shape};
use burn_cubecl::CubeDevice;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::Client;
use neighbors::{KernelShape, NeighborError, Neighborhood, Tables};

use super::launch::{checked, largest_binding};
use super::shares::{Shares, shares};
use super::wide::Tiles;

/// Words of a row in [`Slab::rows`]: the centre, and its first run.
pub(super) const ROW: usize = 2;

/// Words of a run in [`Slab::runs`]: its first neighbour, its sub-domain, its centre.
pub(super) const RUN: usize = 3;

/// The lists of a batch on one device, cut into slabs that each fit what a kernel can be given.
#[derive(Debug)]
pub(super) struct Lists {
    pub(super) points: usize,
    pub(super) subdomains: usize,
    /// Whether `mirror(k)` is `K - 1 - k`; otherwise it is `k`.
    pub(super) mirrored: bool,
    pub(super) slabs: Vec<Slab>,
    pub(super) device: CubeDevice,
    /// Words of the largest table that a kernel is given.
    limit: usize,
    /// Not there before a gradient asks for it.
    shares: OnceLock<Vec<Shares>>,
}

/// Some rows of the lists, one after the other. Everything counts from the beginning of the slab.
#[derive(Debug)]
pub(super) struct Slab {
    /// Number of rows.
    pub(super) len: usize,
    /// Number of runs.
    pub(super) runs_len: usize,
    /// Number of neighbours.
    pub(super) edges: usize,
    /// `[len + 1, ROW]`: the point in whose neighbourhood the runs of the row are, and the first of them.
    pub(super) rows: CubeTensor,
    /// `[runs_len + 1, RUN]`: first neighbour, sub-domain and centre.
    pub(super) runs: CubeTensor,
    /// The neighbours.
    pub(super) indices: CubeTensor,
    /// Not there before a wide layer asks for it.
    pub(super) tiles: OnceLock<Tiles>,
}

/// The devices on which lists are, kept with the neighbourhood and dropped with it.
#[derive(Default)]
struct Copies {
    lists: Mutex<Vec<(CubeDevice, Arc<Lists>)>>,
}

impl Lists {
    /// The lists of `neighborhood` on `device`: copied there when they are first asked for.
    pub(super) fn on(device: &CubeDevice, neighborhood: &Neighborhood) -> Arc<Self> {
        let copies = neighborhood.attached::<Copies>();
        // Held while the lists are copied, so that two layers on two threads do not both copy them.
        let mut copies = copies.lists.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, lists)) = copies.iter().find(|(known, _)| known == device) {
            return lists.clone();
        }
        let words = largest_binding(&device.client()) / size_of::<u32>();
        let lists = Arc::new(Self::upload(device, neighborhood, words));
        copies.push((device.clone(), lists.clone()));
        lists
    }

    /// Copies the lists, cut into tables of at most `limit` words.
    pub(super) fn upload(device: &CubeDevice, neighborhood: &Neighborhood, limit: usize) -> Self {
        let client = &device.client();
        let words = |name: &str, values: &[u32]| {
            checked("neighbour lists", name, tensor(client, device, values, DType::U32))
        };
        let slabs = cut(neighborhood, limit)
            .into_iter()
            .map(|slab| Slab {
                len: slab.rows.len() / ROW - 1,
                runs_len: slab.runs.len() / RUN - 1,
                edges: slab.indices.len(),
                rows: words("rows", &slab.rows),
                runs: words("runs", &slab.runs),
                indices: words("neighbours", slab.indices),
                tiles: OnceLock::new(),
            })
            .collect();
        Self::new(device, neighborhood.points(), neighborhood.shape(), slabs, limit)
    }

    /// Lists of which the tables are on the device already; further ones have at most `limit` words.
    pub(super) fn new(
        device: &CubeDevice,
        points: usize,
        shape: &KernelShape,
        slabs: Vec<Slab>,
        limit: usize,
    ) -> Self {
        Self {
            points,
            subdomains: shape.subdomains(),
            mirrored: shape.mirror(0) != 0,
            slabs,
            device: device.clone(),
            limit,
            shares: OnceLock::new(),
        }
    }

    /// The neighbourhood of which these are the lists. They are copied to the host when somebody asks for a table there.
    ///
    /// # Errors
    /// More neighbour pairs than the host can count.
    pub(super) fn neighborhood(
        self,
        offsets: &[usize],
        shape: &KernelShape,
    ) -> Result<Neighborhood, NeighborError> {
        let edges = self.slabs.iter().map(|slab| slab.edges).sum::<usize>();
        if u32::try_from(edges).is_err() {
            return Err(NeighborError::TooManyEdges { max: u64::from(u32::MAX) });
        }
        let runs = self.slabs.iter().map(|slab| slab.runs_len).sum();
        let lists = Arc::new(self);
        let here = (lists.device.clone(), lists.clone());
        let found = Neighborhood::elsewhere(offsets, shape, runs, edges, move || lists.read());
        found.attached::<Copies>().lists.lock().unwrap_or_else(PoisonError::into_inner).push(here);
        Ok(found)
    }

    /// The shares of the neighbours in the means of all sub-domains.
    pub(super) fn shares(&self) -> &[Shares] {
        self.shares.get_or_init(|| shares(self, self.limit))
    }

    /// The slabs with their runs sorted by sub-domain.
    pub(super) fn tiles(&self) -> impl Iterator<Item = (&Slab, &Tiles)> {
        self.slabs.iter().map(|slab| (slab, slab.tiles.get_or_init(|| Tiles::new(slab, self.subdomains))))
    }

    /// The tables, copied to the host.
    fn read(&self) -> Tables {
        let mut tables = Tables {
            centres: Vec::with_capacity(self.points),
            run_offsets: Vec::with_capacity(self.points + 1),
            run_subdomains: Vec::new(),
            run_starts: Vec::new(),
            indices: Vec::new(),
        };
        for slab in &self.slabs {
            let [rows, runs, indices] = slab.read();
            let (first_run, first_edge) = (tables.run_subdomains.len() as u32, tables.indices.len() as u32);
            for row in rows[..slab.len * ROW].chunks_exact(ROW) {
                tables.centres.push(row[0]);
                tables.run_offsets.push(first_run + row[1]);
            }
            for run in runs[..slab.runs_len * RUN].chunks_exact(RUN) {
                tables.run_starts.push(first_edge + run[0]);
                tables.run_subdomains.push(run[1] as u16);
            }
            tables.indices.extend_from_slice(&indices[..slab.edges]);
        }
        tables.run_offsets.push(tables.run_subdomains.len() as u32);
        tables.run_starts.push(tables.indices.len() as u32);
        tables
    }
}

impl Slab {
    /// Rows, runs and neighbours, copied to the host.
    fn read(&self) -> [Vec<u32>; 3] {
        [&self.rows, &self.runs, &self.indices].map(|table| {
            let bytes = table.client.read_one(table.handle.clone());
            let bytes = bytes.unwrap_or_else(|error| panic!("neighbour lists on a device: {error}"));
            bytemuck::pod_collect_to_vec(&bytes[..table.meta.shape().num_elements() * size_of::<u32>()])
        })
    }
}

/// What a [`Slab`] is made from.
struct HostSlab<'a> {
    rows: Vec<u32>,
    runs: Vec<u32>,
    indices: &'a [u32],
}

/// Cuts the lists into slabs whose tables have at most `limit` words each.
///
/// # Panics
/// When the lists of a single point do not fit.
fn cut(neighborhood: &Neighborhood, limit: usize) -> Vec<HostSlab<'_>> {
    let (run_offsets, run_starts) = (neighborhood.run_offsets(), neighborhood.run_starts());
    let first_edge = |row: usize| run_starts[run_offsets[row] as usize] as usize;
    let points = neighborhood.points();
    let mut slabs = Vec::new();
    let mut start = 0;
    while start < points {
        // The last row whose tables fit, looked for by halving: the tables only grow.
        let fits = |end: usize| {
            let runs = (run_offsets[end] - run_offsets[start]) as usize;
            (end - start + 1) * ROW <= limit
                && (runs + 1) * RUN <= limit
                && first_edge(end) - first_edge(start) <= limit
        };
        let (mut end, mut beyond) = (start, points + 1);
        while end + 1 < beyond {
            let middle = usize::midpoint(end, beyond);
            if fits(middle) { end = middle } else { beyond = middle }
        }
        assert!(
            end > start,
            "pointwise_conv: point {} has {} neighbours, the device takes tables of {limit} words; \
             lower the cell size or the radius",
            neighborhood.centres()[start],
            first_edge(start + 1) - first_edge(start)
        );
        slabs.push(slab(neighborhood, start, end));
        start = end;
    }
    slabs
}

/// The rows `start..end` of the lists, counted from `start`.
fn slab(neighborhood: &Neighborhood, start: usize, end: usize) -> HostSlab<'_> {
    let (run_offsets, run_starts) = (neighborhood.run_offsets(), neighborhood.run_starts());
    let subdomains = neighborhood.run_subdomains();
    let (first_run, last_run) = (run_offsets[start], run_offsets[end]);
    let (first_edge, last_edge) = (run_starts[first_run as usize], run_starts[last_run as usize]);
    let mut rows = Vec::with_capacity((end - start + 1) * ROW);
    let mut runs = Vec::with_capacity((last_run - first_run + 1) as usize * RUN);
    for row in start..end {
        let centre = neighborhood.centres()[row];
        rows.extend([centre, run_offsets[row] - first_run]);
        for run in run_offsets[row] as usize..run_offsets[row + 1] as usize {
            runs.extend([run_starts[run] - first_edge, u32::from(subdomains[run]), centre]);
        }
    }
    // One more of each, to end the last.
    rows.extend([0, last_run - first_run]);
    runs.extend([last_edge - first_edge, 0, 0]);
    HostSlab { rows, runs, indices: &neighborhood.indices()[first_edge as usize..last_edge as usize] }
}

/// A vector on the device. What is empty gets one element that nobody reads, since a kernel cannot be given nothing.
pub(super) fn tensor<T: bytemuck::Pod>(
    client: &Client,
    device: &CubeDevice,
    values: &[T],
    dtype: DType,
) -> CubeTensor {
    let one = [T::zeroed()];
    let values = if values.is_empty() { &one } else { values };
    let handle = client.create_from_slice(bytemuck::cast_slice(values));
    CubeTensor::new_contiguous(client.clone(), device.clone(), Shape::new([values.len()]), handle, dtype)
}

#[cfg(test)]
mod tests {
    use neighbors::{KernelShape, Search};

    use super::*;

    fn line(points: usize) -> Neighborhood {
        let positions: Vec<_> = (0..points).map(|i| [i as f32 * 0.1, 0.0, 0.0]).collect();
        let shape = KernelShape::cells(0.1);
        Neighborhood::build(&positions, &[0, points], &shape, Search::Auto).expect("a sound batch")
    }

    /// The edges of the slabs together, each as centre, sub-domain and neighbour.
    fn edges(slabs: &[HostSlab<'_>]) -> Vec<(u32, u32, u32)> {
        let mut edges = Vec::new();
        for slab in slabs {
            for rows in slab.rows.windows(2 * ROW).step_by(ROW) {
                for run in rows[1]..rows[1 + ROW] {
                    let at = &slab.runs[run as usize * RUN..][..RUN + 1];
                    assert_eq!(at[2], rows[0], "the centre of the run is that of the row");
                    edges.extend((at[0]..at[RUN]).map(|e| (at[2], at[1], slab.indices[e as usize])));
                }
            }
        }
        edges
    }

    #[test]
    fn slabs_hold_what_the_lists_hold() {
        let lists = line(37);
        let expected: Vec<_> = (0..37)
            .flat_map(|i| lists.runs(i).map(move |run| (i, run)).collect::<Vec<_>>())
            .flat_map(|(i, (k, members))| members.iter().map(move |&j| (i as u32, k as u32, j)))
            .collect();
        for (limit, count) in [(1 << 20, 1), (60, 7), (12, 37)] {
            let slabs = cut(&lists, limit);
            assert_eq!(slabs.len(), count, "limit {limit}");
            for slab in &slabs {
                for table in [&slab.rows, &slab.runs, &slab.indices.to_vec()] {
                    assert!(table.len() <= limit, "{} words, limit {limit}", table.len());
                }
            }
            assert_eq!(edges(&slabs), expected, "limit {limit}");
        }
        assert!(cut(&line(0), 12).is_empty());
    }

    #[test]
    #[should_panic(expected = "point 0 has 2 neighbours, the device takes tables of 8 words")]
    fn a_point_that_fits_nowhere() {
        cut(&line(3), 8);
    }
}
