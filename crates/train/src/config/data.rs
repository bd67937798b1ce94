//! Section `[data]`: where the clouds come from and what the network is given of them.

use std::path::{Path, PathBuf};

use pointcloud::dataset::{FolderDataset, FolderOptions};
use pointcloud::io::Reader;
use pointcloud::synth::{MOST_PER_CLASS, MOST_POINTS, ShapeKind, SynthConfig};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::attribute::{Attribute, Computed};
use super::lists::Lists;
use super::scenes::ClassWeights;
use crate::check::{ConfigError, ensure, ensure_count, ensure_fraction, ensure_some};
use crate::streams::Stream;

/// Section `[data]`: the dataset and the way each of its files becomes a cloud.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DataConfig {
    /// Dataset folder, laid out as `root/CLASS/SPLIT/FILE`, `root/SPLIT/CLASS/FILE` or `root/CLASS/FILE`, or with list files or a
    /// table `labels.csv`; the splits are `train` and `test`. A relative path starts at the current directory, not at the config
    /// file.
    pub root: PathBuf,

    /// List files in `root` that name the files of the splits, a line each: a name with `{split}`, such as
    /// `"modelnet40_{split}.txt"`, or the lists of `train` and `test`, such as `["a.txt", "b.txt"]`. Default none: one pair of
    /// lists beside the class folders is found by its names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-task" = "classification"))]
    pub lists: Option<Lists>,

    /// Part of the files, class by class, that becomes the split `test` where the layout has no splits, above 0 and below 1.
    /// Default 0.2.
    #[serde(default = "default_test_fraction")]
    #[schemars(extend("x-task" = "classification"))]
    pub test_fraction: f64,

    /// Points of a cloud that the network is given. Files with more are reduced, meshes are
    /// sampled, files with fewer have points repeated. Default 2048.
    #[serde(default = "default_points")]
    #[schemars(extend("x-task" = "classification"))]
    pub points: usize,

    /// What the first layer reads of a point, one after the other: `"xyz"` (the normalised coordinates), `"height"` (the
    /// coordinate along `augment.up_axis` above the lowest point of the cloud, in the same unit), `"color"` (from 0 to 1),
    /// `"normal"` (that of the surface, for points drawn from a mesh), `"shape"` (nine numbers that do not change when the cloud
    /// is turned: how much the nearest 16, 64 and 200 points of the file resemble a line, a surface and a volume), `"angle"` (three numbers that do not
    /// change either: the size of the cosine of the angle between the normal of these surfaces and the direction from the centroid of the
    /// cloud), `"one"`, or the name of any other property. Default
    /// `["xyz"]`.
    #[serde(default = "default_inputs")]
    #[schemars(extend("x-task" = "classification"))]
    pub inputs: Vec<String>,

    /// How files with more points are reduced. Default `"random"`.
    #[serde(default)]
    #[schemars(extend("x-task" = "classification"))]
    pub sampling: Sampling,

    /// Whether training draws the points of a cloud anew in every epoch, from all points of its file or from four times
    /// `points` that are drawn once from the surface of a mesh. All of them stay in memory. Otherwise they are drawn once,
    /// when the file is read. Default false.
    #[serde(default)]
    #[schemars(extend("x-task" = "classification"))]
    pub resample: bool,

    /// Order of the points inside a cloud. The flatten head needs one, for it gives every position in
    /// the order its own weights. Default `"xyz"`.
    #[serde(default)]
    #[schemars(extend("x-task" = "classification"))]
    pub order: PointOrder,

    /// How a cloud is moved and scaled before anything else. Default `"unit-sphere"`.
    #[serde(default)]
    #[schemars(extend("x-task" = "classification"))]
    pub normalize: Normalize,

    /// Part of the training files, class by class, that is held back to choose the best epoch, in
    /// `[0, 1)`. With 0 there is no validation and the last epoch counts. Default 0.1.
    #[serde(default = "default_validation_fraction")]
    #[schemars(extend("x-task" = "classification"))]
    pub validation_fraction: f64,

    /// How much a cloud counts in the training loss, by its class. Default `"none"`.
    #[serde(default)]
    #[schemars(extend("x-task" = "classification"))]
    pub class_weights: ClassWeights,

    /// Whether files that cannot be read are left out and counted, instead of ending the run.
    /// Default false.
    #[serde(default)]
    pub skip_bad: bool,

    /// Whether points whose position is NaN or infinite are left out and counted, instead of refusing their file.
    /// Default false.
    #[serde(default)]
    pub drop_invalid: bool,

    /// Names of the columns of text files and NumPy arrays that carry none, between commas in the order of the file, such as
    /// `"x,y,z,intensity,r,g,b,label"`; a column called `_` is not read. Default empty: the files name their columns.
    #[serde(default)]
    pub columns: String,

    /// Section `[data.synth]`: when given and `root` does not exist, the synthetic shape set is
    /// written there first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-task" = "classification"))]
    pub synth: Option<SynthData>,
}

