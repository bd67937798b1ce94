//! Whatever is wrong, one message says where, what was found and what is expected; nothing half-done is left.

mod common;

use std::fs;
use std::path::Path;

use common::{Workplace, texts};

const ARGUMENTS: [&str; 4] = ["train", "tiny.toml", "--output", "run"];

/// `train` with `overrides` must fail with `parts` in its message and leave no run.
fn refused(place: &Workplace, overrides: &[&str], parts: &[&str]) {
    let set = overrides.iter().flat_map(|text| ["--set", text]);
    let arguments: Vec<&str> = ARGUMENTS.into_iter().chain(set).collect();
    place.fail(&arguments, parts);
    assert!(!place.path("run").exists(), "{overrides:?} left a run");
    assert!(!place.path("runs").exists(), "{overrides:?} left a run");
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// An ASCII PLY file with these rows.
fn ply(rows: &[&str]) -> String {
    format!(
        "ply\nformat ascii 1.0\nelement vertex {}\nproperty float x\nproperty float y\nproperty float z\nend_header\n{}\n",
        rows.len(),
        rows.join("\n")
    )
}

#[test]
fn configs() {
    let place = Workplace::new();
    place.fail(&["train", "none.toml"], &["none.toml", "cannot read config", "No such file"]);
    fs::write(place.path("torn.toml"), "name = \"x\"\n[data\n").unwrap();
    place.fail(&["train", "torn.toml"], &["torn.toml, line 2"]);
    refused(
        &place,
        &["optimizer.kind=sgd", "optimizer.momentun=3"],
        &["`optimizer.momentun`", "did you mean `optimizer.momentum`"],
    );
    refused(&place, &["train.epochs=many"], &["`train.epochs`", "\"many\"", "a whole number"]);
    refused(&place, &["train.epochs"], &["--set train.epochs"]);
    refused(&place, &["data.order=none"], &["`data.order`", "none", "xyz"]);
    refused(&place, &["schedule.kind=cosine", "optimizer.lr=1.5"], &["`optimizer.lr`", "1.5", "at most 1"]);
    let error = place.fail(&[&ARGUMENTS[..], &["--device", "abacus"]].concat(), &["'abacus'", "auto, cpu"]);
    assert_eq!(error.lines().count(), 1);
}

#[test]
fn data_folders() {
    let place = Workplace::new();
    refused(&place, &["data.root=nowhere"], &["nowhere", "found nothing", "<class>/<split>/<file>"]);
    refused(&place, &["data.root=tiny.toml"], &["tiny.toml", "found a file", "<class>/<split>/<file>"]);
    fs::create_dir(place.path("empty")).unwrap();
    refused(&place, &["data.root=empty"], &["empty", "found an empty folder", "class folders"]);
    write(&place.path("loose/bed/train/b.ply"), &ply(&["0 0 0"]));
    write(&place.path("loose/chair/a.ply"), &ply(&["0 0 0"]));
    refused(&place, &["data.root=loose"], &["loose/chair", "a.ply", "expected split folders"]);
    write(&place.path("both/train/bed/b.ply"), &ply(&["0 0 0"]));
    write(&place.path("both/chair/train/a.ply"), &ply(&["0 0 0"]));
    refused(
        &place,
        &["data.root=both"],
        &["both: found two layouts: chair/train and train/bed", "expected one"],
    );
    refused(&place, &["data.lists=\"x_{split}.txt\""], &["set/x_train.txt: found nothing", "data.lists"]);
    write(&place.path("lonely/chair/a.ply"), &ply(&["0 0 0"]));
    refused(&place, &["data.root=lonely"], &["lonely", "'test' has no usable file"]);
    write(&place.path("untested/chair/train/a.ply"), &ply(&["0 0 0"]));
    refused(&place, &["data.root=untested"], &["untested", "no split 'test'", "'train'"]);
    write(&place.path("untrained/chair/test/a.ply"), &ply(&["0 0 0"]));
    refused(&place, &["data.root=untrained"], &["untrained", "no split 'train'", "'test'"]);
    write(&place.path("scenes/test/a.ply"), &ply(&["0 0 0"]));
    refused(
        &place,
        &["data.root=scenes"],
        &["scenes: found a folder of scenes", "paper-classifier needs", "such as CLASS/SPLIT/FILE"],
    );
    fs::create_dir_all(place.path("hollow/chair/train")).unwrap();
    write(&place.path("hollow/chair/test/a.ply"), &ply(&["0 0 0"]));
    refused(&place, &["data.root=hollow"], &["hollow", "'train' has no usable file"]);
}

#[test]
fn files() {
    let place = Workplace::new();
    let bad = place.path("set/helix/train/helix_0002.ply");
    let whole = fs::read(&bad).unwrap();
    let name = "set/helix/train/helix_0002.ply";

    fs::write(&bad, "").unwrap();
    refused(&place, &[], &[name, "line 1", "ply"]);
    fs::write(&bad, ply(&[])).unwrap();
    refused(&place, &[], &[name, "no points"]);
    fs::write(&bad, ply(&["0 0 0", "1 1 1", "2 nan 2"])).unwrap();
    refused(&place, &[], &[name, "point 2", "NaN", "finite"]);
    fs::write(&bad, &whole[..whole.len() - 5]).unwrap();
    refused(&place, &[], &[name, "after 63 rows of element 'vertex', expected 64"]);

    // Left out and counted where that is asked for.
    let output =
        place.command(&[&ARGUMENTS[..], &["--set", "data.skip_bad=true"]].concat()).output().unwrap();
    let (out, err) = texts(&output);
    assert!(output.status.success(), "{err}");
    assert!(err.contains("skipped: ") && err.contains(name), "{err}");
    assert!(place.succeed(&["inspect", "run"]).contains("1 left out"), "{out}");
}

#[test]
fn run_directories() {
    let place = Workplace::new();
    place.succeed(&[&ARGUMENTS[..], &["--quiet"]].concat());
    for command in [&["eval"][..], &["predict"]] {
        let with = |run| {
            let input: &[&str] = if command == ["predict"] { &["set/ring/test"] } else { &[] };
            [command, &[run], input].concat()
        };
        place
            .fail(&with("nowhere"), &["nowhere is not a run directory", "does not exist", "pointwise train"]);
        place.fail(&with("set"), &["set is not a run directory", "no config.toml"]);
        place.fail(&with("tiny.toml"), &["tiny.toml is not a run directory", "it is a file"]);
    }

    let manifest = place.path("run/manifest.json");
    let text = fs::read_to_string(&manifest).unwrap();
    fs::write(&manifest, &text[..text.len() / 2]).unwrap();
    place.fail(&["eval", "run"], &["run/manifest.json", "line"]);
    place.fail(&["inspect", "run"], &["run/manifest.json", "line"]);
    // A newer format may have any keys, also in the config.
    fs::write(&manifest, "{\"format_version\": 2, \"unheard\": 1}").unwrap();
    let config = fs::read_to_string(place.path("run/config.toml")).unwrap();
    fs::write(place.path("run/config.toml"), format!("{config}\n[unheard]\nof = 1\n")).unwrap();
    place.fail(&["eval", "run"], &["run/manifest.json", "format version 2 is newer", "up to 1", "update"]);
    place.fail(&["inspect", "run"], &["format version 2 is newer"]);
    place.fail(&[&ARGUMENTS[..], &["--resume"]].concat(), &["format version 2 is newer"]);
    fs::write(&manifest, &text).unwrap();
    fs::write(place.path("run/config.toml"), config).unwrap();

    let weights = place.path("run/best.safetensors");
    let bytes = fs::read(&weights).unwrap();
    for keep in [0, 5, 200, bytes.len() - 1] {
        fs::write(&weights, &bytes[..keep]).unwrap();
        place.fail(&["eval", "run"], &["run/best.safetensors", "cannot read the weights"]);
    }
    fs::remove_file(&weights).unwrap();
    place.fail(&["eval", "run"], &["run/best.safetensors", "no such weights", "--weights"]);
    place.succeed(&["eval", "run", "--weights", "last"]);
    // Weights of another network.
    place.succeed(&["train", "tiny.toml", "--quiet", "--output", "wide", "--set", "model.hidden=20"]);
    fs::copy(place.path("wide/best.safetensors"), &weights).unwrap();
    place.fail(&["eval", "run"], &["run/best.safetensors", "hidden"]);
}

#[test]
fn output_folders() {
    let place = Workplace::new();
    place.succeed(&[&ARGUMENTS[..], &["--quiet"]].concat());
    let config = fs::read(place.path("run/config.toml")).unwrap();
    place.fail(&ARGUMENTS, &["run already holds a run", "--resume", "--output"]);
    assert_eq!(fs::read(place.path("run/config.toml")).unwrap(), config);
    place.fail(&["train", "tiny.toml", "--output", "set"], &["set is not empty", "--output"]);
    assert!(!place.path("set/config.toml").exists());
    place.fail(&["train", "tiny.toml", "--output", "tiny.toml"], &["tiny.toml"]);
    place.fail(&["eval", "run", "--json", "no/such/folder.json"], &["no/such/folder.json", "No such file"]);
    fs::create_dir(place.path("ready")).unwrap();
    place.succeed(&["train", "tiny.toml", "--quiet", "--output", "ready"]);
}

#[test]
fn resuming() {
    let place = Workplace::new();
    let resume = |overrides: &[&'static str]| {
        let set = overrides.iter().flat_map(|text| ["--set", *text]);
        ARGUMENTS.into_iter().chain(["--resume", "--quiet"]).chain(set).collect::<Vec<_>>()
    };
    place.fail(&resume(&[]), &["run is not a run directory", "does not exist"]);
    place.succeed(&[&ARGUMENTS[..], &["--quiet"]].concat());
    place.fail(
        &resume(&["seed=6"]),
        &["cannot resume run", "`seed` is 6", "started with 5", "run/config.toml"],
    );
    // Nothing is written over the data before the run is found not to fit.
    let set = fs::read(place.path("set/synth.toml")).unwrap();
    place.fail(&resume(&["data.synth.seed=2"]), &["cannot resume run", "`data.synth"]);
    assert_eq!(fs::read(place.path("set/synth.toml")).unwrap(), set);
    place.fail(&resume(&["schedule.kind=cosine"]), &["`schedule.kind`", "\"cosine\"", "\"constant\""]);
    place.fail(&resume(&["augment.rotate=any"]), &["`augment.rotate`", "\"any\"", "\"up\""]);
    place.fail(&resume(&["train.epochs=1"]), &["`train.epochs` is 1", "2 behind it"]);

    // Other data at another place.
    place.succeed(&["synth", "more", "--train-per-class", "5", "--test-per-class", "1", "--points", "64"]);
    place.fail(
        &resume(&["data.root=more"]),
        &["number of files", "40 for training, 10 for", "30 for training, 10 for"],
    );
    // A folder without files is no class; with one it is.
    fs::create_dir_all(place.path("set/zebra/test")).unwrap();
    place.succeed(&resume(&[]));
    fs::copy(place.path("set/ring/test/ring_0005.ply"), place.path("set/zebra/test/zebra_1.ply")).unwrap();
    place.fail(&resume(&[]), &["the classes are", "zebra"]);
    fs::remove_dir_all(place.path("set/zebra")).unwrap();

    // A run of an earlier version, whose manifest has no such key.
    let manifest = place.path("run/manifest.json");
    let text = fs::read_to_string(&manifest).unwrap();
    fs::write(&manifest, text.replace("  \"checkpoint_version\": 2,\n", "")).unwrap();
    place.fail(&resume(&["train.epochs=3"]), &["run/checkpoint", "version 0, expected 2", "start a new run"]);
    place.succeed(&["eval", "run", "--data", "set"]);
    fs::write(&manifest, text).unwrap();

    let checkpoint = place.path("run/checkpoint/optim-8.bpk");
    let bytes = fs::read(&checkpoint).unwrap();
    fs::write(&checkpoint, &bytes[..100]).unwrap();
    place.fail(
        &resume(&["train.epochs=3"]),
        &["run/checkpoint/optim-8.bpk", "damaged", "remove the files of step 8"],
    );
    fs::remove_file(&checkpoint).unwrap();
    place.succeed(&resume(&["train.epochs=3"]));
}

/// Counts that no memory could hold are refused before anything of that size is allocated.
#[test]
fn counts_beyond_all_memory() {
    const HUGE: &str = "1000000000000";
    let place = Workplace::new();
    let keys = [
        ("levels.toml", "model.widths=[4, 1000000000000]", "model.widths"),
        ("levels.toml", "model.blocks=[1, 1000000000000]", "model.blocks"),
        ("levels.toml", "model.hidden=1000000000000", "model.hidden"),
        ("levels.toml", "model.expansion=1000000000000", "model.expansion"),
        ("levels.toml", "model.ensemble=1000000000000", "model.ensemble"),
        ("levels.toml", "data.points=1000000000000", "data.points"),
        ("levels.toml", "train.batch_size=1000000000000", "train.batch_size"),
        ("tiny.toml", "model.channels=1000000000000", "of memory are available"),
        ("tiny.toml", "model.hidden=1000000000000", "of memory are available"),
        ("tiny.toml", "data.synth.points=1000000000000", "data.synth.points"),
        ("tiny.toml", "data.synth.train_per_class=1000000000000", "data.synth.train_per_class"),
        ("scenes.toml", "scenes.regions=1000000000000", "scenes.regions"),
        ("scenes.toml", "scenes.synth.train=1000000000000", "scenes.synth.train"),
    ];
    let scenes = "name = \"s\"\n[data]\nroot = \"rooms\"\n[scenes]\n[model]\nkind = \"pointwise-segmenter\"\n\
                  [optimizer]\nkind = \"adam\"\nlr = 0.1\n[train]\nepochs = 1\n";
    fs::write(place.path("scenes.toml"), scenes).unwrap();
    for (config, setting, key) in keys {
        place.fail(&["train", config, "--output", "run", "--set", setting], &[key]);
        assert!(!place.path("run").exists(), "{setting} left a run");
    }
    let cloud = fs::read_dir(place.path("set/cone/test")).unwrap().flatten().next().unwrap().path();
    let commands: [(&[&str], &str); 9] = [
        (&["synth", "made", "--points", HUGE], "points"),
        (&["synth", "made", "--train-per-class", HUGE], "train_per_class"),
        (&["synth", "made", "--kind", "rooms", "--train", HUGE], "train"),
        (&["convert", cloud.to_str().unwrap(), "made.ply", "--points", HUGE], "lower --points"),
        (&["bench", "conv", "--clouds", HUGE], "of memory are available"),
        (&["bench", "conv", "--points", HUGE], "of memory are available"),
        (&["bench", "train", "tiny.toml", "--batch", HUGE], "of memory are available"),
        (&["bench", "train", "tiny.toml", "--reps", HUGE], "--reps"),
        (&["bench", "search", "--sizes", HUGE], "of memory are available"),
    ];
    for (command, part) in commands {
        let error = place.fail(command, &[part]);
        assert_eq!(error.lines().count(), 1, "{error}");
        assert!(!place.path("made").exists() && !place.path("made.ply").exists(), "{command:?}");
    }
}
