//! Section `[scenes]`: labelled scenes, and how they are cut for a segmenter.

use std::path::{Path, PathBuf};

use pointcloud::io::OnlyColumns;
use pointcloud::scene::{LabelMap, Region, SceneFolder};
use pointcloud::synth::MOST_SCENES;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::attribute::Attribute;
use super::scene_synth::SceneSynthData;
use crate::check::{ConfigError, Scale, ensure, ensure_count, ensure_positive, ensure_some};

/// The most regions of an epoch.
const MOST_REGIONS: usize = 10_000_000;

/// Section `[scenes]`: needed by the networks that give a class to every point, refused by the others. The scenes lie in
/// `data.root`, as `SPLIT/FILE`, with the splits `train`, `test` and, where there is one, `val`. Of the section `[data]` only
/// `root`, `skip_bad`, `drop_invalid` and `columns` count for them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ScenesConfig {
    /// Names of the classes, in the order of the network's outputs. Default empty: the lines of `classes.txt` in
    /// `data.root`.
    pub classes: Vec<String>,
    /// Property of a point that holds its label, of any scalar type. Default `"label"`.
    pub label: String,
    /// Pairs of a label and its class, such as `[[40, "chair"], [41, "chair"]]`. Default empty: labels are the
    /// indices of the classes in their list, from 0.
    pub label_map: Vec<(i64, String)>,
    /// Labels of points that belong to no class: they leave loss and figures. Default none.
    pub ignore: Vec<i64>,
    /// A text file with a line `SPLIT PATH` for every scene; both its own path and those in it are relative to `data.root`.
    /// Default empty: the folders in `data.root` are the splits.
    pub split_file: PathBuf,
    /// What the first layer reads of a point, one after the other: `"xyz"` (x and y from the centre of the region, z from the
    /// floor of the scene), `"room"` (x, y and z from -1 to 1 over the scene), `"height"` (z from the floor), `"color"` (from 0
    /// to 1), `"normal"`, `"shape"` (nine numbers: how much the nearest 16, 64 and 200 voxels resemble a line, a surface and a
    /// volume), `"vertical"` (three numbers: the size of the z of the normal of these surfaces, 1 for a floor and 0 for a
    /// wall), `"density"` (three numbers: the logarithm of the points of the file on as much surface as the face of a voxel has, at
    /// the nearest 16, 64 and 200 voxels), `"one"`, or the name of any other property. Default `["xyz", "room"]`.
    pub inputs: Vec<String>,
    /// Edge of the voxels that are merged into one point, in the unit of the files. `"auto"` takes it from the training files: so
    /// that a scene has about 60,000 voxels, but not less than the distance between its points, and at most six times
    /// that. Default 0.04.
    pub voxel: Scale,
    /// Shape of the part of a scene that the network is given: `"column"` (a square along z) or `"sphere"`. Default
    /// `"column"`.
    pub region: RegionKind,
    /// Edge of the square or diameter of the sphere, in the unit of the files. `"auto"` is 64 voxels. Default 2.
    pub size: Scale,
    /// Most points of a region in training; others are left out at random. Default 16384.
    pub points: usize,
    /// Where regions are put in training: `"random"`, `"least-seen"`, `"balanced"` (the class of the centre is drawn evenly) or
    /// `"regular"`. Default `"random"`.
    pub centres: Centres,
    /// Regions of an epoch, over all scenes. Default 64.
    pub regions: usize,
    /// What a point counts in the loss: `"none"` (all the same), `"balanced"` (in inverse proportion to the points of its class
    /// in the training scenes) or `"root"` (in inverse proportion to the square root). Default `"none"`.
    pub class_weights: ClassWeights,
    /// Whether a voxel counts in the loss as much as the points of the file that lie in it, instead of 1. Default false.
    pub count_points: bool,
    /// Distance of the regions whose votes are averaged in evaluation and prediction, as a part of their size, above 0 and at most
    /// 1 (0.57 for spheres). Default 0.5.
    pub stride: f32,
    /// Folder that caches scenes which are read and thinned. Default empty: no cache.
    pub cache: PathBuf,
    /// Section `[scenes.synth]`: when given and `data.root` does not exist, the synthetic scenes are written there first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub synth: Option<SceneSynthData>,
}

/// Shape of the part of a scene that the network is given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum RegionKind {
    /// A square column along z.
    #[default]
    Column,
    /// A ball.
    Sphere,
}

/// Where regions are put in training.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Centres {
    /// At random points.
    #[default]
    Random,
    /// At the points that were seen least in this epoch.
    LeastSeen,
    /// At random points of a class that is drawn evenly.
    Balanced,
    /// In a lattice with the distance of half the size, shifted at random in every epoch; as many as `regions` of them.
    Regular,
}

/// What a point counts in the loss.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ClassWeights {
    /// All the same.
    #[default]
    None,
    /// `N / (K · n_c)` for `n_c` of `N` points in class `c` of the `K` classes that there are.
    Balanced,
    /// The square root of that.
    Root,
}

