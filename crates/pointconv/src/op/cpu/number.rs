//! What pooling, interpolation and normalisation need of an element type.

use std::ops::{Div, Mul, Sub};

use burn::backend::Element;

use super::Real;

/// `f32` or `f64`.
pub(super) trait Number:
    Real + Element + PartialOrd + Mul<Output = Self> + Div<Output = Self> + Sub<Output = Self>
{
    /// The nearest value of this type.
    fn rounded(value: f64) -> Self;

    /// The same value in double precision.
    fn widened(self) -> f64;

    fn sqrt(self) -> Self;
}

impl Number for f32 {
    #[inline(always)]
    fn rounded(value: f64) -> Self {
        value as f32
    }

    #[inline(always)]
    fn widened(self) -> f64 {
        f64::from(self)
    }

    #[inline(always)]
    fn sqrt(self) -> Self {
        self.sqrt()
    }
}

impl Number for f64 {
    #[inline(always)]
    fn rounded(value: f64) -> Self {
        value
    }

    #[inline(always)]
    fn widened(self) -> f64 {
        self
    }

    #[inline(always)]
    fn sqrt(self) -> Self {
        self.sqrt()
    }
}
