//! [`Index`]: how many bytes an index takes, and [`Numbers`], the columns of such indices.

use std::fmt::Debug;

use rayon::prelude::*;

/// Most points that indices of two bytes tell apart.
pub(crate) const MOST_NARROW: usize = u16::MAX as usize;

/// An index into a cloud, or a number of neighbours in it.
pub(crate) trait Index: Copy + Default + Debug + Send + Sync {
    /// `value`, which must not be greater than the number of points that are counted.
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

/// What counts the points of a cloud, or of a region of it: in two bytes where none of these has more than `MOST_NARROW`.
#[derive(Debug)]
pub(crate) enum Numbers {
    Narrow(Columns<u16>),
    Wide(Columns<u32>),
}

#[derive(Debug)]
pub(crate) struct Columns<X> {
    /// Where the indices of each run end, `[R]`, counted from the first of its row.
    pub(crate) run_ends: Vec<X>,
    /// The neighbours, `[E]`, counted among the points of their region or cloud, ascending within a run.
    pub(crate) indices: Vec<X>,
}

impl Numbers {
    /// The neighbours in four bytes.
    pub(crate) fn into_wide(self) -> Vec<u32> {
        match self {
            Self::Narrow(columns) => columns.indices.into_par_iter().map(u32::from).collect(),
            Self::Wide(columns) => columns.indices,
        }
    }
}
