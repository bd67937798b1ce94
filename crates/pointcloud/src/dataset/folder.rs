//! Data sets of one file per cloud, in any of the layouts.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::detect::{Found, detect};
use super::draw::{assign, draw};
use super::files::Files;
use super::label_table;
use super::layout::{LAYOUTS, Layout, TABLE};
use super::list_files::{self, ListNames};
use super::listing::{readable, relative};
use crate::error::{Error, Result};

/// A file of a data set and its class.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sample {
    /// The file.
    pub path: PathBuf,
    /// Index into [`FolderDataset::classes`].
    pub class: usize,
}

/// Options for reading a folder, where its layout leaves a choice.
#[derive(Clone, Debug, PartialEq)]
pub struct FolderOptions {
    /// List files of the splits; `None` finds one pair of them by its names.
    pub lists: Option<ListNames>,
    /// Fraction of every class that is drawn for the split `test` if the layout has no splits, above 0 and below 1.
    pub test_fraction: f64,
    /// Seed of that draw.
    pub seed: u64,
    /// The files of the split `test`, instead of a draw, as returned by [`FolderDataset::drawn_test_files`].
    pub test_files: Option<Vec<String>>,
}

impl Default for FolderOptions {
    fn default() -> Self {
        Self { lists: None, test_fraction: 0.2, seed: 0, test_files: None }
    }
}

/// The classes and files of a data set, listed but not read.
#[derive(Clone, Debug, PartialEq)]
pub struct FolderDataset {
    root: PathBuf,
    layout: Layout,
    classes: Vec<String>,
    splits: BTreeMap<String, Vec<Sample>>,
    is_drawn: bool,
    warnings: Vec<String>,
}

impl FolderDataset {
    /// Lists the data set at `root` with the default [`FolderOptions`].
    ///
    /// # Errors
    /// As [`open_with`](Self::open_with).
    pub fn open(root: impl AsRef<Path>) -> Result<Self> {
        Self::open_with(root, &FolderOptions::default())
    }

    /// Lists the data set at `root`, whose [`Layout`] is recognised.
    ///
    /// Classes, splits and files are sorted by name. Hidden entries, files whose extension is not one of the
    /// [`readable_extensions`](crate::io::readable_extensions), and `.txt` and `.csv` files that do not begin with points are left
    /// out. Classes without any file are left out with a [warning](Self::warnings).
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Layout`] if the root is missing or not a folder, has none of the layouts or several of them, or
    /// has no readable file; [`Error::Malformed`] for a line of a list or a table whose file is missing or was named before.
    pub fn open_with(root: impl AsRef<Path>, options: &FolderOptions) -> Result<Self> {
        let root = root.as_ref();
        let (layout, mut files) = match detect(root, options.lists.as_ref())? {
            Found::ClassSplit(tops) => (Layout::ClassSplit, Files::of_class_splits(tops)?),
            Found::SplitClass(tops) => (Layout::SplitClass, Files::of_split_classes(tops)?),
            Found::Class(tops) => (Layout::Class, Files::of_classes(tops)),
            Found::Lists(names) => (Layout::Lists, list_files::read(root, &names)?),
            Found::Table(table) => (Layout::Table, label_table::read(root, &table)?),
        };
        if files.len() == 0 {
            return Err(files.error_without_files(root, format!("{}: {LAYOUTS}", readable())));
        }
        let has_folders_of_splits = matches!(layout, Layout::ClassSplit | Layout::SplitClass);
        if has_folders_of_splits && label_table::find(root)?.is_some() {
            files.warnings.push(format!("{} has no columns file and class and is not read", TABLE));
        }
        let is_drawn = files.entries.iter().all(|file| file.split.is_none());
        if is_drawn {
            match &options.test_files {
                Some(tests) => assign(root, &mut files.entries, tests)?,
                None => draw(root, &mut files.entries, options.test_fraction, options.seed),
            }
            files.splits.extend(["train", "test"].map(str::to_owned));
        }
        Ok(Self::of(root, layout, is_drawn, files))
    }

    fn of(root: &Path, layout: Layout, is_drawn: bool, files: Files) -> Self {
        let mut warnings: Vec<String> = files
            .empty_classes()
            .into_iter()
            .map(|class| format!("class '{class}' has no readable file and is left out"))
            .collect();
        warnings.extend(files.warnings);
        let mut classes: Vec<String> = files.entries.iter().map(|file| file.class.clone()).collect();
        classes.sort();
        classes.dedup();
        let mut splits: BTreeMap<String, Vec<Sample>> =
            files.splits.into_iter().map(|split| (split, Vec::new())).collect();
        for file in files.entries {
            let class = classes.binary_search(&file.class).unwrap_or_default();
            splits.entry(file.split.unwrap_or_default()).or_default().push(Sample { path: file.path, class });
        }
        for samples in splits.values_mut() {
            samples.sort_by(|a, b| (a.class, &a.path).cmp(&(b.class, &b.path)));
        }
        Self { root: root.to_owned(), layout, classes, splits, is_drawn, warnings }
    }

    /// The folder that was opened.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The layout of the folder.
    #[must_use]
    pub fn layout(&self) -> Layout {
        self.layout
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

    /// Files of the split `test` if it was drawn, as paths relative to the root with `/` between names; `None` if the layout has
    /// splits.
    #[must_use]
    pub fn drawn_test_files(&self) -> Option<Vec<String>> {
        let tests = self.splits.get("test").filter(|_| self.is_drawn)?;
        Some(tests.iter().map(|sample| relative(&self.root, &sample.path)).collect())
    }

    /// Classes that have no file in a split.
    #[must_use]
    pub fn classes_without(&self, split: &str) -> Vec<&str> {
        let samples = self.splits.get(split).map_or(&[][..], Vec::as_slice);
        let is_missing = |class: &usize| samples.iter().all(|sample| sample.class != *class);
        (0..self.classes.len()).filter(is_missing).map(|class| self.classes[class].as_str()).collect()
    }

    /// One sentence for everything that was left out: classes without files, files without a class or a split.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }
}
