//! Writes labelled scenes to disk.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::config::SynthStatus;
use super::generate::{put, status_of};
use super::outdoor::outdoor;
use super::room::room;
use super::scene_config::{SceneKind, SceneSynthConfig};
use crate::cloud::PointCloud;
use crate::error::Result;
use crate::io::{PlyFormat, write_ply};
use crate::io::{create_folder, replace_file};
use crate::seed::derive_seed;

/// The random stream of the scenes, which differs from that of the shapes.
const SCENES: u64 = 9;

/// Compares the files at `root` with the scenes that `config` describes.
///
/// # Errors
/// [`Error::Io`](crate::Error::Io) if `root` exists but cannot be read.
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
    use crate::error::Error;
    use crate::synth::SCENE_CLASSES;

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
