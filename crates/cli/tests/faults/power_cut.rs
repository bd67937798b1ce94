//! What a power cut leaves, from what the layer kept: only synced bytes and synced names are sure.

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The entries of a folder: name, inode, whether it is a folder.
type Entries = Vec<(String, u64, bool)>;

/// Files and folders by their inodes.
#[derive(Default)]
struct Disk {
    files: HashMap<u64, Vec<u8>>,
    folders: HashMap<u64, Entries>,
}

impl Disk {
    /// What is at `folder` and below.
    fn of(folder: &Path) -> Self {
        let mut disk = Self::default();
        let mut left = vec![folder.to_owned()];
        while let Some(folder) = left.pop() {
            let mut entries = Vec::new();
            for entry in fs::read_dir(&folder).unwrap().map(Result::unwrap) {
                let (path, inode) = (entry.path(), entry.metadata().unwrap().ino());
                entries.push((entry.file_name().into_string().unwrap(), inode, path.is_dir()));
                if path.is_dir() {
                    left.push(path)
                } else {
                    _ = disk.files.insert(inode, fs::read(path).unwrap())
                }
            }
            disk.folders.insert(fs::metadata(folder).unwrap().ino(), entries);
        }
        disk
    }

    /// Adds what the layer kept in `kept`, which replaces what was before.
    fn add_synced(&mut self, kept: &Path) {
        for path in fs::read_dir(kept).unwrap().map(|entry| entry.unwrap().path()) {
            let inode = path.file_stem().unwrap().to_str().unwrap().parse().unwrap();
            if path.extension().is_some_and(|extension| extension == "data") {
                self.files.insert(inode, fs::read(path).unwrap());
                continue;
            }
            let text = fs::read_to_string(path).unwrap();
            let entry = |line: &str| {
                let mut words = line.splitn(3, ' ');
                let mut word = || words.next().unwrap();
                let is_folder = word() == "d";
                let inode = word().parse().unwrap();
                (word().to_owned(), inode, is_folder)
            };
            self.folders.insert(inode, text.lines().map(entry).collect());
        }
    }
}

/// What an attempt began with.
pub(crate) struct PowerCut {
    root: PathBuf,
    /// What the disk is sure to have.
    sure: Disk,
}

/// Whether the disk has what was not synced: of a file its bytes, of a folder its names.
pub(crate) type HasUnsynced<'a> = &'a dyn Fn(u64, bool) -> bool;

impl PowerCut {
    /// Everything below `root` is on the disk.
    pub(crate) fn begin(root: &Path) -> Self {
        Self { root: root.to_owned(), sure: Disk::of(root) }
    }

    /// Writes to `to` what is left of the folder. `kept` is what the layer kept.
    pub(crate) fn strike(&mut self, kept: &Path, to: &Path, has: HasUnsynced<'_>) {
        self.sure.add_synced(kept);
        let now = Disk::of(&self.root);
        let mut left = vec![(fs::metadata(&self.root).unwrap().ino(), to.to_owned())];
        while let Some((inode, path)) = left.pop() {
            fs::create_dir_all(&path).unwrap();
            let unsynced = now.folders.get(&inode).filter(|_| has(inode, true));
            for (name, inode, is_folder) in unsynced.or(self.sure.folders.get(&inode)).into_iter().flatten() {
                let path = path.join(name);
                if *is_folder {
                    left.push((*inode, path));
                } else {
                    let unsynced = now.files.get(inode).filter(|_| has(*inode, false));
                    let bytes = unsynced.or(self.sure.files.get(inode));
                    fs::write(path, bytes.map_or(&[][..], |bytes| bytes)).unwrap();
                }
            }
        }
    }
}
