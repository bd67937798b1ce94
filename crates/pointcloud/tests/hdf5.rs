//! Data sets in HDF5 files: unpacked as they are distributed, and refused where they are wrong.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use pointcloud::dataset::Hdf5Folder;
use pointcloud::io::{self, Hdf5Clouds, inspect_hdf5};
use pointcloud::{PointCloud, Result};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hdf5")
}

/// Everything that comes out of a folder, by its place.
fn unpack(folder: &Hdf5Folder, test_rooms: &str) -> BTreeMap<PathBuf, Result<PointCloud>> {
    let found = Mutex::new(BTreeMap::new());
    folder.unpack(test_rooms, &|place, cloud| {
        found.lock().unwrap().insert(place.to_owned(), cloud);
        true
    });
    found.into_inner().unwrap()
}

/// A copy of a data set that a test may spoil.
fn copy(name: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(fixtures().join(name)).unwrap() {
        let from = entry.unwrap().path();
        fs::copy(&from, folder.path().join(from.file_name().unwrap())).unwrap();
    }
    folder
}

fn refusal(folder: &Path) -> String {
    Hdf5Folder::open(folder).unwrap_err().to_string()
}

#[test]
fn data_sets_are_unpacked_as_they_are_distributed() {
    let expected = fs::read_to_string(fixtures().join("expected.tsv")).unwrap();
    let mut lines = 0;
    for name in ["modelnet40", "shapenetpart", "s3dis"] {
        let folder = Hdf5Folder::open(fixtures().join(name)).unwrap().unwrap();
        let found = unpack(&folder, "Area_5");
        assert_eq!(found.len(), folder.len(), "{name}: {:?}", found.keys());
        for line in expected.lines().filter(|line| line.starts_with(name)) {
            let mut parts = line.split('\t');
            let place = Path::new(parts.next().unwrap()).strip_prefix(name).unwrap();
            let numbers: Vec<f64> = parts.map(|part| part.parse().unwrap()).collect();
            let cloud = found[place].as_ref().unwrap();
            assert_eq!(cloud.len() as f64, numbers[0], "{line}");
            for axis in 0..3 {
                let sum: f64 = (0..cloud.len()).map(|i| cloud.point(i)[axis]).sum();
                // Rooms are put together from single precision.
                assert!((sum - numbers[1 + axis]).abs() < 1e-4, "{line}: {sum} along {axis}");
            }
            let labels: i32 = cloud.labels().unwrap_or_default().iter().sum();
            assert_eq!(f64::from(labels), numbers[4], "{line}");
            let parts: f64 = cloud.property("pid").map_or(0.0, |pid| pid.values.iter().sum());
            assert_eq!(parts, numbers[5], "{line}");
            lines += 1;
        }
    }
    assert_eq!(lines, 14);
}

#[test]
fn columns_and_classes_are_kept() {
    let shapes = Hdf5Folder::open(fixtures().join("modelnet40")).unwrap().unwrap();
    assert_eq!(shapes.classes().unwrap(), ["airplane", "bathtub", "night_stand"]);
    assert!(shapes.has_classes() && !shapes.has_parts());
    for cloud in unpack(&shapes, "").into_values() {
        let cloud = cloud.unwrap();
        let lengths = cloud.normals().unwrap().iter().map(|n| n.iter().map(|v| v * v).sum::<f32>());
        assert!(lengths.into_iter().all(|length| (length - 1.0).abs() < 1e-5));
        assert_eq!(cloud.property("faceId").unwrap().values.len(), 6);
        assert_eq!(cloud.labels(), None, "the class is the folder's");
    }
    assert!(Hdf5Folder::open(fixtures().join("shapenetpart")).unwrap().unwrap().has_parts());
    let rooms = Hdf5Folder::open(fixtures().join("s3dis")).unwrap().unwrap();
    assert_eq!(rooms.classes().unwrap()[12], "clutter");
    let found = unpack(&rooms, "Area_1");
    let test: Vec<&PathBuf> = found.keys().filter(|place| place.starts_with("test")).collect();
    assert_eq!(test, [Path::new("test/Area_1_office_1")]);
    for cloud in found.values().map(|cloud| cloud.as_ref().unwrap()) {
        assert!(cloud.colors().unwrap().iter().flatten().any(|&channel| channel > 1));
        assert!(cloud.properties().is_empty(), "where a point lies in its block is gone");
        assert_eq!(cloud.bounds().unwrap().min.map(f64::round), [0.0; 3]);
    }
}

