//! Lists and tables of data sets.

use std::path::{Component, Path};
use std::sync::Once;

use pointcloud::dataset::{FolderDataset, FolderOptions, Hdf5Folder, ListNames};
use pointcloud::scene::SceneFolder;

use crate::place;

const CLOUD: &[u8] = b"0 0 0\n1 1 1\n";

/// Files that lists may name.
const FILES: [&str; 6] = ["a.xyz", "b.xyz", "cup/a.xyz", "cup/c_0001.xyz", "mug/d.xyz", "mug/e 1.xyz"];

/// Writes the files that lists may name, once, into the folder `name`.
fn prepare(once: &Once, name: &str) {
    once.call_once(|| {
        for file in FILES {
            place::write(&format!("{name}/{file}"), CLOUD);
        }
    });
}

/// The parts of an input: zeros separate them.
fn parts<const N: usize>(bytes: &[u8]) -> [&[u8]; N] {
    let mut parts = bytes.splitn(N, |&byte| byte == 0);
    std::array::from_fn(|_| parts.next().unwrap_or_default())
}

/// Opens a data set; all of its files must be below its root.
fn open(root: &Path, options: &FolderOptions) {
    if let Ok(set) = FolderDataset::open_with(root, options) {
        for split in set.splits() {
            for sample in set.split(split).expect("a split that is listed") {
                assert!(sample.class < set.classes().len());
                let inside = sample.path.canonicalize().expect("it exists");
                assert!(inside.starts_with(root.canonicalize().expect("it exists")), "{}", inside.display());
            }
            let _ = set.classes_without(split);
        }
    }
}

/// Two lists of files.
pub(super) fn list_files(bytes: &[u8]) {
    static ONCE: Once = Once::new();
    prepare(&ONCE, "lists");
    let [train, test] = parts(bytes);
    place::write("lists/x_train.txt", train);
    place::write("lists/x_test.txt", test);
    let lists = Some(ListNames::Pattern("x_{split}.txt".into()));
    let root = place::path("lists");
    open(&root, &FolderOptions { lists, ..FolderOptions::default() });
    open(&root, &FolderOptions::default());
}

/// A table of labels.
pub(super) fn label_table(bytes: &[u8]) {
    static ONCE: Once = Once::new();
    prepare(&ONCE, "table");
    place::write("table/labels.csv", bytes);
    open(&place::path("table"), &FolderOptions { test_fraction: 0.3, ..FolderOptions::default() });
}

/// The lists beside HDF5 files: of files, of classes, of rooms.
pub(super) fn hdf5_lists(bytes: &[u8]) {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let train = include_bytes!("../../../pointcloud/tests/hdf5/shapenetpart/ply_data_train0.h5");
        let test = include_bytes!("../../../pointcloud/tests/hdf5/shapenetpart/ply_data_test0.h5");
        place::write("h5/ply_data_train0.h5", train);
        place::write("h5/ply_data_test0.h5", test);
    });
    let [train, test, all, classes, rooms] = parts(bytes);
    let files = [
        ("train_files.txt", train),
        ("test_files.txt", test),
        ("all_files.txt", all),
        ("shape_names.txt", classes),
        ("room_filelist.txt", rooms),
    ];
    for (name, text) in files {
        let name = format!("h5/{name}");
        if text.is_empty() {
            place::remove(&place::path(&name));
        } else {
            place::write(&name, text);
        }
    }
    let root = place::path("h5");
    if let Ok(Some(set)) = Hdf5Folder::open(&root) {
        set.unpack("Area_1", &|place, cloud| {
            // An error comes with the path of the file.
            let is_plain = place.components().all(|part| matches!(part, Component::Normal(_)));
            assert!(is_plain || cloud.is_err(), "{}", place.display());
            true
        });
    }
}

/// The file of splits and the classes of a data set of scenes.
pub(super) fn scene_lists(bytes: &[u8]) {
    static ONCE: Once = Once::new();
    prepare(&ONCE, "scenes");
    let [splits, classes] = parts(bytes);
    let file = place::write("scenes/splits.txt", splits);
    place::write("scenes/classes.txt", classes);
    let root = place::path("scenes");
    if let Ok(set) = SceneFolder::from_split_file(&root, file) {
        let splits: Vec<&str> = set.splits().collect();
        for split in splits {
            assert!(!set.split(split).expect("a split that is listed").is_empty());
        }
    }
    if let Ok(Some(names)) = SceneFolder::class_names(&root) {
        assert!(names.iter().all(|name| !name.contains('\n')));
    }
}
