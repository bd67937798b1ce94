//! The folder in which targets keep files. A file system in memory is best: `TMPDIR=/dev/shm`.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use tempfile::TempDir;

static FOLDER: Mutex<Option<TempDir>> = Mutex::new(None);

/// The path of `name` in the folder, which is made when it is needed.
pub(crate) fn path(name: &str) -> PathBuf {
    let mut folder = FOLDER.lock().expect("nothing panics while it holds the lock");
    folder
        .get_or_insert_with(|| TempDir::with_prefix("pointwise-fuzz-").expect("a temporary folder"))
        .path()
        .join(name)
}

/// Writes a file, and the folders that it lies in.
pub(crate) fn write(name: &str, bytes: &[u8]) -> PathBuf {
    let path = path(name);
    if fs::write(&path, bytes).is_err() {
        fs::create_dir_all(path.parent().unwrap_or(Path::new("."))).expect("a folder can be made");
        fs::write(&path, bytes).expect("a file can be written");
    }
    path
}

/// Removes a file.
pub(crate) fn remove(path: &Path) {
    // It may not have been written.
    let _ = fs::remove_file(path);
}

/// Removes the folder in which targets kept files.
pub fn clean_up() {
    if let Ok(mut folder) = FOLDER.lock() {
        folder.take();
    }
}
