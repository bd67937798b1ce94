//! Data sets that are folders of files.

mod folder;
mod hdf5_folder;
mod hdf5_lists;
mod load;
mod rooms;

pub use folder::{FolderDataset, Sample, list_files, list_tree};
pub use hdf5_folder::Hdf5Folder;
pub use load::{Loaded, LoadedCloud, Skipped, load_samples};
