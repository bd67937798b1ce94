//! Rising order within short stretches of a table, one thread for each.

use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

use super::super::words::RUN;
use crate::gpu::launch::one_thread_each;

/// Up to here one value after the other is inserted; longer stretches are sorted by a heap, in `n log n` steps.
const SHORT: usize = 32;

/// Sorts the points of every bucket.
///
/// # Shapes
/// - starts `[buckets + 1]`, members `[P]`
pub(super) fn sort_buckets(starts: &CubeTensor, members: &CubeTensor, buckets: usize) {
    launch::<1>(starts, members, buckets);
}

/// Sorts the neighbours of every run.
///
/// # Shapes
/// - runs `[runs_len + 1, RUN]`, indices `[E]`
pub(super) fn sort_runs(runs: &CubeTensor, indices: &CubeTensor, runs_len: usize) {
    launch::<RUN>(runs, indices, runs_len);
}

fn launch<const STRIDE: usize>(starts: &CubeTensor, values: &CubeTensor, len: usize) {
    let client = starts.client.clone();
    let (count, dim) = one_thread_each(&client, len);
    sort_kernel::launch(
        &client,
        count,
        dim,
        starts.clone().into_buffer_arg(),
        values.clone().into_buffer_arg(),
        len,
        STRIDE,
    );
}

#[cube(launch)]
fn sort_kernel(starts: &[u32], values: &mut [u32], len: usize, #[comptime] stride: usize) {
    let stretch = ABSOLUTE_POS;
    if stretch >= len {
        terminate!();
    }
    let begin = usize::cast_from(starts[stretch * stride]);
    let end = usize::cast_from(starts[(stretch + 1) * stride]);
    if end - begin <= SHORT {
        for next in begin + 1..end {
            let value = values[next];
            let mut place = next;
            while place > begin && values[place - 1] > value {
                values[place] = values[place - 1];
                place -= 1;
            }
            values[place] = value;
        }
    } else {
        let size = end - begin;
        let half = size / 2;
        for i in 0..half {
            sift(values, begin, half - 1 - i, size);
        }
        for i in 1..size {
            let last = size - i;
            let greatest = values[begin];
            values[begin] = values[begin + last];
            values[begin + last] = greatest;
            sift(values, begin, 0usize, last);
        }
    }
}

/// Lets the value at `root` sink until no child in `0..size` is greater; places count from `begin`.
#[cube]
fn sift(values: &mut [u32], begin: usize, root: usize, size: usize) {
    let value = values[begin + root];
    let mut place = root;
    let mut sinks = true.runtime();
    while sinks {
        let mut child = 2 * place + 1;
        if child + 1 < size {
            if values[begin + child + 1] > values[begin + child] {
                child += 1;
            }
        }
        sinks = false.runtime();
        if child < size {
            if values[begin + child] > value {
                values[begin + place] = values[begin + child];
                place = child;
                sinks = true.runtime();
            }
        }
    }
    values[begin + place] = value;
}

#[cfg(test)]
mod tests {
    use burn::tensor::DType;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::gpu::launch::tensor;
    use crate::gpu::test_device::{device, words};

    #[test]
    fn stretches_of_every_length_are_sorted() {
        let Some(device) = device("sorting on a GPU") else { return };
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut starts = vec![0u32];
        for len in (0..40).chain([63, 64, 65, 1000, 1, 0]) {
            starts.push(starts[starts.len() - 1] + len);
        }
        let values: Vec<u32> = (0..starts[starts.len() - 1]).map(|_| rng.random_range(0..500)).collect();
        let mut expected = values.clone();
        for stretch in starts.windows(2) {
            expected[stretch[0] as usize..stretch[1] as usize].sort_unstable();
        }
        let client = device.client();
        let table = tensor(&client, &device, &values, DType::U32);
        sort_buckets(&tensor(&client, &device, &starts, DType::U32), &table, starts.len() - 1);
        assert_eq!(words(&table), expected);
    }

    /// The last of the threads are in groups beyond the 65,535 that one axis has.
    #[test]
    fn more_stretches_than_one_axis_of_groups_takes() {
        let Some(device) = device("sorting on a GPU") else { return };
        let len = 64 * 65_535 + 10;
        let mut starts = vec![0u32; len + 1];
        starts[len] = 3;
        let client = device.client();
        let table = tensor(&client, &device, &[7u32, 5, 6], DType::U32);
        sort_buckets(&tensor(&client, &device, &starts, DType::U32), &table, len);
        assert_eq!(words(&table), [5, 6, 7]);
    }
}
