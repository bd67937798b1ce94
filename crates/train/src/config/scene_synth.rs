//! Section `[scenes.synth]`: synthetic scenes.

use pointcloud::synth::{SceneKind, SceneSynthConfig};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Section `[scenes.synth]`: the synthetic scenes, written to `data.root` when that folder is missing or holds synthetic
/// scenes with other settings. Any other data there is used as it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SceneSynthData {
    /// What the scenes show. Default `"rooms"`.
    pub kind: SceneSynthKind,
    /// Training scenes. Default 12.
    pub train: usize,
    /// Test scenes. Default 4.
    pub test: usize,
    /// Points per square metre of surface; outdoors within 8 m of a scanner, fewer beyond. Default 300.
    pub density: f32,
    /// Standard deviation of the noise, in metres, from 0 to 0.05. Default 0.005.
    pub noise: f32,
    /// Seed of the scenes. Default 1.
    pub seed: u64,
}

/// What the synthetic scenes show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum SceneSynthKind {
    /// Furnished rooms.
    #[default]
    Rooms,
    /// Ground with trees, clutter and a few poles, as laser scanners see them.
    Outdoor,
}

impl Default for SceneSynthData {
    fn default() -> Self {
        Self { kind: SceneSynthKind::Rooms, train: 12, test: 4, density: 300.0, noise: 0.005, seed: 1 }
    }
}

impl SceneSynthData {
    /// The settings as the generator takes them.
    #[must_use]
    pub fn settings(&self) -> SceneSynthConfig {
        let Self { kind, train, test, density, noise, seed } = *self;
        let kind = match kind {
            SceneSynthKind::Rooms => SceneKind::Rooms,
            SceneSynthKind::Outdoor => SceneKind::Outdoor,
        };
        SceneSynthConfig { kind, seed, train, test, density, noise }
    }
}
