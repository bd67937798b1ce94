//! The nearest existing name for a path that does not exist.

use std::fs;
use std::path::{Component, Path, PathBuf};

use anyhow::anyhow;
use strsim::damerau_levenshtein;
use train::Model;

use crate::output::{describe, is_closed_pipe};

/// `; did you mean configs/shapes10.toml?`: of the names in the folder, or of the models, the one most like that of a path that
/// does not exist. Empty for one that exists, and where nothing is like it.
pub(crate) fn hint(path: &Path) -> String {
    nearest(path).map_or_else(String::new, |near| format!("; did you mean {}?", near.display()))
}

/// Adds the [`hint`] of the first path that does not exist to an error.
pub(crate) fn with_hint<T>(result: anyhow::Result<T>, paths: &[PathBuf]) -> anyhow::Result<T> {
    result.map_err(|error| {
        let hint = paths.iter().map(|path| hint(path)).find(|hint| !hint.is_empty());
        match hint.filter(|_| !is_closed_pipe(&error)) {
            Some(hint) => anyhow!("{}{hint}", describe(error.as_ref())),
            None => error,
        }
    })
}

fn nearest(path: &Path) -> Option<PathBuf> {
    if path.exists() || path.to_str().and_then(Model::named).is_some() {
        return None;
    }
    // The part of the path that exists, the first name that does not, and what comes after it.
    let mut there = PathBuf::new();
    let mut parts = path.components();
    let missing = loop {
        let part = parts.next()?;
        if !there.join(part).exists() {
            match part {
                Component::Normal(name) => break name.to_string_lossy().into_owned(),
                _ => return None,
            }
        }
        there.push(part);
    };
    let rest = parts.as_path();
    let folder = if there.as_os_str().is_empty() { Path::new(".") } else { &there };
    let mut names: Vec<String> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        // Another program may have made it meanwhile.
        .filter(|name| *name != missing && (missing.starts_with('.') || !name.starts_with('.')))
        .filter(|name| rest.as_os_str().is_empty() || there.join(name).join(rest).exists())
        .collect();
    if there.as_os_str().is_empty() && rest.as_os_str().is_empty() {
        names.extend(Model::all().iter().map(|model| model.name.to_owned()));
    }
    let near = names.into_iter().filter_map(|name| Some((distance(&missing, &name)?, name))).min()?;
    let mut found = there.join(near.1);
    if !rest.as_os_str().is_empty() {
        found.push(rest);
    }
    Some(found)
}

/// How many letters a name is away from the missing one, without its extension if that has none; `None` if it is another word.
fn distance(missing: &str, name: &str) -> Option<usize> {
    let (missing, name) = (missing.to_lowercase(), name.to_lowercase());
    let stem = Path::new(&name).file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let without = stem.filter(|_| Path::new(&missing).extension().is_none());
    let distance =
        [Some(name), without].into_iter().flatten().map(|name| damerau_levenshtein(&missing, &name));
    distance.min().filter(|&distance| distance <= (missing.chars().count() / 3).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_in_the_folder_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for name in
            ["configs/shapes10.toml", "configs/modelnet10.toml", "runs/shapes10/config.toml", "scan.ply"]
        {
            let path = root.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        for (wrong, right) in [
            ("configs/shape10.toml", Some("configs/shapes10.toml")),
            ("configs/shapes10", Some("configs/shapes10.toml")),
            ("configs/modelnet40.toml", Some("configs/modelnet10.toml")),
            ("config/shapes10.toml", Some("configs/shapes10.toml")),
            ("runs/Shapse10", Some("runs/shapes10")),
            ("sacn.ply", Some("scan.ply")),
            ("scan.ply", None),
            ("configs/rooms.toml", None),
            ("elsewhere/shapes10.toml", None),
        ] {
            let expected = right.map(|right| root.join(right));
            assert_eq!(nearest(&root.join(wrong)), expected, "{wrong}");
        }
        assert_eq!(nearest(Path::new("modelnet10-x")), Some(PathBuf::from("modelnet10-m")));
        assert_eq!(nearest(Path::new("modelnet10-s")), None);
    }
}
