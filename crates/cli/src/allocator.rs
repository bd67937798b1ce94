//! Memory that one step leaves to the next.
//!
//! Neighbour lists and tensors of tens to hundreds of megabytes come and go in every step. The system's allocator gives
//! them back each time, and the next step pays for every page with a fault and with zeros that it then overwrites.
#![allow(unsafe_code)]

use std::ffi::{c_int, c_long};

use mimalloc::MiMalloc;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// `mi_option_purge_delay` of mimalloc.h, which the bindings leave out.
const PURGE_DELAY: c_int = 15;

/// How long memory that is not used stays with the program, in milliseconds: longer than a step takes.
const HELD_MS: c_long = 10_000;

/// How long it stays where there are no steps: else each thread that has read a block holds the memory of one.
const SOON_MS: c_long = 0;

/// Holds freed memory for ten seconds instead of one, or not at all; what is not used again by then goes back to the
/// system. For the start of the program. `MIMALLOC_PURGE_DELAY` in the environment overrides it.
pub(crate) fn hold_memory(between_steps: bool) {
    let delay = if between_steps { HELD_MS } else { SOON_MS };
    // SAFETY: sets a number before there is another thread that could read it; an option that mimalloc did not know
    // would be ignored.
    unsafe { libmimalloc_sys::mi_option_set_default(PURGE_DELAY, delay) }
}

/// Gives memory that is held and not used back to the system.
pub(crate) fn give_back() {
    // SAFETY: may be called at any time and by any thread.
    unsafe { libmimalloc_sys::mi_collect(true) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The number of the option is that of the mimalloc that is linked: its default shows.
    #[test]
    fn the_option_is_the_purge_delay() {
        // SAFETY: reads a number.
        let get = || unsafe { libmimalloc_sys::mi_option_get(PURGE_DELAY) };
        if std::env::var_os("MIMALLOC_PURGE_DELAY").is_none() {
            assert_eq!(get(), 1000);
            hold_memory(false);
            assert_eq!(get(), SOON_MS);
            hold_memory(true);
            assert_eq!(get(), HELD_MS);
        }
    }
}
