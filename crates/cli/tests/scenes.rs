//! Segmentation, from labelled scenes to labelled points.

mod common;

use std::fs;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use common::rooms::{Rooms, open};
use common::{Workplace, assert_same_run, json, metrics, texts, weights};
use pointcloud::io::{PlyFormat, write_ply};
use pointcloud::synth::{SceneSynthConfig, scene};
use pointcloud::{PointCloud, ScalarProperty, ScalarType};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde_json::Value;
use train::{LabelOptions, ProgressMode};

/// Columns: `count` points of an ascii PLY file with a label of type `kind`.
fn ply(kind: &str, rows: &[&str]) -> String {
    let rows_text: String = rows.iter().map(|row| format!("{row}\n")).collect();
    format!(
        "ply\nformat ascii 1.0\nelement vertex {}\nproperty float x\nproperty float y\nproperty float z\n{kind}end_header\n{rows_text}",
        rows.len()
    )
}

const LABEL: &str = "property uchar label\n";

#[test]
fn a_run_is_whole_and_its_figures_count_every_point() {
    let rooms = Rooms::new();
    let out = rooms.train("run", &[]);
    assert!(out.ends_with("\nrun: run\n"), "{out}");
    assert!(out.contains("mean IoU") && out.contains("ceiling"), "{out}");
    let points = pointcloud::io::read(rooms.path("rooms/test/room_03.ply")).unwrap().len() as u64;
    let stored = json(rooms.path("run/evaluation.json"));
    for (index, weights) in ["best", "last"].into_iter().enumerate() {
        let text = rooms.place.succeed(&["eval", "run", "--weights", weights, "--json", "-", "--quiet"]);
        let evaluation: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(evaluation, stored[index]);
        assert_eq!(evaluation["files_seen"], 1);
        let sum = |row: &Value| row.as_array().unwrap().iter().map(|v| v.as_u64().unwrap()).sum::<u64>();
        assert_eq!(evaluation["confusion"].as_array().unwrap().iter().map(sum).sum::<u64>(), points);
        assert!(evaluation["mean_iou"].as_f64().is_some_and(|iou| (0.0..=1.0).contains(&iou)));
    }
    let rows = metrics(&rooms.path("run"));
    assert_eq!(rows.len(), 6, "training and validation rows");
    assert!(rows.iter().all(|row| row["mean_iou"].is_number()), "{rows:?}");
    let manifest = json(rooms.path("run/manifest.json"));
    assert_eq!((&manifest["train_files"], &manifest["validation_files"]), (&2.into(), &1.into()));
    assert!(manifest["weights"]["best"]["validation_mean_iou"].is_number());
    let example = &json(rooms.path("run/report.json"))["evaluations"][0]["examples"]["scenes"][0];
    assert_eq!((&example["file"], &example["points"]), (&"test/room_03.ply".into(), &points.into()));
    assert!(rooms.place.succeed(&["inspect", "run"]).contains("mean IoU"));
    assert!(rooms.place.succeed(&["inspect", "rooms.toml"]).contains("parameters"));
    let inspected = rooms.place.succeed(&["inspect", "rooms"]);
    assert!(inspected.contains("ceiling") && inspected.contains("no warnings"), "{inspected}");
}

#[test]
fn a_killed_run_goes_on_as_if_nothing_had_been() {
    let rooms = Rooms::new();
    let with = |output: &'static str, more: &[&'static str]| {
        let fixed =
            ["train", "rooms.toml", "--set", "train.epochs=60", "--set", "train.batch_size=1", "--output"];
        [&fixed[..], &[output], more].concat()
    };
    rooms.place.succeed(&with("whole", &[]));
    let mut child = rooms
        .place
        .command(&with("killed", &[]))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let log = rooms.path("killed/metrics.jsonl");
    let deadline = Instant::now() + Duration::from_secs(60);
    while fs::read_to_string(&log).map_or(0, |text| text.lines().count()) < 4 {
        assert!(Instant::now() < deadline, "no epoch in a minute");
        std::thread::sleep(Duration::from_millis(1));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let before = metrics(&rooms.path("killed")).len();
    assert!(before < 120, "the kill came too late to show anything");
    rooms.place.succeed(&with("killed", &["--resume"]));
    assert_same_run(&rooms.path("whole"), &rooms.path("killed"));
}

