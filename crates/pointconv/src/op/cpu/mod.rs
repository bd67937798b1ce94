//! The kernels of the CPU, on slices.

mod backward;
mod depthwise;
mod forward;
mod gather;
mod host;
mod interpolate;
mod lanes;
mod norm;
mod number;
mod pool;
mod problem;
mod product;
mod real;
mod tile;
mod vectorize;

use problem::Problem;
use real::Real;
pub(super) use vectorize::vectorized;

/// Points per work item. A constant of the problem, never of the machine: results must not depend on the thread count.
const CHUNK: usize = 512;

/// Points whose runs are sorted together by narrow kernels: what they sum up fits into the first-level cache.
const TILE: usize = 64;
