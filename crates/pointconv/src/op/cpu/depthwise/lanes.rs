//! The product lane by lane, which the full operator does without.

use pulp::Simd;

use crate::op::cpu::Real;

/// An element type with vectors that multiply each other.
pub(super) trait Lanes: Real {
    /// `accumulator += a · b`, lane by lane; fused where the machine can.
    fn add_products<S: Simd>(simd: S, accumulator: &mut [Self], a: &[Self], b: &[Self]);
}

macro_rules! impl_lanes {
    ($scalar:ty, $as_simd:ident, $as_mut_simd:ident, $mul_add:ident) => {
        impl Lanes for $scalar {
            #[inline(always)]
            fn add_products<S: Simd>(simd: S, accumulator: &mut [Self], a: &[Self], b: &[Self]) {
                let (heads, tail) = S::$as_mut_simd(accumulator);
                let ((a_heads, a_tail), (b_heads, b_tail)) = (S::$as_simd(a), S::$as_simd(b));
                for ((sum, &a), &b) in heads.iter_mut().zip(a_heads).zip(b_heads) {
                    *sum = simd.$mul_add(a, b, *sum);
                }
                for ((sum, &a), &b) in tail.iter_mut().zip(a_tail).zip(b_tail) {
                    *sum += a * b;
                }
            }
        }
    };
}

impl_lanes!(f32, as_simd_f32s, as_mut_simd_f32s, mul_add_e_f32s);
impl_lanes!(f64, as_simd_f64s, as_mut_simd_f64s, mul_add_e_f64s);
