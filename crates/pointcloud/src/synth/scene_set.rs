//! Labelled scenes on disk: their settings, and the code that writes them.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::config::SynthStatus;
use super::generate::{put, status_of};
use super::outdoor::{OUTDOOR_CLASSES, outdoor};
use super::room::{SCENE_CLASSES, room};
use crate::cloud::PointCloud;
use crate::error::{Error, Result};
use crate::io::{PlyFormat, write_ply};
use crate::io::{create_folder, replace_file};
use crate::seed::derive_seed;

/// Must change whenever the same settings would give different bytes.
const VERSION: u32 = 1;

/// The random stream of the scenes, which differs from that of the shapes.
const SCENES: u64 = 9;

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
    fn file(self) -> &'static str {
        match self {
            Self::Rooms => "room",
            Self::Outdoor => "site",
        }
    }
}

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
        if self.scenes() == 0 {
            return refuse("train + test", "0".into(), "1 or more");
        }
        if !(self.density > 0.0 && self.density <= 1e5) {
            return refuse("density", self.density.to_string(), "above 0, at most 100000");
        }
        if !(0.0..=0.05).contains(&self.noise) {
            return refuse("noise", self.noise.to_string(), "0 to 0.05");
        }
        Ok(())
    }

    fn record(&self) -> String {
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

/// Compares the files at `root` with the scenes that `config` describes.
///
/// # Errors
/// [`Error::Io`] if `root` exists but cannot be read.
pub fn scene_status(root: impl AsRef<Path>, config: &SceneSynthConfig) -> Result<SynthStatus> {
    status_of(root.as_ref(), &config.record())
}

/// Writes the scenes as `root/{train,test}/room_01.ply` (`site_01.ply` outdoors) and their classes as `root/classes.txt`.
///
/// Otherwise as [`generate`](super::generate): the set is written atomically.
///
/// # Errors
/// As [`generate`](super::generate).
pub fn generate_scenes(
    root: impl AsRef<Path>,
    config: &SceneSynthConfig,
    progress: &(dyn Fn(usize) + Sync),
) -> Result<()> {
    config.check()?;
    put(root.as_ref(), &config.record(), |folder| {
        for split in ["train", "test"] {
            let inside = folder.join(split);
            create_folder(&inside)?;
        }
        let classes = folder.join("classes.txt");
        let names = config.kind.classes().iter().map(|name| format!("{name}\n")).collect::<String>();
        replace_file(&classes, |out| out.write_all(names.as_bytes()))?;
        let done = AtomicUsize::new(0);
        (0..config.scenes()).into_par_iter().try_for_each(|index| {
            let split = if index < config.train { "train" } else { "test" };
            let seed = derive_seed(config.seed, &[SCENES, index as u64]);
            let cloud = scene(config, &mut ChaCha8Rng::seed_from_u64(seed));
            let path = folder.join(split).join(format!("{}_{:02}.ply", config.kind.file(), index + 1));
            write_ply(path, &cloud, PlyFormat::BinaryLittleEndian)?;
            progress(done.fetch_add(1, Ordering::Relaxed) + 1);
            Ok(())
        })
    })
}

/// One random scene of the kind of `config`, with labels (indices of [`SceneKind::classes`]), in metres; z is up.
///
/// Uses the density and the noise of `config`, but not its counts and its seed: the random numbers are those of `rng`.
#[must_use]
pub fn scene(config: &SceneSynthConfig, rng: &mut impl Rng) -> PointCloud {
    match config.kind {
        SceneKind::Rooms => room(config, rng),
        SceneKind::Outdoor => outdoor(config, rng),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_set_is_written_whole_and_known_again() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("rooms");
        let config = SceneSynthConfig { train: 2, test: 1, density: 20.0, ..SceneSynthConfig::default() };
        assert_eq!(scene_status(&root, &config).unwrap(), SynthStatus::Missing);
        generate_scenes(&root, &config, &|_| ()).unwrap();
        assert_eq!(scene_status(&root, &config).unwrap(), SynthStatus::Matches);
        let scenes = crate::scene::SceneFolder::open(&root).unwrap();
        assert_eq!((scenes.split("train").unwrap().len(), scenes.split("test").unwrap().len()), (2, 1));
        assert_eq!(crate::scene::SceneFolder::class_names(&root).unwrap().unwrap(), SCENE_CLASSES);
        let other = SceneSynthConfig { density: 21.0, ..config.clone() };
        assert!(matches!(scene_status(&root, &other).unwrap(), SynthStatus::Differs { .. }));
        // A set of shapes counts as an older synthetic set, so it may be replaced.
        let shapes = crate::synth::SynthConfig::default();
        assert!(matches!(crate::synth::status(&root, &shapes).unwrap(), SynthStatus::Differs { .. }));
        fs::create_dir(folder.path().join("mine")).unwrap();
        fs::write(folder.path().join("mine/thesis.txt"), "").unwrap();
        let refused = generate_scenes(folder.path().join("mine"), &config, &|_| ());
        assert!(matches!(refused, Err(Error::NotASynthSet { .. })));
        let bad = SceneSynthConfig { noise: f32::NAN, ..config };
        assert!(matches!(
            generate_scenes(&root, &bad, &|_| ()),
            Err(Error::SynthSetting { key: "noise", .. })
        ));
    }
}
