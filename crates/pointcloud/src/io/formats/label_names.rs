//! How files with the labels of points in another file are called.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use super::label_file::{head_of, open};
use super::npy::Array;
use crate::error::Result;
use crate::io::compression::inner_path;
use crate::io::lines::{Lines, before_comment};
use crate::io::look::is_file;

/// What the files are called: the folder beside that of the points (the same folder, if empty), and what replaces the extension of the
/// file with the points.
const NAMES: [(&str, &str); 10] = [
    // SemanticKITTI.
    ("labels", ".label"),
    ("", ".label"),
    // Semantic3D.
    ("", ".labels"),
    // ShapeNet part.
    ("points_label", ".seg"),
    ("", ".seg"),
    ("", "_label.npy"),
    ("", "_labels.npy"),
    ("", "_label.txt"),
    ("", "_labels.txt"),
    // nuScenes.
    ("", "_lidarseg.bin"),
];

/// The files with labels of the points at `path`, beside it; those of the first are read.
///
/// For the points in `NAME.xyz`, they are called `NAME.labels` (Semantic3D), `NAME.seg` (ShapeNet part, also in `../points_label`),
/// `NAME.label` (SemanticKITTI, also in `../labels`), `NAME_label` or `NAME_labels` with `.npy` or `.txt`, or `NAME_lidarseg.bin`
/// (nuScenes).
///
/// ```
/// let folder = std::env::temp_dir();
/// let (points, labels) = (folder.join("pointcloud-labels.xyz"), folder.join("pointcloud-labels.seg"));
/// std::fs::write(&points, "0 0 0\n0 0 1\n").unwrap();
/// std::fs::write(&labels, "4\n7\n").unwrap();
/// assert_eq!(pointcloud::io::label_files_of(&points)?, [labels.clone()]);
/// assert_eq!(pointcloud::io::read(&points)?.labels(), Some([4, 7].as_slice()));
/// # std::fs::remove_file(points).unwrap();
/// # std::fs::remove_file(labels).unwrap();
/// # Ok::<(), pointcloud::Error>(())
/// ```
///
/// # Errors
/// [`Error::Io`](crate::Error::Io) where the operating system cannot tell.
pub fn label_files_of(path: &Path) -> Result<Vec<PathBuf>> {
    let (folder, mut found) = (path.parent().unwrap_or(Path::new("")), Vec::new());
    for stem in label_stems(path) {
        for (beside, end) in NAMES {
            let mut name = stem.clone();
            name.push(end);
            let file = match beside {
                "" => folder.join(name),
                beside => above(folder).join(beside).join(name),
            };
            if file != *path && !found.contains(&file) && is_file(&file)? && holds_labels(&file)? {
                found.push(file);
            }
        }
    }
    Ok(found)
}

/// What the names of label files of the points at `path` begin with: its name without extension, and without both extensions of
/// `NAME.pcd.bin` of nuScenes.
pub(crate) fn label_stems(path: &Path) -> Vec<OsString> {
    let inner = inner_path(path);
    let stem = inner.file_stem().map(Path::new);
    let is_pcd =
        |stem: &&Path| stem.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("pcd"));
    let second = stem.filter(is_pcd).and_then(Path::file_stem);
    stem.map(Path::as_os_str).into_iter().chain(second).map(OsStr::to_owned).collect()
}

/// If the file at `path` has labels, and not points: what its name begins with, one of the [`label_stems`] of the points.
///
/// # Errors
/// As [`label_files_of`].
pub(crate) fn stem_of_labelled(path: &Path) -> Result<Option<String>> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let ends = NAMES.iter().filter(|(beside, _)| beside.is_empty());
    let stem = ends.map(|(_, end)| *end).find_map(|end| name.strip_suffix(end));
    match stem {
        Some(stem) if holds_labels(path)? => Ok(Some(stem.to_owned())),
        _ => Ok(None),
    }
}

/// Whether a file with the name of a label file holds labels, and not points: names of that kind may also be those of clouds.
fn holds_labels(path: &Path) -> Result<bool> {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("txt") => {
            let head = head_of(path)?;
            let mut lines = Lines::new(&head, 0, 1);
            let rows =
                std::iter::from_fn(|| lines.next_row()).map(|(_, line)| before_comment(line).trim_ascii());
            let words = |row: &[u8]| {
                row.split(|byte| b" \t,;".contains(byte)).filter(|word| !word.is_empty()).count()
            };
            Ok(rows.into_iter().find(|row| !row.is_empty()).is_none_or(|row| words(row) < 3))
        }
        // What is wrong with an array is told when it is read.
        Some("npy") => {
            Ok(Array::read(&open(path)?, "labels", Some(1)).map_or(true, |array| array.columns() < 3))
        }
        _ => Ok(true),
    }
}

/// The folder that `folder` is in.
fn above(folder: &Path) -> PathBuf {
    match (folder.file_name(), folder.parent()) {
        (Some(_), Some(above)) => above.to_owned(),
        _ => folder.join(".."),
    }
}
