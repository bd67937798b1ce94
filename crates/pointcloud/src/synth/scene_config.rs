//! Settings of the synthetic scenes, their classes, and the record of the settings in a file.

use crate::error::{Error, Result};

/// Must change whenever the same settings would give different bytes.
const VERSION: u32 = 1;

/// Names of the classes of rooms; the index of a name is its label.
pub const SCENE_CLASSES: [&str; 8] = ["ceiling", "floor", "wall", "table", "chair", "shelf", "sofa", "lamp"];

/// Names of the classes of outdoor sites; the index of a name is its label.
pub const OUTDOOR_CLASSES: [&str; 4] = ["ground", "tree", "pole", "clutter"];

/// The kind of the synthetic scenes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SceneKind {
    /// Furnished rooms, with the classes [`SCENE_CLASSES`].
    #[default]
    Rooms,
    /// Ground with trees, poles and clutter, with the classes [`OUTDOOR_CLASSES`].
    Outdoor,
}

impl SceneKind {
    /// All kinds.
    pub const ALL: [Self; 2] = [Self::Rooms, Self::Outdoor];

    /// Its name in configs and on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Rooms => "rooms",
            Self::Outdoor => "outdoor",
        }
    }

    /// Names of the classes; the index of a name is its label.
    #[must_use]
    pub fn classes(self) -> &'static [&'static str] {
        match self {
            Self::Rooms => &SCENE_CLASSES,
            Self::Outdoor => &OUTDOOR_CLASSES,
        }
    }

    /// Prefix of the names of its files.
    pub(super) fn file(self) -> &'static str {
        match self {
            Self::Rooms => "room",
            Self::Outdoor => "site",
        }
    }
}

/// The most synthetic scenes.
pub const MOST_SCENES: usize = 1_000_000;

/// Settings of the synthetic scenes. They determine every byte of them.
#[derive(Clone, Debug, PartialEq)]
pub struct SceneSynthConfig {
    /// The kind of the scenes.
    pub kind: SceneKind,
    /// Seed of all random numbers.
    pub seed: u64,
    /// Training scenes.
    pub train: usize,
    /// Test scenes.
    pub test: usize,
    /// Points per square metre of surface; outdoors this is the density up to 8 m from a scanner, and it is lower beyond.
    pub density: f32,
    /// Standard deviation of the noise, in metres.
    pub noise: f32,
}

impl Default for SceneSynthConfig {
    fn default() -> Self {
        Self { kind: SceneKind::Rooms, seed: 1, train: 12, test: 4, density: 300.0, noise: 0.005 }
    }
}

impl SceneSynthConfig {
    /// Number of all scenes.
    #[must_use]
    pub fn scenes(&self) -> usize {
        self.train + self.test
    }

    /// Checks that the settings are in range.
    ///
    /// # Errors
    /// [`Error::SynthSetting`] naming the setting.
    pub fn check(&self) -> Result<()> {
        let refuse = |key, found: String, expected| Err(Error::SynthSetting { key, found, expected });
        let scenes = self.train.saturating_add(self.test);
        if !(1..=MOST_SCENES).contains(&scenes) {
            return refuse("train + test", scenes.to_string(), "1 to 1000000");
        }
        if !(self.density > 0.0 && self.density <= 1e5) {
            return refuse("density", self.density.to_string(), "above 0, at most 100000");
        }
        if !(0.0..=0.05).contains(&self.noise) {
            return refuse("noise", self.noise.to_string(), "0 to 0.05");
        }
        Ok(())
    }

    pub(super) fn record(&self) -> String {
        let Self { kind, seed, train, test, density, noise } = self;
        // Records of the first kind were written before this key existed.
        let kind = match kind {
            SceneKind::Rooms => String::new(),
            SceneKind::Outdoor => format!("kind = \"{}\"\n", kind.name()),
        };
        format!(
            "# Synthetic scenes; they may be replaced when other settings are wanted.\n\
             scenes_version = {VERSION}\n{kind}seed = {seed}\ntrain = {train}\ntest = {test}\n\
             density = {density:?}\nnoise = {noise:?}\n"
        )
    }
}
