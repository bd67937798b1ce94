//! LAS point clouds and their compressed form LAZ.

mod extra;
mod fields;
mod header;
mod layout;
mod read;
mod unpack;
mod write;

use crate::io::format::{Format, extension_of};
use crate::io::summary::inspect_contents;

pub(super) const FORMAT: Format = Format {
    name: "las",
    extensions: &["las", "laz"],
    sniff: |head| head.bytes.starts_with(header::MAGIC),
    plausible: None,
    names_columns: true,
    library: "laz",
    read: read::read,
    inspect: |source| inspect_contents(source, &FORMAT, false),
    words: false,
    written: &["las", "laz"],
    write: |path, cloud| write::write_las(path, cloud, extension_of(path) == "laz"),
    lost: layout::lost,
};