impl RegionKind {
    /// `columns` or `spheres`.
    #[must_use]
    pub fn plural(self) -> &'static str {
        match self {
            Self::Column => "columns",
            Self::Sphere => "spheres",
        }
    }
}

impl Default for ScenesConfig {
    fn default() -> Self {
        Self {
            classes: Vec::new(),
            label: "label".into(),
            label_map: Vec::new(),
            ignore: Vec::new(),
            split_file: PathBuf::new(),
            inputs: vec!["xyz".into(), "room".into()],
            voxel: Scale::Value(0.04),
            region: RegionKind::default(),
            size: Scale::Value(2.0),
            points: 16_384,
            centres: Centres::default(),
            regions: 64,
            class_weights: ClassWeights::default(),
            count_points: false,
            stride: 0.5,
            cache: PathBuf::new(),
            synth: None,
        }
    }
}

/// Edge of a region whose size is not decided, in voxels.
const VOXELS_PER_REGION: f32 = 64.0;

impl ScenesConfig {
    /// Edge of the voxels; a nominal one where the training files have not decided it yet.
    #[must_use]
    pub fn voxel(&self) -> f32 {
        self.voxel.value()
    }

    /// Edge or diameter of the regions.
    #[must_use]
    pub fn size(&self) -> f32 {
        match self.size {
            Scale::Value(size) => size,
            Scale::Auto => VOXELS_PER_REGION * self.voxel(),
        }
    }

    /// Channels of `inputs` together.
    #[must_use]
    pub fn channels_in(&self) -> usize {
        self.inputs.iter().map(|input| Attribute::named(input).channels()).sum()
    }

    /// What the first layer reads.
    #[must_use]
    pub fn attributes(&self) -> Vec<Attribute> {
        self.inputs.iter().map(|input| Attribute::named(input)).collect()
    }

    /// The columns of the files that the network is given, and the labels.
    #[must_use]
    pub fn columns_of_files(&self) -> OnlyColumns {
        let attributes = self.attributes();
        let names = attributes.iter().filter_map(|attribute| match attribute {
            Attribute::Property(name) => Some(name.clone()),
            _ => None,
        });
        OnlyColumns {
            normals: attributes.contains(&Attribute::Normal),
            colors: attributes.contains(&Attribute::Color),
            labels: true,
            properties: names.chain([self.label.clone()]).collect(),
        }
    }

    /// The part of a scene around a centre.
    #[must_use]
    pub fn shape(&self) -> Region {
        match self.region {
            RegionKind::Column => Region::Column { edge: self.size() },
            RegionKind::Sphere => Region::Sphere { radius: 0.5 * self.size() },
        }
    }

    /// The scenes in `root`, by split.
    ///
    /// # Errors
    /// As [`SceneFolder::open`] and [`SceneFolder::from_split_file`].
    pub fn folder(&self, root: &Path) -> pointcloud::Result<SceneFolder> {
        match self.split_file.as_os_str().is_empty() {
            true => SceneFolder::open(root),
            false => SceneFolder::from_split_file(root, root.join(&self.split_file)),
        }
    }

    /// Names of the classes: those of the config, else those of `classes.txt` in `root`.
    ///
    /// # Errors
    /// [`ConfigError::Value`] when there are none in either, or when `label_map` names another class.
    pub fn class_names(&self, root: &Path) -> Result<Vec<String>, crate::error::RunError> {
        let names = match self.classes.is_empty() {
            false => self.classes.clone(),
            true => SceneFolder::class_names(root)?.unwrap_or_default(),
        };
        ensure(
            !names.is_empty(),
            "scenes.classes",
            format_args!("no class, and no {}", root.join("classes.txt").display()),
            "the names of the classes, in one of both",
        )?;
        for (label, name) in &self.label_map {
            ensure(
                names.contains(name),
                "scenes.label_map",
                format_args!("class {name:?} for label {label}"),
                &format!("one of {}", names.join(", ")),
            )?;
        }
        Ok(names)
    }

