//! What the binary does when all is well.

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::process::Stdio;

use common::{CLASSES, TEST, Workplace, assert_plain, json, json_lines, texts};
use serde_json::Value;

const FILES: usize = CLASSES * TEST;

/// A workplace with a finished run `run`.
fn trained() -> (Workplace, String) {
    let place = Workplace::new();
    let out = place.succeed(&["train", "tiny.toml", "--set", "train.epochs=6", "--output", "run"]);
    (place, out)
}

#[test]
fn train_leaves_a_whole_run_and_names_it_last() {
    let (place, out) = trained();
    assert!(out.ends_with("\nreport: run/report.html\nrun: run\n"), "{out}");
    let epochs: Vec<&str> = out.lines().filter(|line| line.starts_with("epoch ")).collect();
    assert_eq!(epochs.len(), 12, "{out}");
    assert!(epochs[11].starts_with("epoch 6/6  valid  loss "), "{out}");
    for file in [
        "config.toml",
        "manifest.json",
        "metrics.jsonl",
        "best.safetensors",
        "last.safetensors",
        "evaluation.json",
        "report.html",
        "report.json",
    ] {
        assert!(place.path("run").join(file).is_file(), "{file}");
    }
    let manifest = json(place.path("run/manifest.json"));
    assert_eq!(manifest["weights"]["last"]["epoch"], 6);
    assert_eq!(manifest["classes"].as_array().unwrap().len(), CLASSES);
    let names: Vec<String> = fs::read_dir(place.path("run"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.starts_with('.'))
        .collect();
    assert_eq!(names.len(), 9, "nothing else is left: {names:?}");
    // Without --output a run never meets another one.
    assert!(place.succeed(&["train", "tiny.toml", "--quiet"]).ends_with("run: runs/tiny\n"));
    assert!(place.succeed(&["train", "tiny.toml", "--quiet"]).ends_with("run: runs/tiny-2\n"));
    assert!(place.succeed(&["train", "tiny.toml", "--quiet", "--resume"]).ends_with("run: runs/tiny-2\n"));
}

#[test]
fn quick_work_writes_nothing_into_a_log() {
    let (place, _) = trained();
    for arguments in [
        &["train", "tiny.toml"][..],
        &["eval", "run"],
        &["predict", "run", "set/cone/test"],
        &["inspect", "set"],
    ] {
        let (out, err) = texts(&place.command(arguments).output().unwrap());
        assert_plain(&out);
        assert_eq!(err, "", "{arguments:?}");
    }
}

#[test]
fn eval_sees_every_file_and_repeats_the_figures_of_the_training() {
    let (place, _) = trained();
    let stored = json(place.path("run/evaluation.json"));
    for (index, weights) in ["best", "last"].into_iter().enumerate() {
        let out = place.succeed(&["eval", "run", "--data", "set", "--weights", weights, "--json", "-"]);
        let evaluation: Value = serde_json::from_str(&out).unwrap();
        assert_eq!(evaluation, stored[index]);
        // 30 files are no multiple of the batch of 8.
        assert_eq!(evaluation["files_seen"], FILES);
        let keys =
            ["files_seen", "overall_accuracy", "mean_class_accuracy", "classes", "per_class", "confusion"];
        assert!(keys.iter().all(|key| !evaluation[key].is_null()), "{evaluation}");
        let rows = evaluation["confusion"].as_array().unwrap();
        assert_eq!(rows.len(), CLASSES);
        let sum = |row: &Value| row.as_array().unwrap().iter().map(|v| v.as_u64().unwrap()).sum::<u64>();
        assert!(rows.iter().all(|row| sum(row) == TEST as u64));
        let right: u64 = (0..CLASSES).map(|i| rows[i][i].as_u64().unwrap()).sum();
        assert_eq!(evaluation["overall_accuracy"], right as f64 / FILES as f64);
    }
    // Into a file, with the table for people.
    let out = place.succeed(&["eval", "run", "--split", "train", "--json", "train.json"]);
    assert!(out.contains("overall accuracy") && out.contains("split train"), "{out}");
    assert_eq!(json(place.path("train.json"))["files_seen"], CLASSES * common::TRAIN);
}

#[test]
fn eval_takes_some_of_the_classes_and_refuses_others() {
    let (place, _) = trained();
    let copy = |class: &str, to: &str| {
        fs::create_dir_all(place.path(to)).unwrap();
        let from = place.path(&format!("set/{class}/test/{class}_0005.ply"));
        fs::copy(from, place.path(to).join("a.ply")).unwrap();
    };
    copy("helix", "some/helix/test");
    copy("ring", "some/ring/test");
    let out = place.succeed(&["eval", "run", "--data", "some", "--json", "-"]);
    let evaluation: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(evaluation["files_seen"], 2);
    let counts: Vec<u64> = evaluation["per_class"]
        .as_array()
        .unwrap()
        .iter()
        .map(|class| class["count"].as_u64().unwrap())
        .collect();
    let names: Vec<&str> =
        evaluation["classes"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    for (name, count) in names.iter().zip(counts) {
        assert_eq!(count, u64::from(["helix", "ring"].contains(name)), "{name}");
    }
    copy("helix", "other/spiral/test");
    place.fail(&["eval", "run", "--data", "other"], &["other: the classes are spiral", "block, cone"]);
}

#[test]
fn a_file_is_predicted_alike_alone_in_company_and_in_eval() {
    let (place, _) = trained();
    let mut inputs: Vec<String> = Vec::new();
    let mut truth = BTreeMap::new();
    for class in json(place.path("run/manifest.json"))["classes"].as_array().unwrap() {
        let class = class.as_str().unwrap();
        for entry in fs::read_dir(place.path(&format!("set/{class}/test"))).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            let path = format!("set/{class}/test/{name}");
            truth.insert(path.clone(), class.to_owned());
            inputs.push(path);
        }
    }
    // In another order than eval reads them.
    inputs.reverse();
    let mut arguments = vec!["predict", "run", "--output", "out"];
    arguments.extend(inputs.iter().map(String::as_str));
    let out = place.succeed(&arguments);
    assert_eq!(out.lines().count(), FILES);

    let mut confusion = BTreeMap::<(String, String), u64>::new();
    let predictions = json_lines(place.path("out/predictions.jsonl"));
    let predictions = predictions.as_array().unwrap();
    for (entry, input) in predictions.iter().zip(&inputs) {
        assert_eq!(entry["file"], *input);
        let ranked = entry["predictions"].as_array().unwrap();
        let probabilities: Vec<f64> = ranked.iter().map(|one| one["probability"].as_f64().unwrap()).collect();
        assert_eq!(probabilities.len(), CLASSES);
        assert!((probabilities.iter().sum::<f64>() - 1.0).abs() < 1e-5);
        assert!(probabilities.is_sorted_by(|a, b| a >= b));
        let predicted = ranked[0]["class"].as_str().unwrap().to_owned();
        *confusion.entry((truth[input].clone(), predicted)).or_default() += 1;
    }
    let evaluation = json(place.path("run/evaluation.json"));
    let evaluation = &evaluation[0];
    for (row, truth) in evaluation["classes"].as_array().unwrap().iter().enumerate() {
        for (column, predicted) in evaluation["classes"].as_array().unwrap().iter().enumerate() {
            let key = (truth.as_str().unwrap().to_owned(), predicted.as_str().unwrap().to_owned());
            let count = confusion.get(&key).copied().unwrap_or(0);
            assert_eq!(evaluation["confusion"][row][column], count, "{key:?}");
        }
    }

    // Alone, under another name: the same to the last digit.
    fs::copy(place.path(&inputs[4]), place.path("renamed.PLY")).unwrap();
    place.succeed(&["predict", "run", "renamed.PLY", "--output", "alone"]);
    assert_eq!(
        json_lines(place.path("alone/predictions.jsonl"))[0]["predictions"],
        predictions[4]["predictions"]
    );
}

#[test]
fn predict_takes_folders_and_shows_the_top() {
    let (place, _) = trained();
    let out =
        place.succeed(&["predict", "run", "set/ring/test", "set/cone/test/cone_0006.ply", "--top", "2"]);
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines.len(), TEST + 1);
    assert!(lines[0].starts_with("set/ring/test/ring_0005.ply  "), "{out}");
    // File, then two pairs of class and probability.
    assert!(lines.iter().all(|line| line.split_whitespace().count() == 5), "{out}");
    let out = place.succeed(&["predict", "run", "set/ring/test", "--top", "99"]);
    assert!(out.lines().all(|line| line.split_whitespace().count() == 1 + 2 * CLASSES), "{out}");
    // What lies below a folder, too, but not what an earlier prediction wrote.
    fs::copy(place.path("set/ring/test/ring_0005.ply"), place.path("set/ring/test/ring_0005.pred.ply"))
        .unwrap();
    let out = place.succeed(&["predict", "run", "set/ring"]);
    assert_eq!(out.lines().count(), common::TRAIN + TEST, "{out}");
}

