//! Runs of other versions: those of every released format can be resumed and evaluated, later ones are refused.
//!
//! `runs/format-N` has a run of the format `N` after one of two epochs, its data, its config, and the last weights after both.

mod common;

use std::fs;
use std::path::Path;

use common::{Workplace, json, metrics};

/// Most difference of a weight on another processor, whose sums may be rounded differently.
const TOLERANCE: f32 = 1e-4;

/// A workplace with the files of a format.
fn of_format(format: u32) -> Workplace {
    let place = Workplace::new();
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/runs/format-{format}"));
    let mut folders = vec![from.clone()];
    while let Some(folder) = folders.pop() {
        let to = place.path("old").join(folder.strip_prefix(&from).unwrap());
        fs::create_dir_all(&to).unwrap();
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else {
                fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
            }
        }
    }
    place
}

/// Runs the program in the folder of the old run.
fn run(place: &Workplace, arguments: &[&str]) -> (bool, String) {
    let output = place.command(arguments).current_dir(place.path("old")).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.success(), text(&output.stdout) + &text(&output.stderr))
}

const RESUME: [&str; 8] =
    ["train", "tiny.toml", "--quiet", "--output", "run", "--resume", "--set", "train.epochs=2"];

/// The numbers in a file of weights.
fn numbers(path: &Path) -> Vec<f32> {
    let bytes = fs::read(path).unwrap();
    let header = 8 + u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    bytes[header..].as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
}

#[test]
fn a_run_of_the_first_format_is_evaluated_and_resumed() {
    let place = of_format(1);
    for weights in ["best", "last", "average"] {
        let (done, text) = run(&place, &["eval", "run", "--weights", weights, "--json", "-", "--quiet"]);
        assert!(done, "{weights}: {text}");
        let found: serde_json::Value =
            serde_json::Deserializer::from_str(&text).into_iter().next().unwrap().unwrap();
        let before = json(place.path("old/run/evaluation.json"));
        let before = before.as_array().unwrap().iter().find(|one| one["weights"] == weights).unwrap();
        assert_eq!(found["confusion"], before["confusion"], "{weights}");
        let loss = |value: &serde_json::Value| value["loss"].as_f64().unwrap();
        assert!((loss(&found) - loss(before)).abs() < f64::from(TOLERANCE), "{weights}: {text}");
    }
    let (done, text) = run(&place, &RESUME);
    assert!(done, "{text}");
    assert_eq!(metrics(&place.path("old/run")).len(), 4);
    let [found, expected] =
        ["run/last", "expected"].map(|name| numbers(&place.path("old").join(format!("{name}.safetensors"))));
    assert_eq!(found.len(), expected.len());
    let off = found.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(off < TOLERANCE, "a weight is off by {off}");
    let (done, text) = run(&place, &["predict", "run", "set/ring/test"]);
    assert!(done, "{text}");
}

/// Sets a number in a file of JSON.
fn set(path: &Path, key: &str, number: u32) {
    let mut value = json(path);
    assert!(value[key].is_number(), "{key}");
    value[key] = number.into();
    fs::write(path, value.to_string()).unwrap();
}

#[test]
fn a_run_of_a_later_format_is_refused_and_not_touched() {
    let place = of_format(1);
    let manifest = place.path("old/run/manifest.json");
    set(&manifest, "format_version", 99);
    let names = || {
        let entries = fs::read_dir(place.path("old/run")).unwrap();
        let mut files: Vec<_> =
            entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_file()).collect();
        files.sort();
        files.into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect::<Vec<_>>()
    };
    let before = names();
    for arguments in [&RESUME[..], &["eval", "run"], &["predict", "run", "set/ring/test"], &["report", "run"]]
    {
        let (done, text) = run(&place, arguments);
        assert!(!done && text.contains("run/manifest.json"), "{arguments:?}: {text}");
        assert!(text.contains("format version 99 is newer than this program"), "{arguments:?}: {text}");
    }
    assert!(names() == before);
}

#[test]
fn checkpoints_and_reports_of_another_version_are_told_apart_from_weights() {
    let place = of_format(1);
    set(&place.path("old/run/manifest.json"), "checkpoint_version", 99);
    let (done, text) = run(&place, &RESUME);
    assert!(!done && text.contains("found checkpoints of version 99, expected 2"), "{text}");
    // The weights are of use all the same.
    let (done, text) = run(&place, &["eval", "run", "--quiet"]);
    assert!(done, "{text}");
    set(&place.path("old/run/report.json"), "format_version", 99);
    let (done, text) = run(&place, &["eval", "run", "--quiet"]);
    assert!(!done && text.contains("format version 99 is newer than this program"), "{text}");
}
