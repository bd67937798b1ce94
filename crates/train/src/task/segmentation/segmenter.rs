//! A trained run, ready to label every point of a scene.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use burn::tensor::Device;
use pointcloud::PointCloud;
use pointcloud::io::{Reader, ReplaceFiles};
use pointcloud::scene::LabelMap;

use super::votes::Score;
use super::{ClassCodes, LabelColumns, LabelEstimate, LabelOptions, RegionBuilder, Votes};
use super::{read_labelled_scene, read_scene};
use crate::config::{Config, ScenesConfig};
use crate::error::RunError;
use crate::metrics::{Evaluation, Examples, LabelledPoint, SceneCollector, SceneExample, Weights};
use crate::network::{Network, NetworkSpec, Task};
use crate::progress::ProgressMode;
use crate::run::Manifest;
use crate::task::{ClassMatch, Opened};
use crate::terminal::note;

/// A trained segmenter: the network of a run with its classes and its preparation of scenes.
///
/// ```no_run
/// use train::{LabelOptions, ProgressMode, Segmenter, Weights, device};
///
/// let segmenter = Segmenter::open("runs/s3dis-office", Weights::Last, &device("auto")?.device)?;
/// let cloud = pointcloud::io::read("scan.ply")?;
/// let options = LabelOptions::default();
/// let votes = segmenter.label(&cloud, "scan.ply".as_ref(), &options, ProgressMode::Quiet)?;
/// println!("the first point is {}", segmenter.classes()[votes.class(0)]);
/// # Ok::<(), train::RunError>(())
/// ```
#[derive(Debug)]
pub struct Segmenter {
    pub(super) config: Config,
    pub(super) scenes: ScenesConfig,
    manifest: Manifest,
    weights: Weights,
    pub(super) network: Network,
    pub(super) builder: RegionBuilder,
    /// Classes of the data, and those of the network that they count as.
    pub(crate) class_map: Vec<(String, String)>,
}

impl Segmenter {
    /// Loads the weights of a run, or of the [model](crate::Model) of that name, onto `device`.
    ///
    /// # Errors
    /// When `path` is not a run directory, its network is not a segmenter, or its files are damaged or inconsistent.
    pub fn open(path: impl Into<PathBuf>, weights: Weights, device: &Device) -> Result<Self, RunError> {
        Self::from_opened(Opened::find(path, weights)?, device)
    }

    /// Loads the weights of an opened run or model.
    pub(crate) fn from_opened(opened: Opened, device: &Device) -> Result<Self, RunError> {
        let (config, manifest) = (&opened.config, &opened.manifest);
        let Some(scenes) = config.scenes.clone() else {
            return Err(RunError::NoSuchTask { network: config.model.kind(), wanted: "a segmenter" });
        };
        let classes = manifest.classes.len();
        let spec = NetworkSpec { points: scenes.points, channels_in: scenes.channels_in(), classes };
        let network = opened.network(&spec, device)?;
        let builder = RegionBuilder::of(&config.model, &scenes, classes, 0.0, device);
        let Opened { config, manifest, weights, .. } = opened;
        Ok(Self { config, scenes, manifest, weights, network, builder, class_map: Vec::new() })
    }

    /// The config of the run.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Sets how files are read. Column names, if given, replace those in the config of the run. Points that are not finite are
    /// dropped if the config or `drop_invalid` says so. See `data.columns` and `data.drop_invalid`.
    pub fn set_reading(&mut self, columns: Option<&str>, drop_invalid: bool) {
        self.config.data.set_reading(columns, drop_invalid);
    }

    /// The manifest: what is known about the weights.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Class names, in the order of the network's outputs.
    #[must_use]
    pub fn classes(&self) -> &[String] {
        &self.manifest.classes
    }

    /// The temperature of the weights.
    pub(super) fn temperature(&self) -> Option<f64> {
        self.manifest.weights.get(self.weights.name()).and_then(|entry| entry.temperature)
    }

    /// How the files of scenes are read: as [`read`](Self::read) does.
    #[must_use]
    pub fn reader(&self) -> Reader {
        self.config.data.reader().only(self.scenes.columns_of_files())
    }