#[test]
fn predict_goes_on_after_a_bad_file() {
    let (place, _) = trained();
    fs::write(place.path("bad.ply"), "ply\nformat ascii 1.0\nelement vertex 1\n").unwrap();
    let good = ["set/ring/test/ring_0005.ply", "set/cone/test/cone_0005.ply"];
    let arguments = ["predict", "run", good[0], "bad.ply", "missing.ply", good[1], "--output", "out"];
    let output = place.command(&arguments).output().unwrap();
    let (out, err) = texts(&output);
    assert_eq!(output.status.code(), Some(1));
    let files: Vec<&str> = out.lines().map(|line| line.split_once("  ").unwrap().0).collect();
    assert_eq!(files, good);
    let lines: Vec<&str> = err.lines().collect();
    assert_eq!(lines.len(), 3, "{err}");
    assert!(lines[0].starts_with("error: bad.ply: line 4"), "{err}");
    assert!(lines[1].starts_with("error: missing.ply: cannot read: "), "{err}");
    assert_eq!(lines[2], "2 of 4 files could not be used");
    let predictions = json_lines(place.path("out/predictions.jsonl"));
    assert!(predictions[1]["error"].as_str().unwrap().contains("bad.ply"), "{predictions}");
    assert!(predictions[3]["predictions"].is_array(), "{predictions}");
}

