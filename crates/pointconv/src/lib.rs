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
//! use pointconv::{KernelShape, Neighborhood, PackedClouds, PointwiseConvConfig};
//!
//! let device = Device::flex().autodiff();
//! let first = [[0.0, 0.0, 0.0], [0.05, 0.0, 0.0]];
//! let second = [[0.3, 0.1, 0.0], [0.3, 0.12, 0.02]];
//! let clouds = PackedClouds::from_clouds(&[first, second])?;
//! let neighborhood = Neighborhood::build(&clouds, &KernelShape::cells(0.1), &device)?;
//!
//! let conv = PointwiseConvConfig::for_shape(3, 9, neighborhood.shape()).init(&device);
//! let features = Tensor::<2>::random([4, 3], Distribution::Default, &device).require_grad();
//! let output = conv.forward(features.clone(), &neighborhood); // [4, 9]
//!
//! let gradients = output.powi_scalar(2).sum().backward();
//! assert_eq!(features.grad(&gradients).unwrap().dims(), [4, 3]);
//! # Ok::<(), pointconv::NeighborError>(())
//! ```
//!
//! Where it runs is decided by the device of the tensors alone: `Device::wgpu(..)` in place of `Device::flex()`, with the
//! feature `wgpu`, and nothing else changes.
//!
//! # Layers
//! [`PointwiseConv`] is the layer of the paper. [`DepthwisePointConv`] has one weight per sub-domain and channel, [`SeparablePointConv`] follows it with a 1x1
//! convolution; a 1x1 convolution alone is burn's [`Linear`](burn::nn::Linear). Each takes a packed batch (`forward`) or a
//! dense one (`forward_dense`), and a [`Neighborhood`] with the kernel to use: layers know nothing of cell sizes and
//! dilations.
//!
//! # Hierarchical networks
//! [`GlobalPool`] gives one row of features for each cloud, [`VoxelPool`] one for each voxel; its [`VoxelMap`] holds the coarse
//! clouds, over which a further [`Neighborhood`] can be built. [`Interpolate`] leads back from coarse points to fine ones.
//! [`PackedBatchNorm`] and [`PackedLayerNorm`] normalise, [`selu`] activates. Maps are made without tensors, so that the thread
//! that loads the data can build them.
//!
//! # Shapes and layers of your own
//! A [`CustomKernel`](neighbors::CustomKernel) is a kernel shape by any rule, and all layers take it. A layer of your own reads the same lists:
//! [`Neighborhood::lists`] gives them row by row, each with the neighbours by sub-domain, or all as plain slices.
//! [`mod@reference`] has the operators in plain tensor operations, to begin with or to compare with. The
//! examples `custom_kernel` and `new_layer` do both.
//!
//! # Features
//! | feature | device |
//! |---|---|
//! | none | `Device::flex()`: the CPU |
//! | `wgpu` | `Device::wgpu(..)`: Vulkan, Metal, DirectX 12 |
//! | `cuda` | `Device::cuda(..)`: NVIDIA's own |
//! | `ndarray` | `Device::ndarray()`: burn's older backend for the CPU |
//! | `fusion` | burn fuses the operations around the layer |
//!
//! `cube` is what `wgpu` and `cuda` have in common and is of no use alone.

#![forbid(unsafe_code)]

#[cfg(feature = "cube")]
mod gpu;
mod layer;
mod neighborhood;
mod zeros;
// burn-ndarray is deprecated upstream; the feature asks for it by name. Builds without it show all deprecations.
#[cfg_attr(feature = "ndarray", allow(deprecated))]
mod op;
mod resolution;

pub use layer::{
    DepthwisePointConv, DepthwisePointConvConfig, GlobalPool, GlobalPoolConfig, Interpolate, PackedBatchNorm,
    PackedBatchNormConfig, PackedLayerNorm, PackedLayerNormConfig, PointwiseConv, PointwiseConvConfig,
    Pooling, SeparablePointConv, SeparablePointConvConfig, VoxelPool, VoxelPoolConfig,
};
pub use neighborhood::{Neighborhood, SearchOptions};
pub use neighbors::{KernelShape, NeighborError, PackedClouds};
pub use op::{depthwise_point_conv, pointwise_conv, reference, selu};
pub use resolution::VoxelMap;

/// The example of the README is compiled and run with the documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
