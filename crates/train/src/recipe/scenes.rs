//! The recipe for labelled scenes.

use std::collections::BTreeSet;
use std::path::Path;

use pointcloud::PointCloud;
use pointcloud::io::Reader;
use pointcloud::scene::SceneFolder;

use super::{Recipe, name_of, quoted, spread};
use crate::error::RunError;
use crate::task::voxel_for;

/// Scenes that are read.
const FILES: usize = 8;

/// Approximate number of steps of a training.
const STEPS: usize = 3_000;

/// Regions per step.
const BATCH: usize = 4;

/// A property with more different labels than this is not taken for the class.
const MOST_CLASSES: usize = 256;

pub(super) fn recipe(root: &Path, folder: &SceneFolder) -> Result<Recipe, RunError> {
    let files = folder.split("train")?;
    let reader = Reader::new().surfaces(false);
    let scenes: Vec<PointCloud> =
        spread(files, FILES).map(|path| reader.read(path)).collect::<Result<_, _>>()?;
    let (label, classes) = classes(root, &files[0], &scenes)?;
    let inputs = inputs(&scenes);
    let positions: Vec<Vec<[f32; 3]>> = scenes.into_iter().map(PointCloud::into_positions).collect();
    let voxel = voxel_for(&positions)?.ok_or(RunError::Scale { key: "scenes.voxel" })?;

    let has_validation = folder.splits().any(|split| split == "val");
    let regions = (8 * files.len()).clamp(48, 400);
    let epochs = (STEPS * BATCH).div_ceil(regions);
    let text = config(root, &label, &classes, &inputs, voxel, (regions, epochs));
    let reasons = vec![
        format!(
            "task: labelled scenes, {} training files, {} classes from {label:?}",
            files.len(),
            classes.count()
        ),
        format!("inputs: {}", inputs.join(", ")),
        format!(
            "lengths: voxels of {voxel} from the distance of the points, regions of 64 voxels, kernels by the voxels"
        ),
        "network: pointwise-segmenter of size m; rare classes count by the root of their share".to_owned(),
        format!(
            "schedule: {epochs} epochs of {regions} regions, {}",
            if has_validation {
                "validated on the folder val"
            } else {
                "without validation, for there is no folder val"
            }
        ),
    ];
    Ok(Recipe { text, reasons })
}

/// The config, a TOML file.
fn config(
    root: &Path,
    label: &str,
    classes: &Classes,
    inputs: &[&str],
    voxel: f32,
    (regions, epochs): (usize, usize),
) -> String {
    format!(
        "name = {name}
seed = 0

[data]
root = {root}

[scenes]
label = {label}
{classes}inputs = [{names}]
voxel = {voxel:?}
size = \"auto\"
points = 16384
regions = {regions}
class_weights = \"root\"

[model]
kind = \"pointwise-segmenter\"
size = \"m\"
cell = \"auto\"

[optimizer]
kind = \"adamw\"
lr = 5e-3
weight_decay = 0.05

[schedule]
kind = \"cosine\"
warmup_epochs = {warmup}

[augment]
rotate = \"up\"
mirror = [\"x\"]
scale = [0.8, 1.25]
jitter_sigma = {jitter:?}
jitter_clip = {clip:?}
drop = 0.5
density_jitter = 0.7
{colors}
[train]
epochs = {epochs}
batch_size = {BATCH}
label_smoothing = 0.1
average = 0.99
",
        name = quoted(&name_of(root)),
        root = quoted(&root.display().to_string()),
        label = quoted(label),
        classes = classes.text(),
        names = inputs.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", "),
        warmup = epochs.div_ceil(20),
        jitter = crate::task::rounded(0.1 * voxel),
        clip = crate::task::rounded(0.4 * voxel),
        colors = if inputs.contains(&"color") { "color_drop = 0.2\ncolor_jitter = 0.02\n" } else { "" },
    )
}

/// The source of the classes.
enum Classes {
    /// `classes.txt` in the folder.
    Listed(usize),
    /// The labels that occur in the files.
    Found(Vec<i32>),
}

impl Classes {
    fn count(&self) -> usize {
        match self {
            Self::Listed(count) => *count,
            Self::Found(labels) => labels.len(),
        }
    }

    /// The keys of the config that define the classes.
    fn text(&self) -> String {
        match self {
            Self::Listed(_) => String::new(),
            Self::Found(labels) => {
                let names: Vec<String> = labels.iter().map(|label| format!("\"class {label}\"")).collect();
                let pairs: Vec<String> =
                    labels.iter().map(|label| format!("[{label}, \"class {label}\"]")).collect();
                format!("classes = [{}]\nlabel_map = [{}]\n", names.join(", "), pairs.join(", "))
            }
        }
    }
}

/// The property with the labels of `scenes`, and the classes. `path` is the file of the first scene.
fn classes(root: &Path, path: &Path, scenes: &[PointCloud]) -> Result<(String, Classes), RunError> {
    let bad = |problem: String| RunError::BadFile { path: path.to_owned(), problem };
    if scenes[0].labels().is_none() {
        return Err(bad("no column of labels; a training needs the class of every point".into()));
    }
    let name = scenes[0].label_name().unwrap_or("label").to_owned();
    if let Some(names) = SceneFolder::class_names(root)? {
        return Ok((name, Classes::Listed(names.len())));
    }
    let found: BTreeSet<i32> = scenes.iter().filter_map(PointCloud::labels).flatten().copied().collect();
    if found.len() > MOST_CLASSES {
        return Err(bad(format!(
            "{} different labels in '{name}', expected at most {MOST_CLASSES}; name the classes in {}",
            found.len(),
            root.join("classes.txt").display()
        )));
    }
    Ok((name, Classes::Found(found.into_iter().collect())))
}

/// The inputs that every scene has, and colours if all scenes have them.
fn inputs(scenes: &[PointCloud]) -> Vec<&'static str> {
    let mut inputs = vec!["height", "one", "shape", "vertical", "density"];
    if scenes.iter().all(|scene| scene.colors().is_some()) {
        inputs.push("color");
    }
    inputs
}
