//! Batch and layer normalisation of `[P, C]` features, forward and backward in two passes over memory each.

mod autodiff;

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, backend_extension};
use burn::tensor::Tensor;

/// A backend that normalises. Values are `[P, C]`, parameters and statistics `[C]`.
#[backend_extension(
    Flex,
    NdArray: cfg(feature = "ndarray"),
    Cube: cfg(feature = "cube"),
    Autodiff,
    Fusion: cfg(feature = "fusion"),
)]
pub(crate) trait NormBackend: Backend {
    /// `γ (x - m) / sqrt(v + ε) + β`, with mean `m` and biased variance `v` of each channel over the points, which are the second
    /// and the third output.
    #[fusion(meta = |x, gamma, beta, _| (x.clone(), gamma.clone(), beta.clone()))]
    fn point_batch_norm(
        features: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        epsilon: f64,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);

    /// The gradients for features, `γ` and `β`.
    #[fusion(meta = |x, gamma, mean, _, _, _| (x.clone(), gamma.clone(), mean.clone()))]
    fn point_batch_norm_backward(
        features: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        mean: FloatTensor<Self>,
        variance: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        epsilon: f64,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);

    /// `γ (x - m) / sqrt(v + ε) + β`, with mean `m` and biased variance `v` of each point over its channels.
    #[fusion(dtype = features, shape = features)]
    fn point_layer_norm(
        features: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        epsilon: f64,
    ) -> FloatTensor<Self>;

    /// The gradients for features, `γ` and `β`.
    #[fusion(meta = |x, gamma, _, _| (x.clone(), gamma.clone(), gamma.clone()))]
    fn point_layer_norm_backward(
        features: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        epsilon: f64,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);
}

/// Output, mean and biased variance, see [`NormBackend::point_batch_norm`]; the statistics carry no gradient.
pub(crate) fn batch_norm(
    features: Tensor<2>,
    gamma: Tensor<1>,
    beta: Tensor<1>,
    epsilon: f64,
) -> (Tensor<2>, Tensor<1>, Tensor<1>) {
    let (output, mean, variance) = <Dispatch as NormBackend>::point_batch_norm(
        features.into_dispatch(),
        gamma.into_dispatch(),
        beta.into_dispatch(),
        epsilon,
    );
    (Tensor::from_dispatch(output), Tensor::from_dispatch(mean), Tensor::from_dispatch(variance))
}

/// See [`NormBackend::point_layer_norm`].
pub(crate) fn layer_norm(features: Tensor<2>, gamma: Tensor<1>, beta: Tensor<1>, epsilon: f64) -> Tensor<2> {
    Tensor::from_dispatch(<Dispatch as NormBackend>::point_layer_norm(
        features.into_dispatch(),
        gamma.into_dispatch(),
        beta.into_dispatch(),
        epsilon,
    ))
}
