//! A loss that stops being a number ends the training, and what was learnt before is kept.

mod common;

use std::fs;

use common::{Workplace, metrics, texts, weights};
use train::RunError;

/// Finite in the first epochs, not for ever: every step of so large a rate multiplies the weights.
const DIVERGING: [&str; 4] =
    ["optimizer.kind=sgd", "optimizer.lr=20", "train.epochs=30", "train.batch_size=32"];

#[test]
fn a_loss_that_overflows_keeps_the_last_whole_epoch() {
    let place = Workplace::new();
    let error = place.train(&DIVERGING, "run", false).unwrap_err();
    let RunError::NotFinite { epoch, step, layer, files, run, .. } = &error else { panic!("{error}") };
    assert!(*epoch > 1, "{error}");
    assert_eq!(*step, 1, "30 clouds in batches of 32 are one step: {error}");
    // `loss` where the logits are finite, but too far apart for it.
    let layers = ["convolutions.", "hidden", "output", "loss"];
    assert!(layers.iter().any(|name| layer.starts_with(name)), "{error}");
    assert_eq!(files.len(), 30);
    assert!(files.iter().all(|file| file.is_file()));
    assert_eq!(run, &place.path("run"));
    let text = error.to_string();
    let [whole, this] = [epoch - 1, *epoch];
    for part in [
        &format!("epoch {this}, step {step}"),
        layer,
        "and 26 more",
        &format!("after epoch {whole}"),
        "optimizer.lr",
    ] {
        assert!(text.contains(part), "{part:?} is not in: {text}");
    }

    // The whole epochs are there, their weights are numbers, and they can be used.
    assert_eq!(metrics(&place.path("run")).last().unwrap()["epoch"], whole);
    place.succeed(&["eval", "run", "--data", "set", "--weights", "last"]);
    place.succeed(&["eval", "run", "--data", "set"]);
    let predictions = place.succeed(&["predict", "run", "set/cone/train"]);
    assert!(!predictions.contains("NaN"), "{predictions}");

    // Going on is possible, and ends in the same way for the same reason.
    let before = weights(&place.path("run"));
    let again = place.train(&DIVERGING, "run", true).unwrap_err();
    assert_eq!(again.to_string(), text);
    assert!(weights(&place.path("run")) == before);
}

#[test]
fn a_weight_that_overflows_in_the_last_step_is_noticed_before_it_is_saved() {
    let place = Workplace::new();
    // One step per epoch and a rate beyond f32: the loss of that step is finite, the weights after it are not.
    let overrides =
        ["optimizer.kind=sgd", "optimizer.lr=1e39", "train.batch_size=32", "data.validation_fraction=0.25"];
    let error = place.train(&overrides, "run", false).unwrap_err();
    let RunError::NotFinite { epoch: 1, step: 1, loss, layer, files, .. } = &error else { panic!("{error}") };
    assert!(loss.is_finite(), "{error}");
    assert!(layer.ends_with(".weight") || layer.ends_with(".bias"), "{error}");
    assert_eq!(files.len(), 30);
}

#[test]
fn a_run_without_a_whole_epoch_leaves_nothing_behind() {
    let place = Workplace::new();
    let diverges = ["--set", "optimizer.kind=sgd", "--set", "optimizer.lr=1e6", "--output", "run"];
    let arguments = [&["train", "tiny.toml"], &diverges[..]].concat();
    let output = place.command(&arguments).output().unwrap();
    let (out, err) = texts(&output);
    assert_eq!(output.status.code(), Some(1), "{out}{err}");
    assert!(
        err.contains("epoch 1, step ") && err.contains("lower optimizer.lr") && !err.contains("saved"),
        "{err}"
    );
    assert!(err.contains(".ply"), "{err}");
    assert!(
        !place.path("run").exists(),
        "{:?}",
        fs::read_dir(place.path("run")).unwrap().collect::<Vec<_>>()
    );
    place.succeed(&["train", "tiny.toml", "--output", "run"]);
}
