//! The report: what is written, what is refused.

mod common;

use std::fs;

use common::{CLASSES, TEST, Workplace, json};
use serde_json::Value;

fn trained() -> Workplace {
    let place = Workplace::new();
    place.succeed(&["train", "tiny.toml", "--set", "train.epochs=2", "--output", "run", "--quiet"]);
    place
}

/// The data in a page.
fn contents(place: &Workplace, page: &str) -> Value {
    let page = fs::read_to_string(place.path(page)).unwrap();
    let (_, rest) = page.split_once("type=\"application/json\">").expect("the page has data");
    serde_json::from_str(rest.split_once("</script>").unwrap().0).unwrap()
}

#[test]
fn the_page_has_the_figures_of_eval_and_examples_that_agree_with_them() {
    let place = trained();
    let page = contents(&place, "run/report.html");
    assert_eq!((&page["kind"], &page["name"]), (&"run".into(), &"tiny".into()));
    for (index, weights) in ["best", "last"].into_iter().enumerate() {
        let out = place.succeed(&["eval", "run", "--weights", weights, "--json", "-"]);
        let evaluation: Value = serde_json::from_str(&out).unwrap();
        assert_eq!(page["evaluations"][index]["figures"], evaluation);
        let files = page["evaluations"][index]["examples"]["files"].as_array().unwrap();
        // The set is small enough for every miss, and for every hit but those beyond the bound.
        let is_hit = |file: &Value| file["guesses"][0][0] == file["truth"];
        let all = (CLASSES * TEST) as u64;
        let hits: u64 = (0..CLASSES).map(|i| evaluation["confusion"][i][i].as_u64().unwrap()).sum();
        assert_eq!(files.iter().filter(|file| !is_hit(file)).count() as u64, all - hits);
        assert_eq!(files.iter().filter(|file| is_hit(file)).count() as u64, hits);
        for file in files {
            assert!(file["file"].as_str().unwrap().contains("/test/"), "{file}");
            assert_eq!(file["guesses"].as_array().unwrap().len(), 3);
            // 48 points of four bytes, in base64.
            let cloud = file["cloud"].as_u64().unwrap() as usize;
            assert_eq!(page["clouds"][cloud].as_str().unwrap().len(), 48 * 4 / 3 * 4);
        }
    }
    assert_eq!(page["epochs"].as_array().unwrap().len(), 4);
    let protocol = page["protocol"].to_string();
    for part in ["paper-classifier", "[\"seed\",\"5\"]", "[\"training files\",\"30\"]", "Flex", "burn 0.22.1"]
    {
        assert!(protocol.contains(part), "{protocol}");
    }
    assert!(page["config"].as_str().unwrap().contains("jitter_sigma"));
}

#[test]
fn a_run_alone_is_enough_and_its_report_repeats() {
    let place = trained();
    let before = contents(&place, "run/report.html");
    fs::rename(place.path("run"), place.path("moved")).unwrap();
    fs::remove_dir_all(place.path("set")).unwrap();
    fs::remove_file(place.path("moved/report.html")).unwrap();
    let out = place.succeed(&["report", "moved"]);
    assert_eq!(out, "report: moved/report.html\n");
    let mut after = contents(&place, "moved/report.html");
    assert_eq!(after["path"], "moved");
    after["path"] = "run".into();
    assert_eq!(after, before);
    // Elsewhere, when asked for.
    place.succeed(&["report", "moved", "--output", "page.html"]);
    assert_eq!(contents(&place, "page.html")["kind"], "run");
}

#[test]
fn eval_adds_its_result_and_opens_the_page_with_it() {
    let place = trained();
    let out = place.succeed(&["eval", "run", "--split", "train"]);
    assert!(out.ends_with("report: run/report.html\n"), "{out}");
    let page = contents(&place, "run/report.html");
    let of = |index: usize| page["evaluations"][index]["figures"]["split"].as_str().unwrap().to_owned();
    assert_eq!([of(0), of(1), of(2)], ["test", "test", "train"]);
    assert_eq!((page["evaluations"].as_array().unwrap().len(), &page["shown"]), (3, &2.into()));
    // Again: in its old place. What programs read stays what the training wrote.
    place.succeed(&["eval", "run", "--split", "train", "--quiet"]);
    assert_eq!(contents(&place, "run/report.html")["evaluations"].as_array().unwrap().len(), 3);
    assert_eq!(json(place.path("run/evaluation.json")).as_array().unwrap().len(), 2);
}

