//! Fuzz targets: functions that take any bytes and must not panic, hang, take much memory, or give a wrong result.
//!
//! [`targets()`] is the table of them. The test `replay` runs every file of the corpus through its target; the program `fuzz`, built with
//! the feature `libfuzzer`, looks for new inputs. `scripts/fuzz.sh` builds it with the instrumentation that libFuzzer needs.

mod allocator;
mod panics;
mod place;
mod target;
mod targets;

pub use allocator::{Limit, Limited};
pub use place::clean_up;
pub use target::{Target, start};
pub use targets::targets;

/// The memory of one run of a target is limited.
#[global_allocator]
static ALLOCATOR: Limited = Limited;
