//! LAS point clouds and their compressed form LAZ.

mod read;
mod write;

use crate::io::format::{Format, extension_of};
use crate::io::summary::inspect_contents;

pub(super) const FORMAT: Format = Format {
    name: "las",
    extensions: &["las", "laz"],
    sniff: |head| head.bytes.starts_with(read::MAGIC),
    plausible: None,
    names_columns: true,
    read: read::read,
    inspect: |source| inspect_contents(source, &FORMAT, false),
    written: &["las", "laz"],
    write: |path, cloud| write::write_las(path, cloud, extension_of(path) == "laz"),
};
