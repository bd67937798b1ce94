//! PLY files: header, body, vertex columns, summary and writer.
//!
//! `ply-rs-bw` supplies the header grammar, the binary rows and the writer. Around it stands what
//! it is too strict for: header lines are split and trimmed here (CR, LF or CRLF, leading and
//! trailing blanks, stray bytes in comments), and ascii rows are cut into tokens here, because
//! its grammar refuses `inf`, `nan` and `.5`.

mod body;
mod faces;
mod header;
mod read;
mod row;
mod summary;
mod vertices;
mod write;

pub use header::{PlyFormat, PlyProperty, PropertyKind};
pub(crate) use read::parse_geometry;
pub use read::{parse_ply, read_ply, read_ply_mesh};
pub use summary::{ElementSummary, PlySummary, inspect_ply, summarize_ply};
pub use write::write_ply;
