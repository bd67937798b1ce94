//! Writing a file so that it is either complete or not there, also when the program is stopped meanwhile.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::fault::{CountedFile, count_write};
use super::leftover::{create_locked, partial_path, remove_leftovers};
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
    /// Keeps the file locked, which tells other programs that it is being written.
    _locked: Option<File>,
}

impl Unfinished {
    /// Marks what is, or will be, at `path` as unfinished until this value is dropped.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        unfinished().insert(path.clone());
        Self { path, _locked: None }
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

    /// Makes the file.
    fn create(&mut self) -> io::Result<CountedFile> {
        count_write()?;
        let _not_removed_meanwhile = unfinished();
        let file = create_locked(&self.path)?;
        self._locked = Some(file.try_clone()?);
        Ok(CountedFile(file))
    }

    /// Makes the folder, if it is to be one.
    pub(crate) fn create_folder(&mut self) -> Result<()> {
        create_folder(&self.path)?;
        // Where a folder cannot be locked, other programs cannot lock it either, and so do not remove it.
        self._locked = File::open(&self.path).ok().filter(|folder| folder.lock().is_ok());
        Ok(())
    }

    /// Does what gives it its name, as one act for [`remove_unfinished`].
    pub(crate) fn finish(&self, publish: impl FnOnce(&Path) -> io::Result<()>) -> io::Result<()> {
        count_write()?;
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

/// Makes a folder and those above it, inside an unfinished one or not.
///
/// # Errors
/// [`Error::Io`].
pub fn create_folder(path: &Path) -> Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let made = count_write().and_then(|()| {
        let _not_removed_meanwhile = unfinished();
        fs::create_dir_all(path)
    });
    made.map_err(|source| Error::io(path, "create", source))
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

/// Writes a file beside `path` and renames it to `path` once it is complete.
///
/// # Errors
/// [`Error::Io`]; the file at `path` is then what it was before.
pub fn replace_file(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<()> {
    replace_with(path, |out| write(out).map_err(|source| Error::io(path, "write", source)))
}

/// [`replace_file`] for a writer that goes back in the file, or fails for a reason of its own.
///
/// # Errors
/// [`Error::Io`], and those of `write`; the file at `path` is then what it was before.
pub(crate) fn replace_with<T>(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<CountedFile>) -> Result<T>,
) -> Result<T> {
    let mut files = ReplaceFiles::default();
    let result = files.write_with(path, write)?;
    files.finish()?;
    Ok(result)
}

/// Files that get their names together: all are written beside their paths first, then all are renamed. Renaming needs no room on
/// the disk, so a full disk leaves either all old files or all new ones.
///
/// What is not [finished](Self::finish) is removed.
#[derive(Debug, Default)]
pub struct ReplaceFiles {
    written: Vec<(Unfinished, PathBuf)>,
}

impl ReplaceFiles {
    /// Writes the file that will be at `path`.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn write(&mut self, path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<()> {
        self.write_with(path, |out| write(out).map_err(|source| Error::io(path, "write", source)))
    }

    /// [`write`](Self::write) for a writer that goes back in the file, or fails for a reason of its own.
    fn write_with<T>(
        &mut self,
        path: &Path,
        write: impl FnOnce(&mut BufWriter<CountedFile>) -> Result<T>,
    ) -> Result<T> {
        let fail = |source| Error::io(path, "write", source);
        let mut partial = Unfinished::beside(path);
        let written = partial.create().map_err(fail).and_then(|file| {
            let mut out = BufWriter::new(file);
            let result = write(&mut out)?;
            out.flush().map_err(fail)?;
            Ok(result)
        });
        self.written.push((partial, path.to_owned()));
        written
    }

    /// Gives the files their names, in the order in which they were written.
    ///
    /// # Errors
    /// [`Error::Io`]; the files after the one that failed are then what they were before.
    pub fn finish(mut self) -> Result<()> {
        while !self.written.is_empty() {
            let (partial, path) = &self.written[0];
            partial
                .finish(|partial| fs::rename(partial, path))
                .map_err(|source| Error::io(path, "write", source))?;
            self.written.remove(0);
        }
        Ok(())
    }
}

impl Drop for ReplaceFiles {
    fn drop(&mut self) {
        for (partial, _) in &self.written {
            // The error that matters is the first one; the partial file may not even exist.
            let _ = fs::remove_file(partial.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_write_leaves_the_old_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.ply");
        replace_file(&path, |out| out.write_all(b"old")).unwrap();
        let failed = replace_file(&path, |out| {
            out.write_all(b"new")?;
            Err(io::Error::other("disk full"))
        });
        assert!(failed.unwrap_err().to_string().ends_with("a.ply: cannot write: disk full"));
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn several_files_are_replaced_together_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let [a, b] = ["a", "b"].map(|name| folder.path().join(name));
        let both = |text: &'static str, fails: bool| {
            let mut files = ReplaceFiles::default();
            files.write(&a, |out| out.write_all(text.as_bytes()))?;
            files.write(&b, |out| {
                out.write_all(text.as_bytes())?;
                if fails { Err(io::Error::other("disk full")) } else { Ok(()) }
            })?;
            files.finish()
        };
        both("old", false).unwrap();
        assert!(both("new", true).is_err());
        for path in [&a, &b] {
            assert_eq!(fs::read(path).unwrap(), b"old");
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }

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