/// Section `[data.synth]`: the synthetic shape set, written to `data.root` when that folder is missing
/// or holds a synthetic set with other settings. Any other data there is used as it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SynthData {
    /// Which classes there are. Default `"solids"`.
    pub kind: SynthKind,
    /// Training files of each class. Default 160.
    pub train_per_class: usize,
    /// Test files of each class. Default 40.
    pub test_per_class: usize,
    /// Points of each file. Default 1024.
    pub points: usize,
    /// Largest standard deviation of the noise, as a fraction of the unit sphere, from 0 to 0.2.
    /// Default 0.02.
    pub noise: f32,
    /// Largest share of a surface that a cut or a view from one side takes away, from 0 to 0.35.
    /// Default 0.35.
    pub cut: f32,
    /// Seed of the shapes. It is apart from the seed of the run, so that many runs share one set.
    /// Default 1.
    pub seed: u64,
}

/// Which classes the synthetic shape set has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum SynthKind {
    /// Ten families of solids and sheets.
    #[default]
    Solids,
    /// Ten kinds of figures of limbs with joints, in any orientation.
    Articulated,
}

/// Which points of a cloud with too many are used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Sampling {
    /// Uniform draw without repetition, once when the file is read, the same for the same file everywhere; see also `resample`.
    #[default]
    Random,
    /// Farthest-point sampling: each point is the one farthest from those already chosen. Even, and
    /// slower.
    Farthest,
}

/// Order of the points inside a cloud.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum PointOrder {
    /// By x, then y, then z.
    #[default]
    Xyz,
    /// Along a Morton curve, which keeps neighbours near each other in the order.
    Morton,
    /// As sampled.
    None,
}

/// How a cloud is moved and scaled before augmentation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Normalize {
    /// Centroid to the origin, farthest point to distance 1.
    #[default]
    UnitSphere,
    /// Left as it is in the file.
    None,
}

impl Default for SynthData {
    fn default() -> Self {
        Self {
            kind: SynthKind::Solids,
            train_per_class: 160,
            test_per_class: 40,
            points: 1024,
            noise: 0.02,
            cut: 0.35,
            seed: 1,
        }
    }
}

fn default_points() -> usize {
    2048
}

fn default_inputs() -> Vec<String> {
    vec!["xyz".to_owned()]
}

fn default_test_fraction() -> f64 {
    FolderOptions::default().test_fraction
}

fn default_validation_fraction() -> f64 {
    0.1
}

impl SynthData {
    /// The settings as the generator takes them.
    #[must_use]
    pub fn settings(&self) -> SynthConfig {
        let Self { kind, train_per_class, test_per_class, points, noise, cut, seed } = *self;
        let kind = match kind {
            SynthKind::Solids => ShapeKind::Solids,
            SynthKind::Articulated => ShapeKind::Articulated,
        };
        SynthConfig { kind, seed, train_per_class, test_per_class, points, noise, cut }
    }
}

impl DataConfig {
    /// Reads files as the keys `drop_invalid` and `columns` say.
    #[must_use]
    pub fn reader(&self) -> Reader {
        Reader::new().drop_invalid(self.drop_invalid).columns(&self.columns)
    }

    /// What the first layer of a classifier reads.
    #[must_use]
    pub fn attributes(&self) -> Vec<Attribute> {
        self.inputs.iter().map(|input| Attribute::named(input)).collect()
    }

