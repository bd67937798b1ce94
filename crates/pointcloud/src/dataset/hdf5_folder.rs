//! Folders of HDF5 files with many clouds each, the format in which ModelNet40 and S3DIS are distributed.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::*;

use super::hdf5_lists::{class_names, listed_files, read_lines, room_names, split_of_name};
use super::rooms::join_blocks;
use crate::cloud::PointCloud;
use crate::error::{Error, Result};
use crate::io::hdf5::{FORMAT, Header};
use crate::io::{Format, Hdf5Clouds, is_file};

/// The room of every block, one per line.
const ROOMS: &str = "room_filelist.txt";

/// File names of lists of classes; the first one that exists is used.
const CLASS_LISTS: [&str; 3] = ["shape_names.txt", "class_names.txt", "all_object_categories.txt"];

/// The classes of S3DIS in the order of its labels.
const S3DIS: [&str; 13] = [
    "ceiling", "floor", "wall", "beam", "column", "window", "door", "table", "chair", "sofa", "bookcase",
    "board", "clutter",
];

/// A folder of HDF5 files that hold many clouds each.
///
/// - **Classes.** If every cloud has a class, a cloud has the path `CLASS/SPLIT/FILE_ROW`. The names of the classes are the first
///   words of the lines of `shape_names.txt`, `class_names.txt` or `all_object_categories.txt`; without these files they are
///   `class_00` and so on.
/// - **Scenes.** Otherwise a cloud has the path `SPLIT/FILE_ROW`. If `room_filelist.txt` names the room of every block, and
///   blocks have the nine channels of S3DIS, the blocks of a room are joined to `SPLIT/ROOM`, with every point once and at the
///   coordinates in channels 7 to 9.
/// - **Splits.** `train_files.txt`, `val_files.txt` and `test_files.txt` (or `train_hdf5_file_list.txt` and so on) name the files
///   of a split. Rooms whose name begins with the given prefix are in `test`, all others in `train`. Without lists, a file with
///   `test` or `val` in its name belongs to that split, any other to `train`.
#[derive(Clone, Debug)]
pub struct Hdf5Folder {
    files: Vec<Entry>,
    /// Files that cannot be read.
    bad: Vec<PathBuf>,
    classes: Option<Vec<String>>,
    /// The file with the names of the classes, for messages.
    class_list: String,
    rooms: Option<Vec<String>>,
}

#[derive(Clone, Debug)]
struct Entry {
    path: PathBuf,
    split: &'static str,
    header: Header,
}

impl Hdf5Folder {
    /// Opens the folder `root`; `None` if it contains no HDF5 file of many clouds.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Malformed`] and [`Error::Layout`] for lists that do not match the files; if there is a list of
    /// rooms, also the error of a file that cannot be read.
    pub fn open(root: impl AsRef<Path>) -> Result<Option<Self>> {
        let root = root.as_ref();
        let listed = listed_files(root)?;
        let files: Vec<(PathBuf, &'static str)> = match listed {
            Some(files) => files,
            None => super::listing::files_in(root)?
                .into_iter()
                .filter(|path| matches!(Format::detect(path), Ok(format) if *format == FORMAT))
                .map(|path| (path.clone(), split_of_name(&path)))
                .collect(),
        };
        Self::of(root, files, Some(&root.join(ROOMS)))
    }

