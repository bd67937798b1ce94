//! Sums over many rows, in two stages and always in the same order.

use burn::tensor::{DType, Shape};
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

use super::sizes::{accumulator, types};
use crate::gpu::launch::{empty_like, one_group_each, one_thread_each};

/// Most chunks, and fewest rows of a chunk.
const CHUNKS: usize = 1024;
const CHUNK_ROWS: usize = 64;

/// Columns of a workgroup of the second stage, and threads that share a column.
const COLUMNS: usize = 32;
const LANES: usize = 8;

/// The sum of the rows.
///
/// # Shapes
/// - input `[P, C]`, output `[C]`
pub(super) fn sum_rows(input: CubeTensor, [points, channels]: [usize; 2]) -> CubeTensor {
    let (client, dtype) = (input.client.clone(), input.dtype);
    let chunk_len = points.div_ceil(CHUNKS).max(CHUNK_ROWS);
    let chunks = points.div_ceil(chunk_len);
    let partials = empty_like(&input, [chunks, channels], accumulator(dtype));
    let (count, dim) = one_thread_each(&client, chunks * channels);
    sum_rows_kernel::launch(
        &client,
        count,
        dim,
        input.into_buffer_arg(),
        partials.clone().into_buffer_arg(),
        points,
        channels,
        chunk_len,
        types(dtype),
    );
    sum_chunks(partials, [channels], dtype)
}

#[cube(launch)]
fn sum_rows_kernel<F: Float, A: Float>(
    input: &[F],
    partials: &mut [A],
    points: usize,
    channels: usize,
    chunk_len: usize,
    #[define(F, A)] _types: [ElemType; 2],
) {
    let begin = ABSOLUTE_POS / channels * chunk_len;
    if begin >= points {
        terminate!();
    }
    let channel = ABSOLUTE_POS % channels;
    let end = clamp_max(begin + chunk_len, points);
    let mut sum = A::new(0.0);
    for row in begin..end {
        sum += A::cast_from(input[row * channels + channel]);
    }
    partials[ABSOLUTE_POS] = sum;
}

/// The sum of the chunks, as a tensor of the given shape and type.
///
/// # Shapes
/// - partials `[chunks, shape]`, output `shape`
pub(super) fn sum_chunks(partials: CubeTensor, shape: impl Into<Shape>, dtype: DType) -> CubeTensor {
    let client = partials.client.clone();
    let chunks = partials.meta.shape()[0];
    let output = empty_like(&partials, shape, dtype);
    let columns = output.meta.shape().num_elements();
    let (count, dim) = one_group_each(&client, columns.div_ceil(COLUMNS), (COLUMNS * LANES) as u32);
    sum_chunks_kernel::launch(
        &client,
        count,
        dim,
        partials.into_buffer_arg(),
        output.clone().into_buffer_arg(),
        chunks,
        columns,
        types(dtype),
    );
    output
}

/// Thread `lane` of a column adds every `LANES`-th chunk; the first one then adds what the others have.
#[cube(launch)]
fn sum_chunks_kernel<F: Float, A: Float>(
    partials: &[A],
    output: &mut [F],
    chunks: usize,
    columns: usize,
    #[define(F, A)] _types: [ElemType; 2],
) {
    let thread = usize::cast_from(UNIT_POS);
    let lane = thread / COLUMNS;
    let column = CUBE_POS * COLUMNS + thread % COLUMNS;
    let mut sums = Shared::<[A]>::new_slice(comptime!(COLUMNS * LANES));
    let mut sum = A::new(0.0);
    if column < columns {
        for chunk in range_stepped(lane, chunks, LANES) {
            sum += partials[chunk * columns + column];
        }
    }
    sums[thread] = sum;
    sync_cube();
    if lane == 0 && column < columns {
        let mut total = A::new(0.0);
        #[unroll]
        for lane in 0..LANES {
            total += sums[lane * COLUMNS + thread];
        }
        output[column] = F::cast_from(total);
    }
}
