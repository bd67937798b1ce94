//! What `pointwise bench` measures: convolutions, searches, reading, training steps.
#![forbid(unsafe_code)]

mod clouds;
mod conv;
mod kinds;
mod load;
mod search;
mod step;
mod timing;

pub use clouds::read_positions;
pub use conv::{ConvBench, ConvTimes};
pub use kinds::{KindTimes, KindsBench};
pub use load::{LoadBench, LoadTimes};
pub use search::{Crossover, DeviceTimes, SearchBench, SearchTimes, StructureTimes};
pub use step::{PipelinedTimes, StepBench, StepTimes};
pub use timing::{Spread, peak_memory};