#[test]
fn inspect_tells_of_files_folders_and_runs() {
    let (place, _) = trained();
    let inspect = |path: &str| -> (String, Value) {
        let text = place.succeed(&["inspect", path]);
        (text, serde_json::from_str(&place.succeed(&["inspect", path, "--json"])).unwrap())
    };
    let (text, file) = inspect("set/ring/test/ring_0005.ply");
    assert!(text.contains("points      64"), "{text}");
    assert_eq!((&file["points"], &file["faces"]), (&64.into(), &0.into()));
    assert_eq!(file["properties"], serde_json::json!(["x", "y", "z"]));
    for key in ["first", "last"] {
        assert_eq!(file[key].as_array().unwrap().len(), 3, "{file}");
    }
    assert_eq!(file["bounds"]["min"].as_array().unwrap().len(), 3);

    let (text, folder) = inspect("set");
    assert!(text.contains("10 classes, 70 files"), "{text}");
    assert_eq!(folder["files"], 70);
    assert_eq!(folder["classes"].as_array().unwrap().len(), CLASSES);

    let (text, run) = inspect("run");
    assert!(text.contains("epochs     6 of 6") && !text.contains("unfinished"), "{text}");
    assert_eq!((&run["epochs_done"], &run["manifest"]["seed"]), (&6.into(), &5.into()));
}

#[test]
fn inspect_ends_with_the_next_command_and_nothing_is_a_start() {
    let (place, _) = trained();
    place.train(&["train.epochs=2"], "stopped", false).unwrap();
    fs::rename(place.path("set/ring/test"), place.path("a ring")).unwrap();
    let text = fs::read_to_string(place.path("stopped/config.toml")).unwrap();
    fs::write(place.path("stopped/config.toml"), text.replace("epochs = 2", "epochs = 4")).unwrap();
    place.train(&["train.epochs=2"], "unseen", false).unwrap();
    let many: String = (0..21_000).map(|i| format!("{i} {} 0\n", i % 9)).collect();
    fs::write(place.path("scene.xyz"), many).unwrap();
    for (path, next) in [
        ("run", "pointwise predict run FILE"),
        ("stopped", "pointwise train stopped/config.toml --resume --output stopped"),
        ("unseen", "pointwise eval unseen"),
        ("set", "pointwise train --data set"),
        ("tiny.toml", "pointwise train tiny.toml"),
        ("a ring/ring_0005.ply", "pointwise predict modelnet10-s 'a ring/ring_0005.ply'"),
        ("scene.xyz", "pointwise predict rooms scene.xyz"),
    ] {
        let told = place.succeed(&["inspect", path]);
        assert!(told.ends_with(&format!("\nnext: {next}\n")), "{path}: {told}");
        assert!(!place.succeed(&["inspect", path, "--json"]).contains("next"));
    }
    let output = place.command(&[]).output().unwrap();
    let (out, err) = texts(&output);
    assert_eq!((output.status.code(), out.as_str()), (Some(2), ""));
    assert_eq!(err.lines().filter(|line| line.starts_with("  pointwise ")).count(), 3, "{err}");
}

