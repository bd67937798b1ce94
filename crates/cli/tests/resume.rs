//! The same config and seed give the same bytes, interrupted or not.

mod common;

use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

use common::{Workplace, assert_same_run, metrics, weights};
#[cfg(unix)]
use common::{assert_plain, texts};
use train::{RunError, Stop, TrainOptions};

#[test]
fn a_run_that_was_killed_and_resumed_is_the_one_that_was_not() {
    let place = Workplace::new();
    // Batches of 2 and 200 epochs: long enough to be hit by the kill.
    let arguments =
        ["train", "tiny.toml", "--set", "train.epochs=200", "--set", "train.batch_size=2", "--output"];
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

/// Numbers that differ from test run to test run: where a run is stopped should not always be the same. The seed is printed,
/// and `POINTWISE_TEST_SEED` repeats it.
#[cfg(unix)]
fn random_numbers() -> impl FnMut(u64) -> u64 {
    use std::hash::{BuildHasher, Hasher, RandomState};

    use rand::{RngExt, SeedableRng};

    let given = std::env::var("POINTWISE_TEST_SEED").ok();
    let seed = given.map_or_else(|| RandomState::new().build_hasher().finish(), |seed| seed.parse().unwrap());
    println!("POINTWISE_TEST_SEED={seed}");
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
    move |below| rng.random_range(0..below)
}

#[cfg(unix)]
#[test]
fn a_run_that_was_stopped_anywhere_any_number_of_times_is_the_one_that_was_not() {
    stop_anywhere("tiny.toml", 8);
}

#[cfg(unix)]
#[test]
fn running_statistics_and_averaged_weights_go_on_where_they_were() {
    // The average is a fifth file of a checkpoint.
    stop_anywhere("levels.toml", 10);
}

/// Trains with `config`, stopped or killed at random moments; the run must equal one that was not. `files` are those of the
/// two checkpoints that stay.
#[cfg(unix)]
fn stop_anywhere(config: &'static str, files: usize) {
    let mut random = random_numbers();
    let place = Workplace::new();
    let arguments = ["train", config, "--set", "train.epochs=40", "--set", "train.batch_size=1"];
    let with = |more: &[&'static str]| [&arguments[..], more].concat();
    place.succeed(&with(&["--output", "whole", "--tensorboard"]));

    let log = place.path("cut/metrics.jsonl");
    let rows = || fs::read_to_string(&log).map_or(0, |text| text.lines().count() as u64);
    let (mut stops, mut within, mut session) = (0, 0, 0);
    loop {
        session += 1;
        assert!(session < 100, "{session} sessions and no end");
        let resume: &[&str] = if place.path("cut/config.toml").exists() { &["--resume"] } else { &[] };
        let signal = ["INT", "TERM", "INT", "KILL"][random(4) as usize];
        let arguments = [&with(&["--output", "cut", "--tensorboard"])[..], resume].concat();
        let mut command = place.command(&arguments);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // After some epochs, and sometimes before the first.
        let wanted = rows() + random(16);
        while rows() < wanted && child.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_millis(random(150)));
        std::process::Command::new("kill").args(["-s", signal, &child.id().to_string()]).output().unwrap();
        let output = child.wait_with_output().unwrap();
        let (out, err) = texts(&output);
        assert_plain(&out);
        match output.status.code() {
            // Killed, or before anything was set up.
            None => {}
            Some(0) => {
                assert!(out.ends_with("run: cut\n"), "{out}");
                break;
            }
            Some(code) => {
                assert_eq!(code, if signal == "INT" { 130 } else { 143 }, "{signal}: {out}{err}");
                if out.contains("go on with") {
                    assert!(out.contains("--resume --output cut") && out.ends_with("run: cut\n"), "{out}");
                    assert!(err.contains("once more ends at once"), "{err}");
                    stops += 1;
                    within += usize::from(out.contains("after step"));
                } else {
                    assert!(
                        err.contains("stopped") || out.contains("stopped before the evaluation"),
                        "{out}{err}"
                    );
                }
            }
        }
    }
    assert_same_run(&place.path("whole"), &place.path("cut"));
    assert!(session > 2, "the training was over before it could be stopped");
    println!("{session} sessions, {stops} stopped, {within} of them within an epoch");

    // Nothing is left of what was being written.
    for folder in ["cut", "cut/checkpoint"] {
        let names = fs::read_dir(place.path(folder)).unwrap();
        let names: Vec<String> =
            names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        assert!(names.iter().all(|name| !name.contains("tmp") && !name.contains("partial")), "{names:?}");
        assert!(folder == "cut" || names.len() == files, "{names:?}");
    }
}

/// A request that comes before the first step leaves nothing; one in an epoch keeps the step.
#[test]
fn a_request_to_stop_is_heard_after_the_step() {
    let place = Workplace::new();
    let config = place.config(&["train.epochs=4", "train.batch_size=2"]);
    let options = |resume, stop: &Stop| TrainOptions {
        output: Some(place.path("run")),
        resume,
        stop: stop.clone(),
        ..TrainOptions::new(train::device("cpu").unwrap().device)
    };
    let stop = Stop::default();
    stop.request();
    let error = train::train(&config, &options(false, &stop)).unwrap_err();
    assert!(matches!(error, RunError::StoppedEarly), "{error}");
    assert!(!place.path("run").exists());

    // Asked as soon as somebody listens, which is before the first step or after it.
    let stop = Stop::default();
    let outcome = std::thread::scope(|scope| {
        scope.spawn(|| {
            let log = place.path("run/checkpoint");
            while !log.exists() {
                std::thread::yield_now();
            }
            stop.request();
        });
        train::train(&config, &options(false, &stop))
    });
    if let Ok(outcome) = outcome {
        assert!(outcome.epochs_done < 4 && outcome.steps == 15, "{outcome:?}");
        let json = place.succeed(&["inspect", "run", "--json"]);
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(json["last_checkpoint"], outcome.epochs_done);
        assert_eq!(json["last_checkpoint_step"], outcome.steps_done);
    }
    let resume = place.path("run").exists();
    let outcome = train::train(&config, &options(resume, &Stop::default())).unwrap();
    assert_eq!((outcome.epochs_done, outcome.steps_done), (4, 0));
    place.train(&["train.epochs=4", "train.batch_size=2"], "whole", false).unwrap();
    assert_same_run(&place.path("whole"), &place.path("run"));
}

#[test]
fn a_run_that_was_killed_before_its_first_checkpoint_starts_over() {
    let place = Workplace::new();
    place.train(&[], "whole", false).unwrap();
    place.train(&[], "killed", false).unwrap();
    // What a kill between the row of metrics and the checkpoint leaves.
    fs::remove_dir_all(place.path("killed/checkpoint")).unwrap();
    fs::write(place.path("killed/last.safetensors.part"), "half").unwrap();
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
        // As if it had been killed in epoch 4, of 4 steps: two checkpoints are kept.
        for name in ["model-16.bpk", "optim-16.bpk", "scheduler-16.bpk"] {
            fs::remove_file(place.path(&format!("{cut}/checkpoint/{name}"))).unwrap();
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
