//! The neighbours of every point: counted first, then written to where the counts say. One thread looks for the neighbours of
//! one point in one sub-domain.

use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

use super::grid::{CELL, Grid, bucket_of, cell_of};
use super::rule::{Rule, STEP};
use crate::gpu::launch::one_thread_each;

/// Counts the neighbours in every sub-domain, of the points at the `len` places from `first` on.
///
/// # Shapes
/// - sizes `[K, len]`
pub(super) fn count(rule: &Rule, grid: &Grid, sizes: &CubeTensor, first: usize, len: usize) {
    let client = sizes.client.clone();
    let (count, dim) = one_thread_each(&client, len * rule.subdomains());
    count_kernel::launch(
        &client,
        count,
        dim,
        grid.positions.clone().into_buffer_arg(),
        grid.cells.clone().into_buffer_arg(),
        grid.starts.clone().into_buffer_arg(),
        rule.steps.clone().into_buffer_arg(),
        sizes.clone().into_buffer_arg(),
        first,
        len,
        grid.scale,
        rule.size,
    );
}

/// Writes the neighbours, in the order of the grid within a sub-domain.
///
/// # Shapes
/// - places `[K, len]`: where the neighbours go
/// - indices `[E]`
pub(super) fn write(
    rule: &Rule,
    grid: &Grid,
    places: &CubeTensor,
    indices: &CubeTensor,
    first: usize,
    len: usize,
) {
    let client = places.client.clone();
    let (count, dim) = one_thread_each(&client, len * rule.subdomains());
    write_kernel::launch(
        &client,
        count,
        dim,
        grid.positions.clone().into_buffer_arg(),
        grid.cells.clone().into_buffer_arg(),
        grid.starts.clone().into_buffer_arg(),
        grid.members.clone().into_buffer_arg(),
        rule.steps.clone().into_buffer_arg(),
        places.clone().into_buffer_arg(),
        indices.clone().into_buffer_arg(),
        first,
        len,
        grid.scale,
        rule.size,
    );
}

#[cube(launch)]
fn count_kernel(
    positions: &[f32],
    cells: &[u32],
    starts: &[u32],
    steps: &[f32],
    sizes: &mut [u32],
    first: usize,
    len: usize,
    scale: f32,
    #[comptime] size: [usize; 3],
) {
    let item = ABSOLUTE_POS;
    if item >= len * comptime!(size[0] * size[1] * size[2]) {
        terminate!();
    }
    // Neighbouring threads have neighbouring points and one sub-domain. Nothing is written to where neighbours would go.
    let (k, centre) = (item / len, first + item % len);
    let found = look(positions, cells, starts, steps, starts, sizes, centre, k, 0u32, scale, size, false);
    sizes[item] = found;
}

#[cube(launch)]
fn write_kernel(
    positions: &[f32],
    cells: &[u32],
    starts: &[u32],
    members: &[u32],
    steps: &[f32],
    places: &[u32],
    indices: &mut [u32],
    first: usize,
    len: usize,
    scale: f32,
    #[comptime] size: [usize; 3],
) {
    let item = ABSOLUTE_POS;
    if item >= len * comptime!(size[0] * size[1] * size[2]) {
        terminate!();
    }
    let (k, centre, place) = (item / len, first + item % len, places[item]);
    look(positions, cells, starts, steps, members, indices, centre, k, place, scale, size, true);
}

/// Looks into all cells that sub-domain `k` of `centre` touches. Returns `place` plus the number of neighbours, which are
/// written from there on if `writes`.
#[cube]
fn look(
    positions: &[f32],
    cells: &[u32],
    starts: &[u32],
    steps: &[f32],
    members: &[u32],
    indices: &mut [u32],
    centre: usize,
    k: usize,
    place: u32,
    scale: f32,
    #[comptime] size: [usize; 3],
    #[comptime] writes: bool,
) -> u32 {
    let [size_x, size_y, _] = comptime!(size);
    let (px, py, pz) = (positions[3 * centre], positions[3 * centre + 1], positions[3 * centre + 2]);
    let first_bucket = cells[CELL * centre + 3];
    let buckets = cells[CELL * centre + 4];
    let in_x = STEP * (k % size_x);
    let in_y = STEP * (size_x + k / size_x % size_y);
    let in_z = STEP * (size_x + size_y + k / (size_x * size_y));
    let mut next = place;
    for z in cell_of(pz + steps[in_z + 2], scale)..cell_of(pz + steps[in_z + 3], scale) + 1 {
        for y in cell_of(py + steps[in_y + 2], scale)..cell_of(py + steps[in_y + 3], scale) + 1 {
            for x in cell_of(px + steps[in_x + 2], scale)..cell_of(px + steps[in_x + 3], scale) + 1 {
                let bucket = bucket_of(x, y, z, first_bucket, buckets);
                for at in usize::cast_from(starts[bucket])..usize::cast_from(starts[bucket + 1]) {
                    // Only comparisons: the intervals say what division and rounding would, and a division is not exact on
                    // every GPU.
                    let dx = positions[3 * at] - px;
                    let dy = positions[3 * at + 1] - py;
                    let dz = positions[3 * at + 2] - pz;
                    if dx >= steps[in_x]
                        && dx <= steps[in_x + 1]
                        && dy >= steps[in_y]
                        && dy <= steps[in_y + 1]
                        && dz >= steps[in_z]
                        && dz <= steps[in_z + 1]
                        && lies_in(cells, at, x, y, z)
                    {
                        if comptime!(writes) {
                            indices[usize::cast_from(next)] = members[at];
                        }
                        next += 1u32;
                    }
                }
            }
        }
    }
    next
}

/// Whether the point at a place lies in this cell; others may share the bucket.
#[cube]
fn lies_in(cells: &[u32], at: usize, x: i32, y: i32, z: i32) -> bool {
    cells[CELL * at] == u32::cast_from(x)
        && cells[CELL * at + 1] == u32::cast_from(y)
        && cells[CELL * at + 2] == u32::cast_from(z)
}
