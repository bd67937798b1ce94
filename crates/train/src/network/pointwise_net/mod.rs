//! One architecture of several resolutions with two heads: a classifier and a segmenter.

mod classifier;
mod config;
mod encoder;
mod scale;
mod segmenter;

pub use classifier::{PointwiseClassifier, PointwiseClassifierConfig};
pub use config::{PointwiseNetConfig, Size};
pub use scale::Scale;
pub use segmenter::{PointwiseSegmenter, PointwiseSegmenterConfig};
