//! Training in shards: the number of threads changes no byte, nor does a stop; the number of shards is a part of the experiment.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicIsize, Ordering};

use common::rooms::Rooms;
use common::{Workplace, assert_same_run, metrics, weights};
use train::config::Config;
use train::{Reduce, RunError, Stop, TrainOptions, device};

/// A process that is asked to stop while it computes a certain step.
#[derive(Debug)]
struct StopsAt {
    step: isize,
    done: AtomicIsize,
    stop: Stop,
}

impl Reduce for StopsAt {
    fn rank(&self) -> usize {
        0
    }
    fn size(&self) -> usize {
        1
    }
    fn max(&self, _values: &mut [i64]) {
        // Once for every step.
        if self.done.fetch_add(1, Ordering::SeqCst) + 1 == self.step {
            self.stop.request();
        }
    }
    fn sum(&self, _values: &mut [i64]) {}
    fn wait(&self) {
        // What follows is no step.
        self.done.fetch_sub(1, Ordering::SeqCst);
    }
    fn abort(&self) -> ! {
        unreachable!("no other process waits")
    }
}

/// Trains with 4 and 8 shards: with 1, 2 and 3 threads, and stopped within the second epoch. The last batch of an epoch has fewer items
/// than 8 shards.
fn same_bytes(place: &Workplace, config: &str, more: &[&str], stopped_at: usize) {
    for shards in ["train.shards=4", "train.shards=8"] {
        let overrides = [more, &[shards, "train.batch_size=8"]].concat();
        let set: Vec<&str> = overrides.iter().flat_map(|text| ["--set", text]).collect();
        let run = |threads: &str| format!("{config}-{shards}-{threads}");
        for threads in ["1", "2", "3"] {
            let output = run(threads);
            let arguments = [&["train", config, "--quiet", "--output", &output], &set[..]].concat();
            let output = place.command(&arguments).env("RAYON_NUM_THREADS", threads).output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        }
        let stop = Stop::default();
        let options = TrainOptions {
            output: Some(place.path(&run("stopped"))),
            stop: stop.clone(),
            reduce: Arc::new(StopsAt { step: stopped_at as isize, done: AtomicIsize::new(0), stop }),
            ..TrainOptions::new(device("cpu").unwrap().device)
        };
        let overrides: Vec<String> = overrides.iter().map(|&text| text.to_owned()).collect();
        let config = Config::load(place.path(config), &overrides).unwrap();
        let outcome = train::train(&config, &options).unwrap();
        assert_eq!(outcome.epochs_done * outcome.steps + outcome.steps_done, stopped_at);
        assert!(outcome.steps_done > 0, "stopped within an epoch");
        let resumed = TrainOptions { resume: true, ..TrainOptions { stop: Stop::default(), ..options } };
        train::train(&config, &resumed).unwrap();
        for other in ["2", "3", "stopped"] {
            assert_same_run(&place.path(&run("1")), &place.path(&run(other)));
        }
    }
    let of = |shards: usize| place.path(&format!("{config}-train.shards={shards}-1"));
    assert!(weights(&of(4)) != weights(&of(8)), "shards are a part of the experiment");
}

#[test]
fn the_classifier_of_the_paper_with_dropout() {
    same_bytes(&Workplace::new(), "tiny.toml", &[], 6);
}

#[test]
fn a_classifier_with_running_statistics_and_averaged_weights() {
    same_bytes(&Workplace::new(), "levels.toml", &[], 6);
}

#[test]
fn a_segmenter_with_weighted_classes() {
    let Rooms { place } = Rooms::new();
    same_bytes(&place, "rooms.toml", &["scenes.regions=18"], 5);
}

#[test]
fn a_loss_that_overflows_stops_the_training() {
    let place = Workplace::new();
    let diverging =
        ["optimizer.kind=sgd", "optimizer.lr=20", "train.epochs=30", "train.batch_size=32", "train.shards=4"];
    let error = place.train(&diverging, "run", false).unwrap_err();
    let RunError::NotFinite { epoch, step: 1, files, .. } = &error else { panic!("{error}") };
    assert_eq!(files.len(), 30, "the files of all shards");
    // The whole epochs are there, and go on to the same end.
    assert_eq!(metrics(&place.path("run")).last().unwrap()["epoch"], epoch - 1);
    let again = place.train(&diverging, "run", true).unwrap_err();
    assert_eq!(again.to_string(), error.to_string());
}

#[test]
fn a_run_is_resumed_with_its_shards() {
    let place = Workplace::new();
    place.train(&["train.epochs=1", "train.shards=2"], "run", false).unwrap();
    let error = place.train(&["train.shards=4"], "run", true).unwrap_err();
    let RunError::ConfigChanged { key, found, expected, .. } = &error else { panic!("{error}") };
    assert_eq!((key.as_str(), found.as_str(), expected.as_str()), ("train.shards", "4", "2"));
    place.fail(
        &["train", "tiny.toml", "--set", "train.shards=9"],
        &["train.shards", "9", "a number from 1 to train.batch_size, which is 8"],
    );
}
