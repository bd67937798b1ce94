//! Writing a file so that it is either complete or not there, also when the program is stopped or the power is cut meanwhile.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::sync::{has_new_name, sync_files, sync_folders};
use super::unfinished::Unfinished;
use crate::error::{Error, Result};

/// Writes a file beside `path` and renames it to `path` once the disk has all of it.
///
/// # Errors
/// [`Error::Io`]; the file at `path` is then what it was before.
pub fn replace_file(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<()> {
    let mut files = ReplaceFiles::default();
    files.write(path, write)?;
    files.finish()
}

/// Files that get their names together: all are written beside their paths first, then the disk has them, then all are renamed.
/// Renaming needs no room on the disk, so a full disk leaves either all old files or all new ones.
///
/// What is not [finished](Self::finish) is removed.
#[derive(Debug, Default)]
pub struct ReplaceFiles {
    written: VecDeque<(Unfinished, PathBuf)>,
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
    pub(crate) fn write_with<T>(
        &mut self,
        path: &Path,
        write: impl FnOnce(&mut BufWriter<File>) -> Result<T>,
    ) -> Result<T> {
        let fail = |source| Error::io(path, "write", source);
        let mut partial = Unfinished::beside(path);
        let written = partial.create().map_err(fail).and_then(|file| {
            let mut out = BufWriter::new(file);
            let result = write(&mut out)?;
            out.flush().map_err(fail)?;
            Ok(result)
        });
        self.written.push_back((partial, path.to_owned()));
        written
    }

    /// Number of files.
    #[must_use]
    pub fn len(&self) -> usize {
        self.written.len()
    }

    /// Whether there are no files.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.written.is_empty()
    }

    /// Adds files that were written elsewhere, after those that are here.
    pub fn append(&mut self, mut others: Self) {
        self.written.append(&mut others.written);
    }

    /// Gives the files their names, in the order in which they were written. Afterwards a power cut cannot take them, nor any file
    /// that this program had named before.
    ///
    /// # Errors
    /// [`Error::Io`]; the files after the one that failed are then what they were before.
    pub fn finish(mut self) -> Result<()> {
        // Before their names: otherwise a name could be of a file that is empty after a power cut.
        let files: Vec<(&File, &Path)> = self
            .written
            .iter()
            .filter_map(|(partial, path)| Some((partial.file()?, path.as_path())))
            .collect();
        sync_files(&files)?;
        while let Some((partial, path)) = self.written.front() {
            partial
                .finish(|partial| fs::rename(partial, path))
                .map_err(|source| Error::io(path, "write", source))?;
            has_new_name(path);
            self.written.pop_front();
        }
        sync_folders()
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
}
