//! Disks that are full or cannot be written to: a run is what it was at its last whole checkpoint, or is gone.

mod common;

use std::fs;
use std::process::Command;

use common::{Workplace, assert_plain, assert_same_run, json, metrics, texts};

const TRAIN: [&str; 7] =
    ["train", "levels.toml", "--quiet", "--tensorboard", "--set", "train.epochs=3", "--output"];

/// What the training in the folder `name` leaves when its `number`-th write fails; `None` if it has fewer writes.
fn fail_write(place: &Workplace, name: &str, number: usize, more: &[&str]) -> Option<String> {
    let mut command = place.command(&[&TRAIN[..], &[name], more].concat());
    let output = command.env("POINTWISE_FAIL_WRITE", number.to_string()).output().unwrap();
    let (out, err) = texts(&output);
    assert_plain(&err);
    if output.status.success() {
        return None;
    }
    assert_eq!(output.status.code(), Some(1), "write {number}: {out}{err}");
    assert_eq!(err.lines().filter(|line| line.starts_with("error: ")).count(), 1, "write {number}: {err}");
    assert!(err.contains("no storage space"), "write {number}: {err}");
    Some(err)
}

#[test]
fn every_write_may_fail_once() {
    let place = Workplace::new();
    place.succeed(&[&TRAIN[..], &["whole"]].concat());
    let whole = place.path("whole");
    let (mut gone, mut resumed) = (0, 0);
    for number in 1.. {
        let name = format!("run{number}");
        let Some(err) = fail_write(&place, &name, number, &[]) else { break };
        let run = place.path(&name);
        if !run.exists() {
            gone += 1;
            assert!(err.contains("Nothing was saved") && err.contains("MB"), "write {number}: {err}");
            continue;
        }
        resumed += 1;
        assert!(err.contains("--resume --output"), "write {number}: {err}");
        // The run can be looked at, its files belong together, and nothing else is left.
        let told = json_of(&place.succeed(&["inspect", &name, "--json"]));
        assert_eq!(told["epochs_done"], told["last_checkpoint"], "write {number}: {err}");
        assert!(metrics(&run).iter().all(|row| row["epoch"].as_u64() <= told["epochs_done"].as_u64()));
        let names = fs::read_dir(&run).unwrap().chain(fs::read_dir(run.join("checkpoint")).unwrap());
        let names: Vec<String> =
            names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        assert!(names.iter().all(|name| !name.contains("partial")), "write {number}: {names:?}");
        place.succeed(&[&TRAIN[..], &[&name, "--resume"]].concat());
        assert_same_run(&whole, &run);
        assert!(
            fs::read(run.join("evaluation.json")).unwrap()
                == fs::read(whole.join("evaluation.json")).unwrap()
        );
        fs::remove_dir_all(run).unwrap();
    }
    println!("{gone} runs were gone, {resumed} were resumed");
    assert!(gone > 10 && resumed > 10);
}

/// A text as JSON.
fn json_of(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn a_resumed_run_survives_every_write_that_fails() {
    let place = Workplace::new();
    place.succeed(&[&TRAIN[..], &["whole"]].concat());
    place.succeed(&["train", "tiny.toml", "--quiet", "--output", "cut"]);
    place.succeed(&["train", "tiny.toml", "--quiet", "--output", "more", "--set", "train.epochs=4"]);
    let arguments =
        ["train", "tiny.toml", "--quiet", "--set", "train.epochs=4", "--resume", "--output", "cut"];
    // The same run again and again: each time it fails a write later, and must still be whole.
    let mut failed = 0;
    for number in 1.. {
        let mut command = place.command(&arguments);
        let output = command.env("POINTWISE_FAIL_WRITE", number.to_string()).output().unwrap();
        if output.status.success() {
            break;
        }
        failed += 1;
        let (_, err) = texts(&output);
        assert!(err.contains("no storage space") && err.contains("--resume"), "write {number}: {err}");
        place.succeed(&["inspect", "cut"]);
        place.succeed(&["eval", "cut", "--quiet", "--json", "-"]);
    }
    assert!(failed > 5, "{failed}");
    assert_same_run(&place.path("more"), &place.path("cut"));
}

/// Runs a script as root of a name space of its own, where it may mount a small disk on `small`; `None` where that is forbidden.
fn on_small_disk(place: &Workplace, size: &str, script: &str) -> Option<(String, String)> {
    fs::create_dir_all(place.path("small")).unwrap();
    let mount = format!("mount -t tmpfs -o size={size} tmpfs small || exit 77; {script}");
    let output = Command::new("unshare")
        .args(["-rm", "sh", "-c", &mount])
        .current_dir(place.path(""))
        .env("POINTWISE", env!("CARGO_BIN_EXE_pointwise"))
        .env("RUST_BACKTRACE", "0")
        .output()
        .ok()?;
    let (out, err) = texts(&output);
    if !out.contains("mounted") {
        eprintln!("skipped: no disk can be mounted here: {err}");
        return None;
    }
    Some((out, err))
}

#[test]
fn a_small_disk_is_refused_before_the_first_step_and_a_full_one_keeps_the_run() {
    let place = Workplace::new();
    let refused =
        "echo mounted; $POINTWISE train tiny.toml --quiet --output small/run; echo code $?; ls -A small";
    let Some((out, err)) = on_small_disk(&place, "800k", refused) else { return };
    assert!(out.ends_with("mounted\ncode 1\n"), "{out}");
    for part in ["small/run: found 1 MB free on this disk, expected at least 2 MB", "--output"] {
        assert!(err.contains(part), "{err}");
    }
    // Somebody else fills the disk after the start: here, before the run is resumed.
    let full = "echo mounted; $POINTWISE train tiny.toml --quiet --output small/run || exit 1
        cp -r small/run before; head -c 1G /dev/zero > small/filler
        $POINTWISE train tiny.toml --quiet --set train.epochs=4 --resume --output small/run; echo code $?
        rm small/filler; $POINTWISE train tiny.toml --quiet --set train.epochs=4 --resume --output small/run; echo code $?
        cp -r small/run after; mount -o remount,ro small
        $POINTWISE train tiny.toml --quiet --set train.epochs=5 --resume --output small/run; echo code $?";
    let (out, err) = on_small_disk(&place, "4m", full).unwrap();
    assert!(out.contains("code 1\n") && out.contains("code 0\n"), "{out}{err}");
    assert!(err.contains("found 0 MB free on this disk"), "{err}");
    assert!(err.contains("Read-only file system") && err.contains("The run is saved up to epoch 4"), "{err}");
    place.train(&["train.epochs=4"], "whole", false).unwrap();
    assert_same_run(&place.path("whole"), &place.path("after"));
    assert_eq!(json(place.path("before/manifest.json"))["weights"]["last"]["epoch"], 2);
}
