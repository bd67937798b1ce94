//! Files and trees of files turned into other formats by the binary.

mod common;

use std::fs;
use std::path::Path;

use common::{CLASSES, TEST, TRAIN, Workplace};
use pointcloud::io;

#[test]
fn a_tree_comes_back_as_it_was() {
    let place = Workplace::new();
    place.succeed(&["convert", "set", "arrays", "--format", "npy"]);
    place.succeed(&["convert", "arrays", "back"]);
    let mut files = 0;
    for class in fs::read_dir(place.path("back")).unwrap() {
        for split in ["train", "test"] {
            for file in fs::read_dir(class.as_ref().unwrap().path().join(split)).unwrap() {
                let back = file.unwrap().path();
                let original = place.path("set").join(back.strip_prefix(place.path("back")).unwrap());
                let (back, original) = (io::read(back).unwrap(), io::read(original).unwrap());
                assert_eq!(back.positions(), original.positions());
                files += 1;
            }
        }
    }
    assert_eq!(files, CLASSES * (TRAIN + TEST));
}

#[test]
fn points_are_chosen_by_the_seed() {
    let place = Workplace::new();
    let draw = |to: &str, seed: &str| {
        place.succeed(&["convert", "set/cone/test", to, "--points", "10", "--seed", seed]);
        let file = fs::read_dir(place.path(to)).unwrap().next().unwrap().unwrap().file_name();
        let cloud = io::read(place.path(to).join(file)).unwrap();
        assert_eq!(cloud.len(), 10);
        cloud.into_positions()
    };
    let first = draw("a", "1");
    assert_eq!(first, draw("b", "1"));
    assert_ne!(first, draw("c", "2"));
}

#[test]
fn what_is_wrong_is_named() {
    let place = Workplace::new();
    place.fail(&["convert", "nothing", "out"], &["nothing: cannot read"]);
    place.fail(&["convert", "tiny.toml", "out.doc"], &["out.doc", "found extension 'doc'", "ply"]);
    fs::create_dir(place.path("mixed")).unwrap();
    fs::write(place.path("mixed/good.xyz"), "0 0 0\n1 2 3\n").unwrap();
    fs::write(place.path("mixed/torn.ply"), "ply\nformat ascii 1.0\nelement vertex 2\n").unwrap();
    place.fail(&["convert", "mixed", "out"], &["torn.ply"]);
    let output = place.command(&["convert", "mixed", "kept", "--skip-bad"]).output().unwrap();
    let (_, err) = common::texts(&output);
    assert!(output.status.success() && err.contains("skipped: mixed/torn.ply: "), "{err}");
    assert!(err.contains("line 4") && err.contains("skipped 1 of 2 files"), "{err}");
    assert_eq!(io::read(place.path("kept/good.ply")).unwrap().positions()[1], [1.0, 2.0, 3.0]);
    assert_eq!(fs::read_dir(place.path("kept")).unwrap().count(), 1);
}

/// The small data sets of h5py that `pointcloud` is tested with.
fn hdf5(name: &str) -> String {
    format!("{}/../pointcloud/tests/hdf5/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &Path) -> Vec<String> {
    let mut files: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();
    files
}

#[test]
fn hdf5_data_sets_become_folders_to_train_on() {
    let place = Workplace::new();
    place.succeed(&["convert", &hdf5("modelnet40"), "shapes"]);
    assert_eq!(files(&place.path("shapes")), ["airplane", "bathtub", "night_stand"]);
    assert_eq!(
        files(&place.path("shapes/airplane/train")),
        ["ply_data_train0_00001.ply", "ply_data_train0_00002.ply"]
    );
    let out = place.succeed(&["inspect", "shapes", "--json", "--quiet"]);
    let inspected: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&inspected["files"], &inspected["points"]["max"]), (&7.into(), &6.into()));
    // The seed and the path of a cloud in the data set decide which points are chosen.
    let draw = |to: &str, seed: &str| {
        place.succeed(&[
            "convert",
            &hdf5("modelnet40"),
            to,
            "--points",
            "3",
            "--seed",
            seed,
            "--format",
            "npy",
        ]);
        io::read(place.path(to).join("bathtub/test/ply_data_test0_00001.npy")).unwrap()
    };
    let first = draw("a", "1");
    assert_eq!((first.len(), first.normals().map(<[_]>::len)), (3, Some(3)));
    assert!(draw("b", "1") == first && draw("c", "2") != first);

    place.succeed(&["convert", &hdf5("shapenetpart"), "parts"]);
    let splits = fs::read_to_string(place.path("parts/splits.txt")).unwrap();
    assert_eq!(splits.lines().count(), 4);
    assert!(splits.contains("test Airplane/test/ply_data_test0_00000.ply\n"), "{splits}");

    place.succeed(&["convert", &hdf5("s3dis"), "rooms"]);
    assert_eq!(files(&place.path("rooms")), ["classes.txt", "test", "train"]);
    assert_eq!(files(&place.path("rooms/test")), ["Area_5_office_9.ply"]);
    place.succeed(&["convert", &hdf5("s3dis"), "other", "--test-rooms", "Area_1_", "--quiet"]);
    assert_eq!(files(&place.path("other/test")), ["Area_1_office_1.ply"]);
    let inspected = place.succeed(&["inspect", "rooms"]);
    assert!(inspected.contains("clutter"), "{inspected}");
}

