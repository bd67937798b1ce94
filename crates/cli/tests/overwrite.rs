//! Outputs of several inputs: their tree, and that nothing is overwritten unasked.

mod common;

use std::fs;
use std::path::PathBuf;

use common::rooms::Rooms;
use common::{Workplace, json_lines, texts};

/// A segmenter `run`, and the scenes `a/t.ply` and `b/t.ply`.
fn labelled() -> Rooms {
    let rooms = Rooms::new();
    rooms.train("run", &["train.epochs=1"]);
    for folder in ["a", "b"] {
        fs::create_dir(rooms.path(folder)).unwrap();
        fs::copy(rooms.path("rooms/val/room.ply"), rooms.path(folder).join("t.ply")).unwrap();
    }
    rooms
}

#[test]
fn labelled_scenes_mirror_the_tree_of_the_inputs() {
    let rooms = labelled();
    let place = &rooms.place;
    place.succeed(&["predict", "run", "a/t.ply", "./b/t.ply", "--output", "out", "--quiet"]);
    let first = fs::read(place.path("out/a/t.pred.ply")).unwrap();
    assert!(fs::read(place.path("out/b/t.pred.ply")).unwrap() == first);
    // One folder: the tree below it. One file: the file alone.
    place.succeed(&["predict", "run", "a", "--output", "one", "--quiet"]);
    assert!(place.path("one/t.pred.ply").exists());

    let two = ["predict", "run", "a/t.ply", "b/t.ply", "--output", "out", "--quiet"];
    place.fail(&two, &["out/a/t.pred.ply: exists already, and so do 1 more of 2", "--overwrite", "--resume"]);
    fs::write(place.path("out/a/t.pred.ply"), "mine").unwrap();
    fs::remove_file(place.path("out/b/t.pred.ply")).unwrap();
    let output = place.command(&[&two[..], &["--resume"]].concat()).output().unwrap();
    assert!(output.status.success() && texts(&output).1.contains("1 of 2 scenes are labelled already"));
    assert_eq!(fs::read(place.path("out/a/t.pred.ply")).unwrap(), b"mine");
    assert!(fs::read(place.path("out/b/t.pred.ply")).unwrap() == first);
    place.succeed(&[&two[..], &["--overwrite"]].concat());
    assert!(fs::read(place.path("out/a/t.pred.ply")).unwrap() == first);

    // Two inputs with one output: nothing is done.
    fs::copy(place.path("a/t.ply"), place.path("a/t.PLY")).unwrap();
    for arguments in [
        &["predict", "run", "a", "--output", "none"][..],
        &["predict", "run", "a/t.ply", "a/t.PLY"],
        &["predict", "run", "a/t.ply", "a/../a/t.PLY", "--output", "none"],
    ] {
        place.fail(arguments, &["would both become", "t.PLY"]);
        assert!(!place.path("none").exists() && !place.path("a/t.pred.ply").exists());
    }
    place.fail(&["predict", "run", "a/t.ply", "--json", "-"], &["--json", "expected a classifier"]);
}