    /// Reads the columns of a scene that the network is given and, where the file has them, its labels; returns how many points were
    /// dropped, too.
    ///
    /// # Errors
    /// A file that cannot be read, without points, with positions that are not finite, or without an input of the network.
    pub fn read(&self, path: &Path) -> Result<(PointCloud, usize), RunError> {
        read_scene(path, &self.scenes, &self.config.data.reader())
    }

    /// Writes the scene `from` as `to`, with its `votes` in the columns that `columns` says and with all other columns of the file.
    /// Returns what the format of `to` cannot hold, one sentence each. The file is read again, block by block where its format allows
    /// that.
    ///
    /// # Errors
    /// Files that cannot be read or written; a file that has not as many points as there are votes.
    pub fn write_votes(
        &self,
        files: &mut ReplaceFiles,
        (from, to): (&Path, &Path),
        votes: &Votes,
        columns: &LabelColumns,
    ) -> Result<Vec<String>, RunError> {
        let change = |cloud: PointCloud, first: usize| columns.added(cloud, votes, first);
        Ok(self.config.data.reader().change_into(files, from, to, votes.len(), &change)?)
    }

    /// The name of the labels in files of scenes, `scenes.label`.
    #[must_use]
    pub fn label_name(&self) -> &str {
        &self.scenes.label
    }

    /// The numbers that the classes have in files of labelled scenes, for [`LabelColumns`].
    #[must_use]
    pub fn class_codes(&self) -> ClassCodes {
        ClassCodes::new(self.classes(), &self.scenes.label_map)
    }

    /// Labels every file of a split of the scenes in `root`, and compares all points with their labels.
    ///
    /// # Errors
    /// Data that cannot be read or has no labels, other classes than those of the network, a split without files.
    pub fn evaluate(&self, root: &Path, split: &str, progress: ProgressMode) -> Result<Evaluation, RunError> {
        Ok(self.evaluate_with_examples(root, split, progress)?.0)
    }

    /// As [`evaluate`](Self::evaluate), with some of the scenes as examples for the report.
    ///
    /// # Errors
    /// As [`evaluate`](Self::evaluate).
    pub fn evaluate_with_examples(
        &self,
        root: &Path,
        split: &str,
        progress: ProgressMode,
    ) -> Result<(Evaluation, Examples), RunError> {
        self.evaluate_scenes(root, split, &LabelOptions::default(), progress)
    }

    /// As [`evaluate`](Self::evaluate), with the mean of `votes` passes, see [`LabelOptions::votes`].
    ///
    /// # Errors
    /// As [`evaluate`](Self::evaluate); a run whose passes would all be the same.
    pub fn evaluate_votes(
        &self,
        root: &Path,
        split: &str,
        votes: NonZeroUsize,
        progress: ProgressMode,
    ) -> Result<Evaluation, RunError> {
        let options = LabelOptions { votes, ..LabelOptions::default() };
        Ok(self.evaluate_scenes(root, split, &options, progress)?.0.with_votes(votes))
    }

    fn evaluate_scenes(
        &self,
        root: &Path,
        split: &str,
        options: &LabelOptions,
        progress: ProgressMode,
    ) -> Result<(Evaluation, Examples), RunError> {
        let folder = self.scenes.folder(root)?;
        let files = folder.split(split)?;
        if files.is_empty() {
            return Err(RunError::NoFiles { path: root.to_owned(), split: split.to_owned() });
        }
        let map = self.labels_of(root)?;
        let classes = self.classes().len();
        let mut all = Score::new(classes);
        let mut scenes = SceneCollector::default();
        for path in files {
            let (cloud, dropped) = read_labelled_scene(path, &self.scenes, &self.config.data.reader(), &map)?;
            if dropped > 0 && !matches!(progress, ProgressMode::Quiet) {
                note(format_args!("{}: {dropped} points that are not finite were dropped", path.display()));
            }
            let votes = self.label(&cloud, path, options, progress)?;
            let truth = cloud.labels().unwrap_or_default();
            let mut score = Score::new(classes);
            score.add(&votes, truth);
            let voxels = votes.one_point_per_voxel();
            let scene = SceneExample::new(root, path, &score.confusion);
            scenes.add(scene, classes, voxels.len(), self.config.seed, |voxel| {
                let point = voxels[voxel];
                LabelledPoint {
                    position: cloud.positions()[point],
                    truth: usize::try_from(truth[point]).unwrap_or(classes),
                    predicted: votes.class(point),
                }
            });
            all.merge(&score);
        }
        Ok((self.evaluation(split, &all, files.len()), scenes.finish()))
    }

