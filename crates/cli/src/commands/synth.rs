//! `pointwise synth`

use std::path::PathBuf;
use std::process::ExitCode;

use pointcloud::synth::{SceneKind, SceneSynthConfig, ShapeKind, SynthConfig, generate, generate_scenes};
use train::Progress;

use crate::interrupt;
use crate::progress;

/// Write a synthetic data set as PLY files: shapes of ten classes, or scenes with a label for every point
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointwise synth datasets/small --train-per-class 8 --test-per-class 4
  pointwise synth datasets/figures --kind articulated
  pointwise synth datasets/rooms --kind rooms --train 4 --test 2
  pointwise synth datasets/sites --kind outdoor --density 100 --noise 0.02")]
pub(super) struct Synth {
    /// Folder to make
    output: PathBuf,
    /// What to write
    #[arg(long, value_enum, default_value_t)]
    kind: Kind,
    /// Training files of every class of shapes [default: 160]
    #[arg(long, value_name = "N")]
    train_per_class: Option<usize>,
    /// Test files of every class of shapes [default: 40]
    #[arg(long, value_name = "N")]
    test_per_class: Option<usize>,
    /// Points of every shape [default: 1024]
    #[arg(long, value_name = "N")]
    points: Option<usize>,
    /// Largest standard deviation of the noise in units of the shape's radius, or that of the scenes in metres [default: 0.02, or
    /// 0.005]
    #[arg(long)]
    noise: Option<f32>,
    /// Largest share of the surface of a shape that a cut or a view from one side takes away [default: 0.35]
    #[arg(long, value_name = "N")]
    cut: Option<f32>,
    /// The same as --kind rooms
    #[arg(long, conflicts_with = "kind")]
    scenes: bool,
    /// Training scenes [default: 12]
    #[arg(long, value_name = "N")]
    train: Option<usize>,
    /// Test scenes [default: 4]
    #[arg(long, value_name = "N")]
    test: Option<usize>,
    /// Points per square metre of a scene; outdoors within 8 m of a scanner, fewer beyond [default: 300]
    #[arg(long, value_name = "N")]
    density: Option<f32>,
    /// Seed of everything random
    #[arg(long, default_value_t = SynthConfig::default().seed)]
    seed: u64,
    /// Print nothing
    #[arg(long)]
    quiet: bool,
}

/// What the synthetic set shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
enum Kind {
    /// Shapes: ten families of solids and sheets
    #[default]
    Solids,
    /// Shapes: ten kinds of figures of limbs with joints, in any orientation
    Articulated,
    /// Scenes: furnished rooms
    Rooms,
    /// Scenes: ground with trees, clutter and a few poles
    Outdoor,
}

impl Kind {
    /// The kind of scenes; `None` for shapes.
    fn scenes(self) -> Option<SceneKind> {
        match self {
            Self::Solids | Self::Articulated => None,
            Self::Rooms => Some(SceneKind::Rooms),
            Self::Outdoor => Some(SceneKind::Outdoor),
        }
    }
}

impl Synth {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let kind = if self.scenes { Kind::Rooms } else { self.kind };
        self.refuse_unused(kind)?;
        let progress = progress::detect(self.quiet);
        let output = self.output.display().to_string();
        interrupt::leaves(move || format!("{output} is as it was"));
        if let Some(kind) = kind.scenes() {
            let default = SceneSynthConfig::default();
            let settings = SceneSynthConfig {
                kind,
                seed: self.seed,
                train: self.train.unwrap_or(default.train),
                test: self.test.unwrap_or(default.test),
                density: self.density.unwrap_or(default.density),
                noise: self.noise.unwrap_or(default.noise),
            };
            let bar = Progress::start(progress, "writing", "files", settings.scenes());
            generate_scenes(&self.output, &settings, &|done| bar.set(done))?;
            bar.finish();
            return Ok(ExitCode::SUCCESS);
        }
        let default = SynthConfig::default();
        let settings = SynthConfig {
            kind: if kind == Kind::Articulated { ShapeKind::Articulated } else { ShapeKind::Solids },
            seed: self.seed,
            train_per_class: self.train_per_class.unwrap_or(default.train_per_class),
            test_per_class: self.test_per_class.unwrap_or(default.test_per_class),
            points: self.points.unwrap_or(default.points),
            noise: self.noise.unwrap_or(default.noise),
            cut: self.cut.unwrap_or(default.cut),
        };
        let bar = Progress::start(progress, "writing", "files", settings.clouds());
        generate(&self.output, &settings, &|done| bar.set(done))?;
        bar.finish();
        Ok(ExitCode::SUCCESS)
    }

    /// Refuses an option that has no effect on what is written.
    fn refuse_unused(&self, kind: Kind) -> anyhow::Result<()> {
        let of_shapes = [
            ("--train-per-class", self.train_per_class.is_some()),
            ("--test-per-class", self.test_per_class.is_some()),
            ("--points", self.points.is_some()),
            ("--cut", self.cut.is_some()),
        ];
        let of_scenes = [
            ("--train", self.train.is_some()),
            ("--test", self.test.is_some()),
            ("--density", self.density.is_some()),
        ];
        let (unused, what): (&[(&str, bool)], _) =
            if kind.scenes().is_some() { (&of_shapes, "shapes") } else { (&of_scenes, "scenes") };
        match unused.iter().find(|(_, given)| *given) {
            None => Ok(()),
            Some((option, _)) => {
                anyhow::bail!("found {option}, which is only for {what}; --kind chooses what is written")
            }
        }
    }
}
