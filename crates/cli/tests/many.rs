//! Lists of many files: shards, what is done, what is missing.
#![cfg(unix)]

mod common;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime};

use common::{Workplace, json_lines, texts};
use serde_json::Value;

/// A workplace with a classifier `run`, `files` clouds below `in`, and a list of them, `list.txt`, without `in/`.
fn with_list(files: usize) -> Workplace {
    let place = Workplace::new();
    place.train(&["train.epochs=1"], "run", false).unwrap();
    let mut names = String::new();
    for number in 0..files {
        let folder = format!("tile {}", number % 7);
        fs::create_dir_all(place.path("in").join(&folder)).unwrap();
        let points: String =
            (0..70).map(|i| format!("{} {} {}\n", i % 7, i % 5 + number, (i * number) % 11)).collect();
        fs::write(place.path("in").join(&folder).join(format!("{number}.xyz")), points).unwrap();
        names += &format!("{folder}/{number}.xyz\r\n");
    }
    fs::write(place.path("list.txt"), names).unwrap();
    place
}

const PREDICT: [&str; 7] = ["predict", "run", "--quiet", "--list", "list.txt", "--base", "in"];
const CONVERT: [&str; 8] = ["convert", "--quiet", "--list", "list.txt", "--base", "in", "--points", "40"];

/// The command that works on the list into `output`.
fn on_list<'a>(start: &[&'a str], output: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let to = if start[0] == "predict" { vec!["--output", output] } else { vec![output] };
    [start, &to, more].concat()
}

/// All files of a folder but hidden ones and results of shards, with their bytes.
fn outputs(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let (mut found, mut open) = (BTreeMap::new(), vec![folder.to_owned()]);
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(next).unwrap().flatten() {
            let (path, name) = (entry.path(), entry.file_name().into_string().unwrap());
            match path.is_dir() {
                true => open.push(path),
                false if name.starts_with('.') || name.starts_with("shard-") => {}
                false => {
                    found.insert(path.strip_prefix(folder).unwrap().to_owned(), fs::read(&path).unwrap());
                }
            }
        }
    }
    found
}

/// The rows of all shards, sorted by name.
fn rows(folder: &Path) -> Vec<Value> {
    let mut rows = Vec::new();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        if entry.path().extension().is_some_and(|extension| extension == "jsonl") {
            rows.extend(json_lines(entry.path()).as_array().unwrap().clone());
        }
    }
    rows.sort_by_key(|row| row["file"].as_str().unwrap().to_owned());
    rows
}