#[test]
fn labels_that_cannot_be_used_are_named_with_file_and_row() {
    let rooms = Rooms::new();
    let colored = "property uchar red\nproperty uchar green\nproperty uchar blue\n";
    let row = |label: &str| format!("0 0 0 1 2 3 {label}");
    let file = |kind: &str, label: &str| {
        ply(&format!("{colored}property {kind} label\n"), &[&row("0"), &row(label)])
    };
    rooms.refused(
        &file("uchar", "8"),
        &["rooms/train/room_01.ply: point 1: found 'label' 8", "expected one of 0 to 7"],
    );
    rooms.refused(&file("float", "1.5"), &["room_01.ply: point 1: found 'label' 1.5"]);
    rooms.refused(&file("int", "-1"), &["room_01.ply: point 1: found 'label' -1"]);
    rooms.refused(&ply(colored, &["0 0 0 1 2 3"]), &["room_01.ply: no label property 'label'"]);
    rooms.refused(&ply(LABEL, &["0 0 0 1"]), &["room_01.ply: no colours", "scenes.inputs"]);
    rooms.refused(&ply(LABEL, &[]), &["room_01.ply", "no points"]);
    rooms.refused(
        &ply(&format!("{colored}{LABEL}"), &["0 nan 0 1 2 3 0"]),
        &["room_01.ply", "point 0", "NaN"],
    );
    fs::write(rooms.path("rooms/train/room_01.ply"), file("uchar", "7")).unwrap();
    let config = fs::read_to_string(rooms.path("rooms.toml")).unwrap();
    let colors = "color_jitter = 0.05\ncolor_drop = 0.2\ncolor_stretch = 0.5\n";
    fs::write(rooms.path("rooms.toml"), config.replace(colors, "")).unwrap();
    let set = ["--set", "scenes.inputs=[\"intensity\"]"];
    let arguments = [&["train", "rooms.toml", "--output", "refused"], &set[..]].concat();
    rooms.place.fail(&arguments, &["no property 'intensity'", "scenes.inputs"]);
    // A label that is said to stand for nothing, and one that is mapped.
    fs::write(rooms.path("rooms/train/room_01.ply"), file("uchar", "200")).unwrap();
    rooms.train("ignored", &["scenes.ignore=[200]", "train.epochs=1"]);
    let pairs: Vec<String> = (0..8).map(|label| format!("[{label}, \"floor\"]")).collect();
    let map = format!("scenes.label_map=[{}, [200, \"lamp\"]]", pairs.join(", "));
    rooms.train("mapped", &[&map, "train.epochs=1"]);
    let floor = json(rooms.path("mapped/evaluation.json"))[0]["per_class"][1].clone();
    assert_eq!(floor["name"], "floor");
    assert_eq!(
        floor["count"],
        pointcloud::io::read(rooms.path("rooms/test/room_03.ply")).unwrap().len() as u64
    );
    rooms.place.fail(
        &["train", "rooms.toml", "--output", "refused", "--set", "scenes.label_map=[[0, \"flor\"]]"],
        &["scenes.label_map", "\"flor\"", "ceiling, floor"],
    );
}

#[test]
fn a_scene_of_one_point_and_one_without_a_class_are_trained_on_and_labelled() {
    let rooms = Rooms::new();
    let colored = format!("property uchar red\nproperty uchar green\nproperty uchar blue\n{LABEL}");
    fs::write(rooms.path("rooms/train/room_01.ply"), ply(&colored, &["0 0 0 9 9 9 3"])).unwrap();
    rooms.train("one", &["train.batch_size=1"]);
    // Every step but those of the one point sees ignored points only.
    fs::write(rooms.path("rooms/train/room_02.ply"), ply(&colored, &["0 0 0 9 9 9 255", "1 0 0 9 9 9 255"]))
        .unwrap();
    rooms.train("ignored", &["scenes.ignore=[255]", "train.batch_size=1", "scenes.regions=20"]);
    let rows = metrics(&rooms.path("ignored"));
    assert!(rows.iter().all(|row| row["loss"].as_f64().is_some_and(f64::is_finite)), "{rows:?}");

    fs::write(
        rooms.path("dot.ply"),
        ply("property uchar red\nproperty uchar green\nproperty uchar blue\n", &["5 5 5 1 1 1"]),
    )
    .unwrap();
    let out = rooms.place.succeed(&["predict", "one", "dot.ply", "--quiet"]);
    assert!(out.contains("dot.pred.ply: 1 points"), "{out}");
    assert_eq!(pointcloud::io::read(rooms.path("dot.pred.ply")).unwrap().len(), 1);

    // Without any class there is nothing to learn.
    fs::write(rooms.path("rooms/train/room_01.ply"), ply(&colored, &["0 0 0 9 9 9 255"])).unwrap();
    rooms.place.fail(
        &["train", "rooms.toml", "--output", "none", "--set", "scenes.ignore=[255]"],
        &["'train' has no usable file"],
    );
}

