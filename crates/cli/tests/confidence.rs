//! Probabilities that can be trusted: temperature, calibration error, rejection.

mod common;

use std::fs;
use std::path::PathBuf;

use common::{Workplace, json, json_lines, texts, weights};
use serde_json::Value;
use train::{Classifier, Prediction, ProgressMode, Weights, device};

fn trained() -> Workplace {
    let place = Workplace::new();
    place.succeed(&["train", "tiny.toml", "--quiet", "--set", "train.epochs=6", "--output", "run"]);
    place
}

fn test_files(place: &Workplace) -> Vec<PathBuf> {
    let mut files = pointcloud::dataset::list_tree(place.path("set")).unwrap();
    files.retain(|path| path.parent().is_some_and(|folder| folder.ends_with("test")));
    files
}

fn predictions(place: &Workplace, files: &[PathBuf]) -> Vec<Prediction> {
    let classifier =
        Classifier::open(place.path("run"), Weights::Best, &device("cpu").unwrap().device).unwrap();
    let predicted = classifier.predict(files, ProgressMode::Quiet);
    predicted.into_iter().map(|(_, prediction)| prediction.unwrap()).collect()
}

/// Sets the temperature of the best weights of the run.
fn set_temperature(place: &Workplace, temperature: Value) {
    let path = place.path("run/manifest.json");
    let mut manifest = json(&path);
    manifest["weights"]["best"]["temperature"] = temperature;
    fs::write(path, manifest.to_string()).unwrap();
}

#[test]
fn a_temperature_is_fitted_on_the_validation_files() {
    let place = trained();
    let manifest = json(place.path("run/manifest.json"));
    for name in ["best", "last"] {
        let temperature = manifest["weights"][name]["temperature"].as_f64().unwrap();
        assert!((0.1..=10.0).contains(&temperature), "{temperature}");
    }
    // A training that was stopped and resumed ends with the same one.
    place.succeed(&["train", "tiny.toml", "--quiet", "--set", "train.epochs=3", "--output", "two"]);
    let arguments =
        ["train", "tiny.toml", "--quiet", "--set", "train.epochs=6", "--output", "two", "--resume"];
    place.succeed(&arguments);
    assert_eq!(weights(&place.path("two")), weights(&place.path("run")));
    assert_eq!(json(place.path("two/manifest.json"))["weights"], manifest["weights"]);

    let set = ["--set", "data.validation_fraction=0", "--output", "all"];
    place.succeed(&[&["train", "tiny.toml", "--quiet"], &set[..]].concat());
    assert!(json(place.path("all/manifest.json"))["weights"]["last"].get("temperature").is_none());
}

#[test]
fn the_temperature_changes_probabilities_and_no_order() {
    let place = trained();
    let files = test_files(&place);
    let evaluate = || {
        place.succeed(&["eval", "run", "--quiet", "--json", "result.json"]);
        json(place.path("result.json"))
    };
    let mut found = Vec::new();
    for temperature in [Value::Null, 3.0.into(), 0.5.into()] {
        set_temperature(&place, temperature);
        found.push((predictions(&place, &files), evaluate()));
    }
    let (plain, figures) = &found[0];
    for (scaled, scaled_figures) in &found[1..] {
        for key in ["overall_accuracy", "mean_class_accuracy", "loss", "confusion"] {
            assert_eq!(scaled_figures[key], figures[key], "{key}");
        }
        assert_ne!(scaled_figures["calibration_error"], figures["calibration_error"]);
        for (scaled, plain) in scaled.iter().zip(plain) {
            let names = |prediction: &Prediction| -> Vec<String> {
                prediction.ranked.iter().map(|(name, _)| name.clone()).collect()
            };
            assert_eq!(names(scaled), names(plain));
            assert!(scaled.ranked.is_sorted_by(|a, b| a.1 >= b.1));
            let sum: f32 = scaled.ranked.iter().map(|(_, probability)| probability).sum();
            assert!((sum - 1.0).abs() < 1e-5, "{sum}");
        }
    }
    // By hand, over the files: 30 predictions in 15 bins.
    let mut bins = vec![(0.0, 0.0, 0); 15];
    for (file, prediction) in files.iter().zip(&found[1].0) {
        let (class, confidence) = &prediction.ranked[0];
        let right = file.components().any(|part| part.as_os_str() == class.as_str());
        let bin = &mut bins[((f64::from(*confidence) * 15.0).ceil() as usize).clamp(1, 15) - 1];
        *bin = (bin.0 + f64::from(u8::from(right)), bin.1 + f64::from(*confidence), bin.2 + 1);
    }
    let error: f64 = bins.iter().map(|(right, confidence, _)| (right - confidence).abs()).sum();
    let error = error / files.len() as f64;
    let reported = found[1].1["calibration_error"].as_f64().unwrap();
    // Clouds of a batch and one alone are multiplied in other orders.
    assert!((reported - error).abs() < 1e-4, "{reported} {error}");

    let table = place.succeed(&["eval", "run", "--quiet"]);
    assert!(table.contains("calibration error"), "{table}");
    let report = fs::read_to_string(place.path("run/report.html")).unwrap();
    assert!(report.contains("\"calibration_error\""));
}

#[test]
fn predictions_below_the_bound_are_none() {
    let place = trained();
    let files = test_files(&place);
    let all = predictions(&place, &files);
    let mut sorted: Vec<f32> = all.iter().map(|prediction| prediction.ranked[0].1).collect();
    sorted.sort_by(f32::total_cmp);
    let bound = sorted[10].to_string();
    let arguments = ["predict", "run", "set", "--quiet", "--reject", &bound, "--output", "out", "--top", "1"];
    let out = place.succeed(&arguments);
    let rows = json_lines(place.path("out/predictions.jsonl"));
    let csv = fs::read_to_string(place.path("out/predictions.csv")).unwrap();
    assert_eq!(csv.lines().next(), Some("file,class,probability"));
    let mut none = 0;
    for (file, prediction) in files.iter().zip(&all) {
        let name = file.strip_prefix(place.path("")).unwrap().display().to_string();
        let row = rows.as_array().unwrap().iter().find(|row| row["file"] == name.as_str()).unwrap();
        let line = out.lines().find(|line| line.starts_with(&name)).unwrap();
        let (best, probability) = &prediction.ranked[0];
        let class = if probability.to_string() != bound && *probability < sorted[10] { "none" } else { best };
        none += usize::from(class == "none");
        assert_eq!(row["class"], class);
        assert_eq!(row["predictions"][0]["class"], best.as_str(), "the ranking stays");
        assert!(csv.contains(&format!("{name},{class},{probability}\n")), "{csv}");
        let text = if class == "none" { "  none  " } else { "  " };
        assert_eq!(line, format!("{name}{text}{best} {probability:.3}"));
    }
    assert!((1..=10).contains(&none), "{none}");
    for bad in ["1.5", "-0.1", "much"] {
        let output = place.command(&["predict", "run", "set", &format!("--reject={bad}")]).output().unwrap();
        assert!(!output.status.success() && texts(&output).1.contains("a number from 0 to 1"));
    }
}
