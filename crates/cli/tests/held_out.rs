//! The test files have no part in the training, the validation files none in the steps.

mod common;

use std::fs;

use common::{CLASSES, TEST, TRAIN, Workplace, assert_same_run, json, weights};

#[test]
fn test_files_are_read_only_after_the_training() {
    let place = Workplace::new();
    place.train(&[], "before", false).unwrap();
    let mut broken = Vec::new();
    for class in fs::read_dir(place.path("set")).unwrap() {
        let class = class.unwrap().path();
        if class.is_dir() {
            for file in fs::read_dir(class.join("test")).unwrap() {
                let path = file.unwrap().path();
                broken.push((path.clone(), fs::read(&path).unwrap()));
                fs::write(&path, "no cloud").unwrap();
            }
        }
    }
    assert_eq!(broken.len(), CLASSES * TEST);

    // The training succeeds, its evaluation does not, and the message says so.
    let error = place.fail(
        &["train", "tiny.toml", "--output", "after"],
        &[
            "training is finished and saved in after",
            "set/block/test/block_0005.ply",
            "line 1",
            "--resume --output after",
        ],
    );
    assert!(!error.contains("run: "), "{error}");
    assert_same_run(&place.path("before"), &place.path("after"));
    assert!(!place.path("after/evaluation.json").exists());

    // What the message advises works.
    for (path, bytes) in broken {
        fs::write(path, bytes).unwrap();
    }
    place.succeed(&["train", "tiny.toml", "--resume", "--output", "after"]);
    assert_eq!(json(place.path("after/evaluation.json"))[0]["files_seen"], CLASSES * TEST);
    assert_same_run(&place.path("before"), &place.path("after"));
}

#[test]
fn validation_files_come_out_of_the_training_files() {
    let place = Workplace::new();
    for (fraction, validation) in [("0", 0), ("0.25", CLASSES), ("0.5", 2 * CLASSES)] {
        let fraction = format!("data.validation_fraction={fraction}");
        let outcome = place.train(&[&fraction], &fraction, false).unwrap();
        let manifest = json(outcome.run.manifest());
        assert_eq!(manifest["validation_files"], validation);
        assert_eq!(manifest["train_files"], CLASSES * TRAIN - validation);
        assert_eq!(outcome.best_epoch.is_some(), validation > 0);
        if validation == 0 {
            let files = weights(outcome.run.path());
            assert!(files[0] == files[1], "without validation the last epoch is the best");
        }
    }
}
