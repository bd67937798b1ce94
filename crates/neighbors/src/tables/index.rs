//! [`Index`]: how many bytes an index takes, and [`Numbers`], the columns of such indices.

use std::fmt::Debug;

use rayon::prelude::*;

use crate::packed_clouds::PackedClouds;

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

/// What counts the points of a cloud: in two bytes where no cloud of the batch has more than `MOST_NARROW`.
#[derive(Debug, PartialEq)]
pub(crate) enum Numbers {
    Narrow(Columns<u16>),
    Wide(Columns<u32>),
}

#[derive(Debug, PartialEq)]
pub(crate) struct Columns<X> {
    /// Where the indices of each run end, `[R]`, counted from the first of its row.
    pub(crate) run_ends: Vec<X>,
    /// The neighbours, `[E]`, counted from the first point of their cloud, ascending within a run.
    pub(crate) indices: Vec<X>,
}

impl Numbers {
    /// Packed indices; `offsets` has where those of each row begin.
    pub(crate) fn into_packed(self, clouds: &PackedClouds, offsets: &[u32]) -> Vec<u32> {
        let mut indices: Vec<u32> = match self {
            Self::Narrow(columns) => columns.indices.into_par_iter().map(u32::from).collect(),
            Self::Wide(columns) => columns.indices,
        };
        for cloud in clouds.ranges().skip_while(|cloud| cloud.start == 0) {
            let edges = offsets[cloud.start] as usize..offsets[cloud.end] as usize;
            indices[edges].par_iter_mut().for_each(|index| *index += cloud.start as u32);
        }
        indices
    }
}
