//! The neighbours of every point: counted first, then written to where the counts say.

use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

use super::grid::{CELL, Grid, bucket_of, cell_of};
use crate::op::cube::launch::one_thread_each;

/// What the threads compare with: which differences of coordinates belong to which step of the kernel.
pub(super) struct Rule {
    /// Steps along x, y and z.
    pub(super) size: [usize; 3],
    /// The least and the greatest difference of every step, x then y then z.
    pub(super) bounds: CubeTensor,
    /// No difference is greater than this, along any axis.
    pub(super) reach: f32,
}

/// Counts the neighbours of every point in every sub-domain.
///
/// # Shapes
/// - positions `[P, 3]`
/// - sizes `[P, K]`, zero before
pub(super) fn count(rule: &Rule, grid: &Grid, positions: &CubeTensor, sizes: &CubeTensor, points: usize) {
    let client = positions.client.clone();
    let (count, dim) = one_thread_each(&client, points);
    count_kernel::launch(
        &client,
        count,
        dim,
        positions.clone().into_buffer_arg(),
        rule.bounds.clone().into_buffer_arg(),
        grid.cells.clone().into_buffer_arg(),
        grid.starts.clone().into_buffer_arg(),
        grid.members.clone().into_buffer_arg(),
        sizes.clone().into_buffer_arg(),
        points,
        grid.scale,
        rule.reach,
        grid.buckets as u32 - 1,
        rule.size,
    );
}

/// Writes the neighbours, in no particular order within a sub-domain.
///
/// # Shapes
/// - positions `[P, 3]`
/// - places `[P, K]`: where the neighbours go; afterwards, where they end
/// - indices `[E]`
pub(super) fn write(
    rule: &Rule,
    grid: &Grid,
    positions: &CubeTensor,
    places: &CubeTensor,
    indices: &CubeTensor,
    points: usize,
) {
    let client = positions.client.clone();
    let (count, dim) = one_thread_each(&client, points);
    write_kernel::launch(
        &client,
        count,
        dim,
        positions.clone().into_buffer_arg(),
        rule.bounds.clone().into_buffer_arg(),
        grid.cells.clone().into_buffer_arg(),
        grid.starts.clone().into_buffer_arg(),
        grid.members.clone().into_buffer_arg(),
        places.clone().into_buffer_arg(),
        indices.clone().into_buffer_arg(),
        points,
        grid.scale,
        rule.reach,
        grid.buckets as u32 - 1,
        rule.size,
    );
}

#[cube(launch)]
fn count_kernel(
    positions: &[f32],
    bounds: &[f32],
    cells: &[u32],
    starts: &[u32],
    members: &[u32],
    sizes: &mut [u32],
    points: usize,
    scale: f32,
    reach: f32,
    mask: u32,
    #[comptime] size: [usize; 3],
) {
    let centre = ABSOLUTE_POS;
    if centre >= points {
        terminate!();
    }
    let subdomains = comptime!(size[0] * size[1] * size[2]);
    let (px, py, pz) = (positions[3 * centre], positions[3 * centre + 1], positions[3 * centre + 2]);
    let cloud = cells[CELL * centre + 3];
    for z in cell_of(pz - reach, scale)..cell_of(pz + reach, scale) + 1 {
        for y in cell_of(py - reach, scale)..cell_of(py + reach, scale) + 1 {
            for x in cell_of(px - reach, scale)..cell_of(px + reach, scale) + 1 {
                let bucket = usize::cast_from(bucket_of(x, y, z, cloud, mask));
                for place in starts[bucket]..starts[bucket + 1] {
                    let point = usize::cast_from(members[usize::cast_from(place)]);
                    if lies_in(cells, point, x, y, z, cloud) {
                        let dx = positions[3 * point] - px;
                        let dy = positions[3 * point + 1] - py;
                        let dz = positions[3 * point + 2] - pz;
                        let k = subdomain(bounds, dx, dy, dz, size);
                        if k < subdomains {
                            sizes[centre * subdomains + k] += 1u32;
                        }
                    }
                }
            }
        }
    }
}

#[cube(launch)]
fn write_kernel(
    positions: &[f32],
    bounds: &[f32],
    cells: &[u32],
    starts: &[u32],
    members: &[u32],
    places: &mut [u32],
    indices: &mut [u32],
    points: usize,
    scale: f32,
    reach: f32,
    mask: u32,
    #[comptime] size: [usize; 3],
) {
    let centre = ABSOLUTE_POS;
    if centre >= points {
        terminate!();
    }
    let subdomains = comptime!(size[0] * size[1] * size[2]);
    let (px, py, pz) = (positions[3 * centre], positions[3 * centre + 1], positions[3 * centre + 2]);
    let cloud = cells[CELL * centre + 3];
    for z in cell_of(pz - reach, scale)..cell_of(pz + reach, scale) + 1 {
        for y in cell_of(py - reach, scale)..cell_of(py + reach, scale) + 1 {
            for x in cell_of(px - reach, scale)..cell_of(px + reach, scale) + 1 {
                let bucket = usize::cast_from(bucket_of(x, y, z, cloud, mask));
                for place in starts[bucket]..starts[bucket + 1] {
                    let point = usize::cast_from(members[usize::cast_from(place)]);
                    if lies_in(cells, point, x, y, z, cloud) {
                        let dx = positions[3 * point] - px;
                        let dy = positions[3 * point + 1] - py;
                        let dz = positions[3 * point + 2] - pz;
                        let k = subdomain(bounds, dx, dy, dz, size);
                        if k < subdomains {
                            let counter = centre * subdomains + k;
                            indices[usize::cast_from(places[counter])] = u32::cast_from(point);
                            places[counter] += 1u32;
                        }
                    }
                }
            }
        }
    }
}

/// Whether a point of a bucket lies in this cell of this cloud; others may share the bucket.
#[cube]
fn lies_in(cells: &[u32], point: usize, x: i32, y: i32, z: i32, cloud: u32) -> bool {
    cells[CELL * point] == u32::cast_from(x)
        && cells[CELL * point + 1] == u32::cast_from(y)
        && cells[CELL * point + 2] == u32::cast_from(z)
        && cells[CELL * point + 3] == cloud
}

/// The sub-domain of a difference of positions; at least `K` where there is none.
#[cube]
fn subdomain(bounds: &[f32], dx: f32, dy: f32, dz: f32, #[comptime] size: [usize; 3]) -> usize {
    let x = step(bounds, dx, 0usize, comptime!(size[0]));
    let y = step(bounds, dy, comptime!(size[0]), comptime!(size[1]));
    let z = step(bounds, dz, comptime!(size[0] + size[1]), comptime!(size[2]));
    let inside = x < comptime!(size[0]) && y < comptime!(size[1]) && z < comptime!(size[2]);
    let k = (z * comptime!(size[1]) + y) * comptime!(size[0]) + x;
    select(inside, k, comptime!(size[0] * size[1] * size[2]))
}

/// The step along one axis whose interval holds the difference; `size` where there is none. Only comparisons: the
/// intervals say what division and rounding would, and a division is not exact on every GPU.
#[cube]
fn step(bounds: &[f32], difference: f32, #[comptime] first: usize, #[comptime] size: usize) -> usize {
    let mut found = size.runtime();
    #[unroll]
    for s in 0..size {
        let at = comptime!(2 * (first + s));
        if difference >= bounds[at] && difference <= bounds[at + 1] {
            found = s.runtime();
        }
    }
    found
}
