//! The recipe for classes of files.

use std::path::Path;

use pointcloud::dataset::FolderDataset;
use pointcloud::io::Reader;
use rayon::prelude::*;

use super::{Recipe, name_of, quoted, spread, weight_decay};
use crate::config::Axis;
use crate::error::RunError;
use crate::task::classification::{Pose, pose};

/// Files of a class that are read.
const FILES: usize = 16;

/// Classes whose files are read.
const CLASSES: usize = 24;

/// Most points of a cloud: more take more time and hardly improve the classification of single shapes.
const POINTS: usize = 1024;

/// Fewest points of a cloud.
const FEWEST_POINTS: usize = 64;

/// Approximate number of clouds in a training, over all epochs.
const SEEN: usize = 160_000;

/// Files per step.
const BATCH: usize = 32;

/// The highest learning rate.
const LR: f32 = 2e-3;

/// Smallest number of training files for a single network. With a few files per class an ensemble is much better; with the 4,000 of
/// ModelNet10 it is not.
const ENOUGH_FOR_ONE: usize = 2_000;

/// Smallest number of training files for the larger network where shapes are aligned or upright. With the 4,000 of ModelNet10 the smaller
/// one is about as good in little more than half the time.
const MANY_FILES: usize = 10_000;

/// Small networks in an ensemble.
const ENSEMBLE: usize = 4;

/// Smallest number of training files per class for which a tenth is held back for validation.
const ENOUGH_TO_HOLD_BACK: usize = 30;

pub(super) fn recipe(root: &Path, dataset: &FolderDataset) -> Result<Recipe, RunError> {
    let files = dataset.split("train")?;
    let classes = dataset.classes().len();
    let by_class: Vec<Vec<&Path>> = (0..classes)
        .map(|class| {
            files.iter().filter(|file| file.class == class).map(|file| file.path.as_path()).collect()
        })
        .collect();
    let chosen: Vec<Vec<&Path>> = spread(&by_class, CLASSES)
        .map(|paths: &Vec<&Path>| spread(paths, FILES).copied().collect())
        .collect();
    let reader = Reader::new().points(POINTS);
    let read = |path: &&Path| {
        let contents = reader.open(path)?;
        // Any number of points can be drawn from the faces of a mesh.
        let points = if contents.faces.is_empty() { contents.cloud.len() } else { POINTS };
        Ok::<_, pointcloud::Error>((points, reader.choose(contents)?.into_positions()))
    };
    let found: Vec<Vec<(usize, Vec<[f32; 3]>)>> = chosen
        .par_iter()
        .map(|paths| paths.iter().map(read).collect::<Result<Vec<_>, _>>())
        .collect::<Result<_, _>>()?;
    let mut sizes: Vec<usize> = found.iter().flatten().map(|(points, _)| *points).collect();
    sizes.sort_unstable();
    // Repeated points would not add anything.
    let points = sizes[sizes.len() / 2].clamp(FEWEST_POINTS, POINTS);
    let shapes: Vec<Vec<Vec<[f32; 3]>>> =
        found.into_iter().map(|class| class.into_iter().map(|(_, positions)| positions).collect()).collect();

    let epochs = (SEEN / files.len()).clamp(40, 400);
    let least = by_class.iter().map(Vec::len).min().unwrap_or(0);
    let validation = if least >= ENOUGH_TO_HOLD_BACK { 0.1 } else { 0.0 };
    let steps = epochs * ((1.0 - validation) * files.len() as f64 / BATCH as f64).ceil() as usize;
    let decay = weight_decay(LR, steps);
    let pose = pose(&shapes);
    let (network, network_text) = network(pose, files.len());
    let (pose_text, rotate, up_axis) = rotation(pose);
    let inputs = inputs(pose);
    let text =
        config(root, (network, shells(pose)), inputs, points, validation, (rotate, up_axis), (epochs, decay));
    let reasons = vec![
        format!("task: classes of files, {} training files in {classes} classes", files.len()),
        format!("network: {network_text}"),
        format!(
            "points: {points} of each file, {}; the kernel follows their distance",
            if points == POINTS {
                "drawn anew in every epoch"
            } else {
                "the median of the files, drawn anew in every epoch"
            }
        ),
        format!("augmentation: {pose_text}"),
        format!(
            "schedule: {epochs} epochs, weight decay {decay} for {steps} steps, {}",
            if validation > 0.0 {
                "a tenth of the files held back for validation".to_owned()
            } else {
                format!("without validation, for the smallest class has {least} files")
            }
        ),
    ];
    Ok(Recipe { text, reasons })
}