#[test]
fn an_hdf5_file_is_shown_unpacked_and_refused() {
    let place = Workplace::new();
    let file = hdf5("modelnet40/ply_data_train0.h5");
    let shown = place.succeed(&["inspect", &file]);
    assert!(shown.contains("points      18\n") && shown.contains("faceId x 3: int [6]"), "{shown}");
    assert!(shown.contains("3 clouds of 6 points") && shown.contains("classes 0 to 2"), "{shown}");
    place.succeed(&["convert", &file, "three"]);
    assert_eq!(files(&place.path("three")), ["airplane", "night_stand"]);
    place.fail(&["convert", &file, "three.ply"], &["three.ply: found a file, expected a folder", "3 clouds"]);
    place.fail(&["inspect", &hdf5("modelnet40")], &["7 clouds in HDF5 files", "pointwise convert"]);

    fs::create_dir(place.path("set40")).unwrap();
    for name in files(Path::new(&hdf5("modelnet40"))) {
        fs::copy(Path::new(&hdf5("modelnet40")).join(&name), place.path("set40").join(name)).unwrap();
    }
    fs::write(place.path("set40/shape_names.txt"), "airplane\nbathtub\n").unwrap();
    let wrong = "dataset 'label': found 2 for cloud";
    place.fail(
        &["convert", "set40", "bad"],
        &["ply_data_train", wrong, "0 to 1: the lines of shape_names.txt"],
    );
    let output = place.command(&["convert", "set40", "kept", "--skip-bad"]).output().unwrap();
    let (_, err) = common::texts(&output);
    assert!(output.status.success(), "{err}");
    assert_eq!(err.matches("skipped: ").count(), 2, "{err}");
    assert!(err.contains(wrong) && err.contains("5 of 7 clouds were written"), "{err}");
    assert_eq!(files(&place.path("kept")), ["airplane", "bathtub"]);
}

/// The recipes of the repository for data sets of this kind take what `convert` makes of them.
#[test]
fn what_is_unpacked_is_trained_on() {
    let place = Workplace::new();
    let configs = format!("{}/../../configs", env!("CARGO_MANIFEST_DIR"));
    for (set, recipe) in [("s3dis", "s3dis"), ("shapenetpart", "shapenetpart")] {
        place.succeed(&["convert", &hdf5(set), set]);
        let config = format!("{configs}/{recipe}.toml");
        let (root, cache) = (format!("data.root={set}"), "scenes.cache=cache");
        let few = ["--set", "scenes.regions=6", "--set", "train.epochs=2", "--set", "train.batch_size=2"];
        let data = ["train", config.as_str(), "--output", "run", "--set", root.as_str(), "--set", cache];
        place.succeed(&[&data[..], &few].concat());
        let evaluation = common::json(place.path("run/evaluation.json"));
        let counted = evaluation[0]["confusion"].as_array().unwrap().iter();
        let points: u64 = counted.flat_map(|row| row.as_array().unwrap()).map(|n| n.as_u64().unwrap()).sum();
        // One room of S3DIS, two shapes of six points.
        let expected = match set {
            "s3dis" => io::read(place.path("s3dis/test/Area_5_office_9.ply")).unwrap().len() as u64,
            _ => 12,
        };
        assert_eq!(points, expected, "{set}");
        fs::remove_dir_all(place.path("run")).unwrap();
    }
}
