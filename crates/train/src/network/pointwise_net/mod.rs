//! One architecture of several resolutions with two heads: a classifier and a segmenter.

mod classifier;
mod config;
mod encoder;
mod segmenter;

pub use classifier::{PointwiseClassifier, PointwiseClassifierConfig};
pub use config::{PointwiseNetConfig, Size};
pub use segmenter::{PointwiseSegmenter, PointwiseSegmenterConfig};
