//! One architecture with several resolutions and two heads: a classifier and a segmenter.

mod classifier;
mod config;
mod encoder;
mod segmenter;
#[cfg(test)]
mod tests;

pub use classifier::{PointwiseClassifier, PointwiseClassifierConfig};
pub use config::{PointwiseNetConfig, Readout, Size};
pub use segmenter::{PointwiseSegmenter, PointwiseSegmenterConfig};
