//! The element types that the CPU kernels compute in.

use std::fmt::Debug;
use std::ops::{Add, AddAssign};

use super::lanes::Dispatch;

/// `f32` or `f64`.
pub(super) trait Real:
    bytemuck::Pod + Default + Send + Sync + Debug + Add<Output = Self> + AddAssign + Dispatch<4> + Dispatch<16>
{
    /// `1 / count`, correctly rounded.
    fn reciprocal(count: usize) -> Self;

    /// `1 / count` from its rounding to `f32`, as stored per edge; exact for counts below 2^22.
    fn from_reciprocal(inverse: f32) -> Self;
}

impl Real for f32 {
    #[inline(always)]
    fn reciprocal(count: usize) -> Self {
        1.0 / count as f32
    }

    #[inline(always)]
    fn from_reciprocal(inverse: f32) -> Self {
        inverse
    }
}

impl Real for f64 {
    #[inline(always)]
    fn reciprocal(count: usize) -> Self {
        1.0 / count as f64
    }

    #[inline(always)]
    fn from_reciprocal(inverse: f32) -> Self {
        1.0 / (1.0 / f64::from(inverse)).round()
    }
}
