//! A crate outside of the workspace depends on ours by path, builds and runs.
//!
//! Its programs are the layer example of the README, and two of our examples as they are. It is built offline, with the
//! lockfile, the profile and the target directory of the workspace, so that of the dependencies nothing is built again; our
//! own crates are, and quickly, without optimisation.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The top folder of the workspace.
fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("crates/cli has two parents").to_owned()
}

/// The first Rust program of the README, made whole as `cargo test` does for documentation.
fn readme_program() -> String {
    let readme = fs::read_to_string(workspace().join("README.md")).unwrap();
    let code = readme.split("```rust\n").nth(1).expect("the README has a Rust example");
    let code = code.split("```").next().unwrap_or_default();
    let lines: Vec<&str> = code.lines().map(|line| line.strip_prefix("# ").unwrap_or(line)).collect();
    format!(
        "fn main() {{\n    fn example() -> Result<(), impl std::fmt::Debug> {{\n{}\n    }}\n    example().unwrap();\n}}\n",
        lines.join("\n")
    )
}

/// The manifest, with the third parties and the profile of the workspace.
fn manifest() -> String {
    let text = fs::read_to_string(workspace().join("Cargo.toml")).unwrap();
    let shared: toml::Table = text.parse().unwrap();
    let third_party = &shared["workspace"]["dependencies"];
    let mut dependencies = toml::Table::new();
    for name in ["burn", "ciborium", "rand", "rand_chacha", "regex-syntax", "tempfile"] {
        dependencies.insert(name.into(), third_party[name].clone());
    }
    let mut profile = shared["profile"].clone();
    for name in ["neighbors", "pointcloud", "pointconv", "train"] {
        let path = workspace().join("crates").join(name);
        let mut dependency = toml::Table::from_iter([("path".to_owned(), path.display().to_string().into())]);
        if name == "train" {
            // As in the program: the same features of burn.
            dependency.insert("features".into(), vec!["dashboard"].into());
        }
        dependencies.insert(name.into(), dependency.into());
        let quick = toml::Table::from_iter([("opt-level".to_owned(), 0.into())]);
        profile["release"]["package"].as_table_mut().unwrap().insert(name.into(), quick.into());
    }
    let features = ["wgpu"].map(|name| (name.to_owned(), vec![format!("train/{name}")].into()));
    let manifest = toml::Table::from_iter([
        ("dependencies".to_owned(), dependencies.into()),
        ("features".to_owned(), toml::Table::from_iter(features).into()),
        ("profile".to_owned(), profile),
        ("workspace".to_owned(), toml::Table::new().into()),
    ]);
    format!(
        "[package]\nname = \"outside\"\nversion = \"0.0.0\"\nedition = \"2024\"\npublish = false\n{manifest}"
    )
}

#[test]
fn a_crate_outside_builds_and_runs() {
    let folder = tempfile::tempdir().unwrap();
    let bin = folder.path().join("src/bin");
    fs::create_dir_all(&bin).unwrap();
    fs::write(folder.path().join("Cargo.toml"), manifest()).unwrap();
    fs::copy(workspace().join("Cargo.lock"), folder.path().join("Cargo.lock")).unwrap();
    fs::write(bin.join("readme.rs"), readme_program()).unwrap();
    for (krate, example) in [("pointconv", "network"), ("train", "predict")] {
        let file = workspace().join(format!("crates/{krate}/examples/{example}.rs"));
        fs::copy(file, bin.join(format!("{example}.rs"))).unwrap();
    }

    // The one that these tests were built in; nobody holds it while tests run.
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let mut build = Command::new(env!("CARGO"));
    build.args(["build", "--offline", "--bins", "--manifest-path"]).arg(folder.path().join("Cargo.toml"));
    build.arg("--target-dir").arg(target);
    if !cfg!(debug_assertions) {
        build.arg("--release");
    }
    let built = build.output().unwrap();
    let log = String::from_utf8_lossy(&built.stderr);
    assert!(built.status.success(), "{log}");

    let programs = target.join(if cfg!(debug_assertions) { "debug" } else { "release" });
    for (program, says) in
        [("readme", ""), ("network", "of 192 new clouds"), ("predict", "trained 20 epochs")]
    {
        let run = Command::new(programs.join(format!("{program}{}", std::env::consts::EXE_SUFFIX)))
            .output()
            .unwrap();
        let (text, errors) = (String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
        assert!(run.status.success() && text.contains(says), "{program}: {text}{errors}");
    }
}
