//! The points sorted into cells, on the device.
//!
//! A cell has no place of its own in memory: its coordinates are hashed into twice as many buckets as its cloud has points.
//! An outlier or large coordinates therefore cost nothing; who looks through a bucket checks whose points they are. The
//! buckets of a cloud follow each other, so that points stay with those of their cloud.

use burn::backend::ops::IntTensorOps;
use burn::tensor::{DType, IntDType, Shape};
use burn_cubecl::CubeBackend;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

use super::scan::sums_before;
use super::sort::sort_buckets;
use crate::gpu::launch::{empty_like, one_thread_each};

/// Words of a point in [`Grid::cells`]: the coordinates of its cell, the first bucket of its cloud, and their number.
pub(super) const CELL: usize = 5;

/// Buckets for every point of a cloud.
const BUCKETS: usize = 2;

/// Largest magnitude of a cell's coordinate. Beyond it, points share cells; they are told apart by their positions.
const LIMIT: f32 = 1e9;

/// Where the points of a batch are. In all tables but `members` a point is known by its place: bucket after bucket, and in
/// the order of the points within a bucket.
pub(super) struct Grid {
    /// One over the edge of a cell.
    pub(super) scale: f32,
    /// `[P, 3]`.
    pub(super) positions: CubeTensor,
    /// `[P, CELL]`.
    pub(super) cells: CubeTensor,
    /// The place where every bucket begins, `[BUCKETS · P + 1]`.
    pub(super) starts: CubeTensor,
    /// The point of every place, `[P]`.
    pub(super) members: CubeTensor,
}

impl Grid {
    /// Words of the largest table for `points` points.
    pub(super) fn words(points: usize) -> usize {
        CELL * points + 1
    }

    /// # Shapes
    /// - positions `[P, 3]`, `f32`; offsets `[B + 1]`, `u32`
    pub(super) fn build(
        positions: &CubeTensor,
        offsets: &CubeTensor,
        clouds: usize,
        points: usize,
        edge: f32,
    ) -> Self {
        let client = positions.client.clone();
        // Tiny cells get company, or their number would be infinite.
        let scale = (1.0 / edge).min(1e30);
        let buckets = BUCKETS * points;
        let unsorted = empty_like(positions, [points, CELL], DType::U32);
        let bucket_from_point = empty_like(positions, [points], DType::U32);
        let sizes = zeros(positions, buckets);
        let (count, dim) = one_thread_each(&client, points);
        cells_kernel::launch(
            &client,
            count.clone(),
            dim,
            positions.clone().into_buffer_arg(),
            offsets.clone().into_buffer_arg(),
            unsorted.clone().into_buffer_arg(),
            bucket_from_point.clone().into_buffer_arg(),
            sizes.clone().into_buffer_arg(),
            points,
            clouds,
            scale,
        );
        let starts = sums_before(sizes, buckets);
        let taken = zeros(positions, buckets);
        let members = empty_like(positions, [points], DType::U32);
        members_kernel::launch(
            &client,
            count.clone(),
            dim,
            bucket_from_point.into_buffer_arg(),
            starts.clone().into_buffer_arg(),
            taken.into_buffer_arg(),
            members.clone().into_buffer_arg(),
            points,
        );
        sort_buckets(&starts, &members, buckets);
        let sorted = empty_like(positions, [points, 3], DType::F32);
        let cells = empty_like(positions, [points, CELL], DType::U32);
        gather_kernel::launch(
            &client,
            count,
            dim,
            members.clone().into_buffer_arg(),
            positions.clone().into_buffer_arg(),
            unsorted.into_buffer_arg(),
            sorted.clone().into_buffer_arg(),
            cells.clone().into_buffer_arg(),
            points,
        );
        Self { scale, positions: sorted, cells, starts, members }
    }
}

/// A vector of zeros beside `like`.
fn zeros(like: &CubeTensor, len: usize) -> CubeTensor {
    CubeBackend::int_zeros(Shape::new([len]), &like.device, IntDType::U32)
}

