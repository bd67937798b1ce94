//! Settings of the synthetic set, and the record of them in a file.

use super::family::Family;
use super::figure::Figure;
use crate::error::{Error, Result};

/// Must change whenever the same settings would give different bytes.
const VERSION: u32 = 1;

/// The kind of a synthetic set, which defines its classes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ShapeKind {
    /// The solids and sheets of [`Family`].
    #[default]
    Solids,
    /// The figures of [`Figure`]: limbs with joints.
    Articulated,
}

impl ShapeKind {
    /// All kinds.
    pub const ALL: [Self; 2] = [Self::Solids, Self::Articulated];

    /// Its name in configs and on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Solids => "solids",
            Self::Articulated => "articulated",
        }
    }

    /// Names of the classes, sorted.
    #[must_use]
    pub fn classes(self) -> [&'static str; 10] {
        match self {
            Self::Solids => Family::ALL.map(Family::name),
            Self::Articulated => Figure::ALL.map(Figure::name),
        }
    }
}

/// The most files of a class in a synthetic set.
pub const MOST_PER_CLASS: usize = 1_000_000;

/// The most points of a synthetic shape.
pub const MOST_POINTS: usize = 10_000_000;

/// Settings of the synthetic set. They determine every byte of it.
#[derive(Clone, Debug, PartialEq)]
pub struct SynthConfig {
    /// The kind of the set.
    pub kind: ShapeKind,
    /// Seed of all random numbers.
    pub seed: u64,
    /// Training clouds per family.
    pub train_per_class: usize,
    /// Test clouds per family.
    pub test_per_class: usize,
    /// Points per cloud.
    pub points: usize,
    /// Largest standard deviation of the noise, as a fraction of the unit sphere; each shape draws
    /// its own, evenly from a quarter of it to all of it.
    pub noise: f32,
    /// Largest share of a surface that a cut or a view from one side takes away, 0 to 0.35.
    pub cut: f32,
}

impl Default for SynthConfig {
    fn default() -> Self {
        Self {
            kind: ShapeKind::Solids,
            seed: 1,
            train_per_class: 160,
            test_per_class: 40,
            points: 1024,
            noise: 0.02,
            cut: 0.35,
        }
    }
}

impl SynthConfig {
    /// Number of all clouds.
    #[must_use]
    pub fn clouds(&self) -> usize {
        self.kind.classes().len() * (self.train_per_class + self.test_per_class)
    }

    /// Checks that the settings are in range.
    ///
    /// # Errors
    /// [`Error::SynthSetting`] naming the setting.
    pub fn check(&self) -> Result<()> {
        let refuse = |key, found: String, expected| Err(Error::SynthSetting { key, found, expected });
        let files = self.train_per_class.saturating_add(self.test_per_class);
        if !(1..=MOST_PER_CLASS).contains(&files) {
            return refuse("train_per_class + test_per_class", files.to_string(), "1 to 1000000");
        }
        if !(1..=MOST_POINTS).contains(&self.points) {
            return refuse("points", self.points.to_string(), "1 to 10000000");
        }
        if !(0.0..=0.2).contains(&self.noise) {
            return refuse("noise", self.noise.to_string(), "0 to 0.2");
        }
        if !(0.0..=0.35).contains(&self.cut) {
            return refuse("cut", self.cut.to_string(), "0 to 0.35");
        }
        Ok(())
    }

    /// The record of these settings that is stored with the set, in TOML.
    #[must_use]
    pub(crate) fn record(&self) -> String {
        let Self { kind, seed, train_per_class, test_per_class, points, noise, cut } = self;
        // Records of the first kind were written before this key existed.
        let kind = match kind {
            ShapeKind::Solids => String::new(),
            ShapeKind::Articulated => format!("kind = \"{}\"\n", kind.name()),
        };
        format!(
            "# A synthetic shape set; it may be replaced when other settings are wanted.\n\
             version = {VERSION}\n{kind}seed = {seed}\ntrain_per_class = {train_per_class}\n\
             test_per_class = {test_per_class}\npoints = {points}\nnoise = {noise:?}\ncut = {cut:?}\n"
        )
    }
}

/// The state of the path where a synthetic set is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SynthStatus {
    /// Nothing, or an empty folder.
    Missing,
    /// A complete set with the wanted settings.
    Matches,
    /// A complete set with other settings.
    Differs {
        /// The record of that set.
        found: String,
        /// The record of the wanted set.
        wanted: String,
    },
    /// Something else, which must not be overwritten.
    Foreign,
}
