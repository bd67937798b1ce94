//! Generates a config for a data set: its files decide the task, network, lengths, augmentation and schedule.

mod scenes;
mod shapes;

use std::path::Path;

use pointcloud::scene::SceneFolder;

use crate::config::DataConfig;
use crate::error::RunError;
use crate::task::rounded;

/// Learning rate times weight decay, summed over a training at its highest rate. Weights that no gradient renews shrink to about `e^(-2)` of
/// what they were, for the schedule halves the mean rate.
const DECAY: f32 = 4.0;

/// A config with the reasons for its values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipe {
    /// The config, a TOML file.
    pub text: String,
    /// A line for every choice, with its reason.
    pub reasons: Vec<String>,
}

/// The recipe for the data set in `root`: a classifier for classes of files, a segmenter for labelled scenes. It depends only on
/// the files, so the same folder gives the same config. It does not read the test files.
///
/// # Errors
/// A folder that is neither, or files that cannot be read.
pub fn recipe(root: &Path) -> Result<Recipe, RunError> {
    // If the test files are drawn, draw the same ones as a training with the seed of the recipe.
    match (DataConfig::new(root).dataset(root, 0, None), SceneFolder::open(root)) {
        (Ok(dataset), _) if dataset.split("train").is_ok_and(|files| !files.is_empty()) => {
            shapes::recipe(root, &dataset)
        }
        (_, Ok(folder)) if folder.split("train").is_ok_and(|files| !files.is_empty()) => {
            scenes::recipe(root, &folder)
        }
        (Err(error), _) => Err(error.into()),
        (Ok(_), _) => Err(RunError::NoFiles { path: root.to_owned(), split: "train".into() }),
    }
}

/// The weight decay for AdamW with the highest learning rate `lr` over so many steps, with two digits.
fn weight_decay(lr: f32, steps: usize) -> f32 {
    rounded(DECAY / (lr * steps.max(1) as f32))
}

/// The name of a run on the data set in `root`: that of the folder, without characters that are unsafe in file names.
fn name_of(root: &Path) -> String {
    let folder = root.canonicalize().unwrap_or_else(|_| root.to_owned());
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let plain = |c: char| if c.is_alphanumeric() || "-_.".contains(c) { c } else { '-' };
    let name: String = name.chars().map(plain).collect();
    let name = name.trim_start_matches('.');
    if name.is_empty() { "data".into() } else { name.to_owned() }
}

/// `text` as a TOML string.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// At most `count` of `items`, evenly spaced.
fn spread<T>(items: &[T], count: usize) -> impl Iterator<Item = &T> {
    items.iter().step_by(items.len().div_ceil(count).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_strings_can_be_written() {
        assert_eq!(name_of(Path::new("/data/My set (2)")), "My-set--2-");
        assert_eq!(name_of(Path::new("/.hidden")), "hidden");
        assert_eq!(name_of(Path::new("/")), "data");
        assert_eq!(quoted("C:\\x \"y\""), "'C:\\x \"y\"'");
    }
}
