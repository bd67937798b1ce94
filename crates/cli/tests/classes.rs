//! Classes of the data that are not those of the network, and classes with too few files.

mod common;

use std::fs;

use common::rooms::Rooms;
use common::{Workplace, texts};
use serde_json::Value;

/// The figures of `eval` with `arguments`, and what it says beside them.
fn eval(place: &Workplace, arguments: &[&str]) -> (Value, String) {
    let output = place.command(&[&["eval", "run", "--json", "-"], arguments].concat()).output().unwrap();
    let (out, err) = texts(&output);
    assert!(output.status.success(), "{arguments:?}: {err}");
    (serde_json::from_str(&out).unwrap(), err)
}

#[test]
fn a_classifier_takes_fewer_classes_and_others_by_a_map() {
    let place = Workplace::new();
    place.train(&["train.epochs=1"], "run", false).unwrap();
    let (whole, told) = eval(&place, &[]);
    assert_eq!(told, "");
    // Another name: refused without a map, and the same figures with one.
    fs::rename(place.path("set/cone"), place.path("set/pylon")).unwrap();
    place.fail(&["eval", "run"], &["the classes are block", "it does not know pylon", "--map pylon=CLASS"]);
    let (mapped, told) = eval(&place, &["--map", "pylon=cone"]);
    assert_eq!(told, "note: class pylon of the data counts as cone\n");
    // The files are in another order, so the sum of the losses may differ in its last digits.
    assert_eq!(mapped["confusion"], whole["confusion"]);
    let (_, told) = eval(&place, &["--map", "pylon=ring"]);
    assert!(told.contains("has 9 of the 10 classes of the network: cone cannot be evaluated"), "{told}");
    place.fail(&["eval", "run", "--map", "pylon=tower"], &["--map pylon=tower: found no class tower"]);
    place.fail(&["eval", "run", "--map", "tower=ring"], &["found no class tower in the data"]);
    let (without, told) = eval(&place, &["--map", "pylon="]);
    assert!(told.starts_with("note: class pylon of the data is left out\n"), "{told}");
    assert_eq!(without["files_seen"], 9 * 3);
    let output = place.command(&["eval", "run", "--map", "pylon"]).output().unwrap();
    assert!(texts(&output).1.contains("expected two classes, DATA=NETWORK"));
    // Fewer classes.
    fs::remove_dir_all(place.path("set/pylon")).unwrap();
    fs::remove_dir_all(place.path("set/ring/test")).unwrap();
    let (fewer, told) = eval(&place, &[]);
    assert_eq!(fewer["files_seen"], 8 * 3);
    assert!(told.contains("9 of the 10 classes") && told.contains("class ring has no test file"), "{told}");
}

#[test]
fn a_segmenter_takes_classes_in_another_order_and_under_other_names() {
    let rooms = Rooms::new();
    rooms.train("run", &["train.epochs=1"]);
    let place = &rooms.place;
    let (whole, told) = eval(place, &[]);
    assert_eq!(told, "");
    // The labels of the files follow the list of names: swap the first two, in the list and in the files.
    let list = place.path("rooms/classes.txt");
    let text = fs::read_to_string(&list).unwrap();
    let mut names: Vec<&str> = text.lines().collect();
    names.swap(0, 1);
    fs::write(&list, names.join("\n")).unwrap();
    for path in pointcloud::dataset::list_tree(place.path("rooms/test")).unwrap() {
        let mut cloud = pointcloud::io::read(&path).unwrap();
        let swapped = |label: &i32| if *label < 2 { 1 - label } else { *label };
        let labels = cloud.labels().unwrap().iter().map(swapped).collect();
        cloud.set_labels(Some(labels)).unwrap();
        pointcloud::io::write(&path, &cloud).unwrap();
    }
    let (swapped, told) = eval(place, &[]);
    assert_eq!(told, "note: the classes of the data are in another order; they are matched by name\n");
    assert_eq!(swapped["confusion"], whole["confusion"]);
    let other = format!("{}-other", names[0]);
    let renamed: Vec<&str> = [other.as_str()].into_iter().chain(names[1..].iter().copied()).collect();
    fs::write(&list, renamed.join("\n")).unwrap();
    place.fail(&["eval", "run"], &["it does not know", &other, "--map"]);
    let (without, told) = eval(place, &["--map", &format!("{other}=")]);
    assert!(told.contains(&format!("class {other} of the data is left out")), "{told}");
    let rows = |evaluation: &serde_json::Value| {
        let rows = evaluation["per_class"].as_array().unwrap().clone();
        rows.into_iter().map(|row| (row["name"].clone(), row["count"].as_u64().unwrap())).collect::<Vec<_>>()
    };
    for ((name, count), (_, before)) in rows(&without).into_iter().zip(rows(&whole)) {
        assert_eq!(count, if name == names[0] { 0 } else { before }, "{name}");
    }
    let map = format!("{other}={}", names[0]);
    assert_eq!(eval(place, &["--map", &map]).0["confusion"], whole["confusion"]);
}

#[test]
fn classes_with_too_few_files_are_told_before_the_training() {
    let place = Workplace::new();
    for number in 2..=4 {
        fs::remove_file(place.path(&format!("set/cone/train/cone_000{number}.ply"))).unwrap();
    }
    fs::remove_dir_all(place.path("set/ring/train")).unwrap();
    let output = place.command(&["train", "tiny.toml", "--set", "train.epochs=1"]).output().unwrap();
    let (_, err) = texts(&output);
    for part in
        ["class 'cone' has one training file: it can hardly be learnt", "class 'ring' has no train file"]
    {
        assert!(err.contains(part), "{err}");
    }
    let told = place.succeed(&["inspect", "set"]);
    for part in ["split train has one file only of cone", "split train has no file of ring"] {
        assert!(told.contains(part), "{told}");
    }
}
