//! Looks up files of a data set by their names in lists.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::listing::{name_of, relative, tree};
use super::tops::is_split_name;
use crate::error::Result;
use crate::io::readable_extensions;

/// The readable files below a root. They are found by path or by file name, with or without extension.
pub(super) struct FileIndex {
    root: PathBuf,
    files: Vec<PathBuf>,
    by_path: HashMap<String, usize>,
    /// Indices by path and by file name, both without extension.
    by_stem: HashMap<String, Vec<usize>>,
}

impl FileIndex {
    /// All files except those in `without`: lists and tables may look like data.
    pub(super) fn of(root: &Path, without: &[PathBuf]) -> Result<Self> {
        let mut files = tree(root)?;
        files.retain(|file| !without.contains(file));
        let mut index =
            Self { root: root.to_owned(), files, by_path: HashMap::new(), by_stem: HashMap::new() };
        for (i, file) in index.files.iter().enumerate() {
            let path = relative(root, file);
            let stem = without_extension(&path).to_owned();
            if let Some((_, name)) = stem.rsplit_once('/') {
                index.by_stem.entry(name.to_owned()).or_default().push(i);
            }
            index.by_stem.entry(stem).or_default().push(i);
            index.by_path.insert(path, i);
        }
        Ok(index)
    }

    /// The file with the name `name` in a list. The error has two texts: what was found instead of one file, and what was
    /// expected.
    pub(super) fn find(&self, name: &str) -> std::result::Result<usize, (String, String)> {
        let name = name.replace('\\', "/");
        let name = name.trim_start_matches("./");
        let path = |index: &usize| relative(&self.root, &self.files[*index]);
        if let Some(&index) = self.by_path.get(name) {
            return Ok(index);
        }
        // The name in a list may have no extension, or that of another format.
        let found = [name, without_extension(name)].into_iter().find_map(|stem| self.by_stem.get(stem));
        match found.map(Vec::as_slice) {
            Some([index]) => Ok(*index),
            Some(several) => {
                let exact = name_of(Path::new(name));
                let mut same = several.iter().filter(|index| name_of(&self.files[**index]) == exact);
                if let (Some(&index), None) = (same.next(), same.next()) {
                    return Ok(index);
                }
                let names: Vec<String> = several.iter().take(3).map(path).collect();
                Err((
                    format!("'{name}', which is {} files: {}", several.len(), names.join(", ")),
                    "the path of one".into(),
                ))
            }
            None => {
                let example = self.files.first().map(|_| format!(", such as {}", path(&0)));
                let expected = format!(
                    "a file below {}, with or without folder and extension{}",
                    self.root.display(),
                    example.unwrap_or_default()
                );
                Err((format!("'{name}', which is no such file"), expected))
            }
        }
    }

    pub(super) fn file(&self, index: usize) -> &Path {
        &self.files[index]
    }

    pub(super) fn len(&self) -> usize {
        self.files.len()
    }

    /// The nearest folder above a file that is not named like a split; `None` if there is none below the root.
    pub(super) fn folder(&self, index: usize) -> Option<String> {
        let path = relative(&self.root, &self.files[index]);
        let mut folders = path.split('/').rev().skip(1);
        folders.find(|name| !is_split_name(name)).map(str::to_owned)
    }

    /// The folder above a file that is named like a split.
    pub(super) fn split(&self, index: usize) -> Option<String> {
        let path = relative(&self.root, &self.files[index]);
        path.split('/').rev().skip(1).find(|name| is_split_name(name)).map(str::to_owned)
    }

    /// The name of a file up to its last underscore.
    pub(super) fn prefix(&self, index: usize) -> Option<String> {
        let name = name_of(&self.files[index]);
        Some(without_extension(&name).rsplit_once('_')?.0.to_owned())
    }
}

/// A path without the extension of a readable format, and that of a compression around it.
fn without_extension(path: &str) -> &str {
    let strip = |path: &'_ str, known: &[&str]| -> Option<usize> {
        let (stem, extension) = path.rsplit_once('.')?;
        known.iter().any(|name| extension.eq_ignore_ascii_case(name)).then_some(stem.len())
    };
    let inner = strip(path, &["gz", "zst"]).map_or(path, |end| &path[..end]);
    strip(inner, &readable_extensions()).map_or(path, |end| &inner[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extensions_of_formats_are_left_out_and_other_dots_stay() {
        for (path, stem) in [
            ("a/b.ply", "a/b"),
            ("b.PLY", "b"),
            ("b.ply.gz", "b"),
            ("v1.5_cup", "v1.5_cup"),
            ("v1.5_cup.txt", "v1.5_cup"),
            ("b.gz", "b.gz"),
            ("b", "b"),
        ] {
            assert_eq!(without_extension(path), stem);
        }
    }
}
