//! The layers: weights, their initialisation, and packed or dense batches.

mod depthwise;
mod pointwise;
mod separable;

pub use depthwise::{DepthwisePointConv, DepthwisePointConvConfig};
pub use pointwise::{PointwiseConv, PointwiseConvConfig};
pub use separable::{SeparablePointConv, SeparablePointConvConfig};

use burn::tensor::Tensor;

use crate::neighborhood::Neighborhood;

/// Applies `forward`, which takes a packed batch, to a dense one `[B, N, C_in]`.
///
/// # Panics
/// When a cloud of `neighborhood` has not exactly `N` points.
fn dense(
    layer: &str,
    features: Tensor<3>,
    neighborhood: &Neighborhood,
    forward: impl FnOnce(Tensor<2>) -> Tensor<2>,
) -> Tensor<3> {
    let [clouds, points, channels] = features.dims();
    let offsets = neighborhood.clouds().offsets();
    assert!(
        neighborhood.clouds().len() == clouds && offsets.windows(2).all(|o| o[1] - o[0] == points),
        "{layer}: features are {clouds} clouds of {points} points, the neighborhood has clouds at {offsets:?}",
    );
    assert!(
        neighborhood.centres_are_points(),
        "{layer}: a dense batch has the centres for points, this neighborhood lies between two sets; use `forward`"
    );
    let output = forward(features.reshape([clouds * points, channels]));
    let [_, channels_out] = output.dims();
    output.reshape([clouds, points, channels_out])
}
