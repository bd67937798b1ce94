//! Running sums.

use burn::tensor::DType;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

use crate::op::cube::launch::{empty_like, one_thread_each};

/// Values that one thread adds up, one after the other.
const CHUNK: usize = 64;

/// `output[i]` is the sum of the values before `i`, and `output[len]` the sum of all.
///
/// Every thread sums a chunk, the same is done to the sums of the chunks, and then every thread goes through its chunk
/// once more, from where the chunks before it end.
///
/// # Shapes
/// - values `[len]`, output `[len + 1]`; `u32`
pub(super) fn sums_before(values: CubeTensor, len: usize) -> CubeTensor {
    let client = values.client.clone();
    let chunks = len.div_ceil(CHUNK);
    let output = empty_like(&values, [len + 1], DType::U32);
    let (count, dim) = one_thread_each(&client, chunks.max(1));
    let before = if chunks > 1 {
        let sums = empty_like(&values, [chunks], DType::U32);
        chunk_sums_kernel::launch(
            &client,
            count.clone(),
            dim,
            values.clone().into_buffer_arg(),
            sums.clone().into_buffer_arg(),
            len,
        );
        sums_before(sums, chunks)
    } else {
        // Nothing comes before the only chunk; the kernel does not look at what is given here.
        values.clone()
    };
    running_sums_kernel::launch(
        &client,
        count,
        dim,
        values.into_buffer_arg(),
        before.into_buffer_arg(),
        output.clone().into_buffer_arg(),
        len,
    );
    output
}

#[cube(launch)]
fn chunk_sums_kernel(values: &[u32], sums: &mut [u32], len: usize) {
    let begin = ABSOLUTE_POS * CHUNK;
    if begin >= len {
        terminate!();
    }
    let mut sum = 0u32;
    for i in begin..clamp_max(begin + CHUNK, len) {
        sum += values[i];
    }
    sums[ABSOLUTE_POS] = sum;
}

#[cube(launch)]
fn running_sums_kernel(values: &[u32], before: &[u32], output: &mut [u32], len: usize) {
    let begin = ABSOLUTE_POS * CHUNK;
    if begin >= len && ABSOLUTE_POS > 0 {
        terminate!();
    }
    let mut sum = 0u32;
    if len > CHUNK {
        sum = before[ABSOLUTE_POS];
    }
    let end = clamp_max(begin + CHUNK, len);
    for i in begin..end {
        output[i] = sum;
        sum += values[i];
    }
    if end == len {
        output[len] = sum;
    }
}
