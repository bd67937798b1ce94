//! Memory that all threads clear.

use rayon::prelude::*;

/// Values cleared at a time.
const BLOCK: usize = 256;

/// So many zeros. Memory that the allocator uses again must be cleared, and one thread would take as long for it as all
/// threads for a part of the work.
pub(crate) fn zeros<T: Copy + Default + Send>(count: usize) -> Vec<T> {
    let blocks = (0..count.div_ceil(BLOCK)).into_par_iter().with_min_len(64).map(|_| [T::default(); BLOCK]);
    let mut values = blocks.collect::<Vec<_>>().into_flattened();
    values.truncate(count);
    values
}
