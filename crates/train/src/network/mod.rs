//! The networks: one file each, and one table that names them.
//!
//! A new network is a file with its config and its network, which implement [`NetworkConfig`] and [`Forward`], then its `mod`
//! and its row in the table below. Config, reference, training, evaluation, prediction and the estimate of memory read the
//! table.

mod alpha_dropout;
mod convolution;
mod ensemble;
mod kernel;
mod paper_classifier;
mod paper_segmenter;
mod pointwise_net;
mod residual_segmenter;
mod spec;
mod table;
mod trunk;

pub use alpha_dropout::AlphaDropout;
pub use convolution::{Convolution, ConvolutionKind};
pub(crate) use ensemble::mean_of_members;
pub use kernel::ShellsConfig;
pub use paper_classifier::Head;
pub use pointconv::selu;
pub use pointwise_net::{PointwiseNetConfig, Readout, Size};
pub use spec::{
    Activations, CoarseInput, CoarseLevel, Forward, NetworkConfig, NetworkInput, NetworkSpec, SearchKind,
    Task,
};

table::networks! {
    /// `kind = "paper-classifier"`: the classifier of Hua, Tran and Yeung, CVPR 2018 (arXiv 1712.05245).
    "paper-classifier" => paper_classifier::{PaperClassifier, PaperClassifierConfig},
    /// `kind = "paper-segmenter"`: the segmenter of the same paper.
    "paper-segmenter" => paper_segmenter::{PaperSegmenter, PaperSegmenterConfig},
    /// `kind = "pointwise-classifier"`: a classifier of several resolutions.
    "pointwise-classifier" => pointwise_net::{PointwiseClassifier, PointwiseClassifierConfig},
    /// `kind = "pointwise-segmenter"`: a segmenter of several resolutions.
    "pointwise-segmenter" => pointwise_net::{PointwiseSegmenter, PointwiseSegmenterConfig},
    /// `kind = "residual-segmenter"`: a deeper segmenter of residual blocks.
    "residual-segmenter" => residual_segmenter::{ResidualSegmenter, ResidualSegmenterConfig},
}
