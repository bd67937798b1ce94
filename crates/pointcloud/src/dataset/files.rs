//! The files of a layout, before classes have indices.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::layout::LAYOUTS;
use super::listing::{Listing, name_of};
use super::tops::{Kind, Top, is_split_name};
use crate::error::{Error, Result};

/// A file with the names of its class and its split.
pub(super) struct Labelled {
    pub(super) path: PathBuf,
    pub(super) class: String,
    /// `None` if the layout has no splits.
    pub(super) split: Option<String>,
}

/// The contents of a data set with some layout.
#[derive(Default)]
pub(super) struct Files {
    pub(super) entries: Vec<Labelled>,
    /// Names of the class folders, including those without files.
    pub(super) classes: BTreeSet<String>,
    /// Names of the splits, including those without files.
    pub(super) splits: BTreeSet<String>,
    /// Files of other types.
    pub(super) unreadable: usize,
    pub(super) warnings: Vec<String>,
}

impl Files {
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn add(&mut self, path: PathBuf, class: String, split: Option<String>) {
        self.classes.insert(class.clone());
        self.entries.push(Labelled { path, class, split });
    }

    fn add_all(&mut self, files: Listing, class: &str, split: Option<&str>) {
        self.unreadable += files.others;
        for path in files.readable {
            self.add(path, class.to_owned(), split.map(str::to_owned));
        }
    }

    /// `<class>/<split>/<file>`.
    pub(super) fn of_class_splits(tops: Vec<Top>) -> Result<Self> {
        let mut files = Self::default();
        let all_empty = tops.iter().all(|top| top.kind == Kind::Empty);
        for Top { path, inside, kind } in tops {
            let class = name_of(&path);
            if inside.folders.is_empty() && (all_empty || kind != Kind::Empty) {
                let expected = format!("split folders such as train and test: {LAYOUTS}");
                return Err(Error::Layout { path, found: inside.describe(), expected });
            }
            files.unreadable += if kind == Kind::Empty { inside.others } else { 0 };
            for folder in &inside.folders {
                let split = name_of(folder);
                files.add_all(Listing::of(folder)?, &class, Some(&split));
                files.splits.insert(split);
            }
            files.classes.insert(class);
        }
        Ok(files)
    }

    /// `<split>/<class>/<file>`.
    pub(super) fn of_split_classes(tops: Vec<Top>) -> Result<Self> {
        let mut files = Self::default();
        for top in tops {
            let split = top.name();
            match top.kind {
                Kind::SplitOfClasses => {}
                Kind::Empty if is_split_name(&split) => {}
                Kind::Empty => continue,
                _ => {
                    files.warnings.push(format!("the folder '{split}' beside the splits is left out"));
                    continue;
                }
            }
            if !top.inside.readable.is_empty() {
                files.warnings.push(format!(
                    "{} files directly in '{split}' have no class and are left out",
                    top.inside.readable.len()
                ));
            }
            for folder in &top.inside.folders {
                let class = name_of(folder);
                files.add_all(Listing::of(folder)?, &class, Some(&split));
                files.classes.insert(class);
            }
            files.splits.insert(split);
        }
        Ok(files)
    }

    /// `<class>/<file>`.
    pub(super) fn of_classes(tops: Vec<Top>) -> Self {
        let mut files = Self::default();
        for top in tops {
            let class = top.name();
            files.add_all(top.inside, &class, None);
            files.classes.insert(class);
        }
        files
    }

    /// Classes without a file.
    pub(super) fn empty_classes(&self) -> Vec<String> {
        let with_files: BTreeSet<&String> = self.entries.iter().map(|entry| &entry.class).collect();
        self.classes.iter().filter(|class| !with_files.contains(class)).cloned().collect()
    }

    pub(super) fn error_without_files(&self, root: &Path, expected: String) -> Error {
        let found = format!("{} classes with {} files of other types", self.classes.len(), self.unreadable);
        Error::Layout { path: root.to_owned(), found, expected }
    }
}
