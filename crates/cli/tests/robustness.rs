//! The recipe of `train --data` on sets that no config was made for. The bars are about three percentage points below the
//! measured results.

mod common;

use common::{Workplace, json};

/// Trains with the recipe for a folder; the figure `key` of the last epoch on the test files, in percent.
fn trained(place: &Workplace, folder: &str, settings: &[&str], key: &str) -> f64 {
    let settings: Vec<&str> = settings.iter().flat_map(|setting| ["--set", setting]).collect();
    place.succeed(&[&["train", "--data", folder, "--output", "run", "--quiet"][..], &settings].concat());
    let evaluations = json(place.path("run/evaluation.json"));
    let last = evaluations.as_array().unwrap().iter().find(|evaluation| evaluation["weights"] == "last");
    100.0 * last.unwrap()[key].as_f64().unwrap()
}

/// Ten classes of figures with joints, 16 files each: 98.0 % in 60 epochs.
#[test]
fn figures_with_joints_in_any_pose() {
    let place = Workplace::new();
    let few = ["--kind", "articulated", "--train-per-class", "16", "--test-per-class", "20", "--seed", "7"];
    place.succeed(&[&["synth", "figures"][..], &few].concat());
    let accuracy = trained(&place, "figures", &["train.epochs=60"], "overall_accuracy");
    assert!(accuracy >= 95.0, "{accuracy:.1}");
}

/// Three sites of a laser scanner with a rare class: a mean IoU of 90.8 % in 10 epochs.
#[test]
fn sites_in_metres_with_a_rare_class() {
    let place = Workplace::new();
    let few = ["--kind", "outdoor", "--train", "3", "--test", "2", "--density", "30", "--seed", "7"];
    place.succeed(&[&["synth", "sites"][..], &few].concat());
    let epochs = ["train.epochs=10", "schedule.warmup_epochs=1"];
    let mean_iou = trained(&place, "sites", &epochs, "mean_iou");
    assert!(mean_iou >= 87.0, "{mean_iou:.1}");
}
