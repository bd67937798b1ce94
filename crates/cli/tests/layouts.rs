//! The same files in every layout give the same network, and a drawn split is that of the run.

mod common;

use std::fs;
use std::path::Path;

use common::{CLASSES, TEST, TRAIN, Workplace, json, texts, weights};

/// Copies the data set `set`: each file to the path that `to` makes of its class, split and name.
fn copied(place: &Workplace, folder: &str, to: &dyn Fn(&str, &str, &str) -> String) {
    for class in fs::read_dir(place.path("set")).unwrap().map(|entry| entry.unwrap().path()) {
        if !class.is_dir() {
            continue;
        }
        for split in ["train", "test"] {
            for file in fs::read_dir(class.join(split)).unwrap().map(|entry| entry.unwrap().path()) {
                let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
                let target = place.path(folder).join(to(&name(&class), split, &name(&file)));
                fs::create_dir_all(target.parent().unwrap()).unwrap();
                fs::copy(&file, target).unwrap();
            }
        }
    }
}

/// Names of the files of a split, without extension, one per line.
fn listed(place: &Workplace, split: &str, line: &dyn Fn(&str, &str) -> String) -> String {
    let mut lines = Vec::new();
    for class in fs::read_dir(place.path("set")).unwrap().map(|entry| entry.unwrap().path()) {
        for file in fs::read_dir(class.join(split)).into_iter().flatten() {
            let name = file.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned();
            lines.push(line(class.file_name().unwrap().to_str().unwrap(), &name));
        }
    }
    lines.concat()
}

#[test]
fn every_layout_gives_the_same_weights() {
    let place = Workplace::new();
    copied(&place, "by_split", &|class, split, file| format!("{split}/{class}/{file}"));
    copied(&place, "by_list", &|class, _, file| format!("{class}/{file}"));
    copied(&place, "by_table", &|_, _, file| file.to_owned());
    let mut table = "file,class,split\n".to_owned();
    for split in ["train", "test"] {
        let list = listed(&place, split, &|_, name| format!("{name}\n"));
        fs::write(place.path("by_list").join(format!("tiny_{split}.txt")), list).unwrap();
        table += &listed(&place, split, &|class, name| format!("{name},{class},{split}\n"));
    }
    fs::write(place.path("by_table/labels.csv"), table).unwrap();

    place.train(&["train.epochs=1"], "run", false).unwrap();
    let expected = weights(&place.path("run"));
    for folder in ["by_split", "by_list", "by_table"] {
        let root = format!("data.root={}", place.path(folder).display());
        let overrides = ["train.epochs=1", root.as_str()];
        place.train(&overrides, &format!("run_{folder}"), false).unwrap();
        assert!(weights(&place.path(&format!("run_{folder}"))) == expected, "{folder}");
        // The weights of any of them can be evaluated on any of them.
        let test = place.succeed(&["eval", "run", "--data", folder, "--quiet"]);
        assert!(test.contains(&format!("{} files", CLASSES * TEST)), "{test}");
        assert!(!place.path(&format!("run_{folder}/split.txt")).exists());
    }
    let lists = "data.lists=tiny_{split}.txt";
    let root = format!("data.root={}", place.path("by_list").display());
    place.train(&["train.epochs=1", &root, lists], "named", false).unwrap();
    assert!(weights(&place.path("named")) == expected);
}

#[test]
fn a_drawn_split_is_written_down_and_used_again() {
    let place = Workplace::new();
    copied(&place, "flat", &|class, _, file| format!("{class}/{file}"));
    fs::create_dir(place.path("flat/zebra")).unwrap();
    fs::create_dir(place.path("flat/single")).unwrap();
    fs::copy(place.path("flat/ring/ring_0001.ply"), place.path("flat/single/a.ply")).unwrap();
    let text = place.succeed(&["inspect", "flat", "--points", "64", "--quiet"]);
    assert!(text.contains("layout: <class>/<file>, without splits: test is drawn"), "{text}");
    assert!(text.contains("class 'zebra' has no readable file"), "{text}");

    let train = [
        "train",
        "tiny.toml",
        "--output",
        "run",
        "--set",
        "data.root=flat",
        "--set",
        "data.test_fraction=0.4",
    ];
    let output = place.command(&train).output().unwrap();
    let (out, err) = texts(&output);
    assert!(output.status.success(), "{err}");
    assert!(err.contains("warning: class 'zebra' has no readable file and is left out"), "{err}");
    assert!(err.contains("warning: class 'single' has no test file: its accuracy is not measured"), "{err}");
    assert!(out.contains("test accuracy"), "{out}");

    // Three of seven are 0.4 of every class, and none of the class with one file.
    let lines = fs::read_to_string(place.path("run/split.txt")).unwrap();
    let files: Vec<&str> = lines.lines().skip(1).collect();
    assert_eq!(files.len(), CLASSES * ((TRAIN + TEST) as f64 * 0.4).round() as usize, "{lines}");
    assert!(files.iter().all(|file| place.path("flat").join(file).is_file()), "{lines}");
    let manifest = json(place.path("run/manifest.json"));
    let trained = manifest["train_files"].as_u64().unwrap() + manifest["validation_files"].as_u64().unwrap();
    assert_eq!(trained as usize, CLASSES * (TRAIN + TEST) + 1 - files.len());

    // A file more changes nothing in an evaluation; one less is named.
    fs::copy(place.path("flat/ring/ring_0001.ply"), place.path("flat/ring/new.ply")).unwrap();
    let again = place.succeed(&["eval", "run", "--quiet"]);
    assert!(again.contains(&format!("{} files", files.len())), "{again}");
    fs::remove_file(place.path("flat").join(files[0])).unwrap();
    place.fail(&["eval", "run"], &[files[0], "which was drawn for the split test"]);
    // Data with splits of its own is evaluated by those.
    let other = place.succeed(&["eval", "run", "--data", "set", "--quiet"]);
    assert!(other.contains(&format!("{} files", CLASSES * TEST)), "{other}");
}
