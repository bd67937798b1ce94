//! The whole config file and its section `[train]`.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::attribute::{Attribute, Computed};
use super::augment::{AugmentConfig, Rotate};
use super::data::{DataConfig, PointOrder};
use super::optimize::{OptimizerConfig, ScheduleConfig};
use super::scenes::ScenesConfig;
use crate::check::{ConfigError, ensure, ensure_fraction, ensure_some};
use crate::network::{ModelConfig, Task};

/// An experiment: everything that decides the result of a training run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Name of the experiment, also that of its run directory: letters, digits, `-`, `_` and `.`,
    /// not first a `.`.
    pub name: String,

    /// Seed of the weights, of the order of the files, of the validation files and of all sampling
    /// and augmentation. At most 2^63 - 1, the largest TOML integer. Default 0.
    #[serde(default)]
    pub seed: u64,

    /// Section `[data]`.
    pub data: DataConfig,

    /// Section `[model]`.
    pub model: ModelConfig,

    /// Section `[optimizer]`.
    pub optimizer: OptimizerConfig,

    /// Section `[schedule]`. Default constant.
    #[serde(default)]
    pub schedule: ScheduleConfig,

    /// Section `[augment]`. Default no augmentation.
    #[serde(default)]
    pub augment: AugmentConfig,

    /// Section `[train]`.
    pub train: TrainConfig,

    /// Section `[scenes]`, for networks that give a class to every point.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-task" = "segmentation"))]
    pub scenes: Option<ScenesConfig>,
}

/// Section `[train]`: the training loop.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrainConfig {
    /// Passes over the training files.
    pub epochs: usize,

    /// Clouds of one step. The last step of an epoch takes what is left. Default 32.
    #[serde(default = "default_batch_size")]
    pub batch_size: usize,

    /// Parts into which the clouds of a step are cut, at most `batch_size`; 1 means no parts. Their gradients are computed one after
    /// the other, or by several processes, and summed exactly, so that the result does not depend on the number of processes. It
    /// depends on the number of shards: every shard has its own random numbers for dropout, a batch normalisation normalises over the
    /// points of a shard, and its running statistics are the mean over the shards. Without dropout and batch normalisation, the
    /// gradient is that of the whole batch, up to rounding. Default 1.
    #[serde(default = "default_shards")]
    pub shards: usize,

    /// Probability that is taken from the true class and spread over all classes in the loss, in
    /// `[0, 1)`. Default 0.
    #[serde(default)]
    pub label_smoothing: f32,

    /// Run, or file of weights, whose weights the training starts with where name and shape agree; the others start anew.
    /// Default empty: all start anew.
    #[serde(default)]
    pub from: PathBuf,

    /// Epochs at the start, with `from`, in which only the layers of the head (`hidden` and `output`) are trained. Default 0.
    #[serde(default)]
    pub freeze_epochs: usize,

    /// Decay of the exponential average of the weights, in `[0, 1)`, such as 0.999; the average is saved and evaluated beside
    /// the weights of the last epoch. 0 means none. Default 0.
    #[serde(default)]
    pub average: f64,
}

fn default_batch_size() -> usize {
    32
}

fn default_shards() -> usize {
    1
}

impl TrainConfig {
    /// The section with its defaults, for `epochs` passes.
    #[must_use]
    pub fn new(epochs: usize) -> Self {
        Self {
            epochs,
            batch_size: default_batch_size(),
            shards: default_shards(),
            label_smoothing: 0.0,
            average: 0.0,
            from: PathBuf::new(),
            freeze_epochs: 0,
        }
    }
}

impl Config {
    /// Checks every value and the agreement between sections.
    ///
    /// # Errors
    /// [`ConfigError::Value`] for the first key whose value is out of range, naming key, value and
    /// what is expected.
    pub fn validate(&self) -> Result<(), ConfigError> {
        ensure(
            is_file_name(&self.name),
            "name",
            format_args!("{:?}", self.name),
            "a name of letters, digits, `-`, `_` and `.` that does not start with a `.`",
        )?;
        ensure(i64::try_from(self.seed).is_ok(), "seed", self.seed, "at most 9223372036854775807")?;
        self.data.validate()?;
        self.check_task()?;
        if let Some(scenes) = &self.scenes {
            scenes.validate()?;
        }
        self.model.validate(self.channels_in())?;
        self.optimizer.validate()?;
        self.schedule.validate(self.optimizer.lr())?;
        self.augment.validate()?;
        ensure_some(self.train.epochs, "train.epochs")?;
        if let ScheduleConfig::Cosine { warmup_epochs, .. } = self.schedule {
            ensure(
                warmup_epochs == 0 || warmup_epochs < self.train.epochs,
                "schedule.warmup_epochs",
                warmup_epochs,
                &format!("fewer than train.epochs, which is {}", self.train.epochs),
            )?;
        }
        ensure_some(self.train.batch_size, "train.batch_size")?;
        ensure(
            (1..=self.train.batch_size).contains(&self.train.shards),
            "train.shards",
            self.train.shards,
            &format!("a number from 1 to train.batch_size, which is {}", self.train.batch_size),
        )?;
        ensure_fraction(f64::from(self.train.label_smoothing), "train.label_smoothing")?;
        ensure_fraction(self.train.average, "train.average")?;
        ensure(
            self.train.freeze_epochs == 0 || !self.train.from.as_os_str().is_empty(),
            "train.freeze_epochs",
            self.train.freeze_epochs,
            "0 without train.from: layers that start anew cannot stay as they are",
        )?;
        self.check_rotation()?;
        ensure(
            !(self.model.needs_order() && self.data.order == PointOrder::None),
            "data.order",
            "\"none\"",
            "\"xyz\" or \"morton\", for model.head = \"flatten\" gives every index in the order its own weights",
        )
    }