#[test]
fn runs_are_compared() {
    let place = trained();
    place.succeed(&[
        "train",
        "tiny.toml",
        "--set",
        "train.epochs=3",
        "--set",
        "seed=6",
        "--output",
        "other/run",
        "--quiet",
    ]);
    let out = place.succeed(&["report", "run", "other/run"]);
    let differ = "no mean over the runs: their configs differ in train.epochs\nreport: ";
    assert_eq!(out, format!("{differ}comparison.html\n"));
    let page = contents(&place, "comparison.html");
    // Two runs of one name are told apart by their paths.
    let names: Vec<&str> =
        page["runs"].as_array().unwrap().iter().map(|run| run["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["run", "other/run"]);
    let expected = serde_json::json!([["seed", ["5", "6"]], ["train.epochs", ["2", "3"]]]);
    assert_eq!(page["differences"], expected);
    for (index, run) in ["run", "other/run"].into_iter().enumerate() {
        let stored = json(place.path(run).join("evaluation.json"));
        assert_eq!(page["runs"][index]["evaluations"][1]["figures"], stored[1]);
        assert_eq!(page["runs"][index]["epochs"].as_array().unwrap().len(), 2 * (2 + index));
    }
    let out = place.succeed(&["report", "other/run", "run", "--output", "both.html"]);
    assert_eq!(out, format!("{differ}both.html\n"));
    assert_eq!(contents(&place, "both.html")["runs"][0]["name"], "other/run");
}

#[test]
fn seeds_are_trained_one_after_the_other_and_summed_up() {
    let place = Workplace::new();
    let train = ["train", "tiny.toml", "--quiet", "--seeds", "0..3", "--output", "seeds"];
    let out = place.succeed(&train);
    for part in ["seed 0: seeds/seed-0\n", "seed 2: seeds/seed-2\n", "split test, best weights, 3 runs\n"] {
        assert!(out.contains(part), "{part}: {out}");
    }
    assert!(out.ends_with("report: seeds/comparison.html\n"), "{out}");
    // Each is the training with that seed.
    place.succeed(&["train", "tiny.toml", "--quiet", "--set", "seed=1", "--output", "alone"]);
    common::assert_same_run(&place.path("alone"), &place.path("seeds/seed-1"));
    // The figures are the mean of those of the runs, the counts their sum.
    let runs = ["seeds/seed-0", "seeds/seed-1", "seeds/seed-2"];
    let told = place.succeed(&[&["report"], &runs[..], &["--output", "all.html"]].concat());
    let stored: Vec<Value> =
        runs.iter().map(|run| json(place.path(run).join("evaluation.json"))[0].clone()).collect();
    let values: Vec<f64> = stored.iter().map(|one| one["overall_accuracy"].as_f64().unwrap()).collect();
    let mean = values.iter().sum::<f64>() / 3.0;
    let std = (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / 2.0).sqrt();
    let line = told.lines().find(|line| line.starts_with("overall accuracy")).unwrap();
    let found: Vec<&str> = line.split_whitespace().skip(2).take(2).collect();
    assert_eq!(found, [format!("{:.2}", 100.0 * mean), format!("{:.2}", 100.0 * std)], "{told}");
    let sum: u64 = stored.iter().map(|one| one["confusion"][0][0].as_u64().unwrap()).sum();
    let matrix = told.split_once("confusion, summed over the runs\n").unwrap().1;
    let cell = matrix.lines().nth(1).unwrap().split_whitespace().nth(2).unwrap();
    assert_eq!(cell, if sum == 0 { ".".to_owned() } else { sum.to_string() }, "{told}");

    place.fail(&train, &["seeds/seed-0: exists already", "--resume"]);
    fs::remove_dir_all(place.path("seeds/seed-1")).unwrap();
    let out = place.succeed(&[&train[..], &["--resume"]].concat());
    assert!(out.contains("seed 0: seeds/seed-0 is finished\nseed 1: seeds/seed-1\n"), "{out}");
    common::assert_same_run(&place.path("alone"), &place.path("seeds/seed-1"));
}

#[test]
fn a_run_without_an_evaluation_shows_its_training() {
    let place = trained();
    for file in ["report.json", "evaluation.json", "report.html"] {
        fs::remove_file(place.path("run").join(file)).unwrap();
    }
    let output = place.command(&["report", "run"]).output().unwrap();
    let (out, err) = common::texts(&output);
    assert!(output.status.success() && out == "report: run/report.html\n", "{out}{err}");
    assert_eq!(err.lines().count(), 1, "{err}");
    assert!(err.contains("run has not been evaluated") && err.contains("pointwise eval run"), "{err}");
    let page = contents(&place, "run/report.html");
    assert_eq!(page["evaluations"].as_array().unwrap().len(), 0);
    assert_eq!(page["epochs"].as_array().unwrap().len(), 4);
    // Figures of a run that keeps no examples.
    place.succeed(&["eval", "run", "--json", "result.json"]);
    fs::remove_file(place.path("run/report.json")).unwrap();
    let figures = json(place.path("result.json"));
    fs::write(place.path("run/evaluation.json"), serde_json::json!([figures]).to_string()).unwrap();
    place.succeed(&["report", "run"]);
    assert_eq!(contents(&place, "run/report.html")["evaluations"][0]["figures"], figures);
}

#[test]
fn what_is_no_run_or_damaged_or_cannot_be_written_is_named() {
    let place = trained();
    place.fail(&["report", "nowhere"], &["nowhere is not a run directory", "does not exist"]);
    place.fail(&["report", "set"], &["set is not a run directory", "config.toml"]);
    place.fail(&["report", "run", "set"], &["set is not a run directory"]);
    place.fail(
        &["report", "run", "--output", "no/such/place.html"],
        &["no/such/place.html: cannot write", "No such file"],
    );
    place.fail(&["report", "run", "--output", "set"], &["set: cannot write", "directory"]);
    assert!(!place.path("set.part").exists());

    let log = place.path("run/metrics.jsonl");
    let text = fs::read_to_string(&log).unwrap();
    fs::write(&log, text.replacen("\"valid\"", "valid", 1)).unwrap();
    place.fail(&["report", "run"], &["metrics.jsonl, line 2", "expected the metrics of an epoch"]);
    fs::write(&log, text).unwrap();

    let record = place.path("run/report.json");
    let text = fs::read_to_string(&record).unwrap();
    fs::write(&record, &text[..text.len() / 2]).unwrap();
    place.fail(&["report", "run"], &["report.json: damaged", "remove it"]);
    place.fail(&["eval", "run"], &["report.json: damaged", "remove it"]);
    fs::remove_file(&record).unwrap();
    place.succeed(&["eval", "run"]);
}

#[test]
fn outputs_that_are_not_finite_are_refused_and_nothing_is_written() {
    let place = Workplace::new();
    place.train(&[], "run", false).unwrap();
    place.succeed(&["eval", "run", "--quiet"]);
    let before = fs::read(place.path("run/report.json")).unwrap();
    // Weights that are finite, but whose products are not.
    let path = place.path("run/last.safetensors");
    let mut bytes = fs::read(&path).unwrap();
    let header = 8 + u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let (weights, _) = bytes[header..].as_chunks_mut::<4>();
    weights.iter_mut().for_each(|weight| *weight = 3e38_f32.to_le_bytes());
    fs::write(&path, bytes).unwrap();

    let parts = ["set/", ".ply: found outputs of the network that are not finite, expected numbers"];
    place.fail(&["eval", "run", "--weights", "last", "--json", "bad.json"], &parts);
    place.fail(&["eval", "run", "--weights", "last", "--votes", "2", "--quiet"], &parts);
    assert!(fs::read(place.path("run/report.json")).unwrap() == before && !place.path("bad.json").exists());
    let file = "set/cone/test/cone_0005.ply";
    place.fail(
        &["predict", "run", file, "--weights", "last", "--json", "one.jsonl"],
        &["cone_0005.ply: found outputs"],
    );
    assert!(!fs::read_to_string(place.path("one.jsonl")).unwrap().contains("null"));
    // The other weights are as good as before.
    place.succeed(&["eval", "run", "--quiet"]);
}