#[test]
fn predict_keeps_every_property_and_adds_its_own() {
    let rooms = Rooms::new();
    rooms.train("run", &["train.epochs=1"]);
    let mut cloud = pointcloud::io::read(rooms.path("rooms/test/room_03.ply")).unwrap();
    let values: Vec<f64> = (0..cloud.len()).map(|i| i as f64 / 2.0).collect();
    for (name, scalar_type) in
        [("intensity", ScalarType::F64), ("confidence", ScalarType::F32), ("time", ScalarType::F64)]
    {
        let values = values.clone();
        cloud.push_property(ScalarProperty { name: name.into(), scalar_type, values }).unwrap();
    }
    cloud.set_origin([500_000.0, 4_000_000.0, 100.0]);
    write_ply(rooms.path("scan.ply"), &cloud, PlyFormat::BinaryBigEndian).unwrap();
    let output = rooms
        .place
        .command(&["predict", "run", "scan.ply", "--output", "out", "--weights", "last"])
        .output()
        .unwrap();
    let (out, err) = texts(&output);
    assert!(output.status.success(), "{err}");
    assert!(
        err.contains("scan.ply: ") && err.contains("voxels") && err.contains("MB for the scene"),
        "{err}"
    );
    assert!(out.contains("points/s") && out.contains("mean IoU"), "labels are compared on the side: {out}");

    let predicted = pointcloud::io::read(rooms.path("out/scan.pred.ply")).unwrap();
    assert_eq!(predicted.len(), cloud.len());
    for i in [0, 7, cloud.len() - 1] {
        // The reader chooses an origin of its own; z stays in single precision, of 8e-6 at 100 m.
        let (found, expected) = (predicted.point(i), cloud.point(i));
        assert!((0..3).all(|axis| (found[axis] - expected[axis]).abs() < 1e-5), "{found:?} {expected:?}");
    }
    assert_eq!(predicted.property("intensity").unwrap().values, values);
    assert_eq!(predicted.property("original_confidence").unwrap().values, values);
    let truth: Vec<f64> = cloud.labels().unwrap().iter().map(|&label| label.into()).collect();
    assert_eq!(predicted.property("original_label").unwrap().values, truth);
    let red: Vec<f64> = cloud.colors().unwrap().iter().map(|color| color[0].into()).collect();
    assert_eq!(predicted.property("original_red").unwrap().values, red);
    let segmenter = open(&rooms.path("run"));
    let scan = pointcloud::io::read(rooms.path("scan.ply")).unwrap();
    let votes =
        segmenter.label(&scan, "scan.ply".as_ref(), &LabelOptions::default(), ProgressMode::Quiet).unwrap();
    for i in 0..cloud.len() {
        assert_eq!(predicted.labels().unwrap()[i], votes.class(i) as i32);
        assert_eq!(predicted.property("confidence").unwrap().values[i], f64::from(votes.confidence(i)));
        assert_eq!(predicted.colors().unwrap()[i], train::class_color(votes.class(i)));
        assert!((votes.probabilities(i).iter().sum::<f32>() - 1.0).abs() < 1e-4);
    }
    // Labels that are unknown do not keep a scene from being labelled.
    cloud.set_labels(Some(vec![77; cloud.len()])).unwrap();
    write_ply(rooms.path("scan.ply"), &cloud, PlyFormat::Ascii).unwrap();
    let output = rooms.place.command(&["predict", "run", "scan.ply"]).output().unwrap();
    let (out, err) = texts(&output);
    assert!(
        output.status.success() && err.contains("not compared") && !out.contains("mean IoU"),
        "{out}{err}"
    );
    rooms.place.fail(&["predict", "run", "rooms.toml"], &["rooms.toml"]);
}

