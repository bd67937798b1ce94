//! The operator, full and depthwise: user functions, backend trait, and one file for every way to compute it.

mod autodiff;
mod cpu;
#[cfg(feature = "cube")]
mod cube;
mod kind;
pub mod reference;

#[cfg(feature = "fusion")]
use burn::backend::fusion::custom::TensorSpec;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, backend_extension};
#[cfg(feature = "fusion")]
use burn::tensor::Shape;
use burn::tensor::Tensor;

use crate::neighborhood::Neighborhood;
use kind::{ConvKind, Convolution};

/// A backend that computes the convolution and its gradients.
///
/// Users call [`pointwise_conv`] or [`depthwise_point_conv`]; this trait is what a backend implements. `P` is the number
/// of points of the packed batch, `Q` the number of centres (the points themselves, as a rule), `K` the number of
/// sub-domains of the kernel. Shapes are those of the full operator; [`ConvKind`] has those of the depthwise one.
#[backend_extension(
    Flex,
    NdArray: cfg(feature = "ndarray"),
    Cube: cfg(feature = "cube"),
    Autodiff,
    Fusion: cfg(feature = "fusion"),
)]
pub(crate) trait PointConvBackend: Backend {
    /// `y_i = b + sum_k W_k · mean_{j in Ω_i(k)} x_j`.
    ///
    /// # Shapes
    /// - features `[P, C_in]`, weight `[K, C_in, C_out]`, bias `[C_out]`
    /// - output `[Q, C_out]`
    #[fusion(meta = output_spec)]
    fn point_conv(
        features: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        convolution: Convolution,
    ) -> FloatTensor<Self>;

    /// The gradients of [`point_conv`](Self::point_conv) for features, weight and bias, given `grad = dL/dy`.
    ///
    /// With `s_j(k) = sum_{i: j in Ω_i(k)} g_i / |Ω_i(k)|`, gathered through the mirror map:
    /// `dL/dx_j = sum_k W_k · s_j(k)`, `dL/dW_k = sum_j x_j ⊗ s_j(k)`, `dL/db = sum_i g_i`.
    ///
    /// # Shapes
    /// - features `[P, C_in]`, weight `[K, C_in, C_out]`, grad `[Q, C_out]`
    /// - output `([P, C_in], [K, C_in, C_out], [C_out])`
    #[fusion(meta = gradient_specs)]
    fn point_conv_backward(
        features: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        convolution: Convolution,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);

