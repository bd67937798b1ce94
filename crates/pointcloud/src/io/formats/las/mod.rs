//! LAS point clouds and their compressed form LAZ.

mod blocks;
mod chunks;
mod extra;
mod fields;
mod gps_time;
mod header;
mod layout;
mod pack;
mod read;
mod records;
mod template;
mod time_layer;
mod unpack;
mod write;

use crate::io::format::{Format, Writer, extension_of, inspect_contents};

pub(super) const FORMAT: Format = Format {
    name: "las",
    extensions: &["las", "laz"],
    sniff: |head| head.bytes.starts_with(header::MAGIC),
    plausible: None,
    names_columns: true,
    library: "laz",
    read: read::read,
    inspect: |source| inspect_contents(source, &FORMAT, false),
    open: blocks::open,
    some_whole: false,
    extent: read::extent,
    writer: Writer {
        extensions: &["las", "laz"],
        encoder: |path, outline| write::encoder(path, outline, extension_of(path) == "laz"),
        lost: layout::lost,
        words: false,
        long_integers: false,
        needs_facts: true,
    },
};