/// A LAS file gets another classification; an option keeps it and adds dimensions, another one writes the columns of PLY.
#[test]
fn a_las_file_stays_one() {
    let rooms = Rooms::new();
    rooms.train("run", &["train.epochs=1"]);
    let mut cloud = pointcloud::io::read(rooms.path("rooms/test/room_03.ply")).unwrap();
    let values: Vec<f64> = (0..cloud.len()).map(|i| (i % 500) as f64).collect();
    let intensity = ScalarProperty { name: "intensity".into(), scalar_type: ScalarType::U16, values };
    cloud.push_property(intensity).unwrap();
    pointcloud::io::write(rooms.path("scan.laz"), &cloud).unwrap();
    let cloud = pointcloud::io::read(rooms.path("scan.laz")).unwrap();
    let segmenter = open(&rooms.path("run"));
    let mut votes =
        segmenter.label(&cloud, "scan.laz".as_ref(), &LabelOptions::default(), ProgressMode::Quiet).unwrap();
    votes.reject_below(0.4);
    let codes = segmenter.class_codes();
    let code = |i: usize| usize::try_from(votes.label(i)).map_or(codes.rejected(), |c| codes.of_class(c));
    let expected: Vec<i32> = (0..cloud.len()).map(code).collect();

    let predict = |more: &[&str]| {
        let fixed = ["predict", "run", "scan.laz", "--weights", "last", "--reject", "0.4"];
        texts(&rooms.place.command(&[&fixed, more].concat()).output().unwrap())
    };
    let (out, err) = predict(&[]);
    assert!(out.contains("scan.pred.laz: ") && out.contains(&format!("{} ", expected[0])), "{out}{err}");
    let labelled = pointcloud::io::read(rooms.path("scan.pred.laz")).unwrap();
    assert_eq!(labelled.label_name(), Some("classification"));
    assert!(labelled.labels().unwrap() == expected);
    assert!((0..cloud.len()).all(|i| labelled.point(i) == cloud.point(i)));
    assert!(labelled.properties() == cloud.properties() && labelled.stored_colors() == cloud.stored_colors());

    let (_, err) = predict(&["--output", "added", "--dimension", "guess"]);
    let mut added = pointcloud::io::read(rooms.path("added/scan.pred.laz")).unwrap();
    assert!(added.labels() == cloud.labels(), "{err}");
    let guess = added.remove_property("guess").unwrap();
    let confidence = added.remove_property("guess_confidence").unwrap();
    assert!(guess.values.iter().copied().eq(expected.iter().map(|&code| f64::from(code))));
    assert!(confidence.values.iter().copied().eq((0..cloud.len()).map(|i| f64::from(votes.confidence(i)))));
    assert!(added.properties() == cloud.properties());
    // The name is taken then, which is told before the labelling.
    let (out, err) = texts(
        &rooms
            .place
            .command(&["predict", "run", "added/scan.pred.laz", "--dimension", "guess"])
            .output()
            .unwrap(),
    );
    assert!(err.contains("scan.pred.laz: has a column 'guess'") && !err.contains("voxels"), "{out}{err}");

    let (_, err) = predict(&["--output", "other", "--format", "ply"]);
    let other = pointcloud::io::read(rooms.path("other/scan.pred.ply")).unwrap();
    assert!((0..cloud.len()).all(|i| other.labels().unwrap()[i] == votes.label(i)), "{err}");
    let red = other.property("original_red").unwrap();
    let (kind, stored) = cloud.stored_colors().unwrap();
    assert_eq!((red.scalar_type, red.values[5]), (kind, f64::from(stored[5][0])));
    // An output is no input, and only LAS has dimensions.
    rooms.place.fail(
        &["predict", "run", "scan.laz", "--format", "csv", "--dimension", "guess", "--output", "no"],
        &["scan.pred.csv: --dimension is for las and laz"],
    );
}

