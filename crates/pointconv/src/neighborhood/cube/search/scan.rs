//! Running sums.

use burn::tensor::DType;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

use crate::gpu::launch::{empty_like, one_thread_each};

/// Values that one thread adds up, one after the other.
const CHUNK: usize = 64;

/// `output[i]` is the sum of the values before `i`, and `output[len]` the sum of all. A sum that is too large is the largest
/// number.
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

/// The sum, or the largest number where that is too large: two of those that wrap add up to less than either.
#[cube]
fn add(a: u32, b: u32) -> u32 {
    let sum = a + b;
    select(sum < a, u32::MAX.runtime(), sum)
}

#[cube(launch)]
fn chunk_sums_kernel(values: &[u32], sums: &mut [u32], len: usize) {
    let begin = ABSOLUTE_POS * CHUNK;
    if begin >= len {
        terminate!();
    }
    let mut sum = 0u32;
    for i in begin..clamp_max(begin + CHUNK, len) {
        sum = add(sum, values[i]);
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
        sum = add(sum, values[i]);
    }
    if end == len {
        output[len] = sum;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gpu::launch::tensor;
    use crate::gpu::test_device::{device, words};

    #[test]
    fn running_sums_of_every_length() {
        let Some(device) = device("running sums on a GPU") else { return };
        for len in [1, 63, 64, 65, 4096, 4097, 300_000] {
            let values: Vec<u32> = (0..len as u32).map(|i| i % 7).collect();
            let table = tensor(&device.client(), &device, &values, DType::U32);
            let mut expected = vec![0];
            for value in &values {
                expected.push(expected[expected.len() - 1] + value);
            }
            assert_eq!(words(&sums_before(table, len)), expected, "{len} values");
        }
    }

    #[test]
    fn sums_that_are_too_large_stay_the_largest() {
        let Some(device) = device("running sums on a GPU") else { return };
        let values = vec![1 << 28; 1000];
        let table = tensor(&device.client(), &device, &values, DType::U32);
        let sums = words(&sums_before(table, values.len()));
        assert_eq!(sums[15..17], [15 << 28, u32::MAX]);
        assert_eq!(sums[1000], u32::MAX);
    }
}
