//! PCD, the format of the Point Cloud Library.
//!
//! Written here rather than with `pcd-rs`, which allocates what a header claims before it looks at
//! the file, and whose errors name no line and no byte.

mod ascii;
mod blocks;
mod decode;
mod header;
mod lzf;
mod read;
mod write;

use crate::io::format::{Format, Writer, inspect_contents};

pub(super) const FORMAT: Format = Format {
    name: "pcd",
    extensions: &["pcd"],
    sniff: |head| head.bytes.trim_ascii_start().starts_with(b"# .PCD") || head.begins_with_word(b"VERSION"),
    plausible: None,
    names_columns: true,
    library: "pointcloud",
    read: read::read,
    inspect: |source| inspect_contents(source, &FORMAT, false),
    open: blocks::open,
    some_whole: false,
    extent: header::extent,
    writer: Writer {
        extensions: &["pcd"],
        encoder: write::encoder,
        lost: write::lost,
        words: false,
        long_integers: true,
        needs_facts: false,
    },
};
