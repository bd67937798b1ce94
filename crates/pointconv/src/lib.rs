//! Pointwise convolution (Hua, Tran, Yeung, *Pointwise Convolutional Neural Networks*, CVPR 2018) as a
//! [burn](https://burn.dev) layer with hand-written gradients.
//!
//! Every point carries a kernel cut into sub-domains. The features of the neighbours that fall into one sub-domain are
//! averaged, multiplied with the weights of that sub-domain, and summed over the sub-domains:
//!
//! `y_i = b + sum_k W_k · (1/|Ω_i(k)|) · sum_{j in Ω_i(k)} x_j`
//!
//! The neighbourhoods are built once per batch by the crate [`neighbors`] and shared by forward, backward, and by every
//! layer with the same kernel shape.
//!
//! ```
//! use burn::tensor::{Device, Distribution, Tensor};
//! use pointconv::{KernelShape, Neighborhood, PointwiseConvConfig, Search};
//!
//! let device = Device::flex().autodiff();
//! let positions = [[0.0, 0.0, 0.0], [0.05, 0.0, 0.0], [0.3, 0.1, 0.0], [0.3, 0.12, 0.02]];
//! // Two clouds of two points, packed one after the other.
//! let neighborhood = Neighborhood::build(&positions, &[0, 2, 4], &KernelShape::cells(0.1), Search::Auto)?;
//!
//! let conv = PointwiseConvConfig::for_shape(3, 9, neighborhood.shape()).init(&device);
//! let features = Tensor::<2>::random([4, 3], Distribution::Default, &device).require_grad();
//! let output = conv.forward(features.clone(), &neighborhood); // [4, 9]
//!
//! let gradients = output.powi_scalar(2).sum().backward();
//! assert_eq!(features.grad(&gradients).unwrap().dims(), [4, 3]);
//! # Ok::<(), neighbors::NeighborError>(())
//! ```
//!
//! [`DepthwisePointConv`] has one weight per sub-domain and channel, [`SeparablePointConv`] follows it with a 1x1
//! convolution; a 1x1 convolution alone is burn's [`Linear`](burn::nn::Linear).

#![forbid(unsafe_code)]

mod layer;
// burn-ndarray is deprecated upstream; the feature asks for it by name. Builds without it show all deprecations.
#[cfg_attr(feature = "ndarray", allow(deprecated))]
mod op;

pub use layer::{
    DepthwisePointConv, DepthwisePointConvConfig, PointwiseConv, PointwiseConvConfig, SeparablePointConv,
    SeparablePointConvConfig,
};
pub use neighbors::{KernelShape, NeighborError, Neighborhood, Search};
pub use op::{
    DepthwisePointConvBackend, PointwiseConvBackend, depthwise_point_conv, pointwise_conv, prepare, reference,
};

/// The example of the README is compiled and run with the documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
