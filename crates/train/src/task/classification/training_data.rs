//! The training data of a classifier: the training files of a data set, some of them held back for validation.

use burn::tensor::Device;
use pointcloud::dataset::FolderDataset;
use rayon::prelude::*;

use super::{BatchBuilder, CloudSet, CloudSource, Preparation, pose, split_validation};
use crate::config::{Config, Normalize, Rotate};
use crate::error::RunError;
use crate::memory::ensure_fits;
use crate::network::NetworkSpec;
use crate::progress::{Progress, ProgressMode};
use crate::task::{TrainingData, class_weights};

/// Reads the training files of `config`, after a check that they fit into memory unless `force` is set; `test_files` are the
/// drawn test files of the run that is resumed.
pub(crate) fn training_data(
    config: &Config,
    test_files: Option<Vec<String>>,
    device: &Device,
    progress: ProgressMode,
    force: bool,
) -> Result<TrainingData<CloudSource>, RunError> {
    let dataset = config.data.dataset(&config.data.root, config.seed, test_files)?;
    let samples = dataset.split("train")?;
    if !force {
        ensure_fits(config, samples.len(), dataset.classes().len())?;
    }
    let bar = Progress::start(progress, "reading train", "files", samples.len());
    let (all, skipped) = match config.data.resample {
        true => CloudSet::load_whole(samples, &config.data, config.seed, false, &|done| bar.set(done))?,
        false => CloudSet::load_files(samples, &config.data, config.seed, &|done| bar.set(done))?,
    };
    for error in &skipped {
        bar.println(&format!("skipped: {error}"));
    }
    if all.dropped > 0 {
        bar.println(&format!("{} points that are not finite were dropped", all.dropped));
    }
    for warning in warnings(&dataset) {
        bar.println(&format!("warning: {warning}"));
    }
    bar.finish();
    if all.is_empty() {
        return Err(RunError::NoFiles { path: config.data.root.clone(), split: "train".into() });
    }
    // All epochs are validated on the same points, drawn as in an evaluation.
    let drawn = config.data.resample.then(|| all.drawn(&config.data, config.seed));
    let once = drawn.as_ref().unwrap_or(&all);
    let mut config = config.scaled(once.clouds.par_iter().map(|cloud| cloud.positions.as_slice()))?;
    if config.augment.rotate == Rotate::Auto {
        pose(&some_of_each(once, dataset.classes().len())).set(&mut config.augment);
    }
    let config = &config;
    let split = |set: &CloudSet| split_validation(set, config.data.validation_fraction, config.seed);
    let validation = split(once).1;
    drop(drawn);
    let train = split(&all).0;
    drop(all);
    let (train_files, validation_files) = (train.len(), validation.len());
    let builder = BatchBuilder::of(config, config.train.label_smoothing, device);
    let mut weighted = builder.clone();
    let mut counts = vec![0; dataset.classes().len()];
    train.classes.iter().for_each(|&class| counts[class] += 1);
    weighted.weights = class_weights(config.data.class_weights, &counts);
    Ok(TrainingData {
        train: CloudSource::new(train, weighted, Preparation::for_training(config)),
        validation: CloudSource::new(validation, builder, Preparation::unchanged(config)),
        spec: NetworkSpec {
            points: config.data.points,
            channels_in: config.channels_in(),
            classes: dataset.classes().len(),
        },
        classes: dataset.classes().to_vec(),
        normalize: match config.data.normalize {
            Normalize::UnitSphere => "unit-sphere",
            Normalize::None => "none",
        },
        config: config.clone(),
        train_files,
        validation_files,
        skipped_files: skipped.len(),
        drawn_test_files: dataset.drawn_test_files(),
    })
}

/// Warnings: what the data set leaves out, and classes without training or test files or with only one.
fn warnings(dataset: &FolderDataset) -> Vec<String> {
    let mut warnings = dataset.warnings().to_vec();
    for (split, consequence) in [("train", "it cannot be learnt"), ("test", "its accuracy is not measured")] {
        let classes = dataset.classes_without(split).into_iter();
        warnings.extend(classes.map(|class| format!("class '{class}' has no {split} file: {consequence}")));
    }
    let samples = dataset.split("train").unwrap_or_default();
    for (class, name) in dataset.classes().iter().enumerate() {
        if samples.iter().filter(|sample| sample.class == class).count() == 1 {
            warnings.push(format!(
                "class '{name}' has one training file: it can hardly be learnt, and not be validated"
            ));
        }
    }
    warnings
}

/// Number of shapes per class from which the pose is detected.
const SHAPES: usize = 16;

/// The first `SHAPES` shapes of every class.
fn some_of_each(set: &CloudSet, classes: usize) -> Vec<Vec<Vec<[f32; 3]>>> {
    let mut found = vec![Vec::new(); classes];
    for (cloud, &class) in set.clouds.iter().zip(&set.classes) {
        if found[class].len() < SHAPES {
            found[class].push(cloud.positions.clone());
        }
    }
    found
}
