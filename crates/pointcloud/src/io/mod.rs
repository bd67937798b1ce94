//! Files: [`read`] and [`Reader`] for every format, [`write()`], [`inspect`].
//!
//! A format is a row of one table, [`Format::all`]: its extensions, how its content is recognised, and how it is read, described
//! and written.

mod block_rows;
mod blocks;
mod columns;
mod compression;
mod contents;
mod detect;
mod encode;
mod estimate;
mod extent;
mod faces;
mod facts;
mod fault;
mod format;
mod formats;
mod input;
mod leftover;
mod lines;
mod loss;
mod number;
mod panic;
mod raw;
mod reader;
mod replace;
mod shape;
mod summary;
mod survey;
mod transfer;
mod write;

pub use columns::column_types;
pub use contents::{ColumnUse, Contents};
pub(crate) use detect::is_data_file;
pub use detect::{readable_extensions, writable_extensions};
pub use estimate::ReadEstimate;
pub use fault::append;
pub use format::Format;
pub(crate) use formats::hdf5;
pub use formats::hdf5::{Hdf5Clouds, Hdf5Dataset, inspect_hdf5};
pub use formats::ply::{PlyFormat, write_ply};
pub use loss::losses;
pub use panic::silence_reader_panics;
pub use reader::{Reader, inspect, read};
pub use replace::{ReplaceFiles, Unfinished, create_folder, remove_unfinished, replace_file};
pub use summary::{Element, Summary};
pub use write::write;
