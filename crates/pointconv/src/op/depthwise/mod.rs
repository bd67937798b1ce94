//! The depthwise operator: user function and backend trait. Its kernels lie beside those of the full operator.

mod autodiff;

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, backend_extension};
#[cfg(feature = "fusion")]
use burn::tensor::Shape;
use burn::tensor::Tensor;
use neighbors::Neighborhood;

use super::check_dtypes;

/// A backend that computes the depthwise convolution and its gradients.
///
/// Users call [`depthwise_point_conv`]; this trait is what a backend implements. `P` is the number of points of the
/// packed batch, `K` the number of sub-domains of the kernel, `M` the channel multiplier.
#[backend_extension(
    Flex,
    NdArray: cfg(feature = "ndarray"),
    Cube: cfg(feature = "cube"),
    Autodiff,
    Fusion: cfg(feature = "fusion"),
)]
pub(crate) trait DepthwisePointConvBackend: Backend {
    /// `y_i[c·M + q] = b[c·M + q] + sum_k W[k, c, q] · mean_{j in Ω_i(k)} x_j[c]`.
    ///
    /// # Shapes
    /// - features `[P, C_in]`, weight `[K, C_in, M]`, bias `[C_in · M]`
    /// - output `[P, C_in · M]`
    #[fusion(dtype = features, shape = output_shape(features, weight))]
    fn depthwise_point_conv(
        features: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        neighborhood: Neighborhood,
    ) -> FloatTensor<Self>;

    /// The gradients of [`depthwise_point_conv`](Self::depthwise_point_conv) for features, weight and bias, given
    /// `grad = dL/dy`.
    ///
    /// With `s_j(k) = sum_{i: j in Ω_i(k)} g_i / |Ω_i(k)|`, gathered through the mirror map:
    /// `dL/dx_j[c] = sum_k sum_q W[k, c, q] · s_j(k)[c·M + q]`, `dL/dW[k, c, q] = sum_j x_j[c] · s_j(k)[c·M + q]`,
    /// `dL/db = sum_i g_i`.
    ///
    /// # Shapes
    /// - features `[P, C_in]`, weight `[K, C_in, M]`, grad `[P, C_in · M]`
    /// - output `([P, C_in], [K, C_in, M], [C_in · M])`
    #[fusion(meta = gradient_specs)]
    fn depthwise_point_conv_backward(
        features: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        neighborhood: Neighborhood,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);

    /// The gradients for weight and bias alone: what the first layer of a network needs, whose features are data.
    ///
    /// # Shapes
    /// - features `[P, C_in]`, weight `[K, C_in, M]`, grad `[P, C_in · M]`
    /// - output `([K, C_in, M], [C_in · M])`
    #[fusion(meta = weight_gradient_specs)]
    fn depthwise_point_conv_weight_backward(
        features: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        neighborhood: Neighborhood,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);
}

/// Depthwise pointwise convolution of a packed batch of clouds: every channel has weights of its own and none mix.
///
/// `y_i[c·M + q] = b[c·M + q] + sum_k W[k, c, q] · (1/|Ω_i(k)|) · sum_{j in Ω_i(k)} x_j[c]`
///
/// This is the operator of [`pointwise_conv`](crate::pointwise_conv) (Hua, Tran, Yeung, CVPR 2018) with one weight per
/// sub-domain and channel, as in the depthwise separable convolutions of images (Chollet, *Xception*, CVPR 2017;
/// Howard et al., *MobileNets*, 2017). The channel multiplier `M` is the number of outputs of each channel. An empty
/// sub-domain contributes nothing; a point is always its own neighbour. Differentiable in features, weight and bias;
/// positions get no gradient. The result does not depend on the number of threads.
///
/// Per point it takes `K_occ · C_in · M` multiplications with weights, `K_occ` being the number of occupied
/// sub-domains; the full operator takes `K_occ · C_in · C_out`. Both add up the neighbours, `E · C_in` additions for
/// `E` neighbours per point, which is most of the work here.
///
/// # Shapes
/// - features `[P, C_in]`
/// - weight `[K, C_in, M]`
/// - bias `[C_in · M]`
/// - output `[P, C_in · M]`
///
/// # Panics
/// When a shape does not agree with the others or with the neighbourhood, or when the element types differ.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use pointconv::{KernelShape, Neighborhood, Search, depthwise_point_conv};
///
/// let device = Device::flex();
/// // The second point lies in the next cell along x, and the first one in the cell before that of the second.
/// let positions = [[0.0, 0.0, 0.0], [0.1, 0.0, 0.0]];
/// let shape = KernelShape::cells(0.1).with_size([3, 1, 1]);
/// let neighborhood = Neighborhood::build(&positions, &[0, 2], &shape, Search::Auto)?;
///
/// let features = Tensor::<2>::from_floats([[1.0, 2.0], [3.0, 5.0]], &device);
/// let weight = Tensor::<3>::from_floats([[[1.0], [10.0]], [[2.0], [20.0]], [[4.0], [40.0]]], &device);
/// let output = depthwise_point_conv(features, weight, None, &neighborhood);
/// assert_eq!(output.into_data().try_to_vec::<f32>().unwrap(), [14.0, 240.0, 7.0, 120.0]);
/// # Ok::<(), neighbors::NeighborError>(())
/// ```
pub fn depthwise_point_conv(
    features: Tensor<2>,
    weight: Tensor<3>,
    bias: Option<Tensor<1>>,
    neighborhood: &Neighborhood,
) -> Tensor<2> {
    check_shapes(features.dims(), weight.dims(), bias.as_ref().map(|b| b.dims()), neighborhood);
    let dtype = features.dtype();
    check_dtypes("depthwise_point_conv", dtype, weight.dtype(), bias.as_ref().map(|b| b.dtype()));
    // Extension ops take no optional tensors; a constant of zeros asks for no gradient.
    let [_, channels, multiplier] = weight.dims();
    let bias = bias.unwrap_or_else(|| Tensor::zeros([channels * multiplier], (&features.device(), dtype)));
    Tensor::from_dispatch(<Dispatch as DepthwisePointConvBackend>::depthwise_point_conv(
        features.into_dispatch(),
        weight.into_dispatch(),
        bias.into_dispatch(),
        neighborhood.clone(),
    ))
}

/// Panics with both values where two shapes disagree.
pub(super) fn check_shapes(
    features: [usize; 2],
    weight: [usize; 3],
    bias: Option<[usize; 1]>,
    neighborhood: &Neighborhood,
) {
    let [points, channels] = features;
    let [subdomains, weight_channels, multiplier] = weight;
    assert_eq!(
        points,
        neighborhood.points(),
        "depthwise_point_conv: features have {points} rows, the neighborhood has {} points",
        neighborhood.points()
    );
    assert_eq!(
        subdomains,
        neighborhood.shape().subdomains(),
        "depthwise_point_conv: the weight has {subdomains} sub-domains, the neighborhood's kernel has {}",
        neighborhood.shape().subdomains()
    );
    assert_eq!(
        channels, weight_channels,
        "depthwise_point_conv: features have {channels} channels, the weight expects {weight_channels}"
    );
    if let Some([bias]) = bias {
        let given = channels * multiplier;
        assert_eq!(
            bias, given,
            "depthwise_point_conv: the bias has {bias} channels, the weight gives {channels} x {multiplier} = {given}"
        );
    }
}

#[cfg(feature = "fusion")]
fn output_shape(features: &Shape, weight: &Shape) -> Shape {
    Shape::new([features[0], weight[1] * weight[2]])
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
