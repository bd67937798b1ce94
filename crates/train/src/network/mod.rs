//! The networks.

mod alpha_dropout;
mod paper_classifier;

pub use alpha_dropout::AlphaDropout;
pub use paper_classifier::PaperClassifier;
