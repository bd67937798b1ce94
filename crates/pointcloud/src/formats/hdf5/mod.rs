//! HDF5: arrays of many clouds, as the data sets of PointNet and its followers store them.

mod arrays;
mod channels;
mod clouds;

pub use arrays::{Hdf5Dataset, inspect_hdf5};
pub use clouds::Hdf5Clouds;
pub(crate) use clouds::{Header, ROOM};

use std::path::Path;

use crate::cloud::PointCloud;
use crate::error::Result;

/// First bytes of a file.
pub(super) const MAGIC: &[u8] = b"\x89HDF\r\n\x1a\n";

/// Reads a file that holds one cloud.
pub(super) fn parse(path: &Path, bytes: &[u8]) -> Result<PointCloud> {
    Hdf5Clouds::parse(bytes, path)?.only()
}
