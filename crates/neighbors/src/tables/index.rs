//! How many bytes an index takes.

use std::fmt::Debug;

use super::subdomain_tables::{Columns, Numbers};

/// Most points of a cloud whose indices take two bytes.
pub(crate) const MOST_NARROW: usize = u16::MAX as usize;

/// An index into a cloud, or a number of neighbours in it.
pub(crate) trait Index: Copy + Default + Debug + Send + Sync {
    /// `value`, which must not be greater than the number of points of a cloud.
    fn new(value: u32) -> Self;

    fn numbers(columns: Columns<Self>) -> Numbers;
}

macro_rules! impl_index {
    ($($t:ty: $numbers:ident),*) => {
        $(impl Index for $t {
            #[inline(always)]
            fn new(value: u32) -> Self {
                value as Self
            }

            fn numbers(columns: Columns<Self>) -> Numbers {
                Numbers::$numbers(columns)
            }
        })*
    };
}

impl_index!(u16: Narrow, u32: Wide);
