//! HDF5: arrays of many clouds, as the data sets of PointNet and its followers store them.

mod arrays;
mod channels;
mod clouds;
mod summary;

pub use arrays::{Hdf5Dataset, inspect_hdf5};
pub(crate) use channels::ROOM;
pub use clouds::Hdf5Clouds;
pub(crate) use clouds::Header;

use crate::error::Result;
use crate::io::contents::{Contents, Source};
use crate::io::format::{Format, never_written, nothing_lost};

/// First bytes of a file.
const MAGIC: &[u8] = b"\x89HDF\r\n\x1a\n";

pub(crate) const FORMAT: Format = Format {
    name: summary::NAME,
    extensions: &["h5", "hdf5"],
    sniff: |head| head.bytes.starts_with(MAGIC),
    plausible: None,
    names_columns: true,
    library: "hdf5-reader",
    read,
    inspect: summary::inspect,
    open: None,
    extent: clouds::extent,
    words: false,
    long_integers: false,
    written: &[],
    encoder: never_written,
    lost: nothing_lost,
};

/// Reads a file that holds one cloud.
fn read(source: &Source<'_>) -> Result<Contents> {
    Ok(Hdf5Clouds::parse(source.bytes, source.path)?.only()?.into())
}
