//! A trained run inside another program: `cargo run --release -p train --example predict -- RUN FILE..`, where RUN is a run
//! directory of `pointwise train`, of a classifier or of a segmenter.
//!
//! Without arguments it first trains a small classifier on synthetic shapes, which takes a few seconds.

use std::error::Error;
use std::path::{Path, PathBuf};

use pointcloud::dataset::FolderDataset;
use pointcloud::io;
use pointcloud::synth::{SynthConfig, generate};
use train::config::Config;
use train::{LabelOptions, ProgressMode, TrainOptions, TrainedRun, Weights, device, train};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    match arguments.next() {
        Some(run) => predict(&run, &arguments.collect::<Vec<_>>()).map(|_| ()),
        None => {
            let folder = tempfile::tempdir()?;
            let (run, files) = small_run(folder.path())?;
            predict(&run, &files).map(|_| ())
        }
    }
}

/// Prints what the run says of every file, and returns the class that it finds most in each.
fn predict(run: &Path, files: &[PathBuf]) -> Result<Vec<String>, Box<dyn Error>> {
    // All that is needed is the run directory: it knows the network, the classes and how clouds are prepared.
    let run = TrainedRun::open(run, Weights::Best, &device("auto")?.device)?;
    let mut found = Vec::new();
    for file in files {
        // Any cloud will do; a program that has its points in memory begins with `PointCloud::new(positions)`.
        let cloud = io::read(file)?;
        let class = match &run {
            TrainedRun::Classifier(classifier) => {
                let ranked = classifier.classify(&cloud)?.ranked;
                let best: Vec<String> =
                    ranked[..2].iter().map(|(class, p)| format!("{class} {p:.2}")).collect();
                println!("{}: {}", file.display(), best.join(", "));
                ranked[0].0.clone()
            }
            TrainedRun::Segmenter(segmenter) => {
                let votes = segmenter.label(&cloud, file, &LabelOptions::default(), ProgressMode::Quiet)?;
                let mut counts = vec![0; segmenter.classes().len()];
                (0..votes.len()).for_each(|point| counts[votes.class(point)] += 1);
                println!("{}: {} points", file.display(), votes.len());
                let mut counts: Vec<_> = counts.into_iter().zip(segmenter.classes()).collect();
                counts.sort_by_key(|&(count, _)| std::cmp::Reverse(count));
                counts.iter().for_each(|(count, class)| println!("  {count:8} {class}"));
                counts[0].1.clone()
            }
        };
        found.push(class);
    }
    Ok(found)
}

/// Trains a small network in `folder`; returns the run directory and a test file of every class.
fn small_run(folder: &Path) -> Result<(PathBuf, Vec<PathBuf>), Box<dyn Error>> {
    let set = folder.join("shapes");
    let shapes = SynthConfig {
        train_per_class: 40,
        test_per_class: 1,
        points: 128,
        noise: 0.0,
        cut: 0.0,
        ..SynthConfig::default()
    };
    generate(&set, &shapes, &|_| ())?;
    let config = format!(
        "name = \"small\"
         [data]
         root = {set:?}
         points = 128
         validation_fraction = 0.1
         [model]
         kind = \"paper-classifier\"
         cell = 0.25
         dilations = [1, 2]
         channels = 16
         head = \"pooled\"
         hidden = 64
         dropout = 0.0
         [optimizer]
         kind = \"adam\"
         lr = 0.005
         [train]
         epochs = 20
         batch_size = 8"
    );
    let mut options = TrainOptions::new(device("auto")?.device);
    options.output = Some(folder.join("run"));
    let outcome = train(&Config::parse(&config, "small.toml", &[])?, &options)?;
    println!("trained {} epochs in {:.1} s", outcome.epochs_done, outcome.seconds);
    let files = FolderDataset::open(&set)?.split("test")?.iter().map(|sample| sample.path.clone()).collect();
    Ok((outcome.run.path().to_owned(), files))
}

#[test]
fn most_shapes_are_recognised() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let (run, files) = small_run(folder.path())?;
    let found = predict(&run, &files)?;
    let is_right = |(file, class): &(&PathBuf, &String)| {
        file.components().any(|part| part.as_os_str() == class.as_str())
    };
    let right = files.iter().zip(&found).filter(is_right).count();
    assert!(right >= 5, "{right} of 10");
    Ok(())
}
