//! The neighbour search on the device: from positions to the lists that the operators read.
//!
//! Points are sorted into cells ([`grid`]); kernels with the same cell edge share them. Then one thread per point and
//! sub-domain looks through the cells that the sub-domain touches, twice ([`pairs`]): the first time it counts the neighbours;
//! running sums of the counts ([`scan`]) tell where the lists begin; the second time it writes them. The host reads two numbers
//! for every kernel in between, all at once, to allocate the lists.

mod grid;
mod pairs;
mod rule;
mod scan;
mod sort;
mod tables;
#[cfg(test)]
mod tests;

use std::sync::{Arc, OnceLock};

use burn::tensor::DType;
use burn_cubecl::CubeDevice;
use burn_cubecl::tensor::CubeTensor;
use neighbors::{KernelShape, NeighborError, PackedClouds};

use self::grid::Grid;
use self::rule::Rule;
use self::scan::sums_before;
use super::copies::DeviceLists;
use super::lists::{Lists, Slab};
use super::words::{ROW, RUN};
use crate::gpu::launch::{allocate, largest_binding, tensor};

const OP: &str = "neighbour search";

/// The lists of a batch, made on `device` and left there; `None` for the kernels that are not searched
/// there: shells, those of more than 512 cells, and all when the batch has too many points for one table of the device.
///
/// # Errors
/// A point with more neighbours than fit into one table of the device, or more than 2^32 - 1 neighbour pairs of one kernel.
///
/// # Panics
/// When the device has no memory left.
pub(in crate::neighborhood) fn search(
    device: &CubeDevice,
    clouds: &PackedClouds,
    shapes: &[KernelShape],
) -> Result<Vec<Option<Arc<DeviceLists>>>, NeighborError> {
    let words = largest_binding(&device.client()) / size_of::<u32>();
    if clouds.points() == 0 || Grid::words(clouds.points()) > words {
        return Ok(vec![None; shapes.len()]);
    }
    search_within(device, clouds, shapes, words)
}

/// As [`search`], for some points and with tables of at most `limit` words for the lists.
fn search_within(
    device: &CubeDevice,
    clouds: &PackedClouds,
    shapes: &[KernelShape],
    limit: usize,
) -> Result<Vec<Option<Arc<DeviceLists>>>, NeighborError> {
    let client = &device.client();
    let (points, offsets) = (clouds.points(), clouds.offsets());
    let batch = Batch {
        positions: tensor(client, device, clouds.positions().as_flattened(), DType::F32),
        offsets: {
            let offsets: Vec<u32> = offsets.iter().map(|&offset| offset as u32).collect();
            tensor(client, device, &offsets, DType::U32)
        },
        clouds: clouds.len(),
        points,
    };
    let mut found: Vec<Option<Arc<DeviceLists>>> = vec![None; shapes.len()];
    let mut kernels: Vec<Kernel> = Vec::new();
    for (index, shape) in shapes.iter().enumerate() {
        if shapes[..index].contains(shape) {
            continue;
        }
        if let Some(rule) = Rule::of(client, device, shape) {
            // A part of the lists must fit at least one point.
            if rule.subdomains() > limit {
                continue;
            }
            let grid = kernels.iter().find(|kernel| kernel.rule.edge == rule.edge).map(|k| k.grid.clone());
            let grid = grid.unwrap_or_else(|| Arc::new(batch.grid(rule.edge)));
            kernels.push(Kernel { index, rule, grid, slabs: Vec::new() });
        }
    }
    fill(&mut kernels, points, limit)?;
    for Kernel { index, mut slabs, .. } in kernels {
        slabs.sort_unstable_by_key(|(first, _)| *first);
        let slabs: Vec<Slab> = slabs.into_iter().map(|(_, slab)| slab).collect();
        let lists = Lists::new(device, points, &shapes[index], slabs, limit);
        let lists = DeviceLists::new(lists, None);
        if u32::try_from(lists.edges()).is_err() {
            return Err(NeighborError::TooManyEdges { max: u64::from(u32::MAX) });
        }
        found[index] = Some(Arc::new(lists));
    }
    // Equal kernels have one neighbourhood.
    for index in 0..shapes.len() {
        if found[index].is_none()
            && let Some(first) = shapes[..index].iter().position(|shape| *shape == shapes[index])
        {
            found[index] = found[first].clone();
        }
    }
    Ok(found)
}

