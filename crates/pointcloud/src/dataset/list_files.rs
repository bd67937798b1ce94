//! List files: for every split, a text file with the name of one file per line.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use super::file_index::FileIndex;
use super::files::Files;
use super::listing::{name_of, visible};
use crate::error::{Error, Malformed, Position, Result};
use crate::io::{exists, is_file};

/// The placeholder for the name of the split in [`ListNames::Pattern`].
const SPLIT: &str = "{split}";

/// The list files of a data set, with paths from its root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListNames {
    /// A name with `{split}`, such as `modelnet40_{split}.txt`; the splits are `train`, `test` and, if its list exists, `val`.
    Pattern(String),
    /// The lists of the splits `train` and `test`.
    Pair([String; 2]),
}

impl ListNames {
    /// Names of the splits and of their lists.
    fn splits(&self, root: &Path) -> Result<Vec<(&'static str, String)>> {
        match self {
            Self::Pair([train, test]) => Ok(vec![("train", train.clone()), ("test", test.clone())]),
            Self::Pattern(pattern) => {
                let list = |split: &'static str| (split, pattern.replace(SPLIT, split));
                let mut splits = vec![list("train"), list("test"), list("val")];
                if !exists(&root.join(&splits[2].1))? {
                    splits.pop();
                }
                Ok(splits)
            }
        }
    }
}

/// Patterns such as `modelnet40_{split}.txt` for which `root` has the lists of both `train` and `test`.
pub(super) fn pairs(root: &Path) -> Result<Vec<String>> {
    let names: BTreeSet<String> = text_files(root)?.iter().map(|path| name_of(path)).collect();
    let pattern = |name: &String| {
        let is_word = |at: usize| {
            let (before, after) = (&name[..at], &name[at + "train".len()..]);
            !before.ends_with(char::is_alphanumeric) && !after.starts_with(char::is_alphanumeric)
        };
        let (at, word) = name.match_indices("train").filter(|(at, _)| is_word(*at)).last()?;
        let pattern = format!("{}{SPLIT}{}", &name[..at], &name[at + word.len()..]);
        names.contains(&pattern.replace(SPLIT, "test")).then_some(pattern)
    };
    Ok(names.iter().filter_map(pattern).collect())
}

/// Files directly in `root` that may be lists.
fn text_files(root: &Path) -> Result<Vec<PathBuf>> {
    let is_text = |path: &PathBuf| {
        path.extension().is_some_and(|ending| ["txt", "lst", "list"].iter().any(|known| ending == *known))
    };
    let mut files = Vec::new();
    for path in visible(root)?.into_iter().filter(is_text) {
        if is_file(&path)? {
            files.push(path);
        }
    }
    Ok(files)
}

/// Reads the files that the lists name.
pub(super) fn read(root: &Path, lists: &ListNames) -> Result<Files> {
    let splits = lists.splits(root)?;
    for (_, name) in &splits {
        let path = root.join(name);
        if !is_file(&path)? {
            let names: Vec<String> = text_files(root)?.iter().map(|path| name_of(path)).collect();
            let there = if names.is_empty() { "no text file".into() } else { names.join(", ") };
            let found = if exists(&path)? { "a folder" } else { "nothing" };
            let expected = format!("a list file (data.lists); in {} there is {there}", root.display());
            return Err(Error::Layout { path, found: found.into(), expected });
        }
    }
    let paths: Vec<PathBuf> = splits.iter().map(|(_, name)| root.join(name)).collect();
    let index = FileIndex::of(root, &paths)?;
    let mut files = Files::default();
    // For each file: its index, its split, and its list and line for errors.
    let mut listed: Vec<(usize, &'static str, PathBuf, usize)> = Vec::new();
    let mut seen: HashMap<usize, (PathBuf, usize)> = HashMap::new();
    for (split, name) in &splits {
        let list = root.join(name);
        let text = fs::read_to_string(&list).map_err(|source| Error::io(&list, "read", source))?;
        files.splits.insert((*split).to_owned());
        for (number, line) in (1..).zip(text.trim_start_matches('\u{feff}').lines()) {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let refuse = |(found, expected): (String, String)| {
                Error::from(Malformed::new(&list, found, expected).at(Position::Line(number)))
            };
            let file = index.find(line).map_err(refuse)?;
            if let Some((before, first)) = seen.insert(file, (list.clone(), number)) {
                let found = format!("'{line}' again, after {} line {first}", name_of(&before));
                return Err(refuse((found, "every file once".into())));
            }
            listed.push((file, split, list.clone(), number));
        }
    }
    let classes = classes(&index, &listed.iter().map(|entry| entry.0).collect::<Vec<_>>());
    for (file, split, list, number) in listed {
        let Some(class) = classes.get(&file).cloned().flatten() else {
            let found = format!("{}, which has no class", name_of(index.file(file)));
            let expected = "a file in the folder of its class, or a name such as chair_0001";
            return Err(Error::malformed(&list, Position::Line(number), found, expected));
        };
        files.add(index.file(file).to_owned(), class, Some(split.to_owned()));
    }
    let left = index.len() - files.len();
    if left > 0 {
        files.warnings.push(format!("{left} files are in no list and are left out"));
    }
    Ok(files)
}

/// The class of every file: its folder. If the file is in the root, or all files are in one folder, the start of its name.
fn classes(index: &FileIndex, files: &[usize]) -> BTreeMap<usize, Option<String>> {
    let distinct = |name: &dyn Fn(usize) -> Option<String>| {
        files.iter().map(|&file| name(file)).collect::<BTreeSet<_>>()
    };
    let (folders, prefixes) = (distinct(&|file| index.folder(file)), distinct(&|file| index.prefix(file)));
    let by_name = folders.len() == 1 && prefixes.len() > 1 && !prefixes.contains(&None);
    let class =
        |file| if by_name { index.prefix(file) } else { index.folder(file).or_else(|| index.prefix(file)) };
    files.iter().map(|&file| (file, class(file))).collect()
}
