//! An opened run, or an opened model of the program: config, manifest and the weights to be loaded.

use std::path::{Path, PathBuf};

use burn::tensor::Device;
use pointcloud::io::exists;

use crate::config::Config;
use crate::error::RunError;
use crate::metrics::Weights;
use crate::models::Model;
use crate::network::{Network, NetworkSpec};
use crate::run::{Manifest, RunDirectory, load_weights, load_weights_from};

/// The data from which a trained run or a model is opened.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) config: Config,
    pub(crate) manifest: Manifest,
    /// Which weights are loaded; a model in the program has only those of its last epoch.
    pub(crate) weights: Weights,
    /// The test files that the run drew from a data set without splits.
    pub(crate) test_files: Option<Vec<String>>,
    tensors: Tensors,
}

#[derive(Debug)]
enum Tensors {
    Run(RunDirectory),
    Model(&'static Model),
}

impl Opened {
    /// Opens the run at `path`, or the model of that name.
    ///
    /// # Errors
    /// When `path` is neither, or its files are damaged or inconsistent.
    pub(crate) fn find(path: impl Into<PathBuf>, weights: Weights) -> Result<Self, RunError> {
        let path: PathBuf = path.into();
        if let Some(model) = Model::in_place_of_run(&path) {
            return Ok(Self {
                config: model.config()?,
                manifest: model.manifest(),
                weights: Weights::Last,
                test_files: None,
                tensors: Tensors::Model(model),
            });
        }
        if !exists(&path)? {
            let names: Vec<&str> = Model::all().iter().map(|model| model.name).collect();
            let problem = format!("it does not exist, nor is it one of the models {}", names.join(", "));
            return Err(RunError::NotARun { path, problem });
        }
        let run = RunDirectory::open(path)?;
        // Read the manifest first: the config of a newer format may have other keys.
        let manifest = Manifest::read(&run)?;
        let config = Config::of_run(run.config())?;
        Ok(Self { config, manifest, weights, test_files: run.test_files()?, tensors: Tensors::Run(run) })
    }

    /// The network with its weights, on `device`.
    ///
    /// # Errors
    /// Weights that are missing, damaged, or do not fit the network.
    pub(crate) fn network(&self, spec: &NetworkSpec, device: &Device) -> Result<Network, RunError> {
        let mut network = self.config.model.init(spec, device);
        match &self.tensors {
            Tensors::Run(run) => load_weights(&mut network, run, self.weights)?,
            Tensors::Model(model) => {
                load_weights_from(&mut network, model.weights(), Path::new(model.name))?;
            }
        }
        Ok(network)
    }
}
