//! Writing a cloud in the format of its file name.

use std::path::Path;

use super::columns::Outline;
use super::detect::writable_extensions;
use super::encode::write_cloud;
use super::format::{Format, extension_of};
use super::replace::ReplaceFiles;
use crate::cloud::PointCloud;
use crate::error::{Error, Result};

/// Writes all columns of `cloud` in the format of the extension of `path`, one of [`writable_extensions`].
///
/// The file appears under its name only when it is complete. PLY, PCD and NPY files are binary, the values of a CSV file are
/// separated by commas, those of XYZ and TXT by blanks, and LAZ is compressed LAS.
///
/// # Errors
/// [`Error::Extension`] for other extensions, [`Error::Io`]; [`Error::PropertyName`] when two columns have one name, or for a
/// name that the format cannot hold; [`Error::NotFinite`] for LAS.
pub fn write(path: impl AsRef<Path>, cloud: &PointCloud) -> Result<()> {
    let mut files = ReplaceFiles::default();
    write_into(&mut files, path.as_ref(), cloud)?;
    files.finish()
}

/// [`write`](write()) for one of several `files` that get their names together.
///
/// # Errors
/// As [`write`](write()).
pub fn write_into(files: &mut ReplaceFiles, path: &Path, cloud: &PointCloud) -> Result<()> {
    let format = format_of(path)?;
    write_cloud(files, path, cloud, (format.writer.encoder)(path, &Outline::of(cloud))?)
}

/// The format in which a file of this name is written.
///
/// # Errors
/// [`Error::Extension`] where there is none.
pub(super) fn format_of(path: &Path) -> Result<&'static Format> {
    let extension = extension_of(path);
    let format = Format::all().iter().find(|format| format.writer.extensions.contains(&extension.as_str()));
    format.ok_or_else(|| Error::Extension {
        path: path.to_owned(),
        found: extension,
        supported: writable_extensions().join(", "),
    })
}
