//! Data sets that are folders of files.

mod folder;
mod load;

pub use folder::{FolderDataset, Sample, list_files, list_tree};
pub use load::{LoadOptions, Loaded, LoadedCloud, Skipped, load_file, load_samples};
