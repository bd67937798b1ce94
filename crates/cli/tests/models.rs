//! The trained networks of the program reach what `pointwise models` says.

mod common;

use std::path::{Path, PathBuf};

use common::{Workplace, json, json_lines};
use pointcloud::synth::{generate, generate_scenes};
use train::Model;

/// Evaluates `model` on the test files in `root`, and compares the figure to its last digit.
fn assert_figure(place: &Workplace, model: &str, root: &Path) {
    let root = root.to_str().unwrap();
    place.succeed(&["eval", model, "--data", root, "--quiet", "--json", "result.json"]);
    let result = json(place.path("result.json"));
    let (name, value) = match result["mean_iou"].as_f64() {
        Some(value) => ("mean IoU", value),
        None => ("accuracy", result["overall_accuracy"].as_f64().unwrap()),
    };
    let found = format!("{name} {:.2} % on {} files", 100.0 * value, result["files_seen"]);
    assert_eq!(found, Model::named(model).unwrap().figure, "{model}");
}

#[test]
fn models_of_synthetic_data_reach_their_figures() {
    let place = Workplace::new();
    for model in ["shapes10", "rooms"] {
        let config = Model::named(model).unwrap().config().unwrap();
        let root = place.path(model);
        match config.scenes.and_then(|scenes| scenes.synth) {
            Some(synth) => generate_scenes(&root, &synth.settings(), &|_| ()).unwrap(),
            None => generate(&root, &config.data.synth.unwrap().settings(), &|_| ()).unwrap(),
        };
        // The folder of a data set does not hide the model of the same name.
        assert_figure(&place, model, &root);
    }
}

#[test]
fn models_of_modelnet10_reach_their_figures() {
    let Some(data) = std::env::var_os("POINTWISE_DATA") else {
        eprintln!("SKIPPED: POINTWISE_DATA is not set");
        return;
    };
    for model in ["modelnet10-s", "modelnet10-m"] {
        assert_figure(&Workplace::new(), model, &PathBuf::from(&data).join("modelnet10"));
    }
}

#[test]
fn every_model_predicts_and_starts_a_training() {
    let place = Workplace::new();
    let listed = place.succeed(&["models"]);
    for model in Model::all() {
        assert!(listed.contains(model.name) && listed.contains(&model.sha256()), "{listed}");
    }
    let file = std::fs::read_dir(place.path("set/cone/test")).unwrap().flatten().next().unwrap().path();
    place.succeed(&["predict", "shapes10", file.to_str().unwrap(), "--quiet", "--output", "out"]);
    let predictions = &json_lines(place.path("out/predictions.jsonl"))[0]["predictions"];
    let sum: f64 =
        predictions.as_array().unwrap().iter().map(|one| one["probability"].as_f64().unwrap()).sum();
    assert!((sum - 1.0).abs() < 1e-5, "{predictions}");
    assert_eq!(
        predictions.as_array().unwrap().len(),
        Model::named("shapes10").unwrap().manifest().classes.len()
    );
    let few = ["--set", "train.epochs=1", "--set", "schedule.warmup_epochs=0", "--output", "tuned"];
    let wide = ["--set", "model.widths=[16, 32, 64, 128]", "--set", "model.hidden=64"];
    let out = place.succeed(&[&["train", "levels.toml", "--from", "modelnet10-s"][..], &few, &wide].concat());
    assert!(out.contains("weights from modelnet10-s: "), "{out}");
    // What is no model says what there is.
    for command in
        [&["train", "levels.toml", "--from", "modelnet11"][..], &["predict", "modelnet11", "x.ply"]]
    {
        place.fail(command, &["modelnet11", "modelnet10-s"]);
    }
}

#[test]
fn models_are_looked_at_and_reported_by_name() {
    let place = Workplace::new();
    for model in Model::all() {
        let told = place.succeed(&["inspect", model.name]);
        assert!(told.contains(model.figure) && told.contains(model.license), "{told}");
        assert!(told.ends_with(&format!("\nnext: pointwise predict {} FILE\n", model.name)), "{told}");
        let out = place.succeed(&["report", model.name]);
        let page = format!("{}.report.html", model.name);
        assert_eq!(out, format!("report: {page}\n"));
        assert!(std::fs::read_to_string(place.path(&page)).unwrap().contains(model.figure));
    }
    assert!(place.succeed(&["inspect", "shapes10", "--json"]).contains("\"network\""));
    place.fail(&["inspect", "shapes11"], &["shapes11"]);
}