    /// Refuses rotations that an input does not follow.
    fn check_rotation(&self) -> Result<(), ConfigError> {
        ensure(
            !(self.augment.rotate == Rotate::Any
                && self.attributes().contains(&Attribute::Computed(Computed::Vertical))),
            "augment.rotate",
            "\"any\"",
            "\"up\" or \"none\", for the input \"vertical\" is computed before the rotation",
        )
    }

    /// What the first layer reads of a point.
    #[must_use]
    pub fn attributes(&self) -> Vec<Attribute> {
        self.scenes.as_ref().map_or_else(|| self.data.attributes(), ScenesConfig::attributes)
    }

    /// Numbers that the first layer reads of a point.
    #[must_use]
    pub fn channels_in(&self) -> usize {
        self.attributes().iter().map(Attribute::channels).sum()
    }

    /// Checks that a segmenter has the section `[scenes]`, and a classifier does not.
    pub(super) fn check_task(&self) -> Result<(), ConfigError> {
        ensure(
            self.scenes.is_some() == (self.model.task() == Task::Segmentation),
            "model.kind",
            format_args!(
                "{:?} {} a section [scenes]",
                self.model.kind(),
                if self.scenes.is_some() { "with" } else { "without" }
            ),
            "a segmenter with the section, or a classifier without",
        )
    }
}

fn is_file_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with('.')
        && name.chars().all(|c| c.is_alphanumeric() || "-_.".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::{Head, PaperClassifierConfig};

    fn config() -> Config {
        Config {
            name: "shapes".to_owned(),
            seed: 7,
            data: DataConfig::new("datasets/shapes"),
            model: ModelConfig::PaperClassifier(PaperClassifierConfig::default()),
            optimizer: OptimizerConfig::Adam { lr: 1e-3, weight_decay: 0.0 },
            schedule: ScheduleConfig::default(),
            augment: AugmentConfig::default(),
            scenes: None,
            train: TrainConfig::new(3),
        }
    }

    fn paper(change: impl FnOnce(&mut PaperClassifierConfig)) -> ModelConfig {
        let mut paper = PaperClassifierConfig::default();
        change(&mut paper);
        ModelConfig::PaperClassifier(paper)
    }

    #[test]
    fn accepts_the_defaults() {
        config().validate().unwrap();
    }

    #[test]
    fn names_the_key_of_each_bad_value() {
        type Change = fn(&mut Config);
        let cases: [(&str, Change); 28] = [
            ("name", |c| c.name = "a/b".to_owned()),
            ("name", |c| c.name = "..".to_owned()),
            ("seed", |c| c.seed = u64::MAX),
            ("data.root", |c| c.data.root = "".into()),
            ("data.points", |c| c.data.points = 0),
            ("data.validation_fraction", |c| c.data.validation_fraction = 1.0),
            ("data.synth.noise", |c| {
                c.data.synth = Some(crate::config::SynthData { noise: f32::NAN, ..Default::default() });
            }),
            ("model.cell", |c| c.model = paper(|m| m.cell = 0.0)),
            ("model.kernel_size", |c| c.model = paper(|m| m.kernel_size = [3, 4, 3])),
            ("model.dilations", |c| c.model = paper(|m| m.dilations.clear())),
            ("model.dropout", |c| c.model = paper(|m| m.dropout = 1.0)),
            ("optimizer.lr", |c| {
                c.optimizer = OptimizerConfig::Adam { lr: f64::INFINITY, weight_decay: 0.0 }
            }),
            ("optimizer.momentum", |c| {
                c.optimizer = OptimizerConfig::Sgd { lr: 0.1, momentum: 1.5, weight_decay: 0.0 };
            }),
            ("optimizer.lr", |c| {
                c.optimizer = OptimizerConfig::Adam { lr: 1.5, weight_decay: 0.0 };
                c.schedule = ScheduleConfig::Cosine { min_lr: 0.0, warmup_epochs: 0 };
            }),
            ("schedule.min_lr", |c| c.schedule = ScheduleConfig::Cosine { min_lr: 1.0, warmup_epochs: 0 }),
            ("schedule.every_epochs", |c| c.schedule = ScheduleConfig::Step { every_epochs: 0, gamma: 0.5 }),
            ("augment.scale", |c| c.augment.scale = [1.2, 0.8]),
            ("augment.scale", |c| c.augment.scale = [1.0, f32::MAX]),
            ("augment.scale", |c| c.augment.scale = [1.0, f32::INFINITY]),
            ("augment.jitter_sigma", |c| c.augment.jitter_sigma = f32::MAX),
            ("augment.jitter_clip", |c| c.augment.jitter_clip = f32::MAX),
            ("augment.translate", |c| c.augment.translate = f32::MAX),
            ("augment.color_jitter", |c| c.augment.color_jitter = f32::MAX),
            ("augment.density_jitter", |c| c.augment.density_jitter = f32::MAX),
            ("train.batch_size", |c| c.train.batch_size = 0),
            ("train.shards", |c| c.train.shards = 0),
            ("train.shards", |c| (c.train.batch_size, c.train.shards) = (4, 5)),
            ("train.label_smoothing", |c| c.train.label_smoothing = -0.1),
        ];
        for (key, change) in cases {
            let mut config = config();
            change(&mut config);
            let error = config.validate().unwrap_err();
            assert_eq!(error.key(), Some(key), "{error}");
        }
    }

    #[test]
    fn flatten_needs_an_order_and_pooled_does_not() {
        let mut config = config();
        config.data.order = PointOrder::None;
        assert_eq!(config.validate().unwrap_err().key(), Some("data.order"));
        config.model = paper(|m| m.head = Head::Pooled);
        config.validate().unwrap();
    }
}
