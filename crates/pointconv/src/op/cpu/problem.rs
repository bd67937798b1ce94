//! The sizes and lists of one call, and the layout that the kernels read.

use neighbors::Neighborhood;
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::Real;

/// One call of the operator: its sizes and its neighbour lists.
#[derive(Clone, Copy)]
pub(super) struct Problem<'a> {
    pub(super) points: usize,
    pub(super) subdomains: usize,
    pub(super) channels_in: usize,
    pub(super) channels_out: usize,
    pub(super) neighborhood: &'a Neighborhood,
}

/// The neighbours of one centre in one of its occupied sub-domains.
pub(super) struct Run<'a> {
    pub(super) subdomain: usize,
    pub(super) neighbours: &'a [u32],
    /// Where `neighbours` begins in the list of all edges.
    pub(super) start: usize,
}

impl<'a> Problem<'a> {
    pub(super) fn new(features: [usize; 2], weight: [usize; 3], neighborhood: &'a Neighborhood) -> Self {
        Self {
            points: features[0],
            subdomains: weight[0],
            channels_in: features[1],
            channels_out: weight[2],
            neighborhood,
        }
    }

    /// The occupied sub-domains of `centre`, in rising order.
    #[inline(always)]
    pub(super) fn runs(&self, centre: usize) -> impl Iterator<Item = Run<'a>> {
        let lists = self.neighborhood;
        let (subdomains, starts, indices) = (lists.run_subdomains(), lists.run_starts(), lists.indices());
        let range = lists.run_offsets()[centre] as usize..lists.run_offsets()[centre + 1] as usize;
        let starts = &starts[range.start..=range.end];
        subdomains[range].iter().zip(starts.windows(2)).map(move |(&subdomain, bounds)| Run {
            subdomain: usize::from(subdomain),
            neighbours: &indices[bounds[0] as usize..bounds[1] as usize],
            start: bounds[0] as usize,
        })
    }
}

/// Rows of `width` channels, each padded with zeros to whole blocks of `L` lanes: `[rows][blocks][L]`.
pub(super) struct Padded<T, const L: usize> {
    blocks: Vec<[T; L]>,
    /// Blocks per row.
    pub(super) per_row: usize,
}

impl<T: Real, const L: usize> Padded<T, L> {
    /// Copies `[rows, width]`, row major.
    pub(super) fn from_rows(values: &[T], width: usize) -> Self {
        let per_row = width.div_ceil(L);
        let rows = values.len().checked_div(width).unwrap_or(0);
        let mut blocks = vec![[T::default(); L]; rows * per_row];
        if width > 0 {
            blocks
                .par_chunks_mut(per_row * super::CHUNK)
                .zip(values.par_chunks(width * super::CHUNK))
                .for_each(|(blocks, values)| {
                    for (row, source) in blocks.chunks_exact_mut(per_row).zip(values.chunks_exact(width)) {
                        row.as_flattened_mut()[..width].copy_from_slice(source);
                    }
                });
        }
        Self { blocks, per_row }
    }

    /// All blocks, `per_row` for each row.
    #[inline(always)]
    pub(super) fn blocks(&self) -> &[[T; L]] {
        &self.blocks
    }

    /// The blocks of one row.
    #[inline(always)]
    pub(super) fn row(&self, row: usize) -> &[[T; L]] {
        &self.blocks[row * self.per_row..(row + 1) * self.per_row]
    }

    /// The blocks of `count` rows from `row` on.
    #[inline(always)]
    pub(super) fn rows(&self, row: usize, count: usize) -> &[[T; L]] {
        &self.blocks[row * self.per_row..(row + count) * self.per_row]
    }
}

/// A piece of work that is compiled once per instruction set.
pub(super) trait Kernel {
    /// Does the work.
    fn run<S: Simd>(self, simd: S);
}

/// Runs `kernel` with the widest vectors that this machine has.
pub(super) fn dispatch(kernel: impl Kernel) {
    struct Adapter<K>(K);
    impl<K: Kernel> WithSimd for Adapter<K> {
        type Output = ();

        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) {
            self.0.run(simd);
        }
    }
    Arch::new().dispatch(Adapter(kernel));
}
