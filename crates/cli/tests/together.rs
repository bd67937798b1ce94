//! Several programs at work on the same folder at the same time.

mod common;

use std::fs;
use std::path::Path;
use std::process::{Child, Output, Stdio};
use std::time::{Duration, Instant};

use common::{Workplace, assert_plain, assert_same_run, json_lines, metrics, texts};

fn start(place: &Workplace, arguments: &[&str]) -> Child {
    let mut command = place.command(arguments);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Starts two programs at once; gives what they say.
fn both(place: &Workplace, first: &[&str], second: &[&str]) -> [Output; 2] {
    [first, second].map(|arguments| start(place, arguments)).map(|child| child.wait_with_output().unwrap())
}

fn has_no_hidden_parts(folder: &Path) {
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            assert!(!path.to_string_lossy().contains(".partial-"), "{} is left over", path.display());
            if path.is_dir() {
                folders.push(path);
            }
        }
    }
}

#[test]
fn of_two_predictions_into_one_folder_one_is_refused() {
    let place = Workplace::new();
    place.train(&[], "run", false).unwrap();
    for round in 0..10 {
        let out = format!("out{round}");
        let arguments = ["predict", "run", "set/cone/train", "set/ring/test", "--output", &out];
        let outputs = both(&place, &arguments, &arguments);
        let codes = outputs.each_ref().map(|output| output.status.code());
        assert!(codes == [Some(0), Some(1)] || codes == [Some(1), Some(0)], "{codes:?}");
        let refused = &outputs[codes.iter().position(|code| *code == Some(1)).unwrap()];
        let (_, err) = texts(refused);
        // The other is at work, or is over already.
        assert!(
            err.contains("another process works on predictions in out") || err.contains("exists already"),
            "{err}"
        );
        let rows = json_lines(place.path(&out).join("predictions.jsonl"));
        assert_eq!(rows.as_array().unwrap().len(), 7);
        let table = fs::read_to_string(place.path(&out).join("predictions.csv")).unwrap();
        assert_eq!(table.lines().count(), 8);
    }
}

#[test]
fn two_conversions_into_one_folder_leave_whole_files() {
    fn convert(out: &str) -> [&str; 9] {
        ["convert", "set", out, "--format", "csv", "--points", "300", "--overwrite", "--quiet"]
    }
    let place = Workplace::new();
    place.succeed(&convert("alone"));
    for round in 0..5 {
        let out = format!("out{round}");
        for output in both(&place, &convert(&out), &convert(&out)) {
            assert!(output.status.success(), "{}", texts(&output).1);
        }
        has_no_hidden_parts(&place.path(&out));
        for class in ["cone", "helix"] {
            let files = |folder: &str| {
                let folder = place.path(folder).join(class).join("train");
                let mut files: Vec<_> =
                    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
                files.sort();
                files.iter().map(|path| fs::read(path).unwrap()).collect::<Vec<_>>()
            };
            assert!(files(&out) == files("alone"), "{out}/{class}");
        }
    }
}

#[test]
fn a_run_may_be_looked_at_and_evaluated_while_it_is_trained() {
    let place = Workplace::new();
    let train = [
        "train",
        "tiny.toml",
        "--quiet",
        "--set",
        "train.epochs=60",
        "--set",
        "train.batch_size=2",
        "--output",
    ];
    place.succeed(&[&train[..], &["alone"]].concat());
    let mut training = start(&place, &[&train[..], &["run"]].concat());
    let deadline = Instant::now() + Duration::from_secs(120);
    let mut succeeded = 0;
    while training.try_wait().unwrap().is_none() {
        assert!(Instant::now() < deadline, "the training does not end");
        for arguments in [&["report", "run"][..], &["eval", "run", "--quiet"], &["inspect", "run"]] {
            let output = place.command(arguments).output().unwrap();
            let (_, err) = texts(&output);
            assert_plain(&err);
            // Before the first checkpoint there is nothing to look at, and that is said.
            let early = [
                "No such file or directory",
                "does not exist",
                "it has no",
                "has not finished an epoch yet",
                "no run",
                "found none",
                "found an empty folder",
            ];
            assert!(
                output.status.success() || early.iter().any(|text| err.contains(text)),
                "{arguments:?}: {err}"
            );
            succeeded += usize::from(output.status.success());
        }
    }
    let output = training.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", texts(&output).1);
    println!("{succeeded} looks at the run, {} rows", metrics(&place.path("run")).len());
    assert_same_run(&place.path("alone"), &place.path("run"));
    place.succeed(&["eval", "run", "--quiet"]);
    has_no_hidden_parts(&place.path("run"));
}