#[test]
fn without_lists_names_decide() {
    let folder = copy("modelnet40");
    for list in ["shape_names.txt", "train_files.txt", "test_files.txt"] {
        fs::remove_file(folder.path().join(list)).unwrap();
    }
    let found = unpack(&Hdf5Folder::open(folder.path()).unwrap().unwrap(), "");
    assert_eq!(found.len(), 7);
    assert!(found.contains_key(Path::new("class_02/train/ply_data_train0_00000")), "{:?}", found.keys());
    assert!(found.contains_key(Path::new("class_01/test/ply_data_test0_00001")));

    // Blocks whose rooms are unknown are scenes of their own.
    let folder = copy("s3dis");
    fs::remove_file(folder.path().join("room_filelist.txt")).unwrap();
    let blocks = Hdf5Folder::open(folder.path()).unwrap().unwrap();
    let found = unpack(&blocks, "Area_5");
    assert_eq!(found.len(), blocks.len());
    assert!(found.keys().all(|place| place.starts_with("train")), "{:?}", found.keys());
    let block = found.values().next().unwrap().as_ref().unwrap();
    assert_eq!((block.len(), block.labels().unwrap().len()), (8, 8));
    assert!(block.property("room_x").unwrap().values.iter().all(|v| (0.0..=1.0).contains(v)));

    let part = Hdf5Folder::of_file(fixtures().join("s3dis/ply_data_all_0.h5")).unwrap().unwrap();
    assert!(
        unpack(&part, "").keys().all(|place| place.starts_with("train")),
        "rooms are of all files together"
    );

    let file = fixtures().join("modelnet40/ply_data_train0.h5");
    assert_eq!(Hdf5Folder::of_file(&file).unwrap().unwrap().len(), 3);
    assert!(Hdf5Folder::of_file(fixtures().join("../formats/h5py_plain.h5")).unwrap().is_none());
    assert!(Hdf5Folder::open(fixtures().join("../formats")).unwrap().is_none());
    let clouds = Hdf5Clouds::read(&file).unwrap();
    assert_eq!((clouds.len(), clouds.points(), clouds.classes().unwrap()), (3, 6, [2, 0, 0].as_slice()));
    let error = io::read(&file).unwrap_err().to_string();
    assert!(error.contains("found 3 clouds of 6 points, expected one cloud"), "{error}");
    let listed: Vec<String> = inspect_hdf5(&file).unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(
        listed,
        ["float data [3, 6, 3]", "int faceId [3, 6]", "uchar label [3, 1]", "float normal [3, 6, 3]"]
    );
}

#[test]
fn lists_that_do_not_fit_are_named_by_their_line() {
    let set = |list: &str, text: &str| {
        let folder = copy(if list == "room_filelist.txt" { "s3dis" } else { "modelnet40" });
        fs::write(folder.path().join(list), text).unwrap();
        refusal(folder.path())
    };
    let error = set("train_files.txt", "\nelsewhere/ply_data_train7.h5\n");
    assert!(error.contains("train_files.txt: line 2: found 'elsewhere/ply_data_train7.h5'"), "{error}");
    let error = set("shape_names.txt", "a\nb\na\n");
    assert!(error.contains("shape_names.txt: line 3: found 'a' again"), "{error}");
    let error = set("shape_names.txt", "a\n../b\n");
    assert!(error.contains("line 2: found '../b', expected a name that a folder can have"), "{error}");
    let error = set("room_filelist.txt", "Area_1_office_1\n");
    assert!(error.contains("room_filelist.txt: found 1 lines, expected 17"), "{error}");
    let rooms = fs::read_to_string(fixtures().join("s3dis/room_filelist.txt")).unwrap();
    let error = set("room_filelist.txt", &rooms.replace("Area_5_office_9", "Area_1_office_1"));
    assert!(error.contains("found room 'Area_1_office_1' again"), "{error}");
}

#[test]
fn labels_out_of_range_and_torn_files_are_named() {
    let folder = copy("modelnet40");
    fs::write(folder.path().join("shape_names.txt"), "airplane\nbathtub\n").unwrap();
    let found = unpack(&Hdf5Folder::open(folder.path()).unwrap().unwrap(), "");
    let error = found[&folder.path().join("ply_data_train0.h5")].as_ref().unwrap_err().to_string();
    let expected = "dataset 'label': found 2 for cloud 0, expected 0 to 1: the lines of shape_names.txt";
    assert!(error.contains(expected), "{error}");

    let folder = copy("s3dis");
    fs::write(folder.path().join("class_names.txt"), "ceiling\nfloor\n").unwrap();
    let found = unpack(&Hdf5Folder::open(folder.path()).unwrap().unwrap(), "");
    let errors: Vec<String> = found.values().map(|cloud| cloud.as_ref().unwrap_err().to_string()).collect();
    assert!(errors.iter().all(|error| error.contains("for point") && error.contains("class_names.txt")));

    for (name, file) in [("modelnet40", "ply_data_train1.h5"), ("s3dis", "ply_data_all_1.h5")] {
        let folder = copy(name);
        let torn = folder.path().join(file);
        let bytes = fs::read(&torn).unwrap();
        fs::write(&torn, &bytes[..bytes.len() / 2]).unwrap();
        let error = match Hdf5Folder::open(folder.path()) {
            // The others are unpacked all the same.
            Ok(shapes) => {
                let mut found = unpack(&shapes.unwrap(), "");
                let error = found.remove(&torn).unwrap().unwrap_err();
                assert!(found.len() == 5 && found.values().all(Result::is_ok));
                error
            }
            // But for rooms, whose blocks would be counted wrongly.
            Err(error) => {
                assert_eq!(name, "s3dis");
                error
            }
        };
        assert!(error.to_string().contains(file), "{error}");
    }
}

/// The only array of points has the coordinates, whatever its name, and nothing else.
#[test]
fn an_array_of_another_name_is_the_cloud() {
    let path = fixtures().join("unnamed.h5");
    let cloud = io::read(&path).unwrap();
    assert_eq!(cloud.positions()[1], [3.0, 4.0, 5.0]);
    let names: Vec<&str> = cloud.properties().iter().map(|property| property.name.as_str()).collect();
    assert_eq!(names, ["weight"]);
    assert_eq!(io::inspect(&path).unwrap().properties, ["x", "y", "z", "weight"]);
}
