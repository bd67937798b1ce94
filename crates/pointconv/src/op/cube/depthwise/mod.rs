//! The kernels of the depthwise operator on a GPU. The gradient of its weights has no kernels of its own.

mod backward_features;
mod blocks;
mod forward;

pub(super) use self::backward_features::backward_features;
pub(super) use self::forward::forward;
