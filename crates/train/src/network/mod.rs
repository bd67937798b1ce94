//! The networks.

mod alpha_dropout;
mod convolution;
mod paper_classifier;
mod selu;

pub use alpha_dropout::AlphaDropout;
pub use convolution::Convolution;
pub use paper_classifier::PaperClassifier;
pub use selu::{SeluBackend, selu};
