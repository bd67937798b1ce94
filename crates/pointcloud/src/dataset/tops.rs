//! The folders in the root of a data set, and what each of them is.

use std::path::{Path, PathBuf};

use super::listing::{Listing, name_of};
use crate::error::Result;

/// Whether the detection of the layout takes a folder with this name for a split.
pub(super) fn is_split_name(name: &str) -> bool {
    const NAMES: [&str; 7] = ["train", "test", "val", "valid", "validation", "training", "testing"];
    NAMES.iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// The kind of a folder in the root, from its contents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A class: it has folders that are named like splits.
    ClassOfSplits,
    /// A split: it is named like one and has folders that are not.
    SplitOfClasses,
    /// A folder that is named like a split and has files.
    SplitOfFiles,
    /// A folder with files and no folders.
    Files,
    /// A folder with folders, none of which is named like a split.
    Folders,
    /// A folder without readable files.
    Empty,
}

impl Kind {
    pub(super) fn of(folder: &Path, inside: &Listing) -> Self {
        let (splits, others): (Vec<_>, Vec<_>) =
            inside.folders.iter().partition(|path| is_split_name(&name_of(path)));
        let named = is_split_name(&name_of(folder));
        match () {
            () if named && !others.is_empty() => Self::SplitOfClasses,
            () if !splits.is_empty() => Self::ClassOfSplits,
            () if !others.is_empty() => Self::Folders,
            () if inside.readable.is_empty() => Self::Empty,
            () if named => Self::SplitOfFiles,
            () => Self::Files,
        }
    }
}

/// A folder in the root with its contents.
pub(super) struct Top {
    pub(super) path: PathBuf,
    pub(super) inside: Listing,
    pub(super) kind: Kind,
}

impl Top {
    pub(super) fn of(path: PathBuf) -> Result<Self> {
        let inside = Listing::of(&path)?;
        let kind = Kind::of(&path, &inside);
        Ok(Self { path, inside, kind })
    }

    pub(super) fn name(&self) -> String {
        name_of(&self.path)
    }
}