/// The size of the network and how many there are, and the reason.
fn network(pose: Pose, files: usize) -> ((&'static str, usize), String) {
    if files < ENOUGH_FOR_ONE {
        let text = format!(
            "{ENSEMBLE} pointwise-classifiers of size s together, for fewer than {ENOUGH_FOR_ONE} files"
        );
        return (("s", ENSEMBLE), text);
    }
    let (size, text) = match pose {
        Pose::Any => ("m", "shapes in any pose".to_owned()),
        Pose::Aligned | Pose::Upright(_) if files >= MANY_FILES => {
            ("m", format!("{MANY_FILES} files and more"))
        }
        Pose::Aligned | Pose::Upright(_) => ("s", format!("fewer than {MANY_FILES} files")),
    };
    ((size, 1), format!("pointwise-classifier of size {size}, for {text}"))
}

/// What the network reads. Coordinates say little about shapes in any pose, and the shape of the surroundings of a point does
/// not depend on the pose.
fn inputs(pose: Pose) -> &'static [&'static str] {
    match pose {
        Pose::Any => &["one", "shape", "angle"],
        Pose::Aligned | Pose::Upright(_) => &["xyz"],
    }
}

/// The kernels, as a line of the section `[model]`: shells, which do not change when a shape is turned, or none for cells.
fn shells(pose: Pose) -> &'static str {
    match pose {
        Pose::Any => "shells = 3\n",
        Pose::Aligned | Pose::Upright(_) => "",
    }
}

/// The rotations for a pose: the reason, and the values of `augment.rotate` and `augment.up_axis`.
fn rotation(pose: Pose) -> (String, &'static str, Axis) {
    match pose {
        Pose::Aligned => {
            ("the shapes of a class lie alike, so they are not rotated".to_owned(), "none", Axis::Z)
        }
        Pose::Upright(axis) => (
            format!("the shapes stand upright along {}, so they are rotated about it", axis.name()),
            "up",
            axis,
        ),
        Pose::Any => (
            "the shapes lie in any pose, so they are rotated at random; the network reads what no rotation changes"
                .to_owned(),
            "any",
            Axis::Z,
        ),
    }
}

/// The config, a TOML file.
fn config(
    root: &Path,
    ((size, ensemble), shells): ((&str, usize), &str),
    inputs: &[&str],
    points: usize,
    validation: f64,
    (rotate, up_axis): (&str, Axis),
    (epochs, decay): (usize, f32),
) -> String {
    format!(
        "name = {name}
seed = 0

[data]
root = {root}
points = {points}
inputs = [{inputs}]
resample = true
order = \"none\"
validation_fraction = {validation:?}

[model]
kind = \"pointwise-classifier\"
size = \"{size}\"
ensemble = {ensemble}
cell = \"auto\"
{shells}
[optimizer]
kind = \"adamw\"
lr = {LR:?}
weight_decay = {decay:?}

[schedule]
kind = \"cosine\"
warmup_epochs = {warmup}

[augment]
rotate = \"{rotate}\"
up_axis = \"{up}\"
scale = [0.8, 1.25]
translate = 0.1
jitter_sigma = 0.01

[train]
epochs = {epochs}
batch_size = {BATCH}
label_smoothing = 0.1
average = 0.999
",
        name = quoted(&name_of(root)),
        root = quoted(&root.display().to_string()),
        inputs = inputs.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", "),
        up = up_axis.name(),
        warmup = epochs / 20,
    )
}
