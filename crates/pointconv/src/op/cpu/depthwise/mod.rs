//! The kernels of the depthwise operator.

mod backward;
mod forward;

pub(super) use backward::backward;
pub(super) use forward::forward;
