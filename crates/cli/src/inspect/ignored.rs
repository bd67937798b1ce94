//! Files of a dataset that nobody reads.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use pointcloud::Error;
use pointcloud::dataset::Layout;
use pointcloud::io::readable_extensions;
use train::text::files as counted;

use super::survey::Surveyed;
use super::warning::Warning;

/// Files that are left out because of where they lie or of their extension.
pub(super) fn ignored(
    root: &Path,
    classes: &[String],
    layout: Layout,
    files: &[Surveyed],
) -> pointcloud::Result<Vec<Warning>> {
    let mut loose = Vec::new();
    let mut folders: BTreeSet<PathBuf> =
        files.iter().filter_map(|file| file.path.parent().map(Path::to_owned)).collect();
    if layout == Layout::ClassSplit {
        for class in classes {
            for entry in visible(&root.join(class))? {
                if entry.is_dir() {
                    folders.insert(entry);
                } else if is_supported(&entry) {
                    loose.push(entry);
                }
            }
        }
    }
    let mut others: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for folder in folders {
        for file in visible(&folder)?.into_iter().filter(|file| !file.is_dir() && !is_supported(file)) {
            others.entry(extension(&file)).or_default().push(file);
        }
    }
    let mut warnings = Vec::new();
    if !loose.is_empty() {
        let what = format!("{} beside the split folders: ignored", counted(loose.len()));
        warnings.push(Warning::new(what, "move them into train or test").about(&loose));
    }
    for (extension, files) in others {
        let kind =
            if extension.is_empty() { "no extension".to_owned() } else { format!("extension .{extension}") };
        let what = format!("{} with {kind}: ignored", counted(files.len()));
        let fix = format!(
            "convert them to one of: {}",
            readable_extensions().iter().map(|name| format!(".{name}")).collect::<Vec<_>>().join(", ")
        );
        warnings.push(Warning::new(what, fix).about(&files));
    }
    Ok(warnings)
}

/// Entries of `folder` that are not hidden, sorted.
fn visible(folder: &Path) -> pointcloud::Result<Vec<PathBuf>> {
    let fail = |source| Error::Io { path: folder.to_owned(), action: "list", source };
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder).map_err(fail)? {
        let entry = entry.map_err(fail)?;
        if !entry.file_name().to_string_lossy().starts_with('.') {
            entries.push(entry.path());
        }
    }
    entries.sort();
    Ok(entries)
}

fn extension(path: &Path) -> String {
    path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase()
}

fn is_supported(path: &Path) -> bool {
    readable_extensions().contains(&extension(path).as_str())
}