#[test]
fn the_memory_changes_the_time_and_not_the_result() {
    let rooms = Rooms::new();
    rooms.train("run", &["train.epochs=1"]);
    let segmenter = open(&rooms.path("run"));
    let cloud = pointcloud::io::read(rooms.path("rooms/test/room_03.ply")).unwrap();
    let label = |memory| {
        let options = LabelOptions { memory, ..LabelOptions::default() };
        segmenter.label(&cloud, "room.ply".as_ref(), &options, ProgressMode::Quiet)
    };
    let all = label(1 << 30).unwrap();
    assert_eq!(label(2_000_000).unwrap(), all);
    let error = label(10_000).unwrap_err().to_string();
    assert!(error.contains("room.ply") && error.contains("--memory"), "{error}");

    // Regions side by side, with borders through the points: none is left out.
    let config = fs::read_to_string(rooms.path("run/config.toml")).unwrap();
    fs::write(rooms.path("run/config.toml"), config.replace("stride = 0.5", "stride = 1.0")).unwrap();
    let lattice = (0..4096).map(|i| [(i % 64) as f32 * 0.25, (i / 64) as f32 * 0.25, 0.0]).collect();
    let mut plane = PointCloud::new(lattice);
    plane.set_colors(Some(vec![[9; 3]; 4096])).unwrap();
    let touching = open(&rooms.path("run"));
    for shift in [0.0, 0.25, 0.5] {
        let options = LabelOptions { shift: [shift; 3], ..LabelOptions::default() };
        let votes = touching.label(&plane, "plane.ply".as_ref(), &options, ProgressMode::Quiet).unwrap();
        assert_eq!(votes.len(), 4096);
    }
}

#[test]
fn prepared_scenes_are_kept_and_give_the_same_run() {
    let rooms = Rooms::new();
    let cache = format!("scenes.cache={}", rooms.path("cache").display());
    rooms.train("without", &[]);
    // The folder of the cache is a part of the config, but not of what is learnt.
    rooms.train("first", &[&cache]);
    let files: Vec<PathBuf> =
        fs::read_dir(rooms.path("cache")).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(files.len(), 3);
    rooms.train("second", &[&cache]);
    for file in &files {
        let bytes = fs::read(file).unwrap();
        fs::write(file, &bytes[..bytes.len() / 2]).unwrap();
    }
    rooms.train("damaged", &[&cache]);
    for run in ["first", "second", "damaged"] {
        assert_same_run(&rooms.path("without"), &rooms.path(run));
    }
}

#[test]
fn a_network_and_its_task_must_agree() {
    let rooms = Rooms::new();
    rooms.train("run", &["train.epochs=1"]);
    rooms.place.fail(&["train", "tiny.toml", "--set", "model.kind=paper-segmenter"], &["model"]);
    rooms.place.fail(&["train", "tiny.toml", "--set", "scenes.voxel=0.1"], &["model.kind", "[scenes]"]);
    let other = rooms.path("other");
    fs::create_dir_all(other.join("test")).unwrap();
    fs::copy(rooms.path("rooms/test/room_03.ply"), other.join("test/a.ply")).unwrap();
    fs::write(other.join("classes.txt"), "roof\nfloor\n").unwrap();
    rooms
        .place
        .fail(&["eval", "run", "--data", "other"], &["the classes are roof, floor", "ceiling, floor, wall"]);
    rooms.place.fail(&["eval", "run", "--split", "evening"], &["no split 'evening'"]);
}

/// Shape and density of the surroundings are computed for training, from the cache and for prediction alike.
#[test]
fn the_surroundings_are_an_input() {
    let rooms = Rooms::new();
    let config = fs::read_to_string(rooms.path("rooms.toml")).unwrap();
    let colors = "color_jitter = 0.05\ncolor_drop = 0.2\ncolor_stretch = 0.5\n";
    fs::write(rooms.path("rooms.toml"), config.replace(colors, "")).unwrap();
    let inputs = "scenes.inputs=[\"height\", \"shape\", \"vertical\", \"density\"]";
    let cache = format!("scenes.cache={:?}", rooms.path("cache"));
    rooms.train("plain", &[inputs, "train.epochs=2"]);
    for run in ["filled", "cached"] {
        rooms.train(run, &[inputs, &cache, "train.epochs=2"]);
        assert_eq!(weights(&rooms.path("plain")), weights(&rooms.path(run)), "{run}");
    }
    rooms.place.succeed(&["predict", "plain", "rooms/test/room_03.ply", "--output", "labelled", "--quiet"]);
    let refused = |overrides: [&str; 2], parts: &[&str]| {
        let set = overrides.iter().flat_map(|text| ["--set", *text]);
        let arguments: Vec<&str> = ["train", "rooms.toml", "--output", "no"].into_iter().chain(set).collect();
        rooms.place.fail(&arguments, parts);
    };
    refused([inputs, "augment.rotate=any"], &["augment.rotate", "\"vertical\""]);
    refused(
        ["scenes.inputs=[\"angle\"]", "augment.rotate=none"],
        &["scenes.inputs", "a scene has no centre"],
    );
    refused(["scenes.inputs=[\"shpae\"]", "augment.rotate=none"], &["'shpae'", "did you mean \"shape\"?"]);
}