    /// From the labels of a file to the indices of `classes`.
    #[must_use]
    pub fn label_map(&self, classes: &[String]) -> LabelMap {
        if self.label_map.is_empty() {
            return LabelMap::identity(&self.label, classes.len(), &self.ignore).named(classes);
        }
        let index = |name: &String| classes.iter().position(|class| class == name);
        let pairs: Vec<(i64, usize)> =
            self.label_map.iter().filter_map(|(label, name)| Some((*label, index(name)?))).collect();
        LabelMap::new(&self.label, classes.len(), &pairs, &self.ignore).named(classes)
    }

    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        ensure(!self.label.is_empty(), "scenes.label", "an empty name", "the name of a property")?;
        let mut classes = self.classes.iter().enumerate();
        if let Some((_, name)) = classes.find(|(index, name)| self.classes[..*index].contains(name)) {
            return ensure(false, "scenes.classes", format_args!("{name:?} twice"), "every class once");
        }
        Attribute::validate(&self.inputs, "scenes.inputs")?;
        let angle = self.inputs.iter().any(|input| input == "angle");
        ensure(
            !angle,
            "scenes.inputs",
            "\"angle\"",
            "another input, for a scene has no centre to which \"angle\" could refer",
        )?;
        ensure_positive(f64::from(self.voxel()), "scenes.voxel")?;
        ensure_positive(f64::from(self.size()), "scenes.size")?;
        ensure_some(self.points, "scenes.points")?;
        ensure_count(self.regions, MOST_REGIONS, "scenes.regions")?;
        let most = match self.region {
            RegionKind::Column => 1.0,
            RegionKind::Sphere => 0.57,
        };
        ensure(
            self.stride > 0.0 && self.stride <= most,
            "scenes.stride",
            self.stride,
            &format!("a number above 0 and at most {most}, so that the regions cover a scene"),
        )?;
        if let Some(synth) = &self.synth {
            ensure_count(synth.train, MOST_SCENES, "scenes.synth.train")?;
            ensure_count(synth.test, MOST_SCENES, "scenes.synth.test")?;
            ensure(
                synth.density > 0.0 && synth.density <= 1e5,
                "scenes.synth.density",
                synth.density,
                "a number above 0 and at most 100000",
            )?;
            ensure(
                (0.0..=0.05).contains(&synth.noise),
                "scenes.synth.noise",
                synth.noise,
                "a number from 0 to 0.05",
            )?;
            ensure(
                i64::try_from(synth.seed).is_ok(),
                "scenes.synth.seed",
                synth.seed,
                "at most 9223372036854775807",
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use pointcloud::synth::SceneSynthConfig;

    use super::*;

    fn refused(change: impl FnOnce(&mut ScenesConfig)) -> String {
        let mut config = ScenesConfig::default();
        config.validate().unwrap();
        change(&mut config);
        config.validate().unwrap_err().to_string()
    }

    #[test]
    fn synthetic_defaults_and_limits_are_those_of_the_generator() {
        assert_eq!(SceneSynthData::default().settings(), SceneSynthConfig::default());
        for (density, noise) in
            [(1e5, 0.05), (2e5, 0.0), (0.0, 0.0), (1.0, 0.06), (f32::NAN, 0.0), (1.0, f32::NAN)]
        {
            let synth = SceneSynthData { density, noise, ..SceneSynthData::default() };
            let config = ScenesConfig { synth: Some(synth.clone()), ..ScenesConfig::default() };
            assert_eq!(synth.settings().check().is_ok(), config.validate().is_ok(), "{density} {noise}");
        }
    }

    #[test]
    fn names_the_key_of_each_bad_value() {
        let twice = || vec!["a".to_owned(), "a".to_owned()];
        assert!(refused(|c| c.label = String::new()).contains("scenes.label"));
        assert!(refused(|c| c.classes = twice()).contains("\"a\" twice"));
        assert!(refused(|c| c.inputs = twice()).contains("scenes.inputs"));
        assert!(refused(|c| c.inputs.clear()).contains("scenes.inputs"));
        assert!(refused(|c| c.voxel = Scale::Value(0.0)).contains("scenes.voxel"));
        assert!(refused(|c| c.size = Scale::Value(f32::NAN)).contains("scenes.size"));
        assert!(refused(|c| c.points = 0).contains("scenes.points"));
        assert!(refused(|c| c.regions = 0).contains("scenes.regions"));
        assert!(refused(|c| c.stride = 1.1).contains("scenes.stride"));
        assert!(refused(|c| (c.region, c.stride) = (RegionKind::Sphere, 0.6)).contains("at most 0.57"));
    }

    #[test]
    fn class_names_come_from_the_config_or_the_data_and_are_checked() {
        let folder = tempfile::tempdir().unwrap();
        let config = ScenesConfig::default();
        let error = config.class_names(folder.path()).unwrap_err().to_string();
        assert!(error.contains("scenes.classes") && error.contains("classes.txt"), "{error}");
        std::fs::write(folder.path().join("classes.txt"), "floor\nchair\n").unwrap();
        assert_eq!(config.class_names(folder.path()).unwrap(), ["floor", "chair"]);
        let label_map = vec![(40, "chair".to_owned()), (7, "flor".to_owned())];
        let config = ScenesConfig { label_map, ..config };
        let error = config.class_names(folder.path()).unwrap_err().to_string();
        assert!(error.contains("\"flor\" for label 7") && error.contains("floor, chair"), "{error}");
    }

    #[test]
    fn inputs_are_attributes_with_their_channels() {
        let inputs = ["xyz", "room", "color", "normal", "height", "one", "intensity"].map(str::to_owned);
        let config = ScenesConfig { inputs: inputs.to_vec(), ..ScenesConfig::default() };
        assert_eq!(config.channels_in(), 15);
        assert_eq!(config.attributes()[6], Attribute::Property("intensity".into()));
    }
}
