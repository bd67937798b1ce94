//! What a power cut must not take: files that the disk has before they get their names, and folders whose new names it has.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::error::{Error, Result};

/// Most syncs at once. The disk does those that come together in one go, so a hundred take about as long as a few.
const AT_ONCE: usize = 16;

/// Folders with new names that the disk may not have yet.
static FOLDERS: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// Remembers that the folder of `path` has a new name, for the next [`sync_folders`].
pub(crate) fn has_new_name(path: &Path) {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    FOLDERS.lock().unwrap_or_else(PoisonError::into_inner).insert(folder.to_owned());
}

/// Waits until the disk has all files and folders that this program has named. After that a power cut cannot take them.
///
/// # Errors
/// [`Error::Io`]; the folders are tried again the next time.
pub fn sync_folders() -> Result<()> {
    // Held until the end: another thread must not take for done what is not done yet.
    let mut folders = FOLDERS.lock().unwrap_or_else(PoisonError::into_inner);
    let all: Vec<&PathBuf> = folders.iter().collect();
    at_once(&all, |folder| sync_folder(folder).map_err(|source| Error::io(folder, "sync", source)))?;
    folders.clear();
    Ok(())
}

/// Waits until the disk has a file that is written bit by bit, such as a log.
///
/// # Errors
/// [`Error::Io`].
pub fn sync_file(file: &File, path: &Path) -> Result<()> {
    has_new_name(path);
    ignore_unsupported(file.sync_all()).map_err(|source| Error::io(path, "sync", source))
}

/// Waits until the disk has the contents of all `files`, which are told in errors by their paths.
pub(super) fn sync_files(files: &[(&File, &Path)]) -> Result<()> {
    at_once(files, |(file, path)| {
        ignore_unsupported(file.sync_all()).map_err(|source| Error::io(path, "write", source))
    })
}

/// A folder that was removed has nothing to lose. One that may not be read cannot be opened to sync it.
fn sync_folder(folder: &Path) -> io::Result<()> {
    // Windows does not open folders, and its file systems keep names in a journal.
    if cfg!(not(unix)) {
        return Ok(());
    }
    match fs::File::open(folder).and_then(|folder| ignore_unsupported(folder.sync_all())) {
        Err(error) if [io::ErrorKind::NotFound, io::ErrorKind::PermissionDenied].contains(&error.kind()) => {
            Ok(())
        }
        result => result,
    }
}

/// Some file systems cannot sync. They promise nothing, so there is nothing to wait for.
fn ignore_unsupported(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if [io::ErrorKind::InvalidInput, io::ErrorKind::Unsupported].contains(&error.kind()) => {
            Ok(())
        }
        result => result,
    }
}

/// Does `work` for all `items`, several at a time; gives the first error.
fn at_once<T: Sync>(items: &[T], work: impl Fn(&T) -> Result<()> + Sync) -> Result<()> {
    if items.len() < 2 {
        return items.iter().try_for_each(work);
    }
    let next = AtomicUsize::new(0);
    let run = || {
        while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
            work(item)?;
        }
        Ok(())
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (1..items.len().min(AT_ONCE)).map(|_| scope.spawn(run)).collect();
        let own = run();
        threads
            .into_iter()
            .map(|thread| thread.join().expect("syncing does not panic"))
            .fold(own, Result::and)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_that_are_gone_do_no_harm() {
        let place = tempfile::tempdir().unwrap();
        let gone = place.path().join("gone");
        fs::create_dir(&gone).unwrap();
        has_new_name(&gone.join("a"));
        has_new_name(&place.path().join("b"));
        fs::remove_dir(&gone).unwrap();
        sync_folders().unwrap();
        let left = FOLDERS.lock().unwrap();
        assert!(!left.iter().any(|folder| folder.starts_with(place.path())));
    }

    #[test]
    fn every_item_is_worked_on_and_the_error_is_kept() {
        let items: Vec<usize> = (0..100).collect();
        let sum = AtomicUsize::new(0);
        let add = |item: &usize| {
            sum.fetch_add(*item, Ordering::Relaxed);
            Ok(())
        };
        at_once(&items, add).unwrap();
        assert_eq!(sum.into_inner(), 4950);
        let fails = |item: &usize| match item {
            70 => Err(Error::io(Path::new("a"), "sync", io::Error::other("gone"))),
            _ => Ok(()),
        };
        assert_eq!(at_once(&items, fails).unwrap_err().to_string(), "a: cannot sync: gone");
    }
}
