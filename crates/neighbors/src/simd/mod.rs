//! Vector instructions, chosen at run time.

mod instruction_set;
mod lanes;

pub use instruction_set::InstructionSet;
pub(crate) use lanes::{BoxBounds, Coordinates, Kernel, LANES, Lanes, PADDING, dispatch};
