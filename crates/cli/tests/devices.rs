//! The same training and the same weights on the CPU and on a GPU.
//!
//! A software driver for Vulkan is enough.
#![cfg(feature = "wgpu")]

mod common;

use std::path::PathBuf;

use common::{CLASSES, TEST, Workplace, metrics};
use neighbors::Search;
use train::synthetic::{surfaces, with_columns};
use train::task::classification::BatchBuilder;
use train::{Classifier, Evaluation, Prediction, ProgressMode, Weights, device};

/// Nothing random, a rate at which the tiny set is learned by heart, and the convolutions of `kind`.
fn by_heart(kind: &str) -> Vec<String> {
    [
        "model.head=pooled",
        "model.dropout=0",
        "model.channels=8",
        "data.validation_fraction=0",
        "data.points=64",
        "augment.rotate=none",
        "augment.jitter_sigma=0",
        "augment.scale=[1, 1]",
        "augment.translate=0",
        "optimizer.lr=0.01",
        "train.epochs=60",
        &format!("model.convolution={kind}"),
    ]
    .map(str::to_owned)
    .to_vec()
}

/// The weights of the run, used on `name`: what they make of the test files.
fn used_on(name: &str, place: &Workplace, run: &str) -> (Evaluation, Vec<Prediction>) {
    let device = device(name).unwrap().device;
    let classifier = Classifier::open(place.path(run), Weights::Last, &device).unwrap();
    let evaluation = classifier.evaluate(&place.path("set"), "test", ProgressMode::Quiet).unwrap();
    let files: Vec<PathBuf> = classifier
        .classes()
        .iter()
        .flat_map(|class| std::fs::read_dir(place.path("set").join(class).join("test")).unwrap())
        .map(|entry| entry.unwrap().path())
        .collect();
    assert_eq!(files.len(), CLASSES * TEST);
    let predictions = classifier.predict(&files, ProgressMode::Quiet);
    (evaluation, predictions.into_iter().map(|(_, prediction)| prediction.unwrap()).collect())
}

fn trains_alike(kind: &str) {
    let place = Workplace::new();
    let overrides = by_heart(kind);
    let overrides: Vec<&str> = overrides.iter().map(String::as_str).collect();
    // Every device draws weights of its own from the seed, so that the losses of the two are not the same.
    for name in ["cpu", "wgpu"] {
        place.train_on(name, &overrides, name, false).unwrap();
        let rows = metrics(&place.path(name));
        assert_eq!(rows.len(), 60);
        assert_eq!(rows[59]["accuracy"], 1.0, "{kind} on {name}: {}", rows[59]);
    }
    for run in ["cpu", "wgpu"] {
        let (here, here_predictions) = used_on("cpu", &place, run);
        let (there, there_predictions) = used_on("wgpu", &place, run);
        assert_eq!(here.files_seen, CLASSES * TEST);
        assert_eq!(here.confusion, there.confusion, "{kind}, trained on {run}");
        for (here, there) in here_predictions.iter().zip(&there_predictions) {
            for ((class, probability), (other_class, other)) in here.ranked.iter().zip(&there.ranked) {
                // Probabilities that are equal up to round-off may change places.
                assert!((probability - other).abs() < 1e-4, "{class} {probability}, {other_class} {other}");
            }
            assert_eq!(here.ranked[0].0, there.ranked[0].0, "{kind}, trained on {run}");
        }
    }
}

/// The lists of a batch are made where the batch lies, and are those of the CPU; a search that is named is the CPU's.
#[test]
#[ignore = "needs a driver for Vulkan, Metal or DirectX: cargo test .. --test devices -- --ignored"]
fn batches_have_the_same_neighbours_everywhere() {
    let clouds = with_columns(surfaces(3, 200), &[]);
    let config = Workplace::new().config(&["model.dilations=[1, 2, 3, 4]"]);
    let batch = |name: &str, search: Search| {
        let mut builder = BatchBuilder::of(&config, 0.0, &device(name).unwrap().device);
        builder.packer.search = search;
        builder.build(&clouds, &[0, 1, 2], vec![0, 1, 2]).unwrap().input.neighborhoods
    };
    let expected = batch("cpu", Search::Auto);
    assert_eq!(expected.len(), 4);
    let found = batch("wgpu", Search::Auto);
    assert!(found == expected, "the neighbours differ");
    for search in [Search::Grid, Search::KdTree] {
        let named = batch("wgpu", search);
        assert!(
            named == expected && named.iter().all(|lists| lists.lists().centres().is_sorted()),
            "{search:?}"
        );
    }
}

#[test]
#[ignore = "needs a driver for Vulkan, Metal or DirectX: cargo test .. --test devices -- --ignored"]
fn the_benches_run_on_a_gpu() {
    let place = Workplace::new();
    let json = |arguments: &[&str]| -> serde_json::Value {
        let out = place.succeed(&[&["bench"], arguments, &["--device", "wgpu", "--json", "-"]].concat());
        serde_json::from_str(&out).unwrap()
    };
    let conv = ["conv", "--clouds", "3", "--points", "100", "--reps", "1"];
    let there = json(&conv);
    let out = place.succeed(&[&["bench"], &conv[..], &["--device", "cpu", "--json", "-"]].concat());
    let here: serde_json::Value = serde_json::from_str(&out).unwrap();
    for key in ["edges", "edges_per_point", "subdomains_per_point"] {
        assert_eq!(there[key], here[key], "{key}");
    }
    assert!(there["search_s"].as_f64().unwrap() > 0.0, "{there}");
    let search = json(&["search", "--sizes", "300", "--neighbours", "6", "--reps", "1"]);
    let times = &search["sizes"][0]["device"];
    assert!(times["kernel"]["min_s"].as_f64().unwrap() > 0.0, "{search}");
    assert!(times["kernel_ns_per_pair"].as_f64().unwrap() > 0.0, "{search}");
    let step = json(&["train", "tiny.toml", "--classes", "4", "--batch", "3", "--reps", "1"]);
    assert!(step["search"]["min_s"].as_f64().unwrap() > 0.0, "{step}");
}

#[test]
#[ignore = "needs a driver for Vulkan, Metal or DirectX: cargo test .. --test devices -- --ignored"]
fn the_full_operator_trains_alike() {
    trains_alike("full");
}

#[test]
#[ignore = "needs a driver for Vulkan, Metal or DirectX: cargo test .. --test devices -- --ignored"]
fn the_separable_operator_trains_alike() {
    trains_alike("separable");
}
