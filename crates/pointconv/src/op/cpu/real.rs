//! The element types that the CPU kernels compute in, and their two vector operations.

use std::fmt::Debug;
use std::ops::{Add, AddAssign, Mul};

use pulp::Simd;

/// `f32` or `f64`.
pub(super) trait Real:
    bytemuck::Pod + Default + Send + Sync + Debug + Add<Output = Self> + Mul<Output = Self> + AddAssign
{
    /// `1 / count`, correctly rounded.
    fn reciprocal(count: usize) -> Self;

    /// `1 / count` from its rounding to `f32`, as stored per edge; exact for counts below 2^22.
    fn from_reciprocal(share: f32) -> Self;

    /// `accumulator += values`, lane by lane.
    fn accumulate<S: Simd>(simd: S, accumulator: &mut [Self], values: &[Self]);

    /// `accumulator += factor · values`, lane by lane; fused where the machine can.
    fn add_scaled<S: Simd>(simd: S, accumulator: &mut [Self], factor: Self, values: &[Self]);
}

macro_rules! impl_vector_operations {
    ($as_simd:ident, $as_mut_simd:ident, $splat:ident, $add:ident, $mul_add:ident) => {
        #[inline(always)]
        fn accumulate<S: Simd>(simd: S, accumulator: &mut [Self], values: &[Self]) {
            let (heads, tail) = S::$as_mut_simd(accumulator);
            let (value_heads, value_tail) = S::$as_simd(values);
            for (a, &v) in heads.iter_mut().zip(value_heads) {
                *a = simd.$add(*a, v);
            }
            for (a, &v) in tail.iter_mut().zip(value_tail) {
                *a += v;
            }
        }

        #[inline(always)]
        fn add_scaled<S: Simd>(simd: S, accumulator: &mut [Self], factor: Self, values: &[Self]) {
            let (heads, tail) = S::$as_mut_simd(accumulator);
            let (value_heads, value_tail) = S::$as_simd(values);
            let splat = simd.$splat(factor);
            for (a, &v) in heads.iter_mut().zip(value_heads) {
                *a = simd.$mul_add(splat, v, *a);
            }
            for (a, &v) in tail.iter_mut().zip(value_tail) {
                *a += factor * v;
            }
        }
    };
}

impl Real for f32 {
    #[inline(always)]
    fn reciprocal(count: usize) -> Self {
        1.0 / count as f32
    }

    #[inline(always)]
    fn from_reciprocal(share: f32) -> Self {
        share
    }

    impl_vector_operations!(as_simd_f32s, as_mut_simd_f32s, splat_f32s, add_f32s, mul_add_e_f32s);
}

impl Real for f64 {
    #[inline(always)]
    fn reciprocal(count: usize) -> Self {
        1.0 / count as f64
    }

    #[inline(always)]
    fn from_reciprocal(share: f32) -> Self {
        1.0 / (1.0 / f64::from(share)).round()
    }

    impl_vector_operations!(as_simd_f64s, as_mut_simd_f64s, splat_f64s, add_f64s, mul_add_e_f64s);
}
