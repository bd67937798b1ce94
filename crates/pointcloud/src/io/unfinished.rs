//! Files and folders that are of no use until they are finished.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::leftover::{create_locked, partial_path, remove_leftovers};
use super::sync::has_new_name;
use crate::error::{Error, Result};

/// Paths that are removed when the program is stopped. A thread must hold the lock to give a file or folder its name.
static UNFINISHED: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// The set of paths is complete after every call, so a panic elsewhere has left it usable.
fn unfinished() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A file or folder that is of no use until it is finished: [`remove_unfinished`] takes it away.
#[derive(Debug)]
pub struct Unfinished {
    path: PathBuf,
    /// Keeps the file or folder locked, which tells other programs that it is being written.
    locked: Option<File>,
}

impl Unfinished {
    /// Marks what is, or will be, at `path` as unfinished until this value is dropped.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        unfinished().insert(path.clone());
        Self { path, locked: None }
    }

    /// A hidden name in the folder of `path` that no other thread or process uses.
    pub(crate) fn beside(path: &Path) -> Self {
        static COUNTER: AtomicUsize = AtomicUsize::new(0);
        remove_leftovers(path);
        Self::new(partial_path(path, COUNTER.fetch_add(1, Ordering::Relaxed)))
    }

    /// Where it is written.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The file, once it is made.
    pub(super) fn file(&self) -> Option<&File> {
        self.locked.as_ref()
    }

    /// Makes the file.
    pub(super) fn create(&mut self) -> io::Result<File> {
        let _not_removed_meanwhile = unfinished();
        let file = create_locked(&self.path)?;
        self.locked = Some(file.try_clone()?);
        Ok(file)
    }

    /// Makes the folder, if it is to be one.
    pub(crate) fn create_folder(&mut self) -> Result<()> {
        create_folder(&self.path)?;
        // Where a folder cannot be locked, other programs cannot lock it either, and so do not remove it.
        self.locked = File::open(&self.path).ok().filter(|folder| folder.lock().is_ok());
        Ok(())
    }

    /// Does what gives it its name, as one act for [`remove_unfinished`].
    pub(crate) fn finish(&self, publish: impl FnOnce(&Path) -> io::Result<()>) -> io::Result<()> {
        let mut unfinished = unfinished();
        publish(&self.path)?;
        unfinished.remove(&self.path);
        Ok(())
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        unfinished().remove(&self.path);
    }
}

/// Makes a folder and those above it, inside an unfinished one or not. The disk has it after the next
/// [`sync_folders`](super::sync_folders()).
///
/// # Errors
/// [`Error::Io`].
pub fn create_folder(path: &Path) -> Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    for new in path.ancestors().take_while(|folder| !folder.as_os_str().is_empty() && !folder.is_dir()) {
        has_new_name(new);
    }
    let _not_removed_meanwhile = unfinished();
    fs::create_dir_all(path).map_err(|source| Error::io(path, "create", source))
}

/// Removes every file and folder that is being written, for a program that was told to stop and ends now.
///
/// From then on no thread of the program can begin or finish a file with this crate: those that try wait for the end.
pub fn remove_unfinished() {
    let unfinished = unfinished();
    for path in &*unfinished {
        // A path that cannot be removed has a hidden name, and the program ends before it could report it.
        let _ = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    }
    std::mem::forget(unfinished);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::replace_file;

    #[test]
    fn what_is_finished_or_dropped_is_no_longer_unfinished() {
        let folder = tempfile::tempdir().unwrap();
        let of_this_test = || {
            unfinished().iter().filter(|path| path.starts_with(folder.path())).cloned().collect::<Vec<_>>()
        };
        let path = folder.path().join("a");
        replace_file(&path, |_| {
            assert_eq!(of_this_test().len(), 1);
            Ok(())
        })
        .unwrap();
        let marked = Unfinished::new(&path);
        assert_eq!(of_this_test(), [path]);
        drop(marked);
        assert!(of_this_test().is_empty());
    }
}
