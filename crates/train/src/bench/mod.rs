//! What `pointwise bench` measures.

mod conv;

pub use conv::{ConvBench, ConvTimes};
