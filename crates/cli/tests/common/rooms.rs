//! Small synthetic rooms, and a config for them.

use std::fs;
use std::path::{Path, PathBuf};

use pointcloud::io::{PlyFormat, write_ply};
use pointcloud::synth::{SceneSynthConfig, generate_scenes, scene};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use train::{Segmenter, Weights, device};

use super::Workplace;

/// Two small rooms to train on, one to validate on, one to test on, and a config for them.
pub(crate) struct Rooms {
    pub(crate) place: Workplace,
}

impl Rooms {
    pub(crate) fn new() -> Self {
        let place = Workplace::new();
        let settings = SceneSynthConfig { train: 2, test: 1, density: 40.0, ..SceneSynthConfig::default() };
        generate_scenes(place.path("rooms"), &settings, &|_| ()).unwrap();
        fs::create_dir(place.path("rooms/val")).unwrap();
        let room = scene(&settings, &mut ChaCha8Rng::seed_from_u64(99));
        write_ply(place.path("rooms/val/room.ply"), &room, PlyFormat::Ascii).unwrap();
        let text = format!(
            "name = \"rooms\"\nseed = 3\n[data]\nroot = {:?}\n\
             [scenes]\ninputs = [\"xyz\", \"room\", \"color\"]\nvoxel = 0.15\nsize = 2.0\npoints = 400\nregions = 6\n\
             centres = \"least-seen\"\nclass_weights = \"balanced\"\n\
             [model]\nkind = \"paper-segmenter\"\ncell = 0.3\ndilations = [1, 2]\n\
             [optimizer]\nkind = \"adam\"\nlr = 0.01\n\
             [augment]\nrotate = \"up\"\nmirror = [\"x\"]\njitter_sigma = 0.01\nscale = [0.9, 1.1]\ndrop = 0.2\n\
             color_jitter = 0.05\ncolor_drop = 0.2\ncolor_stretch = 0.5\n\
             [train]\nepochs = 3\nbatch_size = 4\n",
            place.path("rooms")
        );
        fs::write(place.path("rooms.toml"), text).unwrap();
        Self { place }
    }

    pub(crate) fn path(&self, inside: &str) -> PathBuf {
        self.place.path(inside)
    }

    pub(crate) fn train(&self, output: &str, more: &[&str]) -> String {
        let set = more.iter().flat_map(|text| ["--set", text]);
        let arguments: Vec<&str> =
            ["train", "rooms.toml", "--output", output].into_iter().chain(set).collect();
        self.place.succeed(&arguments)
    }

    /// Makes `text` the only training scene, and expects that the training is refused with `parts`.
    pub(crate) fn refused(&self, text: &str, parts: &[&str]) {
        fs::write(self.path("rooms/train/room_01.ply"), text).unwrap();
        self.place.fail(&["train", "rooms.toml", "--output", "refused"], parts);
        assert!(!self.path("refused").exists(), "what cannot be used leaves nothing behind");
    }
}

/// The last weights of a run on the CPU.
pub(crate) fn open(run: &Path) -> Segmenter {
    Segmenter::open(run, Weights::Last, &device("cpu").unwrap().device).unwrap()
}
