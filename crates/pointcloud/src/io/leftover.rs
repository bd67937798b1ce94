//! Unfinished files of programs that were killed: they are removed by the next program that writes to the folder.

use std::collections::HashSet;
use std::fs::{self, File};
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex, PoisonError};

/// Between the name of the finished file and the numbers that make the unfinished one unique.
const MARK: &str = ".partial-";

/// A number of this process. Its id would not do: containers and machines with a common folder have processes of the same id.
static PROCESS: LazyLock<u32> = LazyLock::new(|| RandomState::new().hash_one(std::process::id()) as u32);

/// The hidden name of an unfinished file or folder that will be `path`. `number` is unique in this process.
pub(super) fn partial_path(path: &Path, number: usize) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}{MARK}{}-{number}", *PROCESS))
}

/// Whether a name is of the form that [`partial_path`] gives.
fn is_partial(name: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    name.starts_with('.')
        && name
            .rsplit_once(MARK)
            .and_then(|(_, numbers)| numbers.split_once('-'))
            .is_some_and(|(process, number)| is_number(process) && is_number(number))
}

/// Makes an unfinished file that is locked until the file is closed, also where a program is killed.
pub(super) fn create_locked(path: &Path) -> io::Result<File> {
    loop {
        let file = File::create(path)?;
        // Without locks on this file system, nobody can lock the file to remove it. What cannot be looked at is tried.
        if file.lock().is_err() || path.try_exists().unwrap_or(true) {
            return Ok(file);
        }
        // Another program took it for a left-over file between the two calls.
    }
}

/// Removes the left-over files and folders in the folder of `path`, once for each folder in the life of this program. Those that
/// another program still writes are locked and stay.
pub(super) fn remove_leftovers(path: &Path) {
    static HASHER: LazyLock<RandomState> = LazyLock::new(RandomState::new);
    static SEEN: Mutex<Option<HashSet<u64>>> = Mutex::new(None);
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    // A hash instead of the path, because there may be a million folders.
    let hash = HASHER.hash_one(folder);
    if !SEEN.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_default().insert(hash) {
        return;
    }
    remove_leftovers_in(folder);
}

/// Removes the unfinished files and folders in `folder` that no program writes any more.
pub fn remove_leftovers_in(folder: &Path) {
    // A folder that is missing or cannot be read has nothing that this program could remove.
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if is_partial(&entry.file_name().to_string_lossy()) {
            remove_if_unlocked(&entry.path());
        }
    }
}

/// Errors are ignored: a left-over file is hidden and does no harm.
fn remove_if_unlocked(path: &Path) {
    let Ok(file) = File::open(path) else { return };
    if path.is_symlink() || file.try_lock().is_err() {
        return;
    }
    let _ = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_nobody_writes_is_removed() {
        let place = tempfile::tempdir().unwrap();
        let path = |name: &str| place.path().join(name);
        let kept = ["a.ply", ".a.partial-x-1", ".partial-1", "a.partial-1-2", ".b.partial-1-"];
        for name in kept.iter().chain(&[".a.ply.partial-99-0"]) {
            fs::write(path(name), "").unwrap();
        }
        fs::create_dir_all(path(".set.partial-99-1/class")).unwrap();
        let written = create_locked(&path(".c.partial-99-2")).unwrap();

        remove_leftovers(&path("new"));
        let names = || -> HashSet<String> {
            let entries = fs::read_dir(place.path()).unwrap();
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
        };
        let expected: HashSet<String> =
            kept.iter().chain(&[".c.partial-99-2"]).map(|&name| name.to_owned()).collect();
        assert_eq!(names(), expected);

        // Once per folder: a folder of many files is not listed for every file.
        drop(written);
        remove_leftovers(&path("new"));
        assert_eq!(names(), expected);
    }

    #[test]
    fn names_of_unfinished_files_are_recognised() {
        assert!(is_partial(&partial_path(Path::new("a/b.ply"), 7).file_name().unwrap().to_string_lossy()));
        assert!(is_partial(".x.partial-1-2.partial-3-4") && !is_partial(".x.partial-1-2.ply"));
    }
}
