//! The files of a run.

use std::path::Path;
use std::sync::Once;

use burn::tensor::Device;
use report::RunRecord;
use train::run::{Manifest, RunDirectory};
use train::{MetricsLog, RunError, TrainedRun, Weights};

use crate::place;

/// A small classifier.
const CONFIG: &str = "name = 'a'\n[data]\nroot = 'a'\npoints = 8\n[model]\nkind = 'paper-classifier'\nhead = 'pooled'\n\
    dilations = [1]\nchannels = 3\nhidden = 4\n[optimizer]\nkind = 'sgd'\nlr = 0.1\n[train]\nepochs = 1\n";

const MANIFEST: &str = r#"{"format_version": 1, "architecture": "paper-classifier", "classes": ["a", "b"], "points": 8,
    "normalize": "unit-sphere", "pointwise_version": "0.1.0", "burn_version": "0.22.1", "seed": 0, "train_files": 1,
    "validation_files": 0, "skipped_files": 0}"#;

/// The run, whose files are those of `MANIFEST` and `CONFIG` but for those that targets write.
fn directory(name: &str) -> RunDirectory {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        for name in ["run", "weights"] {
            place::write(&format!("{name}/config.toml"), CONFIG.as_bytes());
            place::write(&format!("{name}/manifest.json"), MANIFEST.as_bytes());
        }
    });
    RunDirectory::open(place::path(name)).expect("it has a config")
}

fn told<T>(result: Result<T, RunError>) -> Option<T> {
    result.inspect_err(|error| assert!(!error.to_string().is_empty())).ok()
}

/// `manifest.json`.
pub(super) fn manifest(bytes: &[u8]) {
    let run = directory("run");
    place::write("run/manifest.json", bytes);
    if let Some(manifest) = told(Manifest::read(&run)) {
        manifest.write(&run).expect("the folder can be written");
        let back = Manifest::read(&run).expect("what was written can be read");
        assert_eq!(format!("{back:?}"), format!("{manifest:?}"));
    }
}

/// The position of a checkpoint.
pub(super) fn position(bytes: &[u8]) {
    static ONCE: Once = Once::new();
    let run = directory("run");
    ONCE.call_once(|| {
        for kind in ["model", "optim", "scheduler"] {
            place::write(&format!("run/checkpoint/{kind}-7.bpk"), b"");
        }
    });
    place::write("run/checkpoint/position-7.toml", bytes);
    if let Some(position) = told(run.last_checkpoint()) {
        let position = position.expect("there is a checkpoint");
        assert_eq!(position.steps, 7);
        let text = toml::to_string(&position).expect("a position is plain data");
        place::write("run/checkpoint/position-7.toml", text.as_bytes());
        let back = told(run.last_checkpoint()).flatten().expect("what was written can be read");
        assert_eq!(format!("{back:?}"), format!("{position:?}"));
    }
}

/// `metrics.jsonl`; the first byte is the epoch from which a training is resumed.
pub(super) fn metrics(bytes: &[u8]) {
    let Some((&epoch, rest)) = bytes.split_first() else { return };
    let path = place::write("metrics.jsonl", rest);
    let Ok(rows) = MetricsLog::read(&path) else { return };
    let kept = MetricsLog::truncate_after(&path, usize::from(epoch)).expect("the lines were read before");
    assert!(kept.len() <= rows.len());
    let mut log = MetricsLog::open(&path).expect("the file can be opened");
    for row in &rows {
        log.append(row).expect("the file can be written");
    }
    let back = MetricsLog::read(&path).expect("what was written can be read");
    assert_eq!(format!("{back:?}"), format!("{:?}", [kept, rows].concat()));
}

/// `report.json`.
pub(super) fn report(bytes: &[u8]) {
    let run = directory("weights");
    let manifest = Manifest::read(&run).expect("it is right");
    place::write("weights/report.json", bytes);
    let data = Path::new("data");
    if let Some(record) = told(RunRecord::read(&run, data, &manifest)) {
        record.write(&run).expect("the folder can be written");
        let back = RunRecord::read(&run, data, &manifest).expect("what was written can be read");
        assert_eq!(format!("{back:?}"), format!("{record:?}"));
    }
}

/// `split.txt`.
pub(super) fn split(bytes: &[u8]) {
    let run = directory("run");
    place::write("run/split.txt", bytes);
    if let Some(files) = told(run.test_files()).flatten() {
        assert!(files.iter().all(|file| !file.is_empty()));
    }
}

/// The weights of a run.
pub(super) fn weights(bytes: &[u8]) {
    let run = directory("weights");
    place::write("weights/last.safetensors", bytes);
    let _ = told(TrainedRun::open(run.path(), Weights::Last, &Device::flex()));
}
