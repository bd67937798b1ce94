//! The points sorted into cells, on the device.
//!
//! A cell has no place of its own in memory: its coordinates are hashed into as many buckets as there are points, twice.
//! An outlier or large coordinates therefore cost nothing; who looks through a bucket checks whose points they are.

use burn::backend::ops::IntTensorOps;
use burn::tensor::{DType, IntDType, Shape};
use burn_cubecl::CubeBackend;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

use super::scan::sums_before;
use crate::op::cube::launch::{empty_like, one_thread_each};

/// Words of a point in [`Grid::cells`]: the coordinates of its cell, and its cloud.
pub(super) const CELL: usize = 4;

/// Largest magnitude of a cell's coordinate. Beyond it, points share cells; they are told apart by their positions.
const LIMIT: f32 = 1e9;

/// Where the points of a batch are.
pub(super) struct Grid {
    /// One over the edge of a cell.
    pub(super) scale: f32,
    /// Number of buckets, a power of two.
    pub(super) buckets: usize,
    /// The cell of every point, `[P, CELL]`.
    pub(super) cells: CubeTensor,
    /// Where the points of a bucket begin in `members`, `[buckets + 1]`.
    pub(super) starts: CubeTensor,
    /// The points, bucket after bucket, `[P]`.
    pub(super) members: CubeTensor,
}

impl Grid {
    /// # Shapes
    /// - positions `[P, 3]`, `f32`; clouds `[P]`, the cloud of every point
    pub(super) fn build(positions: &CubeTensor, clouds: &CubeTensor, points: usize, edge: f32) -> Self {
        let client = positions.client.clone();
        let scale = 1.0 / edge;
        let buckets = (2 * points).next_power_of_two();
        let cells = empty_like(positions, [points, CELL], DType::U32);
        let hashes = empty_like(positions, [points], DType::U32);
        let sizes = zeros(positions, buckets);
        let (count, dim) = one_thread_each(&client, points);
        cells_kernel::launch(
            &client,
            count.clone(),
            dim,
            positions.clone().into_buffer_arg(),
            clouds.clone().into_buffer_arg(),
            cells.clone().into_buffer_arg(),
            hashes.clone().into_buffer_arg(),
            sizes.clone().into_buffer_arg(),
            points,
            scale,
            buckets as u32 - 1,
        );
        let starts = sums_before(sizes, buckets);
        let taken = zeros(positions, buckets);
        let members = empty_like(positions, [points], DType::U32);
        members_kernel::launch(
            &client,
            count,
            dim,
            hashes.into_buffer_arg(),
            starts.clone().into_buffer_arg(),
            taken.into_buffer_arg(),
            members.clone().into_buffer_arg(),
            points,
        );
        Self { scale, buckets, cells, starts, members }
    }
}

/// A vector of zeros beside `like`.
pub(super) fn zeros(like: &CubeTensor, len: usize) -> CubeTensor {
    CubeBackend::int_zeros(Shape::new([len]), &like.device, IntDType::U32)
}

/// The cell of a coordinate. Does not decrease with the coordinate, however the product is rounded; that is all that the
/// search relies on.
#[cube]
pub(super) fn cell_of(coordinate: f32, scale: f32) -> i32 {
    let cell = (coordinate * scale).floor();
    i32::cast_from(clamp(cell, -LIMIT, LIMIT))
}

/// The bucket of a cell of a cloud.
#[cube]
pub(super) fn bucket_of(x: i32, y: i32, z: i32, cloud: u32, mask: u32) -> u32 {
    let mut hash = u32::cast_from(x) * 0x9e37_79b1u32;
    hash = (hash ^ (hash >> 15u32)) + u32::cast_from(y) * 0x85eb_ca77u32;
    hash = (hash ^ (hash >> 13u32)) * 0xc2b2_ae3du32 + u32::cast_from(z) * 0x27d4_eb2fu32;
    hash = (hash ^ (hash >> 16u32)) * 0x1656_67b1u32 + cloud * 0x9e37_79b1u32;
    (hash ^ (hash >> 15u32)) & mask
}

#[cube(launch)]
fn cells_kernel(
    positions: &[f32],
    clouds: &[u32],
    cells: &mut [u32],
    hashes: &mut [u32],
    sizes: &[Atomic<u32>],
    points: usize,
    scale: f32,
    mask: u32,
) {
    let point = ABSOLUTE_POS;
    if point >= points {
        terminate!();
    }
    let x = cell_of(positions[3 * point], scale);
    let y = cell_of(positions[3 * point + 1], scale);
    let z = cell_of(positions[3 * point + 2], scale);
    let cloud = clouds[point];
    cells[CELL * point] = u32::cast_from(x);
    cells[CELL * point + 1] = u32::cast_from(y);
    cells[CELL * point + 2] = u32::cast_from(z);
    cells[CELL * point + 3] = cloud;
    let bucket = bucket_of(x, y, z, cloud, mask);
    hashes[point] = bucket;
    sizes[usize::cast_from(bucket)].fetch_add(1u32);
}

/// Threads take the places of a bucket as they come, so the order in it differs from run to run. The lists are sorted in
/// the end.
#[cube(launch)]
fn members_kernel(hashes: &[u32], starts: &[u32], taken: &[Atomic<u32>], members: &mut [u32], points: usize) {
    let point = ABSOLUTE_POS;
    if point >= points {
        terminate!();
    }
    let bucket = usize::cast_from(hashes[point]);
    let place = starts[bucket] + taken[bucket].fetch_add(1u32);
    members[usize::cast_from(place)] = u32::cast_from(point);
}
