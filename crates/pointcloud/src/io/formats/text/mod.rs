//! Tables of text: XYZ, TXT, CSV, PTS, ASC.

mod blocks;
mod column;
mod counts;
mod line;
mod quotes;
mod read;
mod write;

use crate::io::format::{Format, Writer, extension_of, inspect_contents};

pub(super) const FORMAT: Format = Format {
    name: "text",
    extensions: &["xyz", "txt", "csv", "pts", "asc"],
    sniff: |_| false,
    plausible: Some(|head| {
        !matches!(head.extension, "txt" | "csv" | "asc") || line::looks_like_points(head.bytes)
    }),
    names_columns: false,
    library: "pointcloud",
    read: read::read,
    inspect: |source| inspect_contents(source, &FORMAT, false),
    open: blocks::open,
    some_whole: true,
    extent: read::extent,
    writer: Writer {
        extensions: &["xyz", "txt", "csv"],
        encoder: |path, outline| write::encoder(outline, if extension_of(path) == "csv" { ',' } else { ' ' }),
        lost: write::lost,
        words: true,
        long_integers: true,
        needs_facts: true,
    },
};
