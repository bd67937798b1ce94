//! The operator: user function, backend trait, and one file for every way to compute it. Its depthwise form has a
//! folder of its own.

mod autodiff;
mod cpu;
#[cfg(feature = "cube")]
mod cube;
mod depthwise;
mod interpolate;
mod norm;
mod pool;
mod prepare;
pub mod reference;
mod search;
mod selu;

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, backend_extension};
#[cfg(feature = "fusion")]
use burn::tensor::Shape;
use burn::tensor::{DType, Tensor};
use neighbors::Neighborhood;

pub(crate) use depthwise::DepthwisePointConvBackend;
pub use depthwise::depthwise_point_conv;
pub(crate) use interpolate::{InterpolateBackend, Rows, interpolate};
pub(crate) use norm::{NormBackend, batch_norm, layer_norm};
pub(crate) use pool::{NO_WINNER, PoolBackend, Segments, segment_pool, winners_shape};
pub use prepare::prepare;
pub use search::search;
pub use selu::selu;

/// A backend that computes the pointwise convolution and its gradients.
///
/// Users call [`pointwise_conv`]; this trait is what a backend implements. `P` is the number of points of the packed
/// batch, `K` the number of sub-domains of the kernel.
#[backend_extension(
    Flex,
    NdArray: cfg(feature = "ndarray"),
    Cube: cfg(feature = "cube"),
    Autodiff,
    Fusion: cfg(feature = "fusion"),
)]
pub(crate) trait PointwiseConvBackend: Backend {
    /// `y_i = b + sum_k W_k · mean_{j in Ω_i(k)} x_j`.
    ///
    /// # Shapes
    /// - features `[P, C_in]`, weight `[K, C_in, C_out]`, bias `[C_out]`
    /// - output `[P, C_out]`
    #[fusion(dtype = features, shape = output_shape(features, weight))]
    fn pointwise_conv(
        features: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        neighborhood: Neighborhood,
    ) -> FloatTensor<Self>;

    /// The gradients of [`pointwise_conv`](Self::pointwise_conv) for features, weight and bias, given `grad = dL/dy`.
    ///
    /// With `s_j(k) = sum_{i: j in Ω_i(k)} g_i / |Ω_i(k)|`, gathered through the mirror map:
    /// `dL/dx_j = sum_k W_k · s_j(k)`, `dL/dW_k = sum_j x_j ⊗ s_j(k)`, `dL/db = sum_i g_i`.
    ///
    /// # Shapes
    /// - features `[P, C_in]`, weight `[K, C_in, C_out]`, grad `[P, C_out]`
    /// - output `([P, C_in], [K, C_in, C_out], [C_out])`
    #[fusion(meta = gradient_specs)]
    fn pointwise_conv_backward(
        features: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        neighborhood: Neighborhood,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);

    /// The gradients for weight and bias alone: what the first layer of a network needs, whose features are data.
    ///
    /// # Shapes
    /// - features `[P, C_in]`, weight `[K, C_in, C_out]`, grad `[P, C_out]`
    /// - output `([K, C_in, C_out], [C_out])`
    #[fusion(meta = weight_gradient_specs)]
    fn pointwise_conv_weight_backward(
        features: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        neighborhood: Neighborhood,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);
}

/// Pointwise convolution of a packed batch of clouds (Hua, Tran, Yeung, CVPR 2018, eq. 1).
///
/// `y_i = b + sum_k W_k · (1/|Ω_i(k)|) · sum_{j in Ω_i(k)} x_j`
///
/// `Ω_i(k)` is the k-th sub-domain of the kernel centred at point i, as listed by `neighborhood`. An empty sub-domain
/// contributes nothing; a point is always its own neighbour. Differentiable in features, weight and bias; positions get
/// no gradient. The result does not depend on the number of threads.
///
/// # Shapes
/// - features `[P, C_in]`
/// - weight `[K, C_in, C_out]`
/// - bias `[C_out]`
/// - output `[P, C_out]`
///
/// # Panics
/// When a shape does not agree with the others or with the neighbourhood, or when the element types differ.
pub fn pointwise_conv(
    features: Tensor<2>,
    weight: Tensor<3>,
    bias: Option<Tensor<1>>,
    neighborhood: &Neighborhood,
) -> Tensor<2> {
    check_shapes(features.dims(), weight.dims(), bias.as_ref().map(|b| b.dims()), neighborhood);
    let dtype = features.dtype();
    check_dtypes("pointwise_conv", dtype, weight.dtype(), bias.as_ref().map(|b| b.dtype()));
    // Extension ops take no optional tensors; a constant of zeros asks for no gradient.
    let bias = bias.unwrap_or_else(|| Tensor::zeros([weight.dims()[2]], (&features.device(), dtype)));
    Tensor::from_dispatch(<Dispatch as PointwiseConvBackend>::pointwise_conv(
        features.into_dispatch(),
        weight.into_dispatch(),
        bias.into_dispatch(),
        neighborhood.clone(),
    ))
}

/// Panics with both values where two shapes disagree.
fn check_shapes(
    features: [usize; 2],
    weight: [usize; 3],
    bias: Option<[usize; 1]>,
    neighborhood: &Neighborhood,
) {
    let [points, channels_in] = features;
    let [subdomains, weight_in, channels_out] = weight;
    assert_eq!(
        points,
        neighborhood.points(),
        "pointwise_conv: features have {points} rows, the neighborhood has {} points",
        neighborhood.points()
    );
    assert_eq!(
        subdomains,
        neighborhood.shape().subdomains(),
        "pointwise_conv: the weight has {subdomains} sub-domains, the neighborhood's kernel has {}",
        neighborhood.shape().subdomains()
    );
    assert_eq!(
        channels_in, weight_in,
        "pointwise_conv: features have {channels_in} channels, the weight expects {weight_in}"
    );
    if let Some([bias]) = bias {
        assert_eq!(
            bias, channels_out,
            "pointwise_conv: the bias has {bias} channels, the weight gives {channels_out}"
        );
    }
}

/// Panics with both values where the element type of a parameter is not that of the features.
fn check_dtypes(op: &str, features: DType, weight: DType, bias: Option<DType>) {
    for (name, found) in [("weight", Some(weight)), ("bias", bias)] {
        if let Some(found) = found {
            assert_eq!(found, features, "{op}: features are {features:?}, the {name} is {found:?}");
        }
    }
}

#[cfg(feature = "fusion")]
fn output_shape(features: &Shape, weight: &Shape) -> Shape {
    Shape::new([features[0], weight[2]])
}

#[cfg(feature = "fusion")]
use burn::backend::fusion::custom::TensorSpec;

#[cfg(feature = "fusion")]
fn gradient_specs(
    features: &TensorSpec,
    weight: &TensorSpec,
    grad: &TensorSpec,
    neighborhood: &Neighborhood,
) -> (TensorSpec, TensorSpec, TensorSpec) {
    let (weight, bias) = weight_gradient_specs(features, weight, grad, neighborhood);
    (features.clone(), weight, bias)
}

#[cfg(feature = "fusion")]
fn weight_gradient_specs(
    _features: &TensorSpec,
    weight: &TensorSpec,
    grad: &TensorSpec,
    _neighborhood: &Neighborhood,
) -> (TensorSpec, TensorSpec) {
    let bias = TensorSpec::new(Shape::new([grad.shape[1]]), grad.dtype);
    (weight.clone(), bias)
}
