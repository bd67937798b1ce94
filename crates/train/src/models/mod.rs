//! Trained networks that come with the program: `pointwise models` lists them, and commands accept their names instead of runs.

use std::path::Path;

use sha2::{Digest, Sha256};

use crate::config::{Config, ConfigError};
use crate::run::Manifest;

/// A trained network in the program: a run without the files that only training needs.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Model {
    /// Its name, which commands accept instead of a run.
    pub name: &'static str,
    /// What it was trained on.
    pub data: &'static str,
    /// The licence of that data.
    pub license: &'static str,
    /// Its result on the test files, every file once and without votes.
    pub figure: &'static str,
    config: &'static str,
    manifest: &'static str,
    /// Safetensors in half precision.
    weights: &'static [u8],
}

/// Makes [`MODELS`] from rows; the files of a model are in `models/NAME`.
macro_rules! models {
    ($($name:literal { data: $data:literal, license: $license:literal, figure: $figure:literal },)*) => {
        /// All models. A static: of a constant every part of the program that the compiler makes has a copy.
        static MODELS: &[Model] = &[$(Model {
            name: $name,
            data: $data,
            license: $license,
            figure: $figure,
            config: include_str!(concat!("../../models/", $name, "/config.toml")),
            manifest: include_str!(concat!("../../models/", $name, "/manifest.json")),
            weights: include_bytes!(concat!("../../models/", $name, "/weights.safetensors")),
        },)*];
    };
}

models! {
    "modelnet10-s" {
        data: "ModelNet10, 1,024 points of each shape, coordinates only",
        license: "ModelNet: for academic research",
        figure: "accuracy 93.39 % on 908 files"
    },
    "modelnet10-m" {
        data: "ModelNet10, 1,024 points of each shape, coordinates only",
        license: "ModelNet: for academic research",
        figure: "accuracy 93.39 % on 908 files"
    },
    "rooms" {
        data: "synthetic rooms of configs/scenes-synth.toml",
        license: "made by this program",
        figure: "mean IoU 95.93 % on 4 files"
    },
    "shapes10" {
        data: "synthetic shapes of configs/shapes10.toml",
        license: "made by this program",
        figure: "accuracy 99.25 % on 400 files"
    },
}

impl Model {
    /// All models that come with the program.
    #[must_use]
    pub fn all() -> &'static [Self] {
        MODELS
    }

    /// The model of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        MODELS.iter().find(|model| model.name == name)
    }

    /// The model named `path`, if there is no file or folder of that name.
    #[must_use]
    pub fn at(path: &Path) -> Option<&'static Self> {
        let model = path.to_str().and_then(Self::named)?;
        matches!(path.try_exists(), Ok(false)).then_some(model)
    }

    /// The model named `path`, where a run is expected: unless there is a file or a run of that name. The folder of a data set
    /// does not hide the model.
    #[must_use]
    pub fn in_place_of_run(path: &Path) -> Option<&'static Self> {
        let model = path.to_str().and_then(Self::named)?;
        // What cannot be looked at may be a run.
        let is_free = !path.is_file() && matches!(path.join("config.toml").try_exists(), Ok(false));
        is_free.then_some(model)
    }

    /// The config that it was trained with.
    ///
    /// # Errors
    /// A config that cannot be read; a test reads all of them.
    pub fn config(&self) -> Result<Config, ConfigError> {
        Config::parse(self.config, self.name, &[])
    }

    /// What is known of the weights.
    ///
    /// # Panics
    /// Never: a test reads all of them.
    #[must_use]
    pub fn manifest(&self) -> Manifest {
        serde_json::from_str(self.manifest).expect("the manifests in the program are read by a test")
    }

    /// The weights, safetensors in half precision.
    #[must_use]
    pub fn weights(&self) -> &'static [u8] {
        self.weights
    }

    /// The SHA-256 of the weights, in hexadecimal.
    #[must_use]
    pub fn sha256(&self) -> String {
        Sha256::digest(self.weights).iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Weights;
    use crate::{TrainedRun, device};

    /// The most bytes that the models may add to the program.
    const MOST_BYTES: usize = 10_000_000;

    #[test]
    fn every_model_can_be_opened_and_all_are_small() {
        let bytes: usize = MODELS.iter().map(|model| model.weights.len()).sum();
        assert!(bytes <= MOST_BYTES, "{bytes} bytes");
        for model in MODELS {
            let device = device("cpu").unwrap().device;
            let run = TrainedRun::open(model.name, Weights::Best, &device).unwrap();
            assert_eq!(run.manifest().classes, model.manifest().classes);
            assert!(!model.figure.is_empty() && !model.license.is_empty());
        }
    }
}
