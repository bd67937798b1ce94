//! The product of a workgroup: `[members, CHUNK]` by `[CHUNK, width]`, in shared memory, added to blocks in registers.

use cubecl::prelude::*;

use crate::neighborhood::cube::{ROWS, TILE_RUN};
use crate::op::cube::gather::mean_of_channel;
use crate::op::cube::sizes::Sizes;

/// Threads of a workgroup: [`GROUPS`] along the members, [`ACROSS`] along the channels.
pub(super) const THREADS: usize = GROUPS * ACROSS;

/// Threads along the channels of the product. A thread has every `ACROSS`-th channel, so that neighbouring threads read
/// neighbouring weights.
pub(super) const ACROSS: usize = 8;

/// Members of a thread. Those of one thread follow each other, so that whole groups of threads have nothing to do where
/// there are few members.
pub(super) const MEMBERS: usize = 4;

const GROUPS: usize = ROWS / MEMBERS;

/// Channels that are summed over at a time.
pub(super) const CHUNK: usize = 16;

/// Most channels of a product.
const WIDTH: usize = 64;

/// Length of the rows of members in shared memory: one more than there are, so that threads that write down a column meet
/// different banks.
pub(super) const MEMBERS_STRIDE: usize = ROWS + 1;

/// How many products cover `channels`, and how many channels each has: a multiple of [`ACROSS`].
pub(super) fn blocks(channels: usize) -> [usize; 2] {
    let count = channels.div_ceil(WIDTH);
    [count, channels.div_ceil(count).next_multiple_of(ACROSS)]
}

/// The means of the runs from `begin` on, for `columns` input channels: of `rows` runs, padded to whole groups of members.
///
/// # Shapes
/// - means `[rows, MEMBERS_STRIDE]`, or transposed, `[columns, MEMBERS_STRIDE]`
#[cube]
pub(super) fn load_means<F: Float, A: Float>(
    features: &[F],
    indices: &[u32],
    runs: &[u32],
    means: &mut Shared<[A]>,
    begin: usize,
    rows: usize,
    first_in: usize,
    #[comptime] columns: usize,
    #[comptime] transposed: bool,
    #[comptime] channels_in: usize,
) {
    let [along_rows, along_columns] =
        comptime!(if transposed { [1, MEMBERS_STRIDE] } else { [MEMBERS_STRIDE, 1] });
    let mut items = rows * columns;
    if comptime!(transposed) {
        items = rows.div_ceil(MEMBERS) * comptime!(MEMBERS * columns);
    }
    for item in range_stepped(usize::cast_from(UNIT_POS), items, THREADS) {
        let (row, c) = (item / columns, item % columns);
        let channel = first_in + c;
        let mut mean = A::new(0.0);
        if row < rows && channel < channels_in {
            let at = (begin + row) * TILE_RUN;
            let (from, to) = (usize::cast_from(runs[at]), usize::cast_from(runs[at + 1]));
            mean = mean_of_channel::<F, A>(features, indices, from, to, channel, channels_in);
        }
        means[row * along_rows + c * along_columns] = mean;
    }
}

/// The weights of sub-domain `k`: for `CHUNK` input channels, or transposed, for `CHUNK` output channels. They are read along the
/// output channels, as they lie.
///
/// # Shapes
/// - weights `[CHUNK, width + 1]`
#[cube]
pub(super) fn load_weights<F: Float, A: Float>(
    weight: &[F],
    weights: &mut Shared<[A]>,
    k: usize,
    first_in: usize,
    first_out: usize,
    #[comptime] transposed: bool,
    #[comptime] sizes: Sizes,
    #[comptime] width: usize,
) {
    let (channels_in, channels_out) = comptime!((sizes.channels_in, sizes.channels_out));
    let outputs = comptime!(if transposed { CHUNK } else { width });
    let [along_in, along_out] = comptime!(if transposed { [1, width + 1] } else { [width + 1, 1] });
    for item in range_stepped(usize::cast_from(UNIT_POS), comptime!(CHUNK * width), THREADS) {
        let (c, o) = (item / outputs, item % outputs);
        let (channel, out) = (first_in + c, first_out + o);
        let mut value = A::new(0.0);
        if channel < channels_in && out < channels_out {
            value = A::cast_from(weight[(k * channels_in + channel) * channels_out + out]);
        }
        weights[c * along_in + o * along_out] = value;
    }
}

