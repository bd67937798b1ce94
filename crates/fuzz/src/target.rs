//! [`Target`]: a function for any bytes.

use std::sync::Once;

use rayon::ThreadPoolBuilder;

use crate::allocator::Limit;
use crate::panics;

/// A function that any bytes may be given to.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Short name, which is that of its folder in the corpus.
    pub name: &'static str,
    /// The function.
    function: fn(&[u8]),
}

impl Target {
    pub(crate) const fn new(name: &'static str, function: fn(&[u8])) -> Self {
        Self { name, function }
    }

    /// Runs the function. A panic in our code, one of a dependency that is not contained, and too much memory end the process, after a
    /// message that begins with `FINDING`.
    pub fn run(&self, bytes: &[u8]) {
        let _limit = Limit::of(unpacked(bytes));
        panics::run(|| (self.function)(bytes));
    }
}

/// Bytes that an input stands for: of a compressed file, the most that the readers unpack.
fn unpacked(bytes: &[u8]) -> usize {
    const PACKED: [&[u8]; 2] = [&[0x1f, 0x8b, 8], &[0x28, 0xb5, 0x2f, 0xfd]];
    // Two bytes choose the formats of a conversion.
    let is_packed = [bytes, bytes.get(2..).unwrap_or_default()]
        .iter()
        .any(|bytes| PACKED.iter().any(|magic| bytes.starts_with(magic)));
    if is_packed { 1032 * bytes.len() + (64 << 20) } else { bytes.len() }
}

/// Prepares the process: everything runs on the thread that calls this first, so that the same input always takes the same way.
pub fn start() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        ThreadPoolBuilder::new()
            .num_threads(1)
            .use_current_thread()
            .build_global()
            .expect("nothing has used the threads before");
        panics::watch();
    });
}
