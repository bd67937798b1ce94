//! Data sets stored as folders of files.

mod detect;
mod draw;
mod file_index;
mod files;
mod folder;
mod hdf5_folder;
mod hdf5_lists;
mod label_table;
mod layout;
mod list_files;
mod listing;
mod load;
mod rooms;
mod tops;

pub use folder::{FolderDataset, FolderOptions, Sample};
pub use hdf5_folder::Hdf5Folder;
pub use layout::Layout;
pub use list_files::ListNames;
pub use listing::{list_files, list_tree};
pub use load::{Loaded, LoadedCloud, Skipped, load_samples};
