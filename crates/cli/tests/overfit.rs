//! A network that cannot learn a handful of clouds by heart is broken somewhere.

mod common;

use common::{Workplace, metrics};
use train::{Classifier, ProgressMode, Weights, device};

fn learns(head: &str) {
    let place = Workplace::new();
    let head = format!("model.head={head}");
    let overrides = [
        &head,
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
    ];
    let outcome = place.train(&overrides, "run", false).unwrap();
    assert_eq!(outcome.best_epoch, None, "there was no validation");
    let rows = metrics(&place.path("run"));
    assert_eq!(rows.len(), 60);
    let (first, last) = (&rows[0], &rows[59]);
    assert!(first["accuracy"].as_f64() < Some(0.5), "{first}");
    assert_eq!(last["accuracy"], 1.0, "{last}");
    assert!(last["loss"].as_f64() < Some(0.1), "{last}");

    // The saved weights know it too. Every point is used: so the clouds are those of the training.
    for weights in [Weights::Best, Weights::Last] {
        let classifier =
            Classifier::open(place.path("run"), weights, &device("cpu").unwrap().device).unwrap();
        let evaluation = classifier.evaluate(&place.path("set"), "train", ProgressMode::Quiet).unwrap();
        assert_eq!(evaluation.files_seen, common::CLASSES * common::TRAIN);
        assert_eq!(evaluation.values.get("overall_accuracy"), Some(1.0));
    }
}

#[test]
fn the_flatten_head_learns_a_tiny_set_by_heart() {
    learns("flatten");
}

#[test]
fn the_pooled_head_learns_a_tiny_set_by_heart() {
    learns("pooled");
}
