//! What `pointwise bench` measures.

mod clouds;
mod conv;
mod kinds;
mod load;
mod search;
mod timing;

pub use crate::training::{StepBench, StepTimes};
pub use clouds::{read_positions, surface, surfaces};
pub use conv::{ConvBench, ConvTimes};
pub use kinds::{KindTimes, KindsBench};
pub use load::{LoadBench, LoadTimes};
pub use search::{Crossover, DeviceTimes, SearchBench, SearchTimes, StructureTimes};
pub use timing::{Spread, peak_memory};
