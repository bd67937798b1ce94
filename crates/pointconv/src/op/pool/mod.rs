//! Maximum and mean over segments of the points: clouds, or voxels.

mod autodiff;
mod segments;

use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::backend::{Backend, Dispatch, backend_extension};
use burn::tensor::Tensor;
#[cfg(feature = "fusion")]
use burn::tensor::{DType, Shape};

pub(crate) use segments::Segments;

use crate::layer::Pooling;

/// The winner of a segment without points.
pub(crate) const NO_WINNER: u32 = u32::MAX;

/// A backend that pools over segments.
///
/// `P` points in `S` segments, `C` channels. Every sum has a fixed order on each device, and no two threads write to the same value.
#[backend_extension(
    Flex,
    NdArray: cfg(feature = "ndarray"),
    Cube: cfg(feature = "cube"),
    Autodiff,
    Fusion: cfg(feature = "fusion"),
)]
pub(crate) trait PoolBackend: Backend {
    /// `y_s = max_{j in s} x_j`, `1/|s| sum_{j in s} x_j`, or the first followed by the second; 0 for an empty segment.
    ///
    /// The second output has the point of each maximum as `u32`: the first one that has this value, [`NO_WINNER`] for an
    /// empty segment. With means alone it is `[1, 1]` and has no meaning.
    ///
    /// # Shapes
    /// - features `[P, C]`
    /// - output `[S, C]` or `[S, 2C]`, winners `[S, C]`
    #[fusion(meta = output_specs)]
    fn segment_pool(
        features: FloatTensor<Self>,
        segments: Segments,
        pooling: Pooling,
    ) -> (FloatTensor<Self>, IntTensor<Self>);

    /// The gradient for the features: every point takes that of its segment, whole where it is the winner, divided by `|s|` in
    /// a mean.
    ///
    /// # Shapes
    /// - grad `[S, C]` or `[S, 2C]`, winners `[S, C]`
    /// - output `[P, C]`
    #[fusion(meta = gradient_spec)]
    fn segment_pool_backward(
        grad: FloatTensor<Self>,
        winners: IntTensor<Self>,
        segments: Segments,
        pooling: Pooling,
    ) -> FloatTensor<Self>;
}

/// Pools `features [P, C]` over `segments`, see [`PoolBackend::segment_pool`].
///
/// # Panics
/// When the features have not one row for each point of the segments.
pub(crate) fn segment_pool(op: &str, features: Tensor<2>, segments: Segments, pooling: Pooling) -> Tensor<2> {
    let [points, _] = features.dims();
    assert_eq!(
        points,
        segments.points(),
        "{op}: features have {points} rows, the clouds have {} points",
        segments.points()
    );
    let (output, _) = <Dispatch as PoolBackend>::segment_pool(features.into_dispatch(), segments, pooling);
    Tensor::from_dispatch(output)
}

/// The shape of the winners for `segments` and `channels`.
pub(crate) fn winners_shape(pooling: Pooling, segments: usize, channels: usize) -> [usize; 2] {
    if pooling.has_max() { [segments, channels] } else { [1, 1] }
}

#[cfg(feature = "fusion")]
use burn::backend::fusion::custom::TensorSpec;

#[cfg(feature = "fusion")]
fn output_specs(features: &TensorSpec, segments: &Segments, pooling: &Pooling) -> (TensorSpec, TensorSpec) {
    let (segments, channels) = (segments.len(), features.shape[1]);
    let output = Shape::new([segments, pooling.channels_out(channels)]);
    let winners = Shape::new(winners_shape(*pooling, segments, channels));
    (TensorSpec::new(output, features.dtype), TensorSpec::new(winners, DType::U32))
}

#[cfg(feature = "fusion")]
fn gradient_spec(
    grad: &TensorSpec,
    _winners: &TensorSpec,
    segments: &Segments,
    pooling: &Pooling,
) -> TensorSpec {
    let channels = grad.shape[1] / pooling.channels_out(1);
    TensorSpec::new(Shape::new([segments.points(), channels]), grad.dtype)
}
