//! Weighted sums over rows of a sparse table: interpolation, and its transpose.

mod autodiff;
mod rows;

use crate::resolution::InterpolationMap;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, backend_extension};
#[cfg(feature = "fusion")]
use burn::tensor::Shape;
use burn::tensor::Tensor;

pub(crate) use rows::Rows;

/// A backend that interpolates.
#[backend_extension(
    Flex,
    NdArray: cfg(feature = "ndarray"),
    Cube: cfg(feature = "cube"),
    Autodiff,
    Fusion: cfg(feature = "fusion"),
)]
pub(crate) trait InterpolateBackend: Backend {
    /// `y_r = sum_e w_e x_{j(e)}` over the entries of row `r`, in their order. The gradient is the same with the transposed rows.
    ///
    /// # Shapes
    /// - features `[S, C]`, output `[R, C]`
    #[fusion(dtype = features, shape = output_shape(features, rows))]
    fn interpolate_rows(features: FloatTensor<Self>, rows: Rows) -> FloatTensor<Self>;
}

/// Interpolates `features [S, C]` at the fine points of `map`.
///
/// # Panics
/// When the features have not one row for each coarse point.
pub(crate) fn interpolate(features: Tensor<2>, map: &InterpolationMap) -> Tensor<2> {
    let [points, _] = features.dims();
    assert_eq!(
        points,
        map.coarse_points(),
        "Interpolate: features have {points} rows, the map has {} coarse points",
        map.coarse_points()
    );
    let rows = Rows::of(map);
    Tensor::from_dispatch(<Dispatch as InterpolateBackend>::interpolate_rows(features.into_dispatch(), rows))
}

#[cfg(feature = "fusion")]
fn output_shape(features: &Shape, rows: &Rows) -> Shape {
    Shape::new([rows.len(), features[1]])
}