/// A packed batch on the device.
struct Batch {
    positions: CubeTensor,
    offsets: CubeTensor,
    clouds: usize,
    points: usize,
}

impl Batch {
    fn grid(&self, edge: f32) -> Grid {
        Grid::build(&self.positions, &self.offsets, self.clouds, self.points, edge)
    }
}

/// A kernel, and what has been found of its lists: slabs with the first of their slots in the grid.
struct Kernel {
    /// Which of the shapes it is.
    index: usize,
    rule: Rule,
    grid: Arc<Grid>,
    slabs: Vec<(usize, Slab)>,
}

/// Some rows of the lists of a kernel, whose neighbours are counted.
struct Part {
    kernel: usize,
    first: usize,
    len: usize,
    sizes: CubeTensor,
    /// Where the runs and the neighbours of every row begin.
    starts: [CubeTensor; 2],
}

/// Makes the slabs of all kernels. A part of the lists that turns out to be too large for one slab is halved and counted again.
fn fill(kernels: &mut [Kernel], points: usize, limit: usize) -> Result<(), NeighborError> {
    let mut waiting = Vec::new();
    for (number, kernel) in kernels.iter().enumerate() {
        let len = (limit / kernel.rule.subdomains()).min(limit / ROW - 1).min(points);
        waiting.extend((0..points).step_by(len).map(|first| (number, first, len.min(points - first))));
    }
    while !waiting.is_empty() {
        let parts: Vec<Part> = waiting
            .drain(..)
            .map(|(kernel, first, len)| Part::count(kernel, &kernels[kernel], first, len))
            .collect();
        let ends = tables::ends(&parts.iter().map(|part| (&part.starts, part.len)).collect::<Vec<_>>());
        for (part, [runs_len, edges]) in parts.into_iter().zip(ends) {
            if edges <= limit && (runs_len + 1) * RUN <= limit {
                let (number, first) = (part.kernel, part.first);
                let slab = part.write(&kernels[number], runs_len, edges);
                kernels[number].slabs.push((first, slab));
            } else if part.len > 1 {
                let half = part.len / 2;
                waiting.push((part.kernel, part.first, half));
                waiting.push((part.kernel, part.first + half, part.len - half));
            } else {
                return Err(NeighborError::TooManyEdges { max: limit as u64 });
            }
        }
    }
    Ok(())
}

impl Part {
    fn count(number: usize, kernel: &Kernel, first: usize, len: usize) -> Self {
        let subdomains = kernel.rule.subdomains();
        let like = &kernel.grid.members;
        let sizes = allocate(OP, "counts of the neighbours", like, [subdomains, len], DType::U32);
        pairs::count(&kernel.rule, &kernel.grid, &sizes, first, len);
        let starts = tables::totals(&sizes, len, subdomains).map(|totals| sums_before(totals, len));
        Self { kernel: number, first, len, sizes, starts }
    }

    fn write(self, kernel: &Kernel, runs_len: usize, edges: usize) -> Slab {
        let Self { first, len, sizes, starts, .. } = self;
        let Kernel { rule, grid, .. } = kernel;
        let rows = allocate(OP, "rows of the lists", &sizes, [len + 1, ROW], DType::U32);
        let runs = allocate(OP, "runs of the lists", &sizes, [runs_len + 1, RUN], DType::U32);
        let indices = allocate(OP, "neighbours", &sizes, [edges], DType::U32);
        tables::fill(starts, &grid.members, &sizes, [&rows, &runs], [first, len], rule.subdomains());
        pairs::write(rule, grid, &sizes, &indices, first, len);
        sort::sort_runs(&runs, &indices, runs_len);
        Slab { len, runs_len, edges, rows, runs, indices, tiles: OnceLock::new() }
    }
}
