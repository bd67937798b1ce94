//! The table of file formats, one file or folder each, and what they share.
//!
//! A new format is a file here and a row of [`FORMATS`].

mod bin;
mod binary;
mod e57;
pub(crate) mod hdf5;
mod label_file;
mod label_names;
mod labelled;
mod las;
mod naming;
mod npy;
mod npz;
mod obj;
mod off;
mod parts;
mod pcd;
pub(crate) mod ply;
mod stl;
mod text;

pub(crate) use label_file::LabelFile;
pub use label_names::label_files_of;
pub(crate) use label_names::{label_stems, stem_of_labelled};
pub(crate) use labelled::Labelled;

use super::format::Format;

/// All formats, in the order in which content is compared with them and help lists them.
pub(super) static FORMATS: [Format; 12] = [
    ply::FORMAT,
    off::FORMAT,
    obj::FORMAT,
    stl::FORMAT,
    pcd::FORMAT,
    text::FORMAT,
    npy::FORMAT,
    npz::FORMAT,
    las::FORMAT,
    e57::FORMAT,
    bin::FORMAT,
    hdf5::FORMAT,
];
