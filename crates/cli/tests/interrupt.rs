//! Ctrl-C in commands that write: what is there afterwards is whole.
#![cfg(unix)]

mod common;

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use common::{Workplace, assert_plain, texts};
use pointcloud::dataset::list_tree;
use pointcloud::io;

/// Names in a folder, hidden ones too.
fn names(folder: &Path) -> Vec<String> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// Runs `arguments` once to the end, then again and again with a signal at ten moments between start and end. After each,
/// `check` is told whether the program came to its end.
fn stop_at_ten_moments(place: &Workplace, arguments: &[&str], said: &str, check: &dyn Fn(bool)) {
    let started = Instant::now();
    place.succeed(arguments);
    let whole = started.elapsed();
    check(true);
    let mut stopped = 0;
    for moment in 0..10 {
        let delay = whole.mul_f64(f64::from(moment) / 10.0);
        let signal = if moment % 2 == 0 { "INT" } else { "TERM" };
        let started = Instant::now();
        let output = place.interrupt(arguments, signal, delay);
        let took = started.elapsed();
        // On a machine that does much else.
        assert!(took < delay + Duration::from_secs(30), "{signal} after {delay:?} took {took:?}");
        let (out, err) = texts(&output);
        assert_plain(&out);
        match output.status.code() {
            // The signal came before anything was set up.
            None => check(false),
            Some(0) => check(true),
            Some(code) => {
                assert_eq!(code, if signal == "INT" { 130 } else { 143 }, "{out}{err}");
                assert!(err.contains("stopped"), "{err}");
                // Earlier ones came before the command said what it leaves.
                stopped += usize::from(err.contains(said));
                check(false);
            }
        }
    }
    assert!(stopped > 0, "{arguments:?}: it was always over, or had hardly begun");
}

#[test]
fn a_synthetic_set_is_whole_or_not_there() {
    let place = Workplace::new();
    let home = place.path("home");
    fs::create_dir(&home).unwrap();
    let sizes = ["--train-per-class", "9", "--test-per-class", "3", "--points", "600"];
    let arguments = [&["synth", "home/made"][..], &sizes].concat();
    stop_at_ten_moments(&place, &arguments, "home/made is as it was", &|_| {
        // The set of an earlier go is there in any case, and nothing beside it.
        assert_eq!(names(&home), ["made"]);
        assert_eq!(list_tree(home.join("made")).unwrap().len(), 120);
    });
    fs::remove_dir_all(home.join("made")).unwrap();
    for delay in [50, 100, 200] {
        place.interrupt(&arguments, "INT", Duration::from_millis(delay));
        let left = names(&home);
        assert!(left.is_empty() || left == ["made"], "{left:?}");
    }
}

#[test]
fn converted_files_are_whole_and_counted() {
    let place = Workplace::new();
    let sizes = ["--train-per-class", "4", "--test-per-class", "2", "--points", "2000"];
    place.succeed(&[&["synth", "made"][..], &sizes].concat());
    let arguments =
        ["convert", "made", "out", "--format", "csv", "--points", "500", "--sampling", "farthest"];
    let out = place.path("out");
    stop_at_ten_moments(&place, &arguments, "of 60 files are written", &|_| {
        let mut folders = vec![out.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
                let path = entry.path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    assert!(!entry.file_name().to_string_lossy().starts_with('.'), "{}", path.display());
                    assert_eq!(io::read(&path).unwrap().len(), 500, "{}", path.display());
                }
            }
        }
        let _ = fs::remove_dir_all(&out);
    });
}

#[test]
fn every_line_of_predictions_is_whole() {
    let place = Workplace::new();
    place.train(&[], "run", false).unwrap();
    let output = place.path("predicted/predictions.jsonl");
    let folders = ["set/cone/train", "set/ring/train", "set/helix/test"].repeat(8);
    let arguments = [&["predict", "run", "--output", "predicted"][..], &folders].concat();
    stop_at_ten_moments(&place, &arguments, "of 88 files are predicted", &|whole| {
        if let Ok(text) = fs::read_to_string(&output) {
            let lines = text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
            let read = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap();
            let rows: Vec<serde_json::Value> = lines.map(read).collect();
            assert!(rows.len() == 8 * (4 + 4 + 3) || !whole);
        }
        let _ = fs::remove_dir_all(place.path("predicted"));
    });
}
