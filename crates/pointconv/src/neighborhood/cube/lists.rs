//! The neighbour lists in the memory of a device.

use std::sync::OnceLock;

use burn::tensor::DType;
use burn_cubecl::CubeDevice;
use burn_cubecl::tensor::CubeTensor;
use neighbors::{KernelShape, SubdomainLists};

use super::tiles::Tiles;
use super::words::{ROW, RUN};
use crate::gpu::launch::{checked, tensor};

/// The lists of a batch on one device, cut into slabs that each fit what a kernel can be given.
#[derive(Debug)]
pub(crate) struct Lists {
    /// Number of rows.
    pub(crate) points: usize,
    pub(crate) subdomains: usize,
    /// Whether `mirror(k)` is `K - 1 - k`; otherwise it is `k`.
    pub(crate) mirrored: bool,
    pub(crate) slabs: Vec<Slab>,
    pub(crate) device: CubeDevice,
    /// Words of the largest table that a kernel is given.
    pub(crate) limit: usize,
}

/// Some rows of the lists, one after the other. Everything counts from the beginning of the slab.
#[derive(Debug)]
pub(crate) struct Slab {
    /// Number of rows.
    pub(crate) len: usize,
    /// Number of runs.
    pub(crate) runs_len: usize,
    /// Number of neighbours.
    pub(crate) edges: usize,
    /// `[len + 1, ROW]`: the point in whose neighbourhood the runs of the row are, and the first of them.
    pub(crate) rows: CubeTensor,
    /// `[runs_len + 1, RUN]`: first neighbour, sub-domain and centre.
    pub(crate) runs: CubeTensor,
    /// The neighbours.
    pub(crate) indices: CubeTensor,
    /// Not there before a wide layer asks for it.
    pub(crate) tiles: OnceLock<Tiles>,
}

impl Lists {
    /// Copies the lists, cut into tables of at most `limit` words.
    pub(crate) fn upload(device: &CubeDevice, lists: &SubdomainLists, limit: usize) -> Self {
        let client = &device.client();
        let words = |name: &str, values: &[u32]| {
            checked("neighbour lists", name, tensor(client, device, values, DType::U32))
        };
        let slabs = cut(lists, limit)
            .into_iter()
            .map(|slab| Slab {
                len: slab.rows.len() / ROW - 1,
                runs_len: slab.runs.len() / RUN - 1,
                edges: slab.indices.len(),
                rows: words("rows", &slab.rows),
                runs: words("runs", &slab.runs),
                indices: words("neighbours", &slab.indices),
                tiles: OnceLock::new(),
            })
            .collect();
        Self::new(device, lists.points(), lists.shape(), slabs, limit)
    }

    /// Lists of which the tables are on the device already; further ones have at most `limit` words.
    pub(crate) fn new(
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
        }
    }

    /// The slabs with their runs sorted by sub-domain.
    pub(crate) fn tiles(&self) -> impl Iterator<Item = (&Slab, &Tiles)> {
        let sort =
            |slab: &Slab| Tiles::new((&slab.rows, slab.len), (&slab.runs, slab.runs_len), self.subdomains);
        self.slabs.iter().map(move |slab| (slab, slab.tiles.get_or_init(|| sort(slab))))
    }
}

/// What a [`Slab`] is made from.
struct HostSlab {
    rows: Vec<u32>,
    runs: Vec<u32>,
    indices: Vec<u32>,
}

/// Cuts the lists into slabs whose tables have at most `limit` words each.
///
/// # Panics
/// When the lists of a single point do not fit.
fn cut(lists: &SubdomainLists, limit: usize) -> Vec<HostSlab> {
    let run_offsets = lists.run_offsets();
    let first_edge = |row: usize| lists.edge_offsets()[row] as usize;
    let points = lists.points();
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
            lists.centres()[start],
            first_edge(start + 1) - first_edge(start)
        );
        slabs.push(slab(lists, start, end));
        start = end;
    }
    slabs
}

/// The rows `start..end` of the lists, counted from `start`.
fn slab(lists: &SubdomainLists, start: usize, end: usize) -> HostSlab {
    let size = |offsets: &[u32]| (offsets[end] - offsets[start]) as usize;
    let (run_count, edges) = (size(lists.run_offsets()), size(lists.edge_offsets()));
    let mut rows = Vec::with_capacity((end - start + 1) * ROW);
    let mut runs = Vec::with_capacity((run_count + 1) * RUN);
    let mut indices = Vec::with_capacity(edges);
    for row in start..end {
        let row = lists.row(row);
        let centre = row.centre() as u32;
        rows.extend([centre, (runs.len() / RUN) as u32]);
        for (subdomain, neighbours) in row.runs() {
            runs.extend([indices.len() as u32, subdomain as u32, centre]);
            indices.extend(neighbours);
        }
    }
    // One more of each, to end the last.
    rows.extend([0, run_count as u32]);
    runs.extend([edges as u32, 0, 0]);
    HostSlab { rows, runs, indices }
}

#[cfg(test)]
mod tests {
    use neighbors::{KernelShape, PackedClouds, Search};

    use super::*;

    fn line(points: usize) -> SubdomainLists {
        let positions: Vec<_> = (0..points).map(|i| [i as f32 * 0.1, 0.0, 0.0]).collect();
        let clouds = PackedClouds::single(positions).expect("a sound batch");
        SubdomainLists::build(&clouds, &KernelShape::cells(0.1), Search::Auto).expect("a sound shape")
    }

    /// The edges of the slabs together, each as centre, sub-domain and neighbour.
    fn edges(slabs: &[HostSlab]) -> Vec<(u32, u32, u32)> {
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
        let expected: Vec<_> = lists
            .rows()
            .flat_map(|row| row.runs().map(move |run| (row.centre(), run)).collect::<Vec<_>>())
            .flat_map(|(i, (k, members))| members.map(move |j| (i as u32, k as u32, j)))
            .collect();
        for (limit, count) in [(1 << 20, 1), (60, 7), (12, 37)] {
            let slabs = cut(&lists, limit);
            assert_eq!(slabs.len(), count, "limit {limit}");
            for slab in &slabs {
                for table in [&slab.rows, &slab.runs, &slab.indices] {
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
