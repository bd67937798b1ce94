//! HDF5: arrays of many clouds, as the data sets of PointNet and its followers store them.

mod arrays;
mod blocks;
mod channels;
mod clouds;
mod layout;
mod slices;

pub use arrays::{Hdf5Dataset, inspect_hdf5};
pub(crate) use channels::ROOM;
pub use clouds::Hdf5Clouds;
pub(crate) use clouds::Header;

use crate::io::format::{Format, Writer};

/// First bytes of a file.
const MAGIC: &[u8] = b"\x89HDF\r\n\x1a\n";

pub(crate) const FORMAT: Format = Format {
    name: blocks::NAME,
    extensions: &["h5", "hdf5"],
    sniff: |head| head.bytes.starts_with(MAGIC),
    plausible: None,
    names_columns: true,
    library: "hdf5-reader",
    read: blocks::read,
    inspect: blocks::inspect,
    open: blocks::open,
    some_whole: false,
    extent: clouds::extent,
    writer: Writer::NONE,
};
