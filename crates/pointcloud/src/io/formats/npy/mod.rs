//! NPY arrays of NumPy.
//!
//! Written here rather than with `npyz`: it allocates the header length that a file claims, up to
//! 4 GB, and reads the header through a recursive grammar, whose depth the file decides.

mod array;
mod points;
mod tokens;
mod write;

use crate::io::format::{Format, Writer, inspect_contents};
pub(super) use array::{Array, announced};
pub(super) use points::{Naming, points_of};

pub(super) const FORMAT: Format = Format {
    name: "npy",
    extensions: &["npy"],
    sniff: |head| head.bytes.starts_with(array::MAGIC),
    plausible: None,
    names_columns: false,
    library: "pointcloud",
    read: points::read,
    inspect: |source| inspect_contents(source, &FORMAT, false),
    open: points::open,
    some_whole: false,
    extent: array::extent,
    writer: Writer {
        extensions: &["npy"],
        encoder: write::encoder,
        lost: write::lost,
        words: false,
        long_integers: true,
        needs_facts: false,
    },
};
