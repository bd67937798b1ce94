//! Folders of labelled scenes: `root/<split>/*`, or a file that says which scene belongs to which split.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::dataset::list_files;
use crate::error::{Error, Position, Result};
use crate::io::{exists, is_folder, readable_extensions};

const CLASSES: &str = "classes.txt";

/// The scenes of a data set, listed but not read.
#[derive(Clone, Debug, PartialEq)]
pub struct SceneFolder {
    root: PathBuf,
    splits: BTreeMap<String, Vec<PathBuf>>,
}

impl SceneFolder {
    /// Lists the files of `root/<split>`; every folder that is not hidden is a split.
    ///
    /// # Errors
    /// [`Error::Layout`] when the root is missing or has no split with a file, [`Error::Io`].
    pub fn open(root: impl AsRef<Path>) -> Result<Self> {
        let root = root.as_ref();
        let layout = |found: &str| Error::Layout {
            path: root.to_owned(),
            found: found.to_owned(),
            expected: format!(
                "folders such as train and test with files of type {}",
                readable_extensions().join(", ")
            ),
        };
        if !is_folder(root)? {
            return Err(layout(if exists(root)? { "a file" } else { "nothing" }));
        }
        let entries = fs::read_dir(root).map_err(|source| Error::io(root, "list", source))?;
        let mut splits = BTreeMap::new();
        for entry in entries {
            let path = entry.map_err(|source| Error::io(root, "list", source))?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if !name.starts_with('.') && is_folder(&path)? {
                // A folder of something else is an empty split.
                let files = match list_files(&path) {
                    Err(Error::Layout { .. }) => Vec::new(),
                    files => files?,
                };
                splits.insert(name, files);
            }
        }
        if splits.values().all(Vec::is_empty) {
            return Err(layout("no split with a readable file"));
        }
        Ok(Self { root: root.to_owned(), splits })
    }

    /// Reads the splits from a text file: lines of a split and a path relative to `root`, such as `train Area_1/office_1.ply`.
    /// Empty lines and those that begin with `#` are left out.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::Malformed`] for a line that has no split or no path, [`Error::Layout`] when there is no line.
    pub fn from_split_file(root: impl AsRef<Path>, file: impl AsRef<Path>) -> Result<Self> {
        let (root, file) = (root.as_ref(), file.as_ref());
        let text = fs::read_to_string(file).map_err(|source| Error::io(file, "read", source))?;
        let mut splits: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let Some((split, path)) = line.split_once(char::is_whitespace) else {
                return Err(Error::malformed(
                    file,
                    Position::Line(index + 1),
                    format!("'{line}'"),
                    "a split and a path, such as `train office_1.ply`",
                ));
            };
            splits.entry(split.to_owned()).or_default().push(root.join(path.trim()));
        }
        if splits.is_empty() {
            return Err(Error::Layout {
                path: file.to_owned(),
                found: "no line".into(),
                expected: "lines of a split and a path, such as `train office_1.ply`".into(),
            });
        }
        Ok(Self { root: root.to_owned(), splits })
    }

    /// The folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Names of the splits, sorted.
    pub fn splits(&self) -> impl Iterator<Item = &str> {
        self.splits.keys().map(String::as_str)
    }

    /// The files of a split.
    ///
    /// # Errors
    /// [`Error::UnknownSplit`].
    pub fn split(&self, name: &str) -> Result<&[PathBuf]> {
        self.splits.get(name).map(Vec::as_slice).ok_or_else(|| Error::UnknownSplit {
            root: self.root.clone(),
            found: name.to_owned(),
            known: self.splits().collect::<Vec<_>>().join(", "),
        })
    }

    /// The names in `root/classes.txt`, one per line; `None` when there is no such file.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Layout`] when there is no name in it, or one twice.
    pub fn class_names(root: impl AsRef<Path>) -> Result<Option<Vec<String>>> {
        let path = root.as_ref().join(CLASSES);
        if !exists(&path)? {
            return Ok(None);
        }
        let text = fs::read_to_string(&path).map_err(|source| Error::io(&path, "read", source))?;
        let names: Vec<String> =
            text.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect();
        let twice = names.iter().enumerate().find(|(index, name)| names[..*index].contains(name));
        let found = match twice {
            Some((_, name)) => format!("'{name}' twice"),
            None if names.is_empty() => "no name".into(),
            None => return Ok(Some(names)),
        };
        Err(Error::Layout { path, found, expected: "the names of the classes, one per line".into() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_splits_and_names_come_from_the_list() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        assert!(matches!(SceneFolder::open(root), Err(Error::Layout { .. })));
        assert!(matches!(SceneFolder::open(root.join("none")), Err(Error::Layout { .. })));
        for (split, name) in [("train", "b.ply"), ("train", "a.ply"), ("test", "c.ply"), (".cache", "d.ply")]
        {
            fs::create_dir_all(root.join(split)).unwrap();
            fs::write(root.join(split).join(name), "").unwrap();
        }
        fs::write(root.join("train/notes.txt"), "").unwrap();
        let scenes = SceneFolder::open(root).unwrap();
        assert_eq!(scenes.splits().collect::<Vec<_>>(), ["test", "train"]);
        assert_eq!(scenes.split("train").unwrap(), [root.join("train/a.ply"), root.join("train/b.ply")]);
        let error = scenes.split("val").unwrap_err().to_string();
        assert!(error.contains("no split 'val'") && error.contains("test, train"), "{error}");

        assert_eq!(SceneFolder::class_names(root).unwrap(), None);
        fs::write(root.join("classes.txt"), "floor\n\nwall\n").unwrap();
        assert_eq!(SceneFolder::class_names(root).unwrap().unwrap(), ["floor", "wall"]);
        fs::write(root.join("classes.txt"), "floor\nfloor\n").unwrap();
        assert!(SceneFolder::class_names(root).unwrap_err().to_string().contains("'floor' twice"));
    }

    #[test]
    fn a_split_file_names_its_bad_line() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("splits.txt");
        fs::write(&file, "# split path\ntrain area 1/a.ply\n\ntest b.ply\n").unwrap();
        let scenes = SceneFolder::from_split_file(folder.path(), &file).unwrap();
        assert_eq!(scenes.split("train").unwrap(), [folder.path().join("area 1/a.ply")]);
        assert_eq!(scenes.split("test").unwrap(), [folder.path().join("b.ply")]);
        fs::write(&file, "train a.ply\nlonely\n").unwrap();
        let error = SceneFolder::from_split_file(folder.path(), &file).unwrap_err().to_string();
        assert!(error.contains("line 2: found 'lonely'"), "{error}");
        fs::write(&file, "#\n").unwrap();
        assert!(SceneFolder::from_split_file(folder.path(), &file).is_err());
    }
}