/// Adds the product to the block of a thread.
///
/// # Shapes
/// - left `[CHUNK, MEMBERS_STRIDE]`, right `[CHUNK, width + 1]`, block `[MEMBERS, width / ACROSS]`
#[cube]
pub(super) fn multiply<A: Float>(
    left: &Shared<[A]>,
    right: &Shared<[A]>,
    block: &mut Array<A>,
    first_member: usize,
    lane: usize,
    depth: usize,
    #[comptime] width: usize,
) {
    let channels = comptime!(width / ACROSS);
    let mut factors = Array::<A>::new(MEMBERS);
    for d in 0..depth {
        #[unroll]
        for m in 0..MEMBERS {
            factors[m] = left[d * MEMBERS_STRIDE + first_member + m];
        }
        #[unroll]
        for c in 0..channels {
            let factor = right[d * comptime!(width + 1) + lane + c * ACROSS];
            #[unroll]
            for m in 0..MEMBERS {
                block[comptime!(m * channels + c)] += factors[m] * factor;
            }
        }
    }
}

#[cube]
pub(super) fn clear<A: Float>(block: &mut Array<A>, #[comptime] len: usize) {
    #[unroll]
    for i in 0..len {
        block[i] = A::new(0.0);
    }
}

/// Adds the block of a thread, whose members are the runs from `begin` on, to the sums of their rows.
///
/// # Shapes
/// - block `[MEMBERS, width / ACROSS]`, sums `[ROWS, width]`
#[cube]
pub(super) fn add_to_rows<A: Float>(
    block: &Array<A>,
    sums: &mut Shared<[A]>,
    runs: &[u32],
    begin: usize,
    members: usize,
    first_member: usize,
    lane: usize,
    #[comptime] width: usize,
) {
    let channels = comptime!(width / ACROSS);
    #[unroll]
    for m in 0..MEMBERS {
        let member = first_member + m;
        if member < members {
            let row = usize::cast_from(runs[(begin + member) * TILE_RUN + 2]);
            #[unroll]
            for c in 0..channels {
                sums[row * width + lane + c * ACROSS] += block[comptime!(m * channels + c)];
            }
        }
    }
}

/// Writes the sums of a tile to the points of its first `rows` rows, which stand in the table from `centres` on.
///
/// # Shapes
/// - sums `[ROWS, width]`: the channels from `first` on
/// - output `[P, channels]`
#[cube]
pub(super) fn write_rows<F: Float, A: Float>(
    sums: &Shared<[A]>,
    table: &[u32],
    output: &mut [F],
    centres: usize,
    rows: usize,
    first: usize,
    thread: usize,
    #[comptime] channels: usize,
    #[comptime] width: usize,
) {
    for item in range_stepped(thread, comptime!(ROWS * width), THREADS) {
        let (row, channel) = (item / width, first + item % width);
        if row < rows && channel < channels {
            let centre = usize::cast_from(table[centres + row]);
            output[centre * channels + channel] = F::cast_from(sums[item]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_cover_all_channels_and_no_more_than_needed() {
        for (channels, expected) in
            [(32, [1, 32]), (36, [1, 40]), (64, [1, 64]), (65, [2, 40]), (96, [2, 48])]
        {
            assert_eq!(blocks(channels), expected, "{channels} channels");
        }
        for channels in 32..400 {
            let [count, width] = blocks(channels);
            assert!(width <= WIDTH && width % ACROSS == 0 && count * width >= channels, "{channels}");
            assert!((count - 1) * width < channels, "{channels}");
        }
    }
}
