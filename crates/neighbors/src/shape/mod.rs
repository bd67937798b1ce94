//! Kernel shapes: how the surroundings of a point are cut into sub-domains, and how a search tests that.

mod bounds;
mod custom_kernel;
mod kernel_shape;
mod rule;

pub(crate) use custom_kernel::subdomain as custom_subdomain;
pub use custom_kernel::{CustomKernel, Mirror};
pub use kernel_shape::KernelShape;
pub(crate) use rule::{BallRule, CellRule, Cells, Reach, Rule};
