//! Disks that are full or cannot be written to: a run is what it was at its last whole checkpoint, or is gone. `faults` lets every
//! write of a training fail.

mod common;

use std::fs;
use std::process::Command;

use common::{Workplace, assert_same_run, json, texts};

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
