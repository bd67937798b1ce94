//! `manifest.json`: describes the weights of a run.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use pointcloud::io::exists;
use pointcloud::printable_line;
use serde::{Deserialize, Serialize};

use super::RunDirectory;
use crate::error::RunError;
use crate::metrics::Values;

/// Version of burn that this program is built on.
pub(crate) const BURN_VERSION: &str = "0.22.1";

/// Version of the run directory that this program writes, and the newest that it reads. A test keeps a run of every version.
pub const FORMAT_VERSION: u32 = 1;

/// Version of the checkpoints in a run directory; those of other versions cannot be resumed.
pub const CHECKPOINT_VERSION: u32 = 2;

/// The data that `eval` and `predict` need in addition to the config.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Manifest {
    /// Version of the layout of the run directory.
    pub format_version: u32,
    /// The network, as `model.kind` in the config.
    pub architecture: String,
    /// Class names, in the order of the network's outputs.
    pub classes: Vec<String>,
    /// Points per cloud that a classifier takes; most points of a region that a segmenter was trained with.
    pub points: usize,
    /// How clouds are normalised before the network sees them, as `data.normalize` in the config.
    pub normalize: String,
    /// Version of this program.
    pub pointwise_version: String,
    /// Version of burn.
    pub burn_version: String,
    /// Seed of the run.
    pub seed: u64,
    /// Files that were trained on.
    pub train_files: usize,
    /// Files that were held back for validation.
    pub validation_files: usize,
    /// Files that were left out (`data.skip_bad`).
    pub skipped_files: usize,
    /// Version of the checkpoints; 0 if the run is older than this key.
    #[serde(default)]
    pub checkpoint_version: u32,
    /// The existing weights, under `best` and `last`.
    #[serde(default)]
    pub weights: BTreeMap<String, WeightsEntry>,
}

/// The origin of weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct WeightsEntry {
    /// The file, in the run directory.
    pub file: String,
    /// The epoch after which they were saved, from 1.
    pub epoch: usize,
    /// The temperature that calibrates the probabilities on the validation files; `None` before the end of the training, or
    /// without validation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// The metrics that choose the best epoch, on the validation files after that epoch.
    #[serde(flatten, with = "crate::metrics::validation_named")]
    pub validation: Values,
}

/// The only key that every version has.
#[derive(Deserialize)]
struct Versioned {
    format_version: u32,
}

impl Manifest {
    /// Reads the manifest of a run.
    ///
    /// # Errors
    /// [`RunError::NotARun`] when it is missing, [`RunError::BadFile`] when it is damaged or newer than this program.
    pub fn read(run: &RunDirectory) -> Result<Self, RunError> {
        let path = run.manifest();
        if !exists(&path)? {
            return Err(RunError::NotARun {
                path: run.path().to_owned(),
                problem: "it has no manifest.json".into(),
            });
        }
        let text = fs::read_to_string(&path).map_err(RunError::io(&path, "read"))?;
        let bad = |problem| RunError::BadFile { path: path.clone(), problem };
        // Read the version first: a newer manifest may have other keys.
        let versioned: Versioned = serde_json::from_str(&text).map_err(|error| bad(error.to_string()))?;
        let found = versioned.format_version;
        if found > FORMAT_VERSION {
            return Err(bad(format!(
                "format version {found} is newer than this program, which reads up to {FORMAT_VERSION}; update pointwise"
            )));
        }
        let manifest: Self = serde_json::from_str(&text).map_err(|error| bad(error.to_string()))?;
        manifest.check_classes(&path)?;
        Ok(manifest)
    }

    /// Refuses classes with control characters: with a line feed, a name could look like a message of the program. `source` is the
    /// file or folder that the names come from.
    ///
    /// # Errors
    /// [`RunError::BadFile`].
    pub(crate) fn check_classes(&self, source: &Path) -> Result<(), RunError> {
        let Some(class) = self.classes.iter().find(|class| class.contains(char::is_control)) else {
            return Ok(());
        };
        let class = printable_line(class);
        let problem = format!("found the class '{class}', expected names without control characters");
        Err(RunError::BadFile { path: source.to_owned(), problem })
    }

    /// Writes the manifest of a run.
    ///
    /// # Errors
    /// [`RunError::Io`].
    pub fn write(&self, run: &RunDirectory) -> Result<(), RunError> {
        let text = serde_json::to_string_pretty(self).expect("a manifest is plain data");
        run.write(&run.manifest(), &text)
    }
}
