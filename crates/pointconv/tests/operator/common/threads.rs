//! The same work with several numbers of threads.

use super::{Pass, device, precisions};
use burn::tensor::DType;

/// Runs `work` in a pool of its own.
fn in_pool<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> T {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads can be started");
    pool.install(work)
}

/// Compares the bits of a pass with 1, 2 and 8 threads in every precision of the device.
pub(crate) fn assert_same_bits_for_any_threads(what: &str, run: impl Fn(DType) -> Pass + Sync) {
    for dtype in precisions(&device()) {
        let one = in_pool(1, || run(dtype));
        for threads in [2, 8] {
            let many = in_pool(threads, || run(dtype));
            many.assert_same_bits(&format!("{what}, {dtype:?}, {threads} threads"), &one);
        }
    }
}
