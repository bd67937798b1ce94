//! The same config and seed give the same bytes: interrupted or not, with any number of threads.

mod common;

use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

use common::{Workplace, assert_same_run, metrics, weights};
use train::RunError;

#[test]
fn a_run_that_was_killed_and_resumed_is_the_one_that_was_not() {
    let place = Workplace::new();
    // Batches of 2 and 200 epochs: long enough to be hit by the kill.
    let arguments = [
        "train",
        "tiny.toml",
        "--set",
        "train.epochs=200",
        "--set",
        "train.batch_size=2",
        "--plain",
        "--output",
    ];
    let with = |output, more: &[&'static str]| [&arguments[..], &[output], more].concat();
    place.succeed(&with("whole", &[]));

    let quiet = Stdio::null;
    let mut child = place.command(&with("killed", &[])).stdout(quiet()).stderr(quiet()).spawn().unwrap();
    let log = place.path("killed/metrics.jsonl");
    let deadline = Instant::now() + Duration::from_secs(60);
    while fs::read_to_string(&log).map_or(0, |text| text.lines().count()) < 2 {
        assert!(Instant::now() < deadline, "no epoch in a minute");
        std::thread::sleep(Duration::from_millis(1));
    }
    // Two trainings in one run would spoil each other.
    place.fail(&with("killed", &["--resume"]), &["killed", "another process"]);
    child.kill().unwrap();
    child.wait().unwrap();
    let done = metrics(&place.path("killed")).len();
    assert!((2..400).contains(&done), "{done} rows: not killed in the middle");

    let out = place.succeed(&with("killed", &["--resume"]));
    assert!(out.ends_with("run: killed\n"), "{out}");
    assert_same_run(&place.path("whole"), &place.path("killed"));

    // Once more, with nothing left to do.
    place.succeed(&with("killed", &["--resume"]));
    assert_same_run(&place.path("whole"), &place.path("killed"));
}

#[test]
fn a_run_that_was_killed_before_its_first_checkpoint_starts_over() {
    let place = Workplace::new();
    place.train(&[], "whole", false).unwrap();
    place.train(&[], "killed", false).unwrap();
    // What a kill between the row of metrics and the checkpoint leaves.
    fs::remove_dir_all(place.path("killed/checkpoint")).unwrap();
    fs::write(place.path("killed/last.safetensors.tmp"), "half").unwrap();
    place.train(&[], "killed", true).unwrap();
    assert_same_run(&place.path("whole"), &place.path("killed"));
}

#[test]
fn more_epochs_equal_all_epochs_at_once_for_every_optimizer_and_schedule() {
    let place = Workplace::new();
    for (optimizer, lr) in [("sgd", "0.01"), ("adam", "0.003"), ("adamw", "0.003")] {
        for schedule in ["constant", "step"] {
            let name = format!("{optimizer}-{schedule}");
            let (kind, lr) = (format!("optimizer.kind={optimizer}"), format!("optimizer.lr={lr}"));
            let schedule = match schedule {
                "step" => vec!["schedule.kind=step", "schedule.every_epochs=1", "schedule.gamma=0.5"],
                _ => vec!["schedule.kind=constant"],
            };
            let with = |epochs| {
                [&[kind.as_str(), &lr, "optimizer.weight_decay=0.001", epochs], &schedule[..]].concat()
            };
            place.train(&with("train.epochs=4"), &format!("{name}-4"), false).unwrap();
            place.train(&with("train.epochs=2"), &format!("{name}-2"), false).unwrap();
            place.train(&with("train.epochs=4"), &format!("{name}-2"), true).unwrap();
            assert_same_run(&place.path(&format!("{name}-4")), &place.path(&format!("{name}-2")));
        }
    }
    // The learning rate is the documented one: halved after every epoch.
    let rates: Vec<f64> =
        metrics(&place.path("sgd-step-4")).iter().filter_map(|row| row["lr"].as_f64()).collect();
    assert_eq!(rates, [0.01, 0.005, 0.0025, 0.00125]);
}

#[test]
fn a_cosine_schedule_goes_on_where_it_was() {
    let place = Workplace::new();
    for optimizer in ["optimizer.kind=sgd", "optimizer.kind=adam", "optimizer.kind=adamw"] {
        let overrides = ["train.epochs=4", "schedule.kind=cosine", optimizer];
        let (whole, cut) = (format!("{optimizer}-whole"), format!("{optimizer}-cut"));
        place.train(&overrides, &whole, false).unwrap();
        place.train(&overrides, &cut, false).unwrap();
        // As if it had been killed in epoch 4: two checkpoints are kept.
        for name in ["model", "optim", "scheduler"] {
            fs::remove_file(place.path(&format!("{cut}/checkpoint/{name}-4.bpk"))).unwrap();
        }
        fs::write(place.path(&format!("{cut}/last.safetensors")), "of epoch 4").unwrap();
        place.train(&overrides, &cut, true).unwrap();
        assert_same_run(&place.path(&whole), &place.path(&cut));
        let rates = metrics(&place.path(&whole));
        let rates: Vec<f64> = rates.iter().filter_map(|row| row["lr"].as_f64()).collect();
        assert!(rates.is_sorted_by(|a, b| a > b) && rates[0] < 0.003 && rates[3] < 1e-4, "{rates:?}");
    }
    let longer = ["train.epochs=5", "schedule.kind=cosine", "optimizer.kind=sgd"];
    let error = place.train(&longer, "optimizer.kind=sgd-cut", true).unwrap_err();
    assert!(matches!(&error, RunError::ConfigChanged { key, .. } if key == "train.epochs"), "{error}");
}

#[test]
fn the_seed_decides_all_bytes() {
    let place = Workplace::new();
    place.train(&[], "a", false).unwrap();
    place.train(&[], "b", false).unwrap();
    place.train(&["seed=6"], "c", false).unwrap();
    assert_same_run(&place.path("a"), &place.path("b"));
    assert_ne!(metrics(&place.path("a")), metrics(&place.path("c")));
    assert!(weights(&place.path("a")) != weights(&place.path("c")));
}

#[test]
fn the_number_of_threads_changes_no_byte() {
    let place = Workplace::new();
    // Wide enough that the products and reductions of burn run on several threads.
    let wide = ["--set", "model.hidden=256", "--set", "train.batch_size=16", "--quiet"];
    for threads in ["1", "2", "4"] {
        let arguments = [&["train", "tiny.toml", "--output", threads], &wide[..]].concat();
        let status = place.command(&arguments).env("RAYON_NUM_THREADS", threads).output().unwrap().status;
        assert!(status.success());
    }
    assert_same_run(&place.path("1"), &place.path("2"));
    assert_same_run(&place.path("1"), &place.path("4"));
    let [evaluation, other] =
        ["1", "4"].map(|run| fs::read(place.path(run).join("evaluation.json")).unwrap());
    assert!(evaluation == other);
}
