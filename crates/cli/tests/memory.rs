//! The memory of a training: the estimate against the peak of the program, and configs that are refused.

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use common::peak;
use train::Preview;
use train::config::Config;

/// The configs of the repository, with the overrides that make a case of them.
const CASES: [(&str, &[&str]); 6] = [
    ("shapes10", &["schedule.warmup_epochs=0"]),
    ("shapes10", &["schedule.warmup_epochs=0", "model.size=m", "train.batch_size=48"]),
    ("shapes10-paper", &[]),
    ("shapes10-paper", &["data.points=1024", "model.head=pooled", "data.order=none"]),
    ("scenes-synth", &["schedule.warmup_epochs=0", "augment.drop=0"]),
    ("scenes-synth", &["schedule.warmup_epochs=0", "model.size=s"]),
];

fn config(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../configs/{name}.toml"))
}

/// The peak of the program within the first epoch of a training.
fn measured(config: &Path, overrides: &[String], run: &Path) -> u64 {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pointwise"));
    command.arg("train").arg(config).arg("--output").arg(run).stdout(Stdio::null()).stderr(Stdio::null());
    for text in overrides {
        command.arg("--set").arg(text);
    }
    let mut child = command.spawn().unwrap();
    let started = Instant::now();
    let mut most = 0;
    let metrics = run.join("metrics.jsonl");
    while fs::read_to_string(&metrics).map_or(true, |text| !text.contains("\"train\"")) {
        match peak(&child) {
            Some(bytes) => most = bytes,
            None => break,
        }
        assert!(started.elapsed() < Duration::from_secs(600), "no epoch within ten minutes");
        thread::sleep(Duration::from_millis(10));
    }
    let _ = child.kill();
    child.wait().unwrap();
    most
}

#[test]
fn the_estimate_is_within_a_quarter_of_the_peak() {
    if !cfg!(target_os = "linux") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut wrong = Vec::new();
    for (number, (name, overrides)) in CASES.into_iter().enumerate() {
        let path = config(name);
        let root = format!("data.root={}", folder.path().join(name).display());
        let mut overrides: Vec<String> = overrides.iter().map(|&text| text.to_owned()).collect();
        overrides.extend([root, "train.epochs=1".to_owned()]);
        let found = measured(&path, &overrides, &folder.path().join(number.to_string()));
        let estimate = Preview::of(&Config::load(&path, &overrides).unwrap()).unwrap().memory;
        let ratio = estimate.total as f64 / found as f64;
        println!(
            "{name} {overrides:?}: {} MB expected, {} MB found",
            estimate.total / 1_000_000,
            found / 1_000_000
        );
        if !(0.75..=1.25).contains(&ratio) {
            wrong.push((name, overrides, estimate, found));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_config_that_does_not_fit_is_refused_before_memory_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let root = format!("data.root={}", folder.path().join("set").display());
    let small = ["data.synth.train_per_class=2", "data.synth.test_per_class=1", &root];
    let cases = [
        ("shapes10", "data.points=10000000000", "lower data.points"),
        ("shapes10", "model.widths=[30000,30000]", "lower the widths in [model]"),
        ("shapes10", "train.batch_size=1000000000", "lower data.points or train.batch_size"),
        ("shapes10-paper", "model.channels=1000000", "lower the widths in [model]"),
        ("shapes10-paper", "model.hidden=10000000", "lower the widths in [model]"),
    ];
    for (name, large, advice) in cases {
        let run = folder.path().join("run");
        let mut command = Command::new(env!("CARGO_BIN_EXE_pointwise"));
        command.arg("train").arg(config(name)).arg("--output").arg(&run);
        for text in small.iter().chain(&[large]) {
            command.arg("--set").arg(text);
        }
        let output = command.output().unwrap();
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{large}: {message}");
        assert!(message.contains("error: this training needs about"), "{large}: {message}");
        assert!(message.contains(advice) && message.contains("--force"), "{large}: {message}");
        assert!(!run.exists(), "{large}");
    }
}
