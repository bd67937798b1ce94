//! Folders in the layout of ModelNet: `root/<class>/<split>/<file>`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::io::{is_data_file, readable_extensions};

const LAYOUT: &str = "<class>/<split>/<file>, such as chair/train/chair_0001.ply";

/// A file of a data set and its class.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sample {
    /// The file.
    pub path: PathBuf,
    /// Index into [`FolderDataset::classes`].
    pub class: usize,
}

/// The classes and files of a data set, listed but not read.
#[derive(Clone, Debug, PartialEq)]
pub struct FolderDataset {
    root: PathBuf,
    classes: Vec<String>,
    splits: BTreeMap<String, Vec<Sample>>,
}

impl FolderDataset {
    /// Lists `root/<class>/<split>/*`.
    ///
    /// Every folder in `root` is a class, every folder in it a split; both and the files are sorted
    /// by name. Hidden entries, loose files beside the folders, files of other extensions than
    /// [`readable_extensions`](crate::io::readable_extensions), and `.txt` and `.csv` files that do
    /// not begin with points are left out.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::Layout`] when the root is missing, no folder or without classes,
    /// when a class has no split, or when there is no readable file at all.
    pub fn open(root: impl AsRef<Path>) -> Result<Self> {
        let root = root.as_ref();
        let layout = |path: &Path, found: String, expected: String| Error::Layout {
            path: path.to_owned(),
            found,
            expected,
        };
        if !root.exists() {
            return Err(layout(root, "nothing".into(), format!("a folder of {LAYOUT}")));
        }
        if !root.is_dir() {
            return Err(layout(root, "a file".into(), format!("a folder of {LAYOUT}")));
        }
        let top = Listing::of(root)?;
        if top.folders.is_empty() {
            return Err(layout(root, top.describe(), format!("class folders: {LAYOUT}")));
        }

        let mut classes = Vec::new();
        let mut splits: BTreeMap<String, Vec<Sample>> = BTreeMap::new();
        let mut unreadable = 0;
        for (class, folder) in top.folders.into_iter().enumerate() {
            let inside = Listing::of(&folder)?;
            if inside.folders.is_empty() {
                let expected = format!("split folders such as train and test: {LAYOUT}");
                return Err(layout(&folder, inside.describe(), expected));
            }
            for split in &inside.folders {
                let files = Listing::of(split)?;
                unreadable += files.others;
                let samples = files.readable.into_iter().map(|path| Sample { path, class });
                splits.entry(name_of(split)).or_default().extend(samples);
            }
            classes.push(name_of(&folder));
        }
        if splits.values().all(Vec::is_empty) {
            let found = format!("{} classes with {unreadable} files of other types", classes.len());
            return Err(layout(root, found, format!("{}: {LAYOUT}", readable())));
        }
        Ok(Self { root: root.to_owned(), classes, splits })
    }

    /// The folder that was opened.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Names of the classes, sorted.
    #[must_use]
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// Names of the splits, sorted.
    pub fn splits(&self) -> impl Iterator<Item = &str> {
        self.splits.keys().map(String::as_str)
    }

    /// Files of one split, by class and then by name.
    ///
    /// # Errors
    /// [`Error::UnknownSplit`], which names the splits that exist.
    pub fn split(&self, name: &str) -> Result<&[Sample]> {
        self.splits.get(name).map(Vec::as_slice).ok_or_else(|| Error::UnknownSplit {
            root: self.root.clone(),
            found: name.to_owned(),
            known: self.splits().map(|split| format!("'{split}'")).collect::<Vec<_>>().join(", "),
        })
    }
}

/// The readable files directly in `folder`, sorted by name, hidden ones left out.
///
/// # Errors
/// [`Error::Io`], [`Error::Layout`] when there is none.
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

/// The readable files in `folder` and all folders below it, by folder and name, hidden ones left out
/// and links to folders not followed.
///
/// # Errors
/// As [`list_files`].
pub fn list_tree(folder: impl AsRef<Path>) -> Result<Vec<PathBuf>> {
    let folder = folder.as_ref();
    let (mut files, mut open) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(next) = open.pop() {
        let listing = Listing::of(&next)?;
        files.extend(listing.readable);
        open.extend(listing.folders.into_iter().rev().filter(|path| !path.is_symlink()));
    }
    if files.is_empty() {
        let found = format!("{}, and no readable file below", Listing::of(folder)?.describe());
        return Err(Error::Layout { path: folder.to_owned(), found, expected: readable() });
    }
    Ok(files)
}

/// As [`list_files`], empty when there is none.
pub(super) fn files_in(folder: &Path) -> Result<Vec<PathBuf>> {
    Ok(Listing::of(folder)?.readable)
}

/// What is in a folder, sorted by name, hidden entries left out.
struct Listing {
    folders: Vec<PathBuf>,
    readable: Vec<PathBuf>,
    others: usize,
}

impl Listing {
    fn of(folder: &Path) -> Result<Self> {
        let fail = |source| Error::io(folder, "list", source);
        let mut entries = Vec::new();
        for entry in fs::read_dir(folder).map_err(fail)? {
            entries.push(entry.map_err(fail)?.path());
        }
        entries.sort();
        let mut listing = Self { folders: Vec::new(), readable: Vec::new(), others: 0 };
        for path in entries.into_iter().filter(|path| !name_of(path).starts_with('.')) {
            if path.is_dir() {
                listing.folders.push(path);
            } else if is_data_file(&path) {
                listing.readable.push(path);
            } else {
                listing.others += 1;
            }
        }
        Ok(listing)
    }

    fn describe(&self) -> String {
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

/// What is expected in a folder.
fn readable() -> String {
    format!("files of type {}", readable_extensions().join(", "))
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
