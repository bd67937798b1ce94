//! Files: [`read`] and [`Reader`] for every format, [`write()`], [`inspect`].
//!
//! A format is a row of one table, [`Format::all`]: its extensions, how its content is recognised, and how it is read, described
//! and written.

mod batch;
mod block_rows;
mod blocks;
mod change;
mod columns;
mod compression;
mod contents;
mod detect;
mod encode;
mod estimate;
mod extent;
mod faces;
mod facts;
mod foreign;
mod format;
mod formats;
mod gather;
mod input;
mod inspect;
mod leftover;
mod lines;
mod look;
mod loss;
mod number;
mod only;
mod panic;
mod raw;
mod reader;
mod replace;
mod shape;
mod spool;
mod streamed;
mod summary;
mod survey;
mod sync;
mod transfer;
mod unfinished;
mod write;

pub use batch::Batch;
pub use columns::column_types;
pub use contents::{ColumnUse, Contents};
pub(crate) use detect::is_data_file;
pub use detect::{readable_extensions, writable_extensions};
pub use estimate::ReadEstimate;
pub use format::Format;
pub use formats::hdf5::{Hdf5Clouds, Hdf5Dataset, inspect_hdf5};
pub use formats::label_files_of;
pub use formats::ply::{PlyFormat, write_ply};
pub(crate) use formats::{hdf5, label_stems, stem_of_labelled};
pub use inspect::inspect;
pub use leftover::remove_leftovers_in;
pub(crate) use look::file_type;
pub use look::{exists, is_file, is_folder};
pub use loss::losses;
pub use only::OnlyColumns;
pub use panic::silence_reader_panics;
pub use reader::{Reader, read};
pub use replace::{ReplaceFiles, replace_file};
pub use summary::{Element, Summary};
pub(crate) use sync::has_new_name;
pub use sync::{sync_file, sync_folders};
pub use unfinished::{Unfinished, create_folder, remove_unfinished};
pub use write::{write, write_into};