    /// In what the classes of the data differ from those of the network.
    pub(crate) fn class_notes(&self, root: &Path) -> Result<Vec<String>, RunError> {
        let names = self.scenes.class_names(root)?;
        Ok(ClassMatch::of(root, &names, self.classes(), &self.class_map)?.notes)
    }

    /// From the labels of the scenes in `root` to the classes of the network.
    fn labels_of(&self, root: &Path) -> Result<LabelMap, RunError> {
        let names = self.scenes.class_names(root)?;
        let class_of = ClassMatch::of(root, &names, self.classes(), &self.class_map)?.class_of;
        if names == self.classes() && class_of.is_sorted() && self.class_map.is_empty() {
            return Ok(self.scenes.label_map(self.classes()));
        }
        // A label is an index of the classes of the data, or is named by the config.
        let index = |name: &String| names.iter().position(|class| class == name);
        let labels: Vec<(i64, Option<usize>)> = match &self.scenes.label_map[..] {
            [] => (0..).zip(class_of).collect(),
            named => {
                named.iter().filter_map(|(label, name)| Some((*label, class_of[index(name)?]))).collect()
            }
        };
        let pairs: Vec<(i64, usize)> =
            labels.iter().filter_map(|&(label, class)| Some((label, class?))).collect();
        let left_out = labels.iter().filter(|(_, class)| class.is_none()).map(|(label, _)| *label);
        let ignore: Vec<i64> = self.scenes.ignore.iter().copied().chain(left_out).collect();
        Ok(LabelMap::new(&self.scenes.label, self.classes().len(), &pairs, &ignore).named(self.classes()))
    }

    /// Compares `votes` with the labels of their scene `cloud`; `None` if it has no labels.
    ///
    /// # Errors
    /// A label that is not known.
    pub fn compare(
        &self,
        votes: &Votes,
        cloud: &PointCloud,
        path: &Path,
    ) -> Result<Option<Evaluation>, RunError> {
        let map = self.scenes.label_map(self.classes());
        let Some(truth) = map.classes_of(cloud, path)? else { return Ok(None) };
        let mut score = Score::new(self.classes().len());
        score.add(votes, &truth);
        Ok(Some(self.evaluation(&path.display().to_string(), &score, 1)))
    }

    fn evaluation(&self, split: &str, score: &Score, files: usize) -> Evaluation {
        let loss = score.mean_loss();
        let task = Task::Segmentation;
        Evaluation::new(task, split, self.weights, self.classes(), &score.confusion, loss, files)
            .with_reliability(&score.reliability)
    }

    /// Labels every point of `cloud`, whose file `path` is named in errors.
    ///
    /// The scene is thinned as in training and divided into overlapping regions. A voxel gets the mean of the probabilities
    /// from all regions that contain it, weighted by its distance from their borders, and a point gets the probabilities of its
    /// voxel. The network processes as many regions at once as [`LabelOptions::memory`] allows, which affects the time, never
    /// the result.
    ///
    /// # Errors
    /// A cloud without points or without an input of the network, positions that are not finite, or a region that needs more
    /// memory than is allowed.
    pub fn label(
        &self,
        cloud: &PointCloud,
        path: &Path,
        options: &LabelOptions,
        progress: ProgressMode,
    ) -> Result<Votes, RunError> {
        self.label_with(cloud, path, options, progress, &|_| Ok(()))
    }

    /// As [`label`](Self::label); calls `on_estimate` with memory and work before the network begins, which may refuse them.
    ///
    /// # Errors
    /// As [`label`](Self::label), and those of `on_estimate`.
    pub fn label_with(
        &self,
        cloud: &PointCloud,
        path: &Path,
        options: &LabelOptions,
        progress: ProgressMode,
        on_estimate: &dyn Fn(&LabelEstimate) -> Result<(), RunError>,
    ) -> Result<Votes, RunError> {
        self.label_scene(cloud, path, options, progress, on_estimate)
    }
}
