//! The number of threads changes no byte, neither in a training, nor when it changes on resume, nor in a prediction.

mod common;

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use common::rooms::Rooms;
use common::{Workplace, assert_same_run};

/// More and fewer than the cores of most test machines, and numbers that divide no size of the data.
const THREADS: [&str; 5] = ["1", "2", "3", "5", "8"];

/// Runs the binary with a number of threads.
fn run(place: &Workplace, threads: &str, arguments: &[&str]) {
    let output = place.command(arguments).env("RAYON_NUM_THREADS", threads).output().unwrap();
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{threads} threads, {arguments:?}: {err}");
}

/// Trains with every number of threads, and once with another number in each of three epochs. `wide` makes the layers so wide that
/// products and reductions run on several threads.
fn train_with_all(place: &Workplace, config: &str, wide: &[&str]) {
    let set: Vec<&str> = wide.iter().flat_map(|text| ["--set", text]).collect();
    let train = |threads: &str, epochs: usize, more: &[&str]| {
        let epochs = format!("train.epochs={epochs}");
        let arguments = [&["train", config, "--quiet", "--set", &epochs], &set[..], more].concat();
        run(place, threads, &arguments);
    };
    for threads in THREADS {
        train(threads, 3, &["--output", threads]);
    }
    train("8", 1, &["--output", "changed"]);
    train("1", 2, &["--output", "changed", "--resume"]);
    train("3", 3, &["--output", "changed", "--resume"]);
    let evaluation = |run: &str| fs::read(place.path(run).join("evaluation.json")).unwrap();
    for other in THREADS[1..].iter().chain(&["changed"]) {
        assert_same_run(&place.path("1"), &place.path(other));
        assert!(
            evaluation("1") == evaluation(other),
            "{config}: the evaluations with 1 and {other} threads differ"
        );
    }
}

#[test]
fn a_classifier() {
    train_with_all(&Workplace::new(), "tiny.toml", &["model.hidden=256", "train.batch_size=16"]);
}

#[test]
fn a_classifier_of_several_resolutions_with_averaged_weights() {
    let place = Workplace::new();
    // The cosine schedule depends on the number of epochs, which changes here.
    let text = fs::read_to_string(place.path("levels.toml")).unwrap();
    fs::write(place.path("average.toml"), text.split_once("[schedule]").unwrap().0).unwrap();
    train_with_all(&place, "average.toml", &["model.hidden=256", "train.batch_size=16"]);
}

/// Does `work` while three threads for each processor do nothing but take its time.
fn under_load(work: impl FnOnce()) {
    struct Stop<'a>(&'a AtomicBool);
    impl Drop for Stop<'_> {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Relaxed);
        }
    }
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        // Also where the work fails.
        let _stop = Stop(&is_over);
        for _ in 0..3 * thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
            });
        }
        work();
    });
}

#[test]
fn heavy_load_changes_no_byte() {
    let Rooms { place } = Rooms::new();
    for config in ["tiny.toml", "rooms.toml"] {
        let train = |threads: &str, epochs: &str, more: &[&str]| {
            let epochs = format!("train.epochs={epochs}");
            run(&place, threads, &[&["train", config, "--quiet", "--set", &epochs], more].concat());
        };
        let [quiet, loaded, changed] = ["quiet", "loaded", "changed"].map(|name| format!("{config}-{name}"));
        train("1", "3", &["--output", &quiet]);
        under_load(|| {
            train("8", "3", &["--output", &loaded]);
            train("3", "1", &["--output", &changed]);
            train("5", "3", &["--output", &changed, "--resume"]);
        });
        for other in [loaded, changed] {
            assert_same_run(&place.path(&quiet), &place.path(&other));
        }
    }
}

#[test]
fn a_segmenter_and_its_labels() {
    let Rooms { place } = Rooms::new();
    train_with_all(&place, "rooms.toml", &["model.channels=32"]);
    let scene = fs::read_dir(place.path("rooms/test")).unwrap().next().unwrap().unwrap().path();
    let labels = |threads: &str| {
        let output = format!("labels-{threads}");
        run(&place, threads, &["predict", "1", scene.to_str().unwrap(), "--quiet", "--output", &output]);
        let mut files = fs::read_dir(place.path(&output)).unwrap();
        fs::read(files.next().unwrap().unwrap().path()).unwrap()
    };
    let expected = labels("1");
    for threads in &THREADS[1..] {
        assert!(labels(threads) == expected, "the labels with 1 and {threads} threads differ");
    }
}
