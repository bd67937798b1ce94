//! What is known of a model that comes with the program.

use std::fmt;

use serde::Serialize;

use train::Model;

/// A model: its network, its classes, and what it was trained on.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct ModelInspection {
    /// Its name.
    pub(crate) name: String,
    /// The network.
    network: String,
    /// Points of a cloud, or most points of a region of a scene.
    points: usize,
    /// Class names.
    classes: Vec<String>,
    /// The data and its licence.
    data: String,
    license: String,
    /// The result on its test files.
    test: String,
    /// Whether it labels the points of scenes.
    pub(crate) labels_points: bool,
}

impl ModelInspection {
    pub(super) fn of(model: &Model) -> Self {
        let manifest = model.manifest();
        Self {
            name: model.name.to_owned(),
            labels_points: model.config().is_ok_and(|config| config.scenes.is_some()),
            network: manifest.architecture,
            points: manifest.points,
            classes: manifest.classes,
            data: model.data.to_owned(),
            license: model.license.to_owned(),
            test: model.figure.to_owned(),
        }
    }
}

impl fmt::Display for ModelInspection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "model      {}, comes with the program", self.name)?;
        writeln!(f, "network    {}, clouds of {} points", self.network, self.points)?;
        writeln!(f, "classes    {}: {}", self.classes.len(), self.classes.join(", "))?;
        writeln!(f, "data       {}; {}", self.data, self.license)?;
        writeln!(f, "test       {}", self.test)
    }
}