/// The cell of a coordinate. Does not decrease with the coordinate, however the product is rounded; that is all that the
/// search relies on.
#[cube]
pub(super) fn cell_of(coordinate: f32, scale: f32) -> i32 {
    let cell = (coordinate * scale).floor();
    i32::cast_from(clamp(cell, -LIMIT, LIMIT))
}

/// The bucket of a cell, of the `buckets` buckets from `first` on.
#[cube]
pub(super) fn bucket_of(x: i32, y: i32, z: i32, first: u32, buckets: u32) -> usize {
    let mut hash = u32::cast_from(x) * 0x9e37_79b1u32;
    hash = (hash ^ (hash >> 15u32)) + u32::cast_from(y) * 0x85eb_ca77u32;
    hash = (hash ^ (hash >> 13u32)) * 0xc2b2_ae3du32 + u32::cast_from(z) * 0x27d4_eb2fu32;
    hash = (hash ^ (hash >> 16u32)) * 0x1656_67b1u32;
    // The upper half of the product of two words: the bits of the hash decide from the highest down.
    usize::cast_from(first + (hash ^ (hash >> 15u32)).mul_hi(buckets))
}

#[cube(launch)]
fn cells_kernel(
    positions: &[f32],
    offsets: &[u32],
    cells: &mut [u32],
    bucket_from_point: &mut [u32],
    sizes: &[Atomic<u32>],
    points: usize,
    clouds: usize,
    scale: f32,
) {
    let point = ABSOLUTE_POS;
    if point >= points {
        terminate!();
    }
    // The last cloud that begins at or before the point; the empty ones before it begin there, too.
    let mut cloud = 0usize;
    let mut beyond = clouds;
    while cloud + 1 < beyond {
        let middle = (cloud + beyond) / 2;
        if usize::cast_from(offsets[middle]) <= point {
            cloud = middle;
        } else {
            beyond = middle;
        }
    }
    let first = offsets[cloud] * comptime!(BUCKETS as u32);
    let buckets = (offsets[cloud + 1] - offsets[cloud]) * comptime!(BUCKETS as u32);
    let x = cell_of(positions[3 * point], scale);
    let y = cell_of(positions[3 * point + 1], scale);
    let z = cell_of(positions[3 * point + 2], scale);
    cells[CELL * point] = u32::cast_from(x);
    cells[CELL * point + 1] = u32::cast_from(y);
    cells[CELL * point + 2] = u32::cast_from(z);
    cells[CELL * point + 3] = first;
    cells[CELL * point + 4] = buckets;
    let bucket = bucket_of(x, y, z, first, buckets);
    bucket_from_point[point] = u32::cast_from(bucket);
    sizes[bucket].fetch_add(1u32);
}

/// Threads take the places of a bucket as they come, in another order in every run. The buckets are sorted afterwards.
#[cube(launch)]
fn members_kernel(
    bucket_from_point: &[u32],
    starts: &[u32],
    taken: &[Atomic<u32>],
    members: &mut [u32],
    points: usize,
) {
    let point = ABSOLUTE_POS;
    if point >= points {
        terminate!();
    }
    let bucket = usize::cast_from(bucket_from_point[point]);
    let place = starts[bucket] + taken[bucket].fetch_add(1u32);
    members[usize::cast_from(place)] = u32::cast_from(point);
}

#[cube(launch)]
fn gather_kernel(
    members: &[u32],
    positions: &[f32],
    cells: &[u32],
    sorted_positions: &mut [f32],
    sorted_cells: &mut [u32],
    points: usize,
) {
    let place = ABSOLUTE_POS;
    if place >= points {
        terminate!();
    }
    let point = usize::cast_from(members[place]);
    #[unroll]
    for i in 0..3 {
        sorted_positions[3 * place + i] = positions[3 * point + i];
    }
    #[unroll]
    for i in 0..comptime!(CELL) {
        sorted_cells[CELL * place + i] = cells[CELL * point + i];
    }
}