/// Runs a shard as a task of a Slurm array.
fn start(place: &Workplace, arguments: &[&str], task: usize, tasks: usize) -> Child {
    let mut command = place.command(arguments);
    let variables = [("ID", task + 1), ("COUNT", tasks), ("MIN", 1), ("STEP", 1)];
    command.envs(variables.map(|(name, value)| (format!("SLURM_ARRAY_TASK_{name}"), value.to_string())));
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

#[test]
fn killed_shards_lose_and_double_nothing() {
    for start_of in [&PREDICT[..], &CONVERT] {
        let place = with_list(300);
        place.succeed(&on_list(start_of, "whole", &["--shard", "0/1"]));
        let arguments = on_list(start_of, "parts", &[]);
        // Two processes, four shards, six kills at moments that differ.
        let mut waiting: Vec<usize> = (0..4).collect();
        let mut kills = 6;
        while !waiting.is_empty() {
            let two: Vec<usize> = waiting.drain(..waiting.len().min(2)).collect();
            let mut children: Vec<(usize, Child)> =
                two.into_iter().map(|task| (task, start(&place, &arguments, task, 4))).collect();
            if kills > 0 {
                std::thread::sleep(Duration::from_millis(25 * kills));
                kills -= 1;
                // SIGKILL: nothing can be tidied up.
                let victim = kills as usize % children.len();
                let _ = children[victim].1.kill();
            }
            for (task, child) in &mut children {
                if !child.wait().unwrap().success() {
                    waiting.push(*task);
                }
            }
        }
        let (whole, parts) = (place.path("whole"), place.path("parts"));
        assert_eq!(rows(&whole).len(), 300);
        assert!(rows(&whole) == rows(&parts), "the results differ");
        assert!(outputs(&whole) == outputs(&parts), "the files differ");
        let told = place.succeed(&on_list(start_of, "parts", &["--check"]));
        assert_eq!(told, "300 names: 300 done, 0 missing, 0 failed, 0 doubled, 0 outdated\n");
    }
}

#[test]
fn a_finished_shard_is_left_alone_and_changes_are_made_anew() {
    let place = with_list(20);
    let shard = ["--shard", "0/1"];
    let count = |arguments: &[&str]| {
        let out = place.succeed(arguments);
        let words: Vec<&str> = out.split_whitespace().collect();
        assert_eq!(words[..4], ["shard", "0/1:", "20", "files,"], "{out}");
        [words[4], words[8]].map(|word| word.parse::<usize>().unwrap())
    };
    let all = on_list(&CONVERT, "out", &shard);
    assert_eq!(count(&all), [0, 20]);
    assert_eq!(count(&all), [20, 0]);
    // Another size or time of an input, an output that is gone, other options.
    fs::write(place.path("in/tile 0/0.xyz"), "1 2 3\n4 5 6\n7 8 9\n".repeat(20)).unwrap();
    let file = File::options().append(true).open(place.path("in/tile 1/1.xyz")).unwrap();
    file.set_modified(SystemTime::now() + Duration::from_secs(5)).unwrap();
    fs::remove_file(place.path("out/tile 2/2.ply")).unwrap();
    let check = place.command(&on_list(&CONVERT, "out", &["--check"])).output().unwrap();
    let (told, _) = texts(&check);
    assert_eq!(check.status.code(), Some(1));
    for part in [
        "outdated: tile 0/0.xyz: the input has changed",
        "outdated: tile 1/1.xyz: the input has changed",
        "missing: tile 2/2.xyz: the output was removed",
        "20 names: 17 done, 1 missing, 0 failed, 0 doubled, 2 outdated",
    ] {
        assert!(told.contains(part), "{told}");
    }
    assert_eq!(count(&all), [17, 3]);
    assert_eq!(rows(&place.path("out")).len(), 20);
    assert_eq!(count(&on_list(&CONVERT, "out", &["--shard", "0/1", "--drop-invalid"])), [0, 20]);
    assert_eq!(rows(&place.path("out")).len(), 20);

    // Another number of shards does not do it again; other weights do.
    let predict = on_list(&PREDICT, "classes", &shard);
    assert_eq!(count(&predict), [0, 20]);
    let out = place.succeed(&on_list(&PREDICT, "classes", &["--shard", "1/2"]));
    assert!(out.starts_with("shard 1/2: 10 files, 10 were done before"), "{out}");
    place.train(&["train.epochs=2"], "other", false).unwrap();
    for name in ["best.safetensors", "last.safetensors", "manifest.json", "config.toml"] {
        fs::copy(place.path("other").join(name), place.path("run").join(name)).unwrap();
    }
    assert_eq!(count(&predict), [0, 20]);
}

#[test]
fn files_that_fail_are_listed_and_tried_again() {
    let place = with_list(6);
    fs::write(place.path("in/tile 3/3.xyz"), "no numbers\n").unwrap();
    fs::remove_file(place.path("in/tile 4/4.xyz")).unwrap();
    for start_of in [&PREDICT[..], &CONVERT] {
        let out = format!("out-{}", start_of[0]);
        let arguments = on_list(start_of, &out, &["--shard", "0/1"]);
        let output = place.command(&arguments).output().unwrap();
        let (told, err) = texts(&output);
        assert_eq!(output.status.code(), Some(1), "{err}");
        assert!(told.contains("4 are done now, 2 failed") && err.lines().count() == 2, "{told}{err}");
        let rows = rows(&place.path(&out));
        assert_eq!(rows.len(), 6);
        assert!(rows[3]["error"].as_str().unwrap().contains("3.xyz: line 1"), "{rows:?}");
        assert!(rows[4]["error"].as_str().unwrap().contains("4.xyz: cannot read"), "{rows:?}");
        let check = place.command(&on_list(start_of, &out, &["--check"])).output().unwrap();
        let (told, _) = texts(&check);
        assert!(told.contains("failed: tile 3/3.xyz: in/tile 3/3.xyz: line 1"), "{told}");
        assert!(told.contains("missing: tile 4/4.xyz: the input does not exist"), "{told}");
        assert!(told.contains("6 names: 4 done, 1 missing, 1 failed"), "{told}");
    }
    fs::write(place.path("in/tile 3/3.xyz"), "1 2 3\n".repeat(9) + "0 0 1\n").unwrap();
    fs::write(place.path("in/tile 4/4.xyz"), "1 2 3\n".repeat(9) + "0 0 1\n").unwrap();
    let out = place.succeed(&on_list(&CONVERT, "out-convert", &["--shard", "0/1"]));
    assert!(out.contains("4 were done before, 2 are done now, 0 failed"), "{out}");
}

#[test]
fn two_processes_with_one_shard_do_no_harm() {
    let place = with_list(200);
    let arguments = on_list(&PREDICT, "out", &[]);
    let mut both: Vec<Child> = (0..2).map(|_| start(&place, &arguments, 0, 1)).collect();
    let codes: Vec<i32> = both.iter_mut().map(|child| child.wait().unwrap().code().unwrap()).collect();
    // The second one is refused, or comes when the first is done.
    assert!(codes.contains(&0) && codes.iter().all(|code| [0, 1].contains(code)), "{codes:?}");
    let told = place.succeed(&on_list(&PREDICT, "out", &["--check"]));
    assert!(told.starts_with("200 names: 200 done, 0 missing, 0 failed, 0 doubled"), "{told}");
}

#[test]
fn lists_that_cannot_be_used_are_refused_before_anything_is_done() {
    let place = with_list(3);
    let text = fs::read_to_string(place.path("list.txt")).unwrap();
    let refused = |list: &str, start_of: &[&str], parts: &[&str]| {
        fs::write(place.path("list.txt"), list).unwrap();
        place.fail(&on_list(start_of, "out", &["--shard", "0/1"]), parts);
        assert!(!place.path("out").exists());
    };
    let twice = format!("{text}tile 0/0.xyz\n");
    refused(&twice, &PREDICT, &["list.txt: 1 files", "tile 0/0.xyz (line 4) has the output of line 1"]);
    let same = format!("{text}\n./tile 0/0.ply\n");
    refused(&same, &CONVERT, &["tile 0/0.ply (line 5) has the output of line 1"]);
    refused("\n\n", &PREDICT, &["list.txt: found no name"]);
    refused("../x.xyz\n", &PREDICT, &["list.txt, line 1: found '../x.xyz', expected a file below in"]);
    refused("tile 0/0.xyz\n/etc/x.xyz\n", &PREDICT, &["line 2", "/etc/x.xyz", "--base"]);
    fs::write(place.path("list.txt"), b"caf\xe9.xyz\n").unwrap();
    place.fail(&on_list(&PREDICT, "out", &[]), &["list.txt, line 1: found bytes that are not UTF-8"]);
    fs::write(place.path("list.txt"), "tile 0/0.ply\n").unwrap();
    place.fail(&on_list(&CONVERT, "in", &[]), &["tile 0/0.ply is an input and would be overwritten"]);

    fs::write(place.path("list.txt"), &text).unwrap();
    let folder = "has files that no shard wrote";
    place.fail(&on_list(&CONVERT, "set", &["--shard", "0/1"]), &["set", folder, "another --output"]);
    place.fail(&PREDICT, &["--list: found no --output"]);
    place.fail(&["convert", "x.ply", "out", "--list", "list.txt"], &["x.ply: found an input beside --list"]);
    place.fail(&on_list(&CONVERT, "out", &["--skip-bad"]), &["--skip-bad: has no effect with --list"]);
    for bad in ["3/3", "a", "1/0"] {
        let output = place.command(&on_list(&PREDICT, "out", &["--shard", bad])).output().unwrap();
        assert!(texts(&output).1.contains("--shard"), "{bad}");
    }
    let mut command = place.command(&on_list(&PREDICT, "out", &[]));
    let output = command.env("JOB_COMPLETION_INDEX", "1").output().unwrap();
    assert!(texts(&output).1.contains("JOB_COMPLETIONS is not"), "{}", texts(&output).1);
    // Nothing was done, so everything is missing.
    let check = place.command(&on_list(&PREDICT, "out", &["--check"])).output().unwrap();
    assert!(texts(&check).0.ends_with("3 names: 0 done, 3 missing, 0 failed, 0 doubled, 0 outdated\n"));
}

#[test]
fn scenes_of_a_list_are_labelled_as_alone() {
    let rooms = common::rooms::Rooms::new();
    rooms.train("run", &["train.epochs=1"]);
    let place = &rooms.place;
    let names: Vec<String> = fs::read_dir(place.path("rooms/train"))
        .unwrap()
        .flatten()
        .map(|entry| format!("train/{}", entry.file_name().into_string().unwrap()))
        .chain(["val/room.ply".to_owned()])
        .collect();
    fs::write(place.path("list.txt"), names.join("\n")).unwrap();
    let list = ["predict", "run", "--list", "list.txt", "--base", "rooms", "--output", "out", "--quiet"];
    for shard in ["0/2", "1/2"] {
        place.succeed(&[&list[..], &["--shard", shard]].concat());
    }
    for name in &names {
        let alone = format!("rooms/{name}");
        place.succeed(&["predict", "run", &alone, "--output", "alone", "--quiet", "--overwrite"]);
        let stem = Path::new(name).file_stem().unwrap().to_str().unwrap();
        let below = Path::new(name).with_file_name(format!("{stem}.pred.ply"));
        let alone = fs::read(place.path(&format!("alone/{stem}.pred.ply"))).unwrap();
        assert!(fs::read(place.path("out").join(below)).unwrap() == alone, "{name}");
    }
    let row = &rows(&place.path("out"))[0];
    assert!(row["points"].as_u64().unwrap() > 0 && row["classes"].is_object() && row["output"].is_string());
    let told = place.succeed(&[&list[..], &["--check"]].concat());
    assert!(told.ends_with("3 names: 3 done, 0 missing, 0 failed, 0 doubled, 0 outdated\n"), "{told}");
}

/// The scripts of the guide.
fn script(name: &str) -> String {
    format!("{}/../../scripts/cluster/{name}", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn the_script_for_slurm_works_as_a_task_of_an_array() {
    let place = with_list(10);
    let syntax = Command::new("bash").args(["-n", &script("label.sbatch")]).status().unwrap();
    assert!(syntax.success());
    let bin = Path::new(env!("CARGO_BIN_EXE_pointwise")).parent().unwrap().to_owned();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    for task in 0..2 {
        let output = Command::new("bash")
            .arg(script("label.sbatch"))
            .current_dir(place.path(""))
            .envs([
                ("PATH", path.as_str()),
                ("RUN", "run"),
                ("LIST", "list.txt"),
                ("BASE", "in"),
                ("OUT", "out"),
            ])
            .envs([
                ("SLURM_ARRAY_TASK_COUNT", "2"),
                ("SLURM_ARRAY_TASK_MIN", "0"),
                ("SLURM_CPUS_PER_TASK", "1"),
            ])
            .env("SLURM_ARRAY_TASK_ID", task.to_string())
            .output()
            .unwrap();
        assert!(output.status.success(), "{:?}", texts(&output));
    }
    assert_eq!(rows(&place.path("out")).len(), 10);
}

#[test]
fn the_job_for_kubernetes_is_yaml_with_a_command_that_works() {
    let reader = "import json, sys, yaml; print(json.dumps(yaml.safe_load(open(sys.argv[1]))))";
    let output = Command::new("python3").args(["-c", reader, &script("label-job.yaml")]).output();
    let Some(output) = output.ok().filter(|output| output.status.success()) else {
        assert!(std::env::var("CI").is_err(), "this test needs python3 with yaml");
        eprintln!("skipped: no python3 with yaml");
        return;
    };
    let job: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&job["apiVersion"], &job["kind"]), (&"batch/v1".into(), &"Job".into()));
    let spec = &job["spec"];
    assert_eq!(spec["completionMode"], "Indexed");
    let container = &spec["template"]["spec"]["containers"][0];
    let count = container["env"].as_array().unwrap().iter().find(|one| one["name"] == "JOB_COMPLETIONS");
    assert_eq!(count.unwrap()["value"], spec["completions"].to_string());
    // The command, with the folders of this place.
    let place = with_list(8);
    let words: Vec<String> = container["command"]
        .as_array()
        .unwrap()
        .iter()
        .map(|word| word.as_str().unwrap().replace("/data/run", "run").replace("/data/tiles.txt", "list.txt"))
        .map(|word| word.replace("/data/tiles", "in").replace("/data/labelled", "out"))
        .collect();
    assert_eq!(words[0], "pointwise");
    let words: Vec<&str> = words[1..].iter().map(String::as_str).collect();
    let output = place
        .command(&words)
        .envs([("JOB_COMPLETION_INDEX", "0"), ("JOB_COMPLETIONS", "2")])
        .output()
        .unwrap();
    assert!(output.status.success(), "{:?}", texts(&output));
    assert_eq!(rows(&place.path("out")).len(), 4);
}
