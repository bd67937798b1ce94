//! Training with nothing but a folder, and with the weights of another training.

mod common;

use std::fs;

use common::{CLASSES, Workplace, metrics};
use pointcloud::io::{PlyFormat, write_ply};
use pointcloud::synth::{SceneSynthConfig, generate_scenes};
use train::{RunError, recipe};

#[test]
fn a_folder_of_classes_is_all_that_a_training_needs() {
    let place = Workplace::new();
    let few = ["--set", "train.epochs=2", "--set", "schedule.warmup_epochs=1", "--set", "data.points=64"];
    let out = place.succeed(&[&["train", "--data", "set", "--output", "run"][..], &few].concat());
    let classes = format!("task: classes of files, 40 training files in {CLASSES} classes");
    for text in [
        classes.as_str(),
        "network: 4 pointwise-classifiers of size s together, for fewer than 2000 files",
        "points: 64 of each file, the median of the files",
        "augmentation: the shapes",
        "schedule: 400 epochs, weight decay 2.5 for 800 steps, without validation, for the smallest class has 4 files",
        "test accuracy, average of weights: ",
    ] {
        assert!(out.contains(text), "no {text:?} in\n{out}");
    }
    // What was left open is decided, and the run can be used as any other.
    let text = fs::read_to_string(place.path("run/config.toml")).unwrap();
    let cell = text.lines().find(|line| line.starts_with("cell = ")).unwrap();
    assert!(cell.trim_start_matches("cell = ").parse::<f32>().is_ok(), "{cell}");
    assert_eq!(metrics(&place.path("run")).len(), 2);
    place.succeed(&["eval", "run", "--weights", "average"]);
    let inspected = place.succeed(&["inspect", "run"]);
    assert!(
        inspected.contains("network    pointwise-classifier, 4 together, clouds of 64 points"),
        "{inspected}"
    );
    place.succeed(&[&["train", "--data", "set", "--output", "run", "--resume"][..], &few].concat());
}

#[test]
fn a_folder_of_labelled_scenes_is_all_that_a_training_needs() {
    let place = Workplace::new();
    let settings = SceneSynthConfig { train: 2, test: 1, density: 40.0, ..SceneSynthConfig::default() };
    generate_scenes(place.path("rooms"), &settings, &|_| ()).unwrap();
    let few = [
        "--set",
        "train.epochs=2",
        "--set",
        "scenes.regions=4",
        "--set",
        "model.widths=[4, 8]",
        "--set",
        "schedule.warmup_epochs=0",
    ];
    let out = place.succeed(&[&["train", "--data", "rooms", "--output", "run"][..], &few].concat());
    for text in [
        "task: labelled scenes, 2 training files, ",
        "inputs: height, one, shape, vertical, density",
        "lengths: voxels of 0.",
        "without validation, for there is no folder val",
    ] {
        assert!(out.contains(text), "no {text:?} in\n{out}");
    }
    let text = fs::read_to_string(place.path("run/config.toml")).unwrap();
    let lengths =
        text.lines().filter(|line| ["voxel = ", "size = ", "cell = "].iter().any(|k| line.starts_with(k)));
    assert!(lengths.clone().count() >= 3 && lengths.clone().all(|line| !line.contains("auto")), "{text}");
}