    /// The data set at `root`, read as the keys `lists` and `test_fraction` say, in a run with `seed`; `test_files` are the drawn
    /// test files of an earlier run.
    ///
    /// # Errors
    /// As [`FolderDataset::open_with`].
    pub fn dataset(
        &self,
        root: &Path,
        seed: u64,
        test_files: Option<Vec<String>>,
    ) -> pointcloud::Result<FolderDataset> {
        FolderDataset::open_with(root, &FolderOptions { test_files, ..self.folder_options(seed) })
    }

    /// How a data set is read in a run with `seed`.
    #[must_use]
    pub fn folder_options(&self, seed: u64) -> FolderOptions {
        FolderOptions {
            lists: self.lists.as_ref().map(Lists::names),
            test_fraction: self.test_fraction,
            seed: Stream::TestFiles.seed(seed, &[]),
            test_files: None,
        }
    }

    /// Sets `columns` where there is a new value, and `drop_invalid` where it is true.
    pub(crate) fn set_reading(&mut self, columns: Option<&str>, drop_invalid: bool) {
        if let Some(columns) = columns {
            columns.clone_into(&mut self.columns);
        }
        self.drop_invalid |= drop_invalid;
    }

    /// The section with its defaults, for the dataset at `root`.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self {
            root: root.into(),
            lists: None,
            test_fraction: default_test_fraction(),
            points: default_points(),
            inputs: default_inputs(),
            sampling: Sampling::default(),
            resample: false,
            order: PointOrder::default(),
            normalize: Normalize::default(),
            validation_fraction: default_validation_fraction(),
            class_weights: ClassWeights::default(),
            skip_bad: false,
            drop_invalid: false,
            columns: String::new(),
            synth: None,
        }
    }

    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        ensure(!self.root.as_os_str().is_empty(), "data.root", "an empty path", "the path of a folder")?;
        if let Some(lists) = &self.lists {
            lists.validate("data.lists")?;
        }
        ensure(
            self.test_fraction > 0.0 && self.test_fraction < 1.0,
            "data.test_fraction",
            self.test_fraction,
            "a number above 0 and below 1",
        )?;
        ensure_some(self.points, "data.points")?;
        Attribute::validate(&self.inputs, "data.inputs")?;
        let of_scenes = [
            (Attribute::Room, "\"room\"", "\"xyz\", which is normalised over the cloud, in its stead"),
            (
                Attribute::Computed(Computed::Vertical),
                "\"vertical\"",
                "\"shape\" or \"normal\" in its stead, for \"vertical\" is only of scenes",
            ),
            (
                Attribute::Computed(Computed::Density),
                "\"density\"",
                "another input, for \"density\" is only of scenes",
            ),
        ];
        for (attribute, found, expected) in of_scenes {
            ensure(!self.attributes().contains(&attribute), "data.inputs", found, expected)?;
        }
        ensure_fraction(self.validation_fraction, "data.validation_fraction")?;
        if let Some(synth) = &self.synth {
            ensure_count(synth.train_per_class, MOST_PER_CLASS, "data.synth.train_per_class")?;
            ensure_count(synth.test_per_class, MOST_PER_CLASS, "data.synth.test_per_class")?;
            ensure_count(synth.points, MOST_POINTS, "data.synth.points")?;
            ensure(
                (0.0..=0.2).contains(&synth.noise),
                "data.synth.noise",
                synth.noise,
                "a number from 0 to 0.2",
            )?;
            ensure(
                (0.0..=0.35).contains(&synth.cut),
                "data.synth.cut",
                synth.cut,
                "a number from 0 to 0.35",
            )?;
            ensure(
                i64::try_from(synth.seed).is_ok(),
                "data.synth.seed",
                synth.seed,
                "at most 9223372036854775807",
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn synthetic_defaults_and_limits_are_those_of_the_generator() {
        assert_eq!(SynthData::default().settings(), SynthConfig::default());
        let with = |synth| DataConfig { synth: Some(synth), ..DataConfig::new("root") };
        for (noise, cut) in [(0.2, 0.35), (0.21, 0.0), (0.0, 0.36), (-0.1, 0.0), (f32::NAN, 0.0)] {
            let synth = SynthData { noise, cut, ..SynthData::default() };
            assert_eq!(synth.settings().check().is_ok(), with(synth).validate().is_ok(), "{noise} {cut}");
        }
    }
}