    /// The gradients for weight and bias alone: what the first layer of a network needs, whose features are data.
    ///
    /// # Shapes
    /// - features `[P, C_in]`, weight `[K, C_in, C_out]`, grad `[Q, C_out]`
    /// - output `([K, C_in, C_out], [C_out])`
    #[fusion(meta = weight_gradient_specs)]
    fn point_conv_weight_backward(
        features: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        convolution: Convolution,
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
/// - output `[P, C_out]`; `[Q, C_out]` for a neighbourhood [between](Neighborhood::between) `P` points and `Q` centres
///
/// # Panics
/// When a shape does not agree with the others or with the neighbourhood, or when the element types differ.
pub fn pointwise_conv(
    features: Tensor<2>,
    weight: Tensor<3>,
    bias: Option<Tensor<1>>,
    neighborhood: &Neighborhood,
) -> Tensor<2> {
    point_conv(ConvKind::Full, features, weight, bias, neighborhood)
}

/// Depthwise pointwise convolution of a packed batch of clouds: every channel has weights of its own and none mix.
///
/// `y_i[c·M + q] = b[c·M + q] + sum_k W[k, c, q] · (1/|Ω_i(k)|) · sum_{j in Ω_i(k)} x_j[c]`
///
/// This is the operator of [`pointwise_conv`] (Hua, Tran, Yeung, CVPR 2018) with one weight per sub-domain and channel,
/// as in the depthwise separable convolutions of images (Chollet, *Xception*, CVPR 2017; Howard et al., *MobileNets*,
/// 2017). The channel multiplier `M` is the number of outputs of each channel. An empty sub-domain contributes nothing;
/// a point is always its own neighbour. Differentiable in features, weight and bias; positions get no gradient. The
/// result does not depend on the number of threads.
///
/// Per point it takes `K_occ · C_in · M` multiplications with weights, `K_occ` being the number of occupied
/// sub-domains; the full operator takes `K_occ · C_in · C_out`. Both add up the neighbours, `E · C_in` additions for
/// `E` neighbours per point, which is most of the work here.
///
/// # Shapes
/// - features `[P, C_in]`
/// - weight `[K, C_in, M]`
/// - bias `[C_in · M]`
/// - output `[P, C_in · M]`; `[Q, C_in · M]` for a neighbourhood [between](Neighborhood::between) `P` points and `Q` centres
///
/// # Panics
/// When a shape does not agree with the others or with the neighbourhood, or when the element types differ.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use pointconv::{KernelShape, Neighborhood, PackedClouds, depthwise_point_conv};
///
/// let device = Device::flex();
/// // The second point lies in the next cell along x, and the first one in the cell before that of the second.
/// let clouds = PackedClouds::single([[0.0, 0.0, 0.0], [0.1, 0.0, 0.0]])?;
/// let shape = KernelShape::cells(0.1).with_size([3, 1, 1]);
/// let neighborhood = Neighborhood::build(&clouds, &shape, &device)?;
///
/// let features = Tensor::<2>::from_floats([[1.0, 2.0], [3.0, 5.0]], &device);
/// let weight = Tensor::<3>::from_floats([[[1.0], [10.0]], [[2.0], [20.0]], [[4.0], [40.0]]], &device);
/// let output = depthwise_point_conv(features, weight, None, &neighborhood);
/// assert_eq!(output.into_data().try_to_vec::<f32>().unwrap(), [14.0, 240.0, 7.0, 120.0]);
/// # Ok::<(), pointconv::NeighborError>(())
/// ```
pub fn depthwise_point_conv(
    features: Tensor<2>,
    weight: Tensor<3>,
    bias: Option<Tensor<1>>,
    neighborhood: &Neighborhood,
) -> Tensor<2> {
    point_conv(ConvKind::Depthwise, features, weight, bias, neighborhood)
}

fn point_conv(
    kind: ConvKind,
    features: Tensor<2>,
    weight: Tensor<3>,
    bias: Option<Tensor<1>>,
    neighborhood: &Neighborhood,
) -> Tensor<2> {
    kind.check_shapes(features.dims(), weight.dims(), bias.as_ref().map(|b| b.dims()), neighborhood);
    let dtype = features.dtype();
    for (name, found) in [("weight", Some(weight.dtype())), ("bias", bias.as_ref().map(|b| b.dtype()))] {
        if let Some(found) = found {
            assert_eq!(found, dtype, "{}: features are {dtype:?}, the {name} is {found:?}", kind.op());
        }
    }
    // Extension ops take no optional tensors; a constant of zeros asks for no gradient.
    let channels_out = kind.channels_out(weight.dims());
    let bias = bias.unwrap_or_else(|| Tensor::zeros([channels_out], (&features.device(), dtype)));
    Tensor::from_dispatch(<Dispatch as PointConvBackend>::point_conv(
        features.into_dispatch(),
        weight.into_dispatch(),
        bias.into_dispatch(),
        Convolution { kind, neighborhood: neighborhood.clone() },
    ))
}

#[cfg(feature = "fusion")]
fn output_spec(
    features: &TensorSpec,
    _weight: &TensorSpec,
    bias: &TensorSpec,
    convolution: &Convolution,
) -> TensorSpec {
    let centres = convolution.neighborhood.centres().points();
    TensorSpec::new(Shape::new([centres, bias.shape[0]]), features.dtype)
}

#[cfg(feature = "fusion")]
fn gradient_specs(
    features: &TensorSpec,
    weight: &TensorSpec,
    grad: &TensorSpec,
    convolution: &Convolution,
) -> (TensorSpec, TensorSpec, TensorSpec) {
    let (weight, bias) = weight_gradient_specs(features, weight, grad, convolution);
    (features.clone(), weight, bias)
}

#[cfg(feature = "fusion")]
fn weight_gradient_specs(
    _features: &TensorSpec,
    weight: &TensorSpec,
    grad: &TensorSpec,
    _convolution: &Convolution,
) -> (TensorSpec, TensorSpec) {
    let bias = TensorSpec::new(Shape::new([grad.shape[1]]), grad.dtype);
    (weight.clone(), bias)
}
