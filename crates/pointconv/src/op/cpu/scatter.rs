//! Rows of all points, written in the order of the lists.
//!
//! Threads take consecutive rows of the lists, whose points lie near each other in space and anywhere in memory. So what
//! they write is interleaved, and the compiler cannot see that it never overlaps: the one place of this crate that needs
//! `unsafe`. Writing in the order of the lists and sorting afterwards takes an eighth longer.
#![allow(unsafe_code)]

use std::marker::PhantomData;

use neighbors::Neighborhood;
use rayon::prelude::*;

/// The rows of the points in the middle of some consecutive rows of the lists.
pub(super) struct PointRows<'a, T> {
    values: *mut T,
    width: usize,
    points: usize,
    centres: &'a [u32],
    _values: PhantomData<&'a mut [T]>,
}

// SAFETY: the values are borrowed mutably for 'a, and the parts of them that the rows of one list reach are reached by
// no other, so this may go to another thread whenever `&mut T` may.
unsafe impl<T: Send> Send for PointRows<'_, T> {}

impl<'a, T> PointRows<'a, T> {
    /// Cuts `values [P, width]` into the rows of `chunk` centres each, in the order of the lists.
    pub(super) fn chunks(
        lists: &'a Neighborhood,
        values: &'a mut [T],
        width: usize,
        chunk: usize,
    ) -> impl IndexedParallelIterator<Item = Self>
    where
        T: Send,
    {
        let points = lists.points();
        assert_eq!(values.len(), points * width, "one row for each point");
        let values = Shared(values.as_mut_ptr());
        lists.centres().par_chunks(chunk).map(move |centres| Self {
            values: values.pointer(),
            width,
            points,
            centres,
            _values: PhantomData,
        })
    }

    /// Number of rows.
    pub(super) fn len(&self) -> usize {
        self.centres.len()
    }

    /// The row of the point in the middle of the `n`-th of these rows of the lists.
    #[inline(always)]
    pub(super) fn row(&mut self, n: usize) -> &mut [T] {
        let point = self.centres[n] as usize;
        assert!(point < self.points);
        // SAFETY: inside of the values, as the assertions here and in `chunks` say. The points of a `Neighborhood` are
        // each the centre of exactly one row of it, so no other chunk has this one, and within this chunk the mutable
        // borrow of self keeps two rows from being held at once.
        unsafe { std::slice::from_raw_parts_mut(self.values.add(point * self.width), self.width) }
    }
}

/// A pointer that threads share.
struct Shared<T>(*mut T);

impl<T> Shared<T> {
    // A closure that names the field would capture the bare pointer.
    fn pointer(&self) -> *mut T {
        self.0
    }
}

// SAFETY: threads only copy the pointer, into `PointRows`, which see.
unsafe impl<T: Send> Send for Shared<T> {}
// SAFETY: likewise.
unsafe impl<T: Send> Sync for Shared<T> {}
