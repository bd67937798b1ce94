//! Many files that get their names a batch at a time.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::replace::ReplaceFiles;
use crate::error::Result;

/// Most files that wait. Each is open until it has its name.
const MOST: usize = 128;

/// Longest time between two batches in which files are added: work that a killed program does again.
const LONGEST: Duration = Duration::from_secs(1);

/// Files that any thread adds when they are written. They get their names together, because the disk takes about as long to sync a
/// hundred files as one. With the files waits what is to be done afterwards, such as a line in a log.
///
/// Files that are not [finished](Self::finish) are removed.
#[derive(Debug)]
pub struct Batch<T> {
    waiting: Mutex<Waiting<T>>,
}

#[derive(Debug)]
struct Waiting<T> {
    files: ReplaceFiles,
    with: Vec<T>,
    since: Instant,
}

impl<T> Waiting<T> {
    fn new() -> Self {
        Self { files: ReplaceFiles::default(), with: Vec::new(), since: Instant::now() }
    }

    fn finish(self) -> Result<Vec<T>> {
        self.files.finish()?;
        Ok(self.with)
    }
}

impl<T> Default for Batch<T> {
    fn default() -> Self {
        Self { waiting: Mutex::new(Waiting::new()) }
    }
}

impl<T> Batch<T> {
    /// Adds files. Gives what waited with those that have their names now; that is nothing as long as they wait for more.
    ///
    /// # Errors
    /// As [`ReplaceFiles::finish`]; files that have no names are lost, and what waited with them.
    pub fn add(&self, files: ReplaceFiles, with: T) -> Result<Vec<T>> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.files.append(files);
        waiting.with.push(with);
        if waiting.files.len() < MOST && waiting.since.elapsed() < LONGEST {
            return Ok(Vec::new());
        }
        let full = std::mem::replace(&mut *waiting, Waiting::new());
        // The other threads fill the next batch meanwhile.
        drop(waiting);
        full.finish()
    }

    /// Gives the files that wait their names, and what waits with them.
    ///
    /// # Errors
    /// As [`add`](Self::add).
    pub fn finish(self) -> Result<Vec<T>> {
        self.waiting.into_inner().unwrap_or_else(PoisonError::into_inner).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn files_get_their_names_together_and_none_is_lost() {
        let folder = tempfile::tempdir().unwrap();
        let batch = Batch::default();
        let mut done = Vec::new();
        for number in 0..MOST + 5 {
            let mut files = ReplaceFiles::default();
            files.write(&folder.path().join(number.to_string()), |out| out.write_all(b"x")).unwrap();
            let more = batch.add(files, number).unwrap();
            // All that is said to be done has its name.
            assert!(more.iter().all(|number| folder.path().join(number.to_string()).exists()));
            done.extend(more);
        }
        assert!(done.len() >= MOST);
        done.extend(batch.finish().unwrap());
        assert_eq!(done, (0..MOST + 5).collect::<Vec<_>>());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), MOST + 5);
    }

    #[test]
    fn what_is_not_finished_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let mut files = ReplaceFiles::default();
        files.write(&folder.path().join("a"), |out| out.write_all(b"x")).unwrap();
        let batch = Batch::default();
        assert!(batch.add(files, ()).unwrap().is_empty());
        drop(batch);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