    /// Opens one file; `None` if it is not an HDF5 file or has only one cloud.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn of_file(path: impl AsRef<Path>) -> Result<Option<Self>> {
        let path = path.as_ref();
        if !matches!(Format::detect(path), Ok(format) if *format == FORMAT) {
            return Ok(None);
        }
        let root = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        // The list of rooms covers all files together, so it cannot be used for one.
        Self::of(root, vec![(path.to_owned(), split_of_name(path))], None)
    }

    /// `None` if no readable file has many clouds.
    fn of(
        root: &Path,
        files: Vec<(PathBuf, &'static str)>,
        room_list: Option<&Path>,
    ) -> Result<Option<Self>> {
        let room_list = match room_list {
            Some(list) if is_file(list)? => Some(list),
            _ => None,
        };
        let header = |(path, split): (PathBuf, &'static str)| (Header::read(&path), path, split);
        let read: Vec<(Result<Header>, PathBuf, &'static str)> = files.into_par_iter().map(header).collect();
        let (mut files, mut bad, mut first_error) = (Vec::new(), Vec::new(), None);
        for (header, path, split) in read {
            match header {
                Ok(header) => files.push(Entry { path, split, header }),
                Err(error) => {
                    bad.push(path);
                    first_error.get_or_insert(error);
                }
            }
        }
        if files.iter().all(|file| file.header.clouds < 2) {
            return Ok(None);
        }
        if room_list.is_some()
            && let Some(error) = first_error
        {
            // Without this file, the rooms of the later blocks are unknown.
            return Err(error);
        }
        let clouds = files.iter().map(|file| file.header.clouds).sum::<usize>();
        let classed = files.iter().all(|file| file.header.classes.is_some());
        let rooms = match room_list {
            Some(list) if !classed => Some(room_names(list, read_lines(list)?.unwrap_or_default(), clouds)?),
            _ => None,
        };
        let mut folder = Self { files, bad, classes: None, class_list: String::new(), rooms };
        for name in CLASS_LISTS {
            if let Some(lines) = read_lines(&root.join(name))? {
                folder.class_list = format!("the lines of {name}");
                folder.classes = Some(class_names(&root.join(name), lines)?);
                return Ok(Some(folder));
            }
        }
        if folder.rooms.as_ref().is_some_and(|rooms| rooms.iter().all(|room| room.starts_with("Area_"))) {
            folder.class_list = "the classes of S3DIS".into();
            folder.classes = Some(S3DIS.map(str::to_owned).into());
        }
        Ok(Some(folder))
    }

    /// The files that [`unpack`](Self::unpack) reads, one after the other.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        self.files.iter().map(|entry| entry.path.as_path())
    }

    /// Number of clouds that [`unpack`](Self::unpack) gives.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.rooms {
            Some(rooms) if self.joins() => rooms.chunk_by(|a, b| a == b).count(),
            _ => self.files.iter().map(|file| file.header.clouds).sum(),
        }
    }

    /// Whether there is no cloud.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether clouds have a class; otherwise they are scenes.
    #[must_use]
    pub fn has_classes(&self) -> bool {
        self.files.iter().all(|file| file.header.classes.is_some())
    }

    /// Whether clouds with a class also have a part label for every point, `pid`.
    #[must_use]
    pub fn has_parts(&self) -> bool {
        self.has_classes() && self.files.iter().all(|file| file.header.parts)
    }

    /// Names of the classes, of clouds or of points, where they are known.
    #[must_use]
    pub fn classes(&self) -> Option<&[String]> {
        self.classes.as_deref()
    }

    fn joins(&self) -> bool {
        self.rooms.is_some() && self.files.iter().all(|file| file.header.in_room)
    }

    /// Passes every cloud to `sink` with its path without extension, from any thread and in any order. Rooms whose name begins
    /// with `test_rooms` are in `test`. A file that cannot be read is passed to `sink` as an error. If `sink` returns `false`,
    /// the remaining clouds are skipped.
    pub fn unpack(&self, test_rooms: &str, sink: &(dyn Fn(&Path, Result<PointCloud>) -> bool + Sync)) {
        let stop = AtomicBool::new(false);
        let give = |place: &Path, cloud: Result<PointCloud>| {
            if !stop.load(Ordering::Relaxed) && !sink(place, cloud) {
                stop.store(true, Ordering::Relaxed);
            }
        };
        for path in &self.bad {
            if let Err(error) = Header::read(path) {
                give(path, Err(error));
            }
        }
        let (mut first, mut open) = (0, Vec::new());
        for file in &self.files {
            if stop.load(Ordering::Relaxed) {
                return;
            }
            let count = file.header.clouds;
            let rooms = self.rooms.as_ref().map(|rooms| &rooms[first..first + count]);
            first += count;
            let clouds = match Hdf5Clouds::read(&file.path) {
                Ok(clouds) if clouds.len() == count => clouds,
                Ok(_) => return give(&file.path, Err(changed(&file.path))),
                // The later blocks may belong to a room that is incomplete now.
                Err(error) if rooms.is_some() => return give(&file.path, Err(error)),
                Err(error) => {
                    give(&file.path, Err(error));
                    continue;
                }
            };
            match rooms {
                Some(rooms) if self.joins() => {
                    self.add_rooms(&clouds, file, rooms, &mut open);
                    // The last room may continue in the next file.
                    let rest = if first == self.clouds() {
                        Vec::new()
                    } else {
                        open.split_off(open.len().saturating_sub(1))
                    };
                    open.into_par_iter().for_each(|room: Room| {
                        give(
                            &room.place(test_rooms),
                            room.blocks.and_then(|blocks| join_blocks(&blocks, &room.path)),
                        );
                    });
                    open = rest;
                }
                _ => (0..count).into_par_iter().for_each(|row| {
                    let split = rooms.map_or(file.split, |rooms| split_of_room(&rooms[row], test_rooms));
                    let stem = file.path.file_stem().unwrap_or_default().to_string_lossy();
                    let name = rooms.map_or_else(
                        || format!("{stem}_{row:05}"),
                        |rooms| format!("{}_{stem}_{row:05}", rooms[row]),
                    );
                    let class = file
                        .header
                        .classes
                        .as_ref()
                        .filter(|_| self.has_classes())
                        .map(|classes| classes[row]);
                    let cloud = self.cloud(&clouds, file, row);
                    match class.map(|class| self.class_name(class, file, row)) {
                        None => give(&Path::new(split).join(name), cloud),
                        Some(Ok(class)) => give(&Path::new(&class).join(split).join(name), cloud),
                        Some(Err(error)) => give(&file.path, Err(error)),
                    }
                }),
            }
        }
    }

    fn clouds(&self) -> usize {
        self.files.iter().map(|file| file.header.clouds).sum()
    }

    /// Adds the blocks of a file to the rooms that are open.
    fn add_rooms(&self, clouds: &Hdf5Clouds, file: &Entry, rooms: &[String], open: &mut Vec<Room>) {
        let mut row = 0;
        for run in rooms.chunk_by(|a, b| a == b) {
            let blocks: Result<Vec<PointCloud>> =
                (row..row + run.len()).map(|row| self.cloud(clouds, file, row)).collect();
            row += run.len();
            match open.last_mut() {
                Some(last) if last.name == run[0] => {
                    last.blocks = match (std::mem::replace(&mut last.blocks, Ok(Vec::new())), blocks) {
                        (Ok(before), Ok(blocks)) => Ok([before, blocks].concat()),
                        (Err(error), _) | (_, Err(error)) => Err(error),
                    };
                }
                _ => open.push(Room { name: run[0].clone(), path: file.path.clone(), blocks }),
            }
        }
    }

    /// Cloud `row` of a file. Its labels are checked if the classes of points are known.
    fn cloud(&self, clouds: &Hdf5Clouds, file: &Entry, row: usize) -> Result<PointCloud> {
        let cloud = clouds.cloud(row)?;
        let (false, Some(classes), Some(labels)) = (self.has_classes(), &self.classes, cloud.labels()) else {
            return Ok(cloud);
        };
        let known = |label: i32| usize::try_from(label).is_ok_and(|label| label < classes.len());
        match labels.iter().position(|&label| !known(label)) {
            None => Ok(cloud),
            Some(point) => {
                let found = format!("{} for point {point} of cloud {row}", labels[point]);
                Err(self.bad_label(file, found, classes.len()))
            }
        }
    }

    fn class_name(&self, class: i64, file: &Entry, row: usize) -> Result<String> {
        let found = || format!("{class} for cloud {row}");
        match (&self.classes, usize::try_from(class)) {
            (Some(names), Ok(index)) if index < names.len() => Ok(names[index].clone()),
            (Some(names), _) => Err(self.bad_label(file, found(), names.len())),
            // Padded to the same width, so that the names sort like the numbers.
            (None, Ok(index)) if index < 1000 => {
                Ok(format!("class_{index:0width$}", width = self.class_width()))
            }
            (None, _) => Err(Error::dataset(&file.path, "label", found(), "a class from 0 to 999")),
        }
    }

    fn class_width(&self) -> usize {
        let classes = self.files.iter().filter_map(|file| file.header.classes.as_ref()).flatten();
        if classes.copied().filter(|&class| class < 1000).max().unwrap_or(0) > 99 { 3 } else { 2 }
    }

    fn bad_label(&self, file: &Entry, found: String, classes: usize) -> Error {
        let expected = format!("0 to {}: {}", classes.saturating_sub(1), self.class_list);
        Error::dataset(&file.path, "label", found, expected)
    }
}

/// A room, and its blocks so far.
struct Room {
    name: String,
    /// The file of its first block.
    path: PathBuf,
    blocks: Result<Vec<PointCloud>>,
}

impl Room {
    fn place(&self, test_rooms: &str) -> PathBuf {
        Path::new(split_of_room(&self.name, test_rooms)).join(&self.name)
    }
}

fn split_of_room(room: &str, test_rooms: &str) -> &'static str {
    if room.starts_with(test_rooms) { "test" } else { "train" }
}

fn changed(path: &Path) -> Error {
    Error::Layout {
        path: path.to_owned(),
        found: "another number of clouds than a moment ago".into(),
        expected: "a file that nobody writes to".into(),
    }
}
