//! What a config asks for.

use std::fmt;
use std::path::Path;

use serde::Serialize;

use train::config::Config;
use train::{Preview, RunError, TrainingMemory};

/// A config: what will be trained, and how much memory that takes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct ConfigInspection {
    /// Name of the experiment.
    pub(crate) name: String,
    /// The network.
    pub(crate) network: String,
    /// Points of a cloud, or most points of a region of a scene.
    pub(crate) points: usize,
    /// Clouds of a step.
    pub(crate) batch_size: usize,
    /// Passes over the training files.
    pub(crate) epochs: usize,
    /// Memory of the training.
    pub(crate) memory: TrainingMemory,
    /// What the training will warn of.
    pub(crate) warnings: Vec<String>,
}

impl ConfigInspection {
    /// Reads the config at `path`, and one batch of the files that it names or, before there are any, synthetic shapes.
    ///
    /// # Errors
    /// A config or files that cannot be used.
    pub(super) fn of(path: &Path) -> Result<Self, RunError> {
        let config = Config::load(path, &[])?;
        let Preview { memory, warnings, .. } = Preview::of(&config)?;
        Ok(Self {
            memory,
            warnings,
            name: config.name,
            network: config.model.kind().into(),
            points: config.scenes.as_ref().map_or(config.data.points, |scenes| scenes.points),
            batch_size: config.train.batch_size,
            epochs: config.train.epochs,
        })
    }
}

impl fmt::Display for ConfigInspection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "config     {}", self.name)?;
        writeln!(f, "network    {}, clouds of {} points", self.network, self.points)?;
        writeln!(f, "training   {} epochs, {} clouds in a step", self.epochs, self.batch_size)?;
        self.memory.fmt(f)?;
        self.warnings.iter().try_for_each(|warning| writeln!(f, "warning: {warning}"))
    }
}