#[test]
fn conversions_keep_what_exists() {
    let place = Workplace::new();
    let list = |folder: &str| -> Vec<PathBuf> {
        let mut files = pointcloud::dataset::list_tree(place.path(folder)).unwrap();
        files.sort();
        files
    };
    place.succeed(&["convert", "set/cone", "set/ring/test", "out", "--format", "csv"]);
    assert_eq!(list("out").len(), 7 + 3);
    assert!(place.path("out/cone/test/cone_0005.csv").exists());
    assert!(place.path("out/ring/test/ring_0005.csv").exists());
    let again = ["convert", "set/cone", "set/ring/test", "out", "--format", "csv"];
    place.fail(&again, &["exists already, and so do 9 more of 10 outputs"]);
    let kept = place.path("out/cone/test/cone_0005.csv");
    fs::write(&kept, "mine").unwrap();
    fs::remove_file(place.path("out/ring/test/ring_0005.csv")).unwrap();
    place.succeed(&[&again[..], &["--resume"]].concat());
    assert_eq!(fs::read(&kept).unwrap(), b"mine");
    assert!(place.path("out/ring/test/ring_0005.csv").exists());
    place.succeed(&[&again[..], &["--overwrite"]].concat());
    assert_ne!(fs::read(&kept).unwrap(), b"mine");

    place.succeed(&["convert", "set/cone/test/cone_0005.ply", "one.csv"]);
    place.fail(&["convert", "set/cone/test/cone_0006.ply", "one.csv"], &["one.csv: exists already;"]);
    place.fail(&["convert", "one.csv"], &["found only one.csv", "an input and an output"]);
    place.fail(&["convert", "set/cone", "set/ring", "one.csv"], &["found a file, expected a folder"]);
}

#[test]
fn a_choice_of_points_is_the_same_when_the_work_goes_on() {
    let place = Workplace::new();
    let arguments = |to| ["convert", "set/cone", to, "--points", "10", "--seed", "4"];
    place.succeed(&arguments("whole"));
    place.succeed(&arguments("parts"));
    for file in ["test/cone_0005.ply", "train/cone_0002.ply"] {
        fs::remove_file(place.path("parts").join(file)).unwrap();
    }
    place.succeed(&[&arguments("parts")[..], &["--resume"]].concat());
    for file in pointcloud::dataset::list_tree(place.path("whole")).unwrap() {
        let other = place.path("parts").join(file.strip_prefix(place.path("whole")).unwrap());
        assert!(fs::read(&file).unwrap() == fs::read(other).unwrap(), "{}", file.display());
    }
}

#[test]
fn predictions_are_lines_that_appear_as_they_are_made() {
    let place = Workplace::new();
    place.train(&["train.epochs=1"], "run", false).unwrap();
    fs::write(place.path("bad.ply"), "no cloud").unwrap();
    let printed = place.succeed(&["predict", "run", "set/cone/test", "--json", "-"]);
    let rows: Vec<serde_json::Value> =
        printed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rows.len(), 3);

    let arguments = ["predict", "run", "set/cone/test", "bad.ply", "set/ring/test", "--output", "out"];
    let output = place.command(&[&arguments[..], &["--json", "all.jsonl"]].concat()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let lines = place.path("out/predictions.jsonl");
    let table = place.path("out/predictions.csv");
    let (all, csv) = (json_lines(&lines), fs::read_to_string(&table).unwrap());
    assert_eq!(all.as_array().unwrap()[..3], rows[..]);
    assert!(all[3]["error"].as_str().unwrap().contains("bad.ply") && csv.lines().count() == 8);
    assert_eq!(json_lines(place.path("all.jsonl")), all);
    place.fail(&arguments, &["out/predictions.jsonl: exists already", "--overwrite", "--resume"]);
    place.fail(
        &["predict", "run", "set/cone/test", "--json", "all.jsonl"],
        &["all.jsonl: exists already", "--overwrite"],
    );
    place.fail(&["predict", "run", "set/cone/test", "--resume"], &["--resume: found no --output"]);

    // A line that was torn, and a table that is behind: the work goes on after the last whole line.
    let text = fs::read_to_string(&lines).unwrap();
    let two: usize = text.split_inclusive('\n').take(2).map(str::len).sum();
    fs::write(&lines, &text[..two + 20]).unwrap();
    fs::write(&table, "file,class,probability\n").unwrap();
    let output = place.command(&[&arguments[..], &["--resume"]].concat()).output().unwrap();
    let (out, err) = texts(&output);
    assert!(err.contains("2 of 7 files are predicted already") && out.lines().count() == 4, "{out}{err}");
    assert_eq!((json_lines(&lines), fs::read_to_string(&table).unwrap()), (all, csv));
}
