//! The networks.

mod alpha_dropout;
mod any;
mod convolution;
mod paper_classifier;
mod paper_segmenter;
mod point_loss;
mod residual_segmenter;
mod trunk;

pub use alpha_dropout::AlphaDropout;
pub use any::{Network, Purpose};
pub use convolution::Convolution;
pub use paper_classifier::PaperClassifier;
pub use paper_segmenter::PaperSegmenter;
use point_loss::point_loss;
pub use pointconv::selu;
pub use residual_segmenter::ResidualSegmenter;
