//! The lists next to HDF5 files: files of a split, names of classes, rooms of blocks.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::error::{Error, Position, Result};
use crate::io::is_file;

/// Lists of files, and their splits.
const FILE_LISTS: [(&str, &str); 6] = [
    ("train_files.txt", "train"),
    ("val_files.txt", "val"),
    ("test_files.txt", "test"),
    ("train_hdf5_file_list.txt", "train"),
    ("val_hdf5_file_list.txt", "val"),
    ("test_hdf5_file_list.txt", "test"),
];

/// The list of all files, in the order of the blocks.
const ALL_FILES: &str = "all_files.txt";

/// The split of a file, from its name.
pub(super) fn split_of_name(path: &Path) -> &'static str {
    let name = path.file_stem().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    ["test", "val"].into_iter().find(|split| name.contains(split)).unwrap_or("train")
}

/// The files in the lists in `root`, with their splits; `None` without lists.
pub(super) fn listed_files(root: &Path) -> Result<Option<Vec<(PathBuf, &'static str)>>> {
    let mut files = Vec::new();
    let mut any = false;
    let lists = FILE_LISTS.iter().map(|&(list, split)| (list, Some(split)));
    for (list, split) in lists.chain([(ALL_FILES, None)]) {
        let list = root.join(list);
        // If there are lists by split, the list of all files adds nothing.
        let Some(lines) = (if split.is_none() && any { None } else { read_lines(&list)? }) else { continue };
        any = true;
        for (number, line) in lines {
            // The paths are relative to the folder in which PointNet keeps its data.
            let name = Path::new(&line).file_name().unwrap_or_default();
            let mut path = None;
            for candidate in [root.join(&line), root.join(name)] {
                if path.is_none() && is_file(&candidate)? {
                    path = Some(candidate);
                }
            }
            let path = path.ok_or_else(|| {
                let expected = format!("a file in {}", root.display());
                Error::malformed(&list, Position::Line(number), format!("'{line}'"), expected)
            })?;
            let split = split.unwrap_or_else(|| split_of_name(&path));
            files.push((path, split));
        }
    }
    Ok(any.then_some(files))
}

/// The lines of a file that are not empty, with their numbers; `None` when there is no such file.
pub(super) fn read_lines(path: &Path) -> Result<Option<Vec<(usize, String)>>> {
    if !is_file(path)? {
        return Ok(None);
    }
    let text = fs::read_to_string(path).map_err(|source| Error::io(path, "read", source))?;
    let lines = text.lines().enumerate().map(|(index, line)| (index + 1, line.trim().to_owned()));
    Ok(Some(lines.filter(|(_, line)| !line.is_empty()).collect()))
}

/// Checks that `name` can be the name of a file or a folder.
fn check_name(path: &Path, line: usize, name: &str) -> Result<()> {
    let bad =
        name.starts_with('.') || name.contains(|c: char| matches!(c, '/' | '\\' | ':') || c.is_control());
    if bad {
        let expected = "a name that a folder can have";
        Err(Error::malformed(path, Position::Line(line), format!("'{name}'"), expected))
    } else {
        Ok(())
    }
}

pub(super) fn class_names(path: &Path, lines: Vec<(usize, String)>) -> Result<Vec<String>> {
    let mut names: Vec<String> = Vec::new();
    for (number, line) in lines {
        let name = line.split_whitespace().next().unwrap_or_default().to_owned();
        check_name(path, number, &name)?;
        if names.contains(&name) {
            let found = format!("'{name}' again");
            return Err(Error::malformed(path, Position::Line(number), found, "every class once"));
        }
        names.push(name);
    }
    Ok(names)
}

pub(super) fn room_names(path: &Path, lines: Vec<(usize, String)>, blocks: usize) -> Result<Vec<String>> {
    if lines.len() != blocks {
        return Err(Error::Layout {
            path: path.to_owned(),
            found: format!("{} lines", lines.len()),
            expected: format!("{blocks}, the room of every block of the files"),
        });
    }
    let mut seen = BTreeSet::new();
    for run in lines.chunk_by(|a, b| a.1 == b.1) {
        let (line, name) = &run[0];
        check_name(path, *line, name)?;
        if !seen.insert(name) {
            let found = format!("room '{name}' again");
            let expected = "the blocks of a room one after the other";
            return Err(Error::malformed(path, Position::Line(*line), found, expected));
        }
    }
    Ok(lines.into_iter().map(|(_, name)| name).collect())
}