/// Survey coordinates and one point far from all others: these are labelled as well as without it.
#[test]
fn a_stray_point_changes_no_other() {
    let place = Workplace::new();
    let room = scene(&SceneSynthConfig::default(), &mut ChaCha8Rng::seed_from_u64(5));
    let row = |p: &[f32; 3]| {
        format!("{},{},{}\n", f64::from(p[0]) + 500_000.0, f64::from(p[1]) + 5_400_000.0, p[2] + 300.0)
    };
    let tile: String = room.positions().iter().map(row).collect();
    let right = |stray: &str| {
        fs::write(place.path("tile.csv"), format!("x,y,z\n{tile}{stray}")).unwrap();
        let arguments = ["predict", "rooms", "tile.csv", "--output", "out", "--overwrite"];
        let output = place.command(&arguments).output().unwrap();
        let (_, err) = texts(&output);
        assert!(output.status.success(), "{stray}: {err}");
        let labels = pointcloud::io::read(place.path("out/tile.pred.ply")).unwrap();
        let truth = room.labels().unwrap();
        let same = truth.iter().zip(labels.labels().unwrap()).filter(|(a, b)| a == b).count();
        (same as f64 / truth.len() as f64, err)
    };
    let (clean, told) = right("");
    assert!(clean > 0.9 && !told.contains("single precision"), "{clean}: {told}");
    for (stray, is_moved) in [
        ("0.1,0.1,0.1\n", true),
        ("1e7,1e7,301.1\n", true),
        ("500001,5400001,0\n", false),
        ("500001,5400001,297\n", false),
        ("500001,5400001,390\n", false),
        ("501001,5400001,301\n", false),
    ] {
        let (found, told) = right(stray);
        assert!((clean - found).abs() < 1e-3, "{stray}: {clean} and {found} are right");
        assert_eq!(told.contains("single precision moves 1 of"), is_moved, "{stray}: {told}");
    }
}

/// A trained residual network and a scene of several rooms: labels hardly depend on where the scene is cut.
#[test]
fn labels_agree_between_block_offsets() {
    let rooms = Rooms::new();
    let overrides = [
        "scenes.inputs=[\"height\", \"one\"]",
        "model.kind=residual-segmenter",
        "model.channels=8",
        "model.hidden=16",
        "model.cells=[0.3, 0.3, 0.3]",
        "model.dilations=[1, 1, 2]",
        "scenes.size=5",
        "scenes.points=4000",
        "train.epochs=12",
    ];
    let text = fs::read_to_string(rooms.path("rooms.toml")).unwrap();
    let text = text
        .replace("[\"xyz\", \"room\", \"color\"]", "[\"height\", \"one\"]")
        .replace("color_jitter = 0.05\ncolor_drop = 0.2\ncolor_stretch = 0.5\n", "")
        .replace("paper-segmenter\"\ncell = 0.3\ndilations = [1, 2]", "residual-segmenter\"");
    fs::write(rooms.path("rooms.toml"), text).unwrap();
    rooms.train("run", &overrides);
    let settings = SceneSynthConfig { density: 60.0, ..SceneSynthConfig::default() };
    let mut positions = Vec::new();
    for (index, offset) in [[0.0, 0.0], [8.0, 0.0], [0.0, 8.0], [8.0, 8.0]].into_iter().enumerate() {
        let room = scene(&settings, &mut ChaCha8Rng::seed_from_u64(index as u64));
        positions.extend(room.positions().iter().map(|p| [p[0] + offset[0], p[1] + offset[1], p[2]]));
    }
    let cloud = PointCloud::new(positions);
    let segmenter = open(&rooms.path("run"));
    let label = |shift: f32| {
        let options = LabelOptions { shift: [shift; 3], ..LabelOptions::default() };
        segmenter.label(&cloud, "rooms.ply".as_ref(), &options, ProgressMode::Quiet).unwrap()
    };
    let (here, there) = (label(0.0), label(0.5));
    let classes: std::collections::BTreeSet<usize> = (0..cloud.len()).map(|i| here.class(i)).collect();
    assert!(classes.len() >= 3, "a network that says one thing always agrees with itself: {classes:?}");
    let same = (0..cloud.len()).filter(|&i| here.class(i) == there.class(i)).count();
    let share = same as f64 / cloud.len() as f64;
    assert!(share >= 0.99, "labels agree for {share:.4} of the points");
}
