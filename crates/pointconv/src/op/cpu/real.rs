//! The element types that the CPU kernels compute in.

use std::fmt::Debug;
use std::ops::{Add, AddAssign};
use std::sync::LazyLock;

use super::lanes::Dispatch;

/// How many counts have two bytes.
pub(super) const COUNTS: usize = 1 << 16;

/// `f32` or `f64`.
pub(super) trait Real:
    bytemuck::Pod + Default + Send + Sync + Debug + Add<Output = Self> + AddAssign + Dispatch<4> + Dispatch<16>
{
    /// `1 / count`, correctly rounded.
    fn reciprocal(count: usize) -> Self;

    /// The reciprocals of the counts that have two bytes: one per edge is needed, and looking it up is faster than a division.
    fn reciprocals() -> &'static [Self; COUNTS];
}

macro_rules! impl_real {
    ($($t:ty),*) => {
        $(impl Real for $t {
            #[inline(always)]
            fn reciprocal(count: usize) -> Self {
                1.0 / count as Self
            }

            fn reciprocals() -> &'static [Self; COUNTS] {
                static TABLE: LazyLock<Box<[$t; COUNTS]>> = LazyLock::new(table);
                &TABLE
            }
        })*
    };
}

impl_real!(f32, f64);

fn table<T: Real>() -> Box<[T; COUNTS]> {
    let reciprocals: Vec<T> = (0..COUNTS).map(T::reciprocal).collect();
    reciprocals.try_into().expect("as many as were made")
}
