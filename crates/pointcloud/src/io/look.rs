//! What is at a path. Unlike `Path::exists`, a disk that does not answer is an error, and not an answer.

use std::fs::{self, FileType};
use std::io::ErrorKind;
use std::path::Path;

use crate::error::{Error, Result};

/// Whether there is a file or folder at `path`.
///
/// # Errors
/// [`Error::Io`] where the operating system cannot tell.
pub fn exists(path: &Path) -> Result<bool> {
    Ok(file_type(path)?.is_some())
}

/// Whether there is a file at `path`; a pipe or a device is none.
///
/// # Errors
/// As [`exists`].
pub fn is_file(path: &Path) -> Result<bool> {
    Ok(file_type(path)?.is_some_and(|found| found.is_file()))
}

/// Whether there is a folder at `path`.
///
/// # Errors
/// As [`exists`].
pub fn is_folder(path: &Path) -> Result<bool> {
    Ok(file_type(path)?.is_some_and(|found| found.is_dir()))
}

/// What is at `path`, or where a link there points to; `None` for nothing, and for a link to nothing.
pub(crate) fn file_type(path: &Path) -> Result<Option<FileType>> {
    match fs::metadata(path) {
        Ok(metadata) => Ok(Some(metadata.file_type())),
        // The last two are of no use as long as they are what they are: a file above the path, a name that cannot exist.
        Err(error)
            if [ErrorKind::NotFound, ErrorKind::NotADirectory, ErrorKind::InvalidFilename]
                .contains(&error.kind()) =>
        {
            Ok(None)
        }
        Err(error) if is_circle(&error) => Ok(None),
        Err(source) => Err(Error::io(path, "look at", source)),
    }
}

/// Whether links lead in a circle, where nothing can ever be read: `ELOOP`, for which the standard library has no name yet.
fn is_circle(error: &std::io::Error) -> bool {
    let number = if cfg!(any(target_os = "linux", target_os = "android")) { 40 } else { 62 };
    cfg!(unix) && error.raw_os_error() == Some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_folders_and_nothing_are_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a");
        fs::write(&file, "").unwrap();
        assert!(is_file(&file).unwrap() && !is_folder(&file).unwrap());
        assert!(is_folder(folder.path()).unwrap() && !is_file(folder.path()).unwrap());
        for nothing in [folder.path().join("b"), file.join("inside"), folder.path().join("x".repeat(300))] {
            assert!(!exists(&nothing).unwrap(), "{}", nothing.display());
        }
    }

    #[cfg(unix)]
    #[test]
    fn links_to_nothing_are_nothing() {
        let folder = tempfile::tempdir().unwrap();
        for (name, target) in [("broken", "gone"), ("circle", "circle")] {
            std::os::unix::fs::symlink(target, folder.path().join(name)).unwrap();
            assert!(!exists(&folder.path().join(name)).unwrap());
        }
    }
}