#[test]
fn in_another_unit_only_the_lengths_differ() {
    let place = Workplace::new();
    let settings = SceneSynthConfig { train: 2, test: 1, density: 40.0, ..SceneSynthConfig::default() };
    generate_scenes(place.path("metres"), &settings, &|_| ()).unwrap();
    for split in ["train", "test"] {
        fs::create_dir_all(place.path("millimetres").join(split)).unwrap();
        for file in fs::read_dir(place.path("metres").join(split)).unwrap() {
            let file = file.unwrap().path();
            let mut cloud = pointcloud::io::read(&file).unwrap();
            cloud.positions_mut().iter_mut().flatten().for_each(|value| *value *= 1000.0);
            let target = place.path("millimetres").join(split).join(file.file_name().unwrap());
            write_ply(target, &cloud, PlyFormat::BinaryLittleEndian).unwrap();
        }
    }
    fs::copy(place.path("metres/classes.txt"), place.path("millimetres/classes.txt")).unwrap();

    let [metres, millimetres] = ["metres", "millimetres"].map(|root| recipe(&place.path(root)).unwrap().text);
    let differing: Vec<_> = metres.lines().zip(millimetres.lines()).filter(|(a, b)| a != b).collect();
    let keys: Vec<&str> = differing.iter().map(|(line, _)| line.split(' ').next().unwrap()).collect();
    assert_eq!(keys, ["name", "root", "voxel", "jitter_sigma", "jitter_clip"]);
    let length = |line: &str| line.split_once(" = ").unwrap().1.parse::<f64>().unwrap();
    for (metres, millimetres) in &differing[2..] {
        let factor = length(millimetres) / length(metres);
        // Rounded to two digits.
        assert!((900.0..1100.0).contains(&factor), "{metres} {millimetres}");
    }
}

#[test]
fn a_training_starts_with_the_weights_that_fit() {
    let place = Workplace::new();
    let few = ["--set", "train.epochs=2", "--set", "schedule.warmup_epochs=0"];
    place.succeed(&[&["train", "levels.toml", "--output", "first"][..], &few].concat());

    // With a class less the last layer starts anew, and nothing else.
    let classes = fs::read_dir(place.path("set")).unwrap().flatten().map(|entry| entry.path());
    fs::remove_dir_all(classes.filter(|path| path.is_dir()).min().unwrap()).unwrap();
    let from = ["train", "levels.toml", "--from", "first", "--output", "second"];
    let out = place.succeed(&[&from[..], &few, &["--set", "train.freeze_epochs=2"]].concat());
    assert!(out.contains("weights from first: "), "{out}");
    let anew: Vec<&str> = out.lines().filter(|line| line.contains("starts anew")).collect();
    assert_eq!(anew.len(), 2, "{out}");
    assert!(anew.iter().all(|line| line.contains("output.") && line.contains("found shape")), "{anew:?}");

    // All but the head stayed as it was; the running statistics follow the data.
    let parameters = |run: &str, weights: &str| -> Vec<(String, Vec<u8>)> {
        let bytes = fs::read(place.path(run).join(weights)).unwrap();
        // Eight bytes with the length of a JSON header, then the values.
        let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
        let header: serde_json::Value = serde_json::from_slice(&bytes[8..8 + length]).unwrap();
        let values = |tensor: &serde_json::Value| {
            let [start, end] = [0, 1].map(|i| tensor["data_offsets"][i].as_u64().unwrap() as usize);
            bytes[8 + length..][start..end].to_vec()
        };
        let tensors = header.as_object().unwrap().iter();
        let mut all: Vec<(String, Vec<u8>)> = tensors
            .filter(|(name, _)| name.as_str() != "__metadata__")
            .map(|(name, tensor)| (name.clone(), values(tensor)))
            .collect();
        all.retain(|(name, _)| name.starts_with("encoder.") && !name.contains("running"));
        all.sort();
        all
    };
    let before = parameters("first", "best.safetensors");
    assert!(!before.is_empty() && before == parameters("second", "last.safetensors"));
}

#[test]
fn weights_and_folders_that_cannot_be_used_are_refused_with_the_reason() {
    let place = Workplace::new();
    place.fail(&["train", "tiny.toml", "--from", "missing"], &["missing", "no such file or folder"]);
    fs::write(place.path("weights.safetensors"), "no weights").unwrap();
    let bad = ["train", "tiny.toml", "--from", "weights.safetensors"];
    place.fail(&bad, &["weights.safetensors", "cannot read the weights"]);
    let frozen = ["train", "tiny.toml", "--set", "train.freeze_epochs=1"];
    place.fail(&frozen, &["train.freeze_epochs", "train.from"]);
    place.fail(&["train", "tiny.toml", "--data", "nothing"], &["--data nothing", "no folder"]);
    place.fail(&["train", "--data", "nothing"], &["nothing", "expected"]);
    let error = recipe(&place.path("nothing")).unwrap_err();
    assert!(matches!(error, RunError::Data(_)), "{error:?}");
}
