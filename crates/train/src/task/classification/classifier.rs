//! A trained run, ready to classify.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use burn::data::dataloader::DataLoader;
use burn::tensor::Device;
use burn::tensor::activation::softmax;
use pointcloud::PointCloud;
use pointcloud::dataset::Sample;

use super::{BatchBuilder, CloudSet, CloudSource, Preparation};
use crate::config::Config;
use crate::error::RunError;
use crate::metrics::{Confusion, Evaluation, Examples, FileGuesses, Reliability, Weights};
use crate::network::{Network, NetworkSpec, Task};
use crate::progress::{Progress, ProgressMode};
use crate::run::Manifest;
use crate::task::{ClassMatch, Columns, Loader, Opened, ensure_finite, forward_loss};
use crate::temperature;

/// A trained classifier: the network of a run with its classes and its preparation of clouds. [`predict`](Self::predict) takes files,
/// [`classify`](Self::classify) a cloud in memory.
///
/// ```no_run
/// use train::{Classifier, Weights, device};
///
/// let classifier = Classifier::open("runs/shapes10", Weights::Best, &device("auto")?.device)?;
/// let cloud = pointcloud::io::read("cup.ply")?;
/// let (class, probability) = &classifier.classify(&cloud)?.ranked[0];
/// println!("{class} ({probability:.2})");
/// # Ok::<(), train::RunError>(())
/// ```
#[derive(Debug)]
pub struct Classifier {
    pub(super) config: Config,
    manifest: Manifest,
    pub(super) weights: Weights,
    pub(super) network: Network,
    /// The test files that the run drew from a data set without splits.
    test_files: Option<Vec<String>>,
    device: Device,
    pub(super) votes: NonZeroUsize,
    /// Classes of the data, and those of the network that they count as.
    pub(crate) class_map: Vec<(String, String)>,
}

/// The classes of a cloud with their probabilities, most probable first.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Prediction {
    /// `(class, probability)` for all classes. The probabilities are calibrated with the temperature that was fitted on the
    /// validation files of the run.
    pub ranked: Vec<(String, f32)>,
    /// Points of the file that were left out because they are not finite (`data.drop_invalid`).
    pub dropped: usize,
}

impl Prediction {
    /// The most probable class; `None` if its probability is below `reject_below`.
    #[must_use]
    pub fn class(&self, reject_below: f32) -> Option<&str> {
        let best = self.ranked.first().filter(|(_, probability)| *probability >= reject_below);
        best.map(|(class, _)| class.as_str())
    }
}

impl Classifier {
    /// Loads the weights of a run, or of the [model](crate::Model) of that name, onto `device`.
    ///
    /// # Errors
    /// When `path` is not a run directory, its network is not a classifier, or its files are damaged or inconsistent.
    pub fn open(path: impl Into<PathBuf>, weights: Weights, device: &Device) -> Result<Self, RunError> {
        Self::from_opened(Opened::find(path, weights)?, device)
    }

