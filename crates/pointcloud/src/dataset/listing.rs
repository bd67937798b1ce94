//! Lists the contents of folders.

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::fs::{self, FileType};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::io::{file_type, is_data_file, is_folder, label_stems, readable_extensions, stem_of_labelled};
use crate::printable::printable_line;

/// The readable files directly in `folder`, sorted by name, hidden ones left out.
///
/// # Errors
/// [`Error::Io`], [`Error::Layout`] if there is no such file.
pub fn list_files(folder: impl AsRef<Path>) -> Result<Vec<PathBuf>> {
    let folder = folder.as_ref();
    let listing = Listing::of(folder)?;
    if listing.readable.is_empty() {
        let found = listing.describe();
        let expected = readable();
        return Err(Error::Layout { path: folder.to_owned(), found, expected });
    }
    Ok(listing.readable)
}

/// The readable files in `folder` and all folders below it, sorted by folder and name. Skips hidden files, and does not follow
/// links to folders.
///
/// # Errors
/// As [`list_files`].
pub fn list_tree(folder: impl AsRef<Path>) -> Result<Vec<PathBuf>> {
    let folder = folder.as_ref();
    let files = tree(folder)?;
    if files.is_empty() {
        let found = format!("{}, and no readable file below", Listing::of(folder)?.describe());
        return Err(Error::Layout { path: folder.to_owned(), found, expected: readable() });
    }
    Ok(files)
}

/// As [`list_tree`], but empty if there is no readable file.
pub(super) fn tree(folder: &Path) -> Result<Vec<PathBuf>> {
    let (mut files, mut open) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(next) = open.pop() {
        let listing = Listing::of(&next)?;
        files.extend(listing.readable);
        open.extend(listing.folders.into_iter().rev().filter(|path| !path.is_symlink()));
    }
    Ok(files)
}

/// As [`list_files`], but empty if there is no readable file.
pub(super) fn files_in(folder: &Path) -> Result<Vec<PathBuf>> {
    Ok(Listing::of(folder)?.readable)
}

/// The contents of a folder, sorted by name, without hidden entries.
pub(super) struct Listing {
    pub(super) folders: Vec<PathBuf>,
    pub(super) readable: Vec<PathBuf>,
    pub(super) others: usize,
}

impl Listing {
    pub(super) fn of(folder: &Path) -> Result<Self> {
        let mut listing = Self { folders: Vec::new(), readable: Vec::new(), others: 0 };
        for path in visible(folder)? {
            // A file that cannot be looked at must not be missing from the data without a word.
            let kind = file_type(&path)?;
            let is = |test: fn(&FileType) -> bool| kind.as_ref().is_some_and(test);
            // Reading from a pipe or a device would never end.
            let (is_folder, is_data) = (is(FileType::is_dir), is(FileType::is_file) && is_data_file(&path));
            if is_folder {
                listing.folders.push(path);
            } else if is_data {
                listing.readable.push(path);
            } else {
                listing.others += 1;
            }
        }
        listing.leave_out_labels()?;
        Ok(listing)
    }

    /// Leaves out files with labels of the points in other files.
    fn leave_out_labels(&mut self) -> Result<()> {
        let stems: HashSet<OsString> = self.readable.iter().flat_map(|path| label_stems(path)).collect();
        for path in std::mem::take(&mut self.readable) {
            if stem_of_labelled(&path)?.is_some_and(|stem| stems.contains(OsStr::new(&stem))) {
                self.others += 1;
            } else {
                self.readable.push(path);
            }
        }
        Ok(())
    }

    pub(super) fn describe(&self) -> String {
        let Self { folders, readable, others } = self;
        if folders.is_empty() && readable.is_empty() && *others == 0 {
            return "an empty folder".into();
        }
        let first = readable.first().map(|path| format!(" (first: {})", name_of(path)));
        format!(
            "{} folders, {} readable files{}, {others} other files",
            folders.len(),
            readable.len(),
            first.unwrap_or_default()
        )
    }
}

/// Refuses a folder or data file whose name has control characters: with a line feed, a name could look like a message of the
/// program, or like two names in a list.
fn ensure_one_line(folder: &Path, path: &Path) -> Result<()> {
    let name = name_of(path);
    if !name.contains(char::is_control) || !(is_data_file(path) || is_folder(path)?) {
        return Ok(());
    }
    let found = format!("the name '{}'", printable_line(&name));
    let expected = "names without control characters; rename it".into();
    Err(Error::Layout { path: folder.to_owned(), found, expected })
}

/// Entries of a folder that are not hidden, sorted by name.
pub(super) fn visible(folder: &Path) -> Result<Vec<PathBuf>> {
    let fail = |source| Error::io(folder, "list", source);
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder).map_err(fail)? {
        entries.push(entry.map_err(fail)?.path());
    }
    entries.sort();
    entries.retain(|path| !name_of(path).starts_with('.'));
    entries.iter().try_for_each(|path| ensure_one_line(folder, path))?;
    Ok(entries)
}

/// The expected contents of a folder, for errors.
pub(super) fn readable() -> String {
    format!("files of type {}", readable_extensions().join(", "))
}

pub(super) fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The path of a file relative to `root`, with `/` between the names on every system.
pub(super) fn relative(root: &Path, path: &Path) -> String {
    let inside = path.strip_prefix(root).unwrap_or(path);
    let names: Vec<_> = inside.iter().map(|name| name.to_string_lossy()).collect();
    names.join("/")
}
