//! The results of a shard: a line of JSON for every file, in a file per shard. The last line of a name counts.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use pointcloud::io::{create_folder, exists, replace_file, sync_file, sync_folders};
use serde::Deserialize;

use super::claim::claim;
use super::shard::Shard;
use super::stamp::{Stamp, hash};

/// What the program reads of a line. The results themselves are for others.
#[derive(Debug, Deserialize)]
pub(super) struct Row {
    pub(super) file: String,
    bytes: Option<u64>,
    modified: Option<String>,
    pub(super) key: String,
    pub(super) error: Option<String>,
}

impl Row {
    /// A line; `None` for one that is torn or of another kind.
    fn parse(line: &[u8]) -> Option<Self> {
        serde_json::from_slice(line.strip_suffix(b"\n")?).ok()
    }

    /// Size and time of the input; `None` where it could not be read.
    pub(super) fn stamp(&self) -> Option<Stamp> {
        Some(Stamp { bytes: self.bytes?, modified: self.modified.clone()? })
    }

    /// Identifies the finished work; `None` for a file that failed.
    fn done(&self) -> Option<u128> {
        let stamp = self.stamp().filter(|_| self.error.is_none())?;
        Some(finished(&self.file, &stamp, &self.key))
    }
}

/// Identifies the work on a file with these contents.
fn finished(file: &str, stamp: &Stamp, key: &str) -> u128 {
    hash(&(file, stamp, key))
}

/// The results of a shard, open for more of them.
#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    file: File,
    key: String,
    /// The finished work in the results of all shards that concern this one: 16 bytes each.
    done: HashSet<u128>,
    /// Held as long as the journal is open; `None` on a file system that has no locks.
    _lock: Option<File>,
}

impl Journal {
    /// Opens the results of `shard` in `folder`. Removes torn lines, failures and results that were replaced.
    ///
    /// # Errors
    /// Another process has the shard; the folder has other files; the operating system refuses.
    pub(super) fn open(folder: &Path, shard: Shard, key: &str) -> anyhow::Result<Self> {
        create_folder(folder)?;
        let others = journals(folder)?;
        let lock =
            claim(folder, &format!("shard-{}-of-{}", shard.index, shard.count), &format!("shard {shard}"))?;
        if others.is_empty() && has_files(folder)? {
            bail!(
                "{}: has files that no shard wrote, expected a new folder, or one with results of shards (shard-0-of-1.jsonl); \
                 choose another --output",
                folder.display()
            );
        }
        let path = folder.join(format!("shard-{}-of-{}.jsonl", shard.index, shard.count));
        let mut done = HashSet::new();
        if exists(&path)? {
            tidy(&path, true)?;
            read(&path, |row, _| done.extend(row.done()))?;
        }
        // Work with another number of shards is not done again. One of the same number has other files.
        let end = format!("-of-{}.jsonl", shard.count);
        for other in others.iter().filter(|other| !other.to_string_lossy().ends_with(&end)) {
            read(other, |row, _| done.extend(row.done()))?;
        }
        let file = OpenOptions::new().append(true).create(true).open(&path);
        let file = file.with_context(|| format!("{}: cannot write", path.display()))?;
        Ok(Self { path, file, key: key.to_owned(), done, _lock: lock })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the file `name` was finished with the same contents, weights and options.
    pub(super) fn is_done(&self, name: &str, stamp: &Stamp) -> bool {
        self.done.contains(&finished(name, stamp, &self.key))
    }

    /// Appends the line of a file.
    pub(super) fn add(
        &mut self,
        name: &str,
        stamp: Option<&Stamp>,
        mut result: serde_json::Map<String, serde_json::Value>,
    ) -> anyhow::Result<()> {
        result.insert("file".into(), name.into());
        if let Some(Stamp { bytes, modified }) = stamp {
            result.insert("bytes".into(), (*bytes).into());
            result.insert("modified".into(), modified.as_str().into());
        }
        result.insert("key".into(), self.key.as_str().into());
        let line = serde_json::Value::Object(result).to_string() + "\n";
        // One call, so that the line is there whole, or is cut off at the end of the file.
        self.file.write_all(line.as_bytes()).with_context(|| format!("{}: cannot write", self.path.display()))
    }

    /// Removes lines that were replaced; those of failed files stay. Afterwards a power cut cannot take the results.
    pub(super) fn finish(self) -> anyhow::Result<()> {
        sync_file(&self.file, &self.path)?;
        tidy(&self.path, false)?;
        Ok(sync_folders()?)
    }
}

/// The results of all shards in a folder.
pub(super) fn journals(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("{}: cannot list", folder.display()))?;
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.with_context(|| format!("{}: cannot list", folder.display()))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let middle = name.strip_prefix("shard-").and_then(|name| name.strip_suffix(".jsonl"));
        let numbers = middle.and_then(|name| name.split_once("-of-"));
        if numbers.is_some_and(|(a, b)| a.parse::<usize>().is_ok() && b.parse::<usize>().is_ok()) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// Whether there is anything but hidden files.
fn has_files(folder: &Path) -> anyhow::Result<bool> {
    let mut entries = fs::read_dir(folder).with_context(|| format!("{}: cannot list", folder.display()))?;
    Ok(entries.any(|entry| entry.is_ok_and(|entry| !entry.file_name().to_string_lossy().starts_with('.'))))
}

/// Gives every whole line of a file of results to `each`.
fn read(path: &Path, mut each: impl FnMut(Row, &[u8])) -> anyhow::Result<()> {
    let named = || format!("{}: cannot read", path.display());
    let mut file = BufReader::with_capacity(1 << 16, File::open(path).with_context(named)?);
    let mut line = Vec::new();
    while file.read_until(b'\n', &mut line).with_context(named)? > 0 {
        if let Some(row) = Row::parse(&line) {
            each(row, &line);
        }
        line.clear();
    }
    Ok(())
}

/// The rows of a file of results that count: the last of every name, by its hash.
pub(super) fn last_rows(path: &Path) -> anyhow::Result<HashMap<u128, Row>> {
    let mut rows = HashMap::new();
    read(path, |row, _| {
        rows.insert(hash(&row.file), row);
    })?;
    Ok(rows)
}

/// Keeps the last line of every name only, without failures if they are to be tried again.
fn tidy(path: &Path, drop_failures: bool) -> anyhow::Result<()> {
    let mut last: HashMap<u128, usize> = HashMap::new();
    let (mut count, mut bytes) = (0, 0);
    let (mut failures, mut at) = (false, 0);
    read(path, |row, line| {
        last.insert(hash(&row.file), at);
        failures |= row.error.is_some();
        (at, count, bytes) = (at + 1, count + 1, bytes + line.len() as u64);
    })?;
    let named = || format!("{}: cannot read", path.display());
    let is_tidy = count == last.len() && bytes == fs::metadata(path).with_context(named)?.len();
    if is_tidy && !(failures && drop_failures) {
        return Ok(());
    }
    let mut at = 0;
    replace_file(path, |out| {
        let mut written = Ok(());
        let streamed = read(path, |row, line| {
            let counts = last.get(&hash(&row.file)) == Some(&at);
            if counts && !(row.error.is_some() && drop_failures) && written.is_ok() {
                written = out.write_all(line);
            }
            at += 1;
        });
        streamed.map_err(std::io::Error::other).and(written)
    })?;
    Ok(())
}
