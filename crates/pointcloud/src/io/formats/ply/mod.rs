//! PLY files: header, body, vertex columns, summary and writer.
//!
//! `ply-rs-bw` supplies the header grammar, the binary rows and the writer. This module adds what the
//! library refuses: header lines are split and trimmed here (CR, LF or CRLF, leading and
//! trailing blanks, stray bytes in comments), and ascii rows are cut into tokens here, because
//! its grammar refuses `inf`, `nan` and `.5`.

mod blocks;
mod body;
mod extent;
mod faces;
mod header;
mod others;
mod read;
mod row;
mod skip;
mod summary;
mod vertices;
mod write;

pub use header::PlyFormat;
pub use write::write_ply;

use crate::io::format::{Format, Writer, nothing_lost};

pub(super) const FORMAT: Format = Format {
    name: "ply",
    extensions: &["ply"],
    sniff: |head| head.begins_with_word(b"ply"),
    plausible: None,
    names_columns: true,
    library: "ply-rs-bw",
    read: read::read,
    inspect: summary::inspect,
    open: blocks::open,
    some_whole: true,
    extent: extent::extent,
    writer: Writer {
        extensions: &["ply"],
        encoder: |path, outline| write::encoder(path, outline, PlyFormat::BinaryLittleEndian),
        lost: nothing_lost,
        words: false,
        long_integers: false,
        needs_facts: false,
    },
};
