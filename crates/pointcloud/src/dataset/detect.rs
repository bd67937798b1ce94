//! The detection of the layout of a folder.

use std::path::{Path, PathBuf};

use super::label_table;
use super::layout::{LAYOUTS, Layout};
use super::list_files::{self, ListNames};
use super::listing::{Listing, name_of, visible};
use super::tops::{Kind, Top, is_split_name};
use crate::error::{Error, Result};
use crate::io::{exists, is_folder};

/// The layout of a folder, with the data that its reader needs.
pub(super) enum Found {
    ClassSplit(Vec<Top>),
    SplitClass(Vec<Top>),
    Class(Vec<Top>),
    Lists(ListNames),
    Table(PathBuf),
}

/// Decides which layout `root` has; `lists` are the list files that were asked for.
pub(super) fn detect(root: &Path, lists: Option<&ListNames>) -> Result<Found> {
    let refuse = |path: &Path, found: String, expected: String| {
        Err(Error::Layout { path: path.to_owned(), found, expected })
    };
    if !is_folder(root)? {
        let found = if exists(root)? { "a file" } else { "nothing" };
        return refuse(root, found.into(), format!("a folder of {LAYOUTS}"));
    }
    let mut table = label_table::find(root)?;
    if let Some(lists) = lists {
        if let Some(table) = table {
            let found = format!("the table {} and data.lists", name_of(&table));
            return refuse(root, found, "one of them".into());
        }
        return Ok(Found::Lists(lists.clone()));
    }
    let mut tops: Vec<Top> = Vec::new();
    for path in visible(root)? {
        if is_folder(&path)? {
            tops.push(Top::of(path)?);
        }
    }
    if let Some(inner) = nested(&tops)? {
        let found = format!("one folder, {}, that holds the data set", inner.name());
        return refuse(root, found, format!("data.root = {:?}", inner.path));
    }
    let first = |kind: Kind| tops.iter().find(|top| top.kind == kind);
    let (class, split) = (first(Kind::ClassOfSplits), first(Kind::SplitOfClasses));
    // Ignore a file of that name that is not a table of labels.
    table = table.filter(|path| (class.is_none() && split.is_none()) || label_table::is_one(path));
    match (table, class, split) {
        (Some(table), None, None) => {
            if let [pattern] = &list_files::pairs(root)?[..]
                && !label_table::has_splits(&table)?
            {
                let found =
                    format!("the table {} without a column split, and list files {pattern}", name_of(&table));
                return refuse(root, found, "the splits in one of them".into());
            }
            Ok(Found::Table(table))
        }
        (Some(table), Some(folder), _) | (Some(table), None, Some(folder)) => {
            let found =
                format!("the table {} and folders of splits such as {}", name_of(&table), folder.name());
            refuse(root, found, "one of them: the other says something else or nothing".into())
        }
        (None, Some(class), Some(split)) => {
            let inside = |top: &Top, named: bool| {
                let names = top.inside.folders.iter().map(|path| name_of(path));
                let name = names.into_iter().find(|name| is_split_name(name) == named).unwrap_or_default();
                format!("{}/{name}", top.name())
            };
            let found = format!("two layouts: {} and {}", inside(class, true), inside(split, false));
            let expected = format!("one, either {} or {}", Layout::ClassSplit, Layout::SplitClass);
            refuse(root, found, expected)
        }
        (None, Some(_), None) => Ok(Found::ClassSplit(tops)),
        (None, None, Some(_)) => Ok(Found::SplitClass(tops)),
        (None, None, None) => without_splits(root, tops),
    }
}

/// Decides between the layouts that have no folders of splits.
fn without_splits(root: &Path, tops: Vec<Top>) -> Result<Found> {
    let refuse = |path: &Path, found: String, expected: String| {
        Err(Error::Layout { path: path.to_owned(), found, expected })
    };
    if tops.is_empty() {
        return refuse(root, Listing::of(root)?.describe(), format!("class folders: {LAYOUTS}"));
    }
    let has = |kind: Kind| tops.iter().any(|top| top.kind == kind);
    if has(Kind::SplitOfFiles) {
        let names: Vec<String> =
            tops.iter().filter(|top| top.kind == Kind::SplitOfFiles).map(Top::name).collect();
        let found = format!("files directly in {}, without folders of classes", names.join(", "));
        return refuse(root, found, LAYOUTS.into());
    }
    if has(Kind::Files) && !has(Kind::Folders) {
        return match &list_files::pairs(root)?[..] {
            [] => Ok(Found::Class(tops)),
            [pattern] => Ok(Found::Lists(ListNames::Pattern(pattern.clone()))),
            several => {
                let found = format!("several pairs of list files: {}", several.join(", "));
                refuse(root, found, format!("data.lists that names one, such as {:?}", several[0]))
            }
        };
    }
    // Splits with any names, or an error that names the first folder without a split.
    Ok(Found::ClassSplit(tops))
}

/// The only folder in the root, if it is not a class but the root of a data set with splits.
fn nested(tops: &[Top]) -> Result<Option<&Top>> {
    let [inner] = &tops.iter().filter(|top| top.kind != Kind::Empty).collect::<Vec<_>>()[..] else {
        return Ok(None);
    };
    let wanted: &[Kind] = match inner.kind {
        Kind::Folders => &[Kind::ClassOfSplits, Kind::SplitOfClasses],
        Kind::ClassOfSplits => &[Kind::SplitOfClasses],
        _ => return Ok(None),
    };
    for path in &inner.inside.folders {
        if wanted.contains(&Kind::of(path, &Listing::of(path)?)) {
            return Ok(Some(inner));
        }
    }
    Ok(None)
}
