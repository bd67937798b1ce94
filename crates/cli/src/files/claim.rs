//! Locks on work in a folder, so that two programs do not write the same results.

use std::fs::{File, TryLockError};
use std::path::Path;

use anyhow::{Context, bail};
use train::terminal::note;

/// Claims work for this process until the returned file is dropped: `name` is that of the lock, `what` is for messages. `None` on a
/// file system that has no locks, after a note.
///
/// # Errors
/// Another process has it; the lock cannot be written.
pub(crate) fn claim(folder: &Path, name: &str, what: &str) -> anyhow::Result<Option<File>> {
    let path = folder.join(format!(".{name}.lock"));
    let file = File::create(&path).with_context(|| format!("{}: cannot write", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => {
            bail!("another process works on {what} in {}; this one did nothing", folder.display())
        }
        Err(TryLockError::Error(error)) => {
            note(format_args!(
                "{}: cannot lock ({error}); start the work on {what} only once",
                path.display()
            ));
            Ok(None)
        }
    }
}
