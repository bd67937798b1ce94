//! The training data of a segmenter: regions of the training scenes.

use std::path::PathBuf;

use burn::tensor::Device;
use pointcloud::PointCloud;
use rayon::prelude::*;

use super::{RegionBuilder, RegionSource, class_counts, load_scenes};
use crate::config::{Config, DataConfig, Rotate, Scale, ScenesConfig};
use crate::error::RunError;
use crate::memory::ensure_fits;
use crate::network::NetworkSpec;
use crate::progress::{Progress, ProgressMode};
use crate::task::{TrainingData, voxel_for};
use crate::terminal::note;

/// Reads the training and the validation scenes of `config`, after a check that the network fits into memory unless `force` is
/// set.
pub(crate) fn training_data(
    config: &Config,
    scenes: &ScenesConfig,
    device: &Device,
    progress: ProgressMode,
    force: bool,
) -> Result<TrainingData<RegionSource>, RunError> {
    let (mut config, mut scenes) = (config.clone(), scenes.clone());
    decide_lengths(&mut scenes, &config.data)?;
    config.scenes = Some(scenes.clone());
    if config.augment.rotate == Rotate::Auto {
        config.augment.rotate = Rotate::Up;
    }
    let (config, scenes) = (&config, &scenes);
    let root = &config.data.root;
    let folder = scenes.folder(root)?;
    let classes = scenes.class_names(root)?;
    let map = scenes.label_map(&classes);
    if !force {
        ensure_fits(config, folder.split("train")?.len(), classes.len())?;
    }
    let mut skipped_files = 0;
    let mut load = |split: &str| {
        let files = folder.split(split)?;
        let bar = Progress::start(progress, &format!("reading {split}"), "files", files.len());
        let found = load_scenes(files, scenes, &map, &config.data, &|done| bar.set(done))?;
        if found.dropped > 0 {
            bar.println(&format!("{} points that are not finite were dropped", found.dropped));
        }
        for error in &found.skipped {
            bar.println(&format!("skipped: {error}"));
        }
        skipped_files += found.skipped.len();
        Ok::<_, RunError>(found.scenes)
    };
    let train = load("train")?;
    let counts = class_counts(&train, classes.len());
    if counts.iter().all(|&count| count == 0) {
        return Err(RunError::NoFiles { path: root.clone(), split: "train".into() });
    }
    let missing = classes.iter().zip(&counts).filter(|(_, count)| **count == 0);
    for (class, _) in missing.filter(|_| !matches!(progress, ProgressMode::Quiet)) {
        note(format_args!(
            "warning: class '{class}' has no point in the training scenes: it cannot be learnt"
        ));
    }
    let has_validation = folder.splits().any(|split| split == "val");
    let validation = if has_validation { load("val")? } else { Vec::new() };
    let config = &config.scaled(train.par_iter().map(|scene| scene.cloud.positions()))?;
    let (train_files, validation_files) = (train.len(), validation.len());
    let smoothing = config.train.label_smoothing;
    let builder = RegionBuilder::of(&config.model, scenes, classes.len(), smoothing, device);
    Ok(TrainingData {
        train: RegionSource::for_training(train, builder.clone(), scenes, &config.augment, config.seed),
        validation: RegionSource::covering(validation, builder, scenes),
        spec: NetworkSpec {
            points: scenes.points,
            channels_in: scenes.channels_in(),
            classes: classes.len(),
        },
        classes,
        normalize: "none",
        config: config.clone(),
        train_files,
        validation_files,
        skipped_files,
        drawn_test_files: None,
    })
}

/// Number of training scenes from which the voxel edge is computed.
const SCENES: usize = 8;

/// Computes the `"auto"` lengths of `scenes` from some of the training files, evenly spread over all.
pub(crate) fn decide_lengths(scenes: &mut ScenesConfig, data: &DataConfig) -> Result<(), RunError> {
    if scenes.voxel == Scale::Auto {
        let folder = scenes.folder(&data.root)?;
        let files = folder.split("train")?;
        let step = files.len().div_ceil(SCENES).max(1);
        // Skip a file that cannot be used: the error is reported when all files are read.
        let read =
            |path: &PathBuf| data.reader().read(path).ok().filter(|cloud| cloud.check_finite().is_ok());
        let clouds: Vec<_> = files.iter().step_by(step).filter_map(read).collect();
        let positions: Vec<_> = clouds.into_iter().map(PointCloud::into_positions).collect();
        let voxel = voxel_for(&positions)?.ok_or(RunError::Scale { key: "scenes.voxel" })?;
        scenes.voxel = Scale::Value(voxel);
    }
    scenes.size = Scale::Value(scenes.size());
    Ok(())
}