    /// Loads the weights of an opened run or model.
    pub(crate) fn from_opened(opened: Opened, device: &Device) -> Result<Self, RunError> {
        let (config, manifest) = (&opened.config, &opened.manifest);
        if config.model.task() != Task::Classification {
            return Err(RunError::NoSuchTask { network: config.model.kind(), wanted: "a classifier" });
        }
        let spec = NetworkSpec {
            points: config.data.points,
            channels_in: config.channels_in(),
            classes: manifest.classes.len(),
        };
        let network = opened.network(&spec, device)?;
        let votes = NonZeroUsize::MIN;
        let Opened { config, manifest, weights, test_files, .. } = opened;
        let (device, class_map) = (device.clone(), Vec::new());
        Ok(Self { config, manifest, weights, test_files, network, device, votes, class_map })
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

    /// Classifies every file of a split of the data set at `root` and compares with its class there.
    ///
    /// The data set may lack classes of the network. Other classes must count as one of them
    /// ([`TrainedRun::set_class_map`](crate::TrainedRun::set_class_map)).
    ///
    /// # Errors
    /// Data that cannot be read, a class that the network does not know, a split without files.
    pub fn evaluate(&self, root: &Path, split: &str, progress: ProgressMode) -> Result<Evaluation, RunError> {
        Ok(self.evaluate_with_examples(root, split, progress)?.0)
    }

    /// As [`evaluate`](Self::evaluate), with examples of hits and misses.
    ///
    /// # Errors
    /// As [`evaluate`](Self::evaluate).
    pub fn evaluate_with_examples(
        &self,
        root: &Path,
        split: &str,
        progress: ProgressMode,
    ) -> Result<(Evaluation, Examples), RunError> {
        let set = self.read_split(root, split, progress, false)?;
        let files = set.len();
        let bar = Progress::start(progress, &format!("evaluating {split}"), "files", files);
        let mut confusion = Confusion::new(self.classes().len());
        let mut reliability = Reliability::default();
        let mut guesses = Vec::with_capacity(files);
        let mut loss = 0.0;
        let loader = self.loader(set);
        for batch in loader.iter() {
            let batch = batch.map_err(|error| RunError::Learner(error.to_string()))?;
            let members = batch.members.clone();
            let output = forward_loss(&self.network, batch);
            let predicted = output.output.clone().argmax(1).into_data();
            let probabilities: Vec<f32> = softmax(output.output, 1).into_data().iter::<f32>().collect();
            let rows = probabilities.chunks_exact(self.classes().len());
            for ((&member, predicted), row) in members.iter().zip(predicted.iter::<i64>()).zip(rows) {
                ensure_finite(row, &loader.source().set().paths[member])?;
                let (truth, predicted) = (loader.source().set().classes[member], predicted as usize);
                let row = temperature::apply(row, self.temperature());
                confusion.record(truth, predicted);
                reliability.record(row[predicted], truth == predicted);
                guesses.push(FileGuesses::new(truth, predicted, &row));
            }
            loss += f64::from(output.loss.into_scalar::<f32>()) * members.len() as f64;
            bar.advance(members.len());
        }
        bar.finish();
        assert_eq!(confusion.total(), files as u64, "every file is evaluated once");
        let loss = loss / files as f64;
        let task = Task::Classification;
        let evaluation = Evaluation::new(task, split, self.weights, self.classes(), &confusion, loss, files);
        let evaluation = evaluation.with_reliability(&reliability);
        let set = loader.source().set();
        let clouds: Vec<&[[f32; 3]]> = set.clouds.iter().map(|cloud| cloud.positions.as_slice()).collect();
        let examples = Examples::of_files(root, &set.paths, &clouds, &guesses, self.config.seed);
        Ok((evaluation, examples))
    }

    /// The files of a split with the classes of the network: prepared for the network or, for votes, with all points (`whole`).
    pub(super) fn read_split(
        &self,
        root: &Path,
        split: &str,
        progress: ProgressMode,
        whole: bool,
    ) -> Result<CloudSet, RunError> {
        let dataset = self.config.data.dataset(root, self.config.seed, self.test_files.clone())?;
        let class_of = ClassMatch::of(root, dataset.classes(), self.classes(), &self.class_map)?.class_of;
        let samples: Vec<Sample> = dataset
            .split(split)?
            .iter()
            .filter_map(|sample| Some(Sample { path: sample.path.clone(), class: class_of[sample.class]? }))
            .collect();
        let bar = Progress::start(progress, &format!("reading {split}"), "files", samples.len());
        let (config, seed) = (&self.config.data, self.config.seed);
        let (set, skipped) = match whole {
            true => CloudSet::load_whole(&samples, config, seed, true, &|done| bar.set(done))?,
            false => CloudSet::load_alike(&samples, config, seed, &|done| bar.set(done))?,
        };
        for error in &skipped {
            bar.println(&format!("skipped: {error}"));
        }
        if set.dropped > 0 {
            bar.println(&format!("{} points that are not finite were dropped", set.dropped));
        }
        bar.finish();
        if set.is_empty() {
            return Err(RunError::NoFiles { path: root.to_owned(), split: split.to_owned() });
        }
        Ok(set)
    }

    /// In what the classes of the data differ from those of the network, and which of them the split lacks.
    pub(crate) fn class_notes(&self, root: &Path, split: &str) -> Result<Vec<String>, RunError> {
        let dataset = self.config.data.dataset(root, self.config.seed, self.test_files.clone())?;
        let mut notes = ClassMatch::of(root, dataset.classes(), self.classes(), &self.class_map)?.notes;
        let without = dataset.classes_without(split).into_iter();
        notes.extend(
            without.map(|class| format!("class {class} has no {split} file: its accuracy is not measured")),
        );
        Ok(notes)
    }

    /// Makes later predictions the mean of `votes` passes, see [`evaluate_votes`](Self::evaluate_votes). The default, 1, is one
    /// pass without augmentation.
    pub fn set_votes(&mut self, votes: NonZeroUsize) {
        self.votes = votes;
    }

    /// Classifies a cloud in memory, as [`predict`](Self::predict) would classify a file with these points.
    ///
    /// # Errors
    /// A cloud without points, with a point that is not finite, or without a column that `data.inputs` asks for.
    pub fn classify(&self, cloud: &PointCloud) -> Result<Prediction, RunError> {
        let cloud = match self.votes.get() {
            1 => CloudSet::prepare(cloud, &self.config.data, self.config.seed)?,
            _ => CloudSet::whole(cloud, &self.config.data)?,
        };
        self.predict_one(Path::new("memory"), cloud)
    }

    /// The prediction for one cloud, given its prepared points or, with votes, all of its points.
    pub(super) fn predict_one(&self, path: &Path, cloud: Columns) -> Result<Prediction, RunError> {
        let set =
            CloudSet { clouds: vec![cloud], classes: vec![0], paths: vec![path.to_owned()], dropped: 0 };
        let probabilities = match self.votes.get() {
            1 => {
                let batch = self.loader(set).iter().next().expect("the set has one cloud");
                let batch = batch.map_err(|error| RunError::Learner(error.to_string()))?;
                softmax(self.network.logits(&batch.input), 1).into_data().iter::<f32>().collect()
            }
            _ => self.mean_of_votes(set, self.votes, &|_| ())?.swap_remove(0),
        };
        ensure_finite(&probabilities, path)?;
        Ok(self.ranked(&probabilities))
    }

    /// The classes sorted by `probabilities`, to which the temperature is then applied.
    fn ranked(&self, probabilities: &[f32]) -> Prediction {
        let mut order: Vec<usize> = (0..probabilities.len()).collect();
        order.sort_by(|&a, &b| probabilities[b].total_cmp(&probabilities[a]));
        let scaled = temperature::apply(probabilities, self.temperature());
        Prediction {
            ranked: order.into_iter().map(|class| (self.classes()[class].clone(), scaled[class])).collect(),
            dropped: 0,
        }
    }

    /// The temperature of the weights.
    pub(super) fn temperature(&self) -> Option<f64> {
        self.manifest.weights.get(self.weights.name()).and_then(|entry| entry.temperature)
    }

    fn loader(&self, set: CloudSet) -> Loader<CloudSource> {
        self.loader_with(set, Preparation::unchanged(&self.config))
    }

    pub(super) fn loader_with(&self, set: CloudSet, preparation: Preparation) -> Loader<CloudSource> {
        let builder = BatchBuilder::of(&self.config, 0.0, &self.device);
        let source = CloudSource::new(set, builder, preparation);
        Loader::in_order(source, self.config.train.batch_size)
    }
}