#[test]
fn synth_writes_the_set_that_was_asked_for_and_spares_other_folders() {
    let place = Workplace::new();
    let arguments =
        ["synth", "made", "--train-per-class", "2", "--test-per-class", "1", "--points", "16", "--seed", "9"];
    place.succeed(&arguments);
    let folder: Value = serde_json::from_str(&place.succeed(&["inspect", "made", "--json"])).unwrap();
    assert_eq!(folder["files"], 3 * CLASSES);
    let bytes = fs::read(place.path("made/helix/train/helix_0001.ply")).unwrap();
    place.succeed(&arguments);
    assert_eq!(fs::read(place.path("made/helix/train/helix_0001.ply")).unwrap(), bytes);
    fs::create_dir(place.path("precious")).unwrap();
    fs::write(place.path("precious/thesis.tex"), "all of it").unwrap();
    place.fail(&["synth", "precious"], &["precious", "left alone"]);
    assert!(place.path("precious/thesis.tex").exists());
    place.fail(&["synth", "loud", "--noise", "3"], &["noise", "3", "0 to 0.2"]);

    place.succeed(&[
        "synth",
        "figures",
        "--kind",
        "articulated",
        "--train-per-class",
        "1",
        "--test-per-class",
        "1",
    ]);
    let figures = place.succeed(&["inspect", "figures", "--points", "64", "--quiet"]);
    assert!(figures.contains("10 classes, 20 files") && figures.contains("octopus"), "{figures}");
    place.succeed(&["synth", "sites", "--kind", "outdoor", "--train", "1", "--test", "1", "--density", "20"]);
    let sites = place.succeed(&["inspect", "sites", "--quiet"]);
    assert!(sites.contains("labelled scenes, 2 files, 4 classes") && sites.contains("pole"), "{sites}");
    place.fail(&["synth", "x", "--kind", "outdoor", "--cut", "0.1"], &["--cut", "only for shapes"]);
    place.fail(&["synth", "x", "--density", "5"], &["--density", "only for scenes"]);
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let (place, _) = trained();
    for arguments in [&["inspect", "set", "--json"][..], &["eval", "run"], &["train", "tiny.toml"]] {
        let mut child =
            place.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        let (_, err) = texts(&output);
        assert!(output.status.success(), "{arguments:?}: {err}");
        assert_eq!(err, "", "{arguments:?}");
    }
    // The training itself went on to its end.
    assert!(place.path("runs/tiny/report.html").exists());
}

#[test]
fn every_command_has_a_help_text() {
    let place = Workplace::new();
    let (_, alone) = texts(&place.command(&[]).output().unwrap());
    assert!(alone.contains("pointwise train configs/shapes10.toml"), "{alone}");
    for command in [
        "train",
        "eval",
        "predict",
        "report",
        "convert",
        "inspect",
        "synth",
        "bench",
        "devices",
        "config",
        "completions",
    ] {
        let out = place.succeed(&[command, "--help"]);
        assert!(out.contains(&format!("Usage: pointwise {command}")), "{out}");
        assert!(place.succeed(&["--help"]).contains(&format!("\n  {command} ")));
    }
}

#[test]
fn shells_learn_commands_and_options() {
    let place = Workplace::new();
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let script = place.succeed(&["completions", shell]);
        assert!(["predict", "skip-bad", "resume"].iter().all(|word| script.contains(word)), "{shell}");
    }
}
