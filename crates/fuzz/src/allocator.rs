//! An allocator that ends the process when a run of a target takes too much memory.

use std::alloc::{GlobalAlloc, Layout, System};
use std::backtrace::Backtrace;
use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Bytes that every input may take, whatever its length.
const ANY: usize = 64 << 20;

/// Bytes more for each byte of the input.
const PER_BYTE: usize = 16;

/// Bytes that are allocated now.
static LIVE: AtomicUsize = AtomicUsize::new(0);

/// Bytes that may be allocated.
static MOST: AtomicUsize = AtomicUsize::new(usize::MAX);

/// The allocator of the system, with a [`Limit`].
#[derive(Debug)]
pub struct Limited;

/// A limit that holds until this is dropped: 64 MB, and 16 bytes for each byte of the input, more than what was allocated before.
#[derive(Debug)]
pub struct Limit(());

impl Limit {
    /// The limit for an input of so many bytes.
    #[must_use]
    pub fn of(length: usize) -> Self {
        let most = LIVE.load(Ordering::Relaxed).saturating_add(ANY).saturating_add(PER_BYTE * length);
        MOST.store(most, Ordering::Relaxed);
        Self(())
    }
}

impl Drop for Limit {
    fn drop(&mut self) {
        MOST.store(usize::MAX, Ordering::Relaxed);
    }
}

/// Counts bytes that are about to be allocated.
fn count(bytes: usize) {
    let live = LIVE.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes);
    if live > MOST.load(Ordering::Relaxed) {
        let most = MOST.swap(usize::MAX, Ordering::Relaxed);
        let trace = Backtrace::force_capture();
        let _ = writeln!(
            std::io::stderr(),
            "FINDING: {bytes} bytes more make {live} allocated bytes, expected at most {most}\n{trace}"
        );
        std::process::abort();
    }
}

// SAFETY: every call is passed on to the allocator of the system, unchanged.
unsafe impl GlobalAlloc for Limited {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: the caller keeps the contract of this function, which is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size);
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }
}
