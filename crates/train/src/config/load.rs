//! From a file and overrides to a checked config.

use std::collections::HashMap;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::Table;
use toml::de::DeTable;

use super::experiment::Config;
use super::overrides::Override;
use super::{schema, usage};
use crate::check::{ConfigError, KeySource};

impl Config {
    /// Reads the config file at `path`, with `overrides` of the form `key.sub=value` written over
    /// it.
    ///
    /// The value of an override is read as TOML, and as a plain string where it is no TOML, so that
    /// `data.root=/x/y` and `train.epochs=3` both work. Overrides apply in order; a section that
    /// the file lacks is made.
    ///
    /// # Errors
    /// [`ConfigError::Read`] and [`ConfigError::Syntax`] for the file, [`ConfigError::Override`]
    /// for an override that cannot be read, [`ConfigError::UnknownKey`], [`ConfigError::MissingKey`] and
    /// [`ConfigError::Value`] for its keys.
    pub fn load(path: impl AsRef<Path>, overrides: &[String]) -> Result<Self, ConfigError> {
        let path = path.as_ref();
        let text =
            fs::read_to_string(path).map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
        Self::parse(&text, path, overrides)
    }

    /// Reads the config of a run, which an earlier version of this program may have written: keys that its network does not use
    /// are left out.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn of_run(path: impl AsRef<Path>) -> Result<Self, ConfigError> {
        let path = path.as_ref();
        let text =
            fs::read_to_string(path).map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
        Self::read(&text, path, &[], Unused::LeftOut)
    }

    /// As [`Config::load`], from `text` that came from `path`, which only serves to say where an
    /// error is.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn parse(text: &str, path: impl AsRef<Path>, overrides: &[String]) -> Result<Self, ConfigError> {
        Self::read(text, path.as_ref(), overrides, Unused::Refused)
    }

    fn read(text: &str, path: &Path, overrides: &[String], unused: Unused) -> Result<Self, ConfigError> {
        let syntax = |error: toml::de::Error| {
            let (line, column) = line_and_column(text, error.span().unwrap_or_default());
            ConfigError::Syntax {
                path: path.to_owned(),
                line,
                column,
                message: error.message().replace('\n', ", "),
            }
        };
        let mut origin = Origin { path: path.to_owned(), lines: HashMap::new(), overrides: HashMap::new() };
        let spanned = DeTable::parse(text).map_err(syntax)?;
        origin.add_lines(text, spanned.get_ref(), "");
        let mut table: Table = toml::from_str(text).map_err(syntax)?;
        for text in overrides {
            let change = Override::parse(text)?;
            change.apply(&mut table)?;
            origin.overrides.insert(change.key.to_owned(), text.clone());
        }
        let source = |key: &str| origin.source(key);
        if unused == Unused::LeftOut
            && let Some(task) = schema::task(&table)
        {
            table = usage::without_unused(table, task);
        }
        let config = schema::resolve(&table, &source)?;
        let (network, task) = (config.model.kind(), config.model.task());
        // First that the network and the section [scenes] fit together: else half of the keys are unused.
        config.check_task().map_err(|error| error.at(source))?;
        usage::refuse_unused(&table, network, task, &source)?;
        config.validate().map_err(|error| error.at(source))?;
        if unused == Unused::Refused {
            config.augment.refuse_unused(&config.attributes()).map_err(|error| error.at(source))?;
        }
        Ok(config)
    }

    /// The config as a TOML file with every key that its network uses explicit, which [`Config::load`] reads back equal.
    ///
    /// # Errors
    /// [`ConfigError::Write`] when `data.root` is not Unicode or a number does not fit TOML's
    /// integers.
    pub fn to_toml(&self) -> Result<String, ConfigError> {
        let text = toml::to_string(self).map_err(|source| ConfigError::Write { source })?;
        Ok(usage::written(self, &text))
    }
}

/// What becomes of keys that the network does not use.
#[derive(Clone, Copy, PartialEq)]
enum Unused {
    Refused,
    LeftOut,
}

/// Where each key was given.
struct Origin {
    path: PathBuf,
    lines: HashMap<String, usize>,
    overrides: HashMap<String, String>,
}

impl Origin {
    fn add_lines(&mut self, text: &str, table: &DeTable<'_>, prefix: &str) {
        for (name, value) in table {
            let key = if prefix.is_empty() {
                name.get_ref().to_string()
            } else {
                format!("{prefix}.{}", name.get_ref())
            };
            if let Some(section) = value.get_ref().as_table() {
                self.add_lines(text, section, &key);
            }
            self.lines.insert(key, line_and_column(text, name.span()).0);
        }
    }

    /// Where `key` was given: the override of it or of a section it lies in, else its line, else the
    /// override of a key in it, else the file.
    fn source(&self, key: &str) -> KeySource {
        let mut section = key;
        loop {
            if let Some(text) = self.overrides.get(section) {
                return KeySource::Override(text.clone());
            }
            match section.rsplit_once('.') {
                Some((outer, _)) => section = outer,
                None => break,
            }
        }
        if let Some(&line) = self.lines.get(key) {
            return KeySource::Line(self.path.clone(), line);
        }
        // A section that only overrides speak of.
        let inside = |name: &String| name.strip_prefix(key).is_some_and(|rest| rest.starts_with('.'));
        match self.overrides.iter().filter(|(name, _)| inside(name)).min() {
            Some((_, text)) => KeySource::Override(text.clone()),
            None => KeySource::File(self.path.clone()),
        }
    }
}

/// Line and column (both from 1) at which `span` starts.
fn line_and_column(text: &str, span: Range<usize>) -> (usize, usize) {
    let before = text.get(..span.start).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{
        Hint, ModelConfig, Normalize, OptimizerConfig, PointOrder, Rotate, ScheduleConfig, SearchKind,
        SynthData,
    };
    use crate::network::{Head, PaperClassifierConfig};

    const MINIMAL: &str = r#"name = "shapes"

[data]
root = "datasets/shapes"

[model]
kind = "paper-classifier"

[optimizer]
kind = "sgd"
lr = 1e-3

[train]
epochs = 3
"#;

    fn parse(text: &str, overrides: &[&str]) -> Result<Config, ConfigError> {
        let overrides: Vec<String> = overrides.iter().map(|&text| text.to_owned()).collect();
        Config::parse(text, "configs/x.toml", &overrides)
    }

    fn message(text: &str, overrides: &[&str]) -> String {
        parse(text, overrides).unwrap_err().to_string()
    }

    #[test]
    fn the_least_config_takes_the_documented_defaults() {
        let config = parse(MINIMAL, &[]).unwrap();
        assert_eq!(config.seed, 0);
        assert_eq!(config.data.points, 2048);
        assert_eq!(config.data.order, PointOrder::Xyz);
        assert_eq!(config.data.normalize, Normalize::UnitSphere);
        assert_eq!(config.data.validation_fraction, 0.1);
        assert_eq!(config.data.synth, None);
        assert_eq!(config.model, ModelConfig::PaperClassifier(PaperClassifierConfig::default()));
        assert_eq!(config.optimizer, OptimizerConfig::Sgd { lr: 1e-3, momentum: 0.9, weight_decay: 0.0 });
        assert_eq!(config.schedule, ScheduleConfig::Constant);
        assert_eq!(config.augment.jitter_clip, 0.05);
        assert_eq!(config.train.batch_size, 32);
    }

    #[test]
    fn overrides_win_over_the_file() {
        let config = parse(
            MINIMAL,
            &[
                "data.root=/x/y",
                "train.epochs=7",
                "model.head=pooled",
                "model.dilations=[1, 1]",
                "model.search=kd-tree",
                "schedule.kind=step",
                "schedule.every_epochs=5",
                "optimizer.lr=1",
                "augment.rotate=up",
                "train.epochs=8",
            ],
        )
        .unwrap();
        assert_eq!(config.data.root, Path::new("/x/y"));
        assert_eq!(config.train.epochs, 8);
        assert_eq!(config.optimizer.lr(), 1.0);
        assert_eq!(config.augment.rotate, Rotate::Up);
        assert_eq!(config.schedule, ScheduleConfig::Step { every_epochs: 5, gamma: 0.1 });
        let ModelConfig::PaperClassifier(model) = config.model else { panic!("{:?}", config.model) };
        assert_eq!(
            (model.head, model.dilations, model.search),
            (Head::Pooled, vec![1, 1], SearchKind::KdTree)
        );
    }

    #[test]
    fn what_is_written_reads_back_equal() {
        let mut config = parse(MINIMAL, &["seed=9223372036854775807", "model.cell=0.1"]).unwrap();
        config.data.synth = Some(SynthData { noise: 0.013, ..SynthData::default() });
        config.data.root = "with \"quotes\" and spaces/ü".into();
        for optimizer in OptimizerConfig::examples() {
            for schedule in ScheduleConfig::examples() {
                let config = Config { optimizer: optimizer.clone(), schedule, ..config.clone() };
                let text = config.to_toml().unwrap();
                assert_eq!(parse(&text, &[]).unwrap(), config, "{text}");
            }
        }
        // An f32 is written in its short form.
        assert!(config.to_toml().unwrap().contains("cell = 0.1\n"));
    }

    #[test]
    fn an_unknown_key_is_named_with_its_line_and_the_nearest_known_one() {
        let text = MINIMAL.replace("lr = 1e-3", "lr = 1e-3\nmomentun = 0.9");
        assert_eq!(
            message(&text, &[]),
            "unknown key `optimizer.momentun` in configs/x.toml, line 12; did you mean `optimizer.momentum`?"
        );
        assert_eq!(
            message(MINIMAL, &["data.rot=3"]),
            "unknown key `data.rot` in --set data.rot=3; did you mean `data.root`?"
        );
        assert_eq!(
            message(MINIMAL, &["optimiser.lr=3"]),
            "unknown key `optimiser` in --set optimiser.lr=3; did you mean `optimizer`?"
        );
        // In the wrong section.
        assert_eq!(
            message(MINIMAL, &["batch_size=3"]),
            "unknown key `batch_size` in --set batch_size=3; did you mean `train.batch_size`?"
        );
        assert!(message(MINIMAL, &["data.synth.train_per_clas=3"]).contains("`data.synth.train_per_class`"));
    }

    #[test]
    fn an_unknown_key_that_is_near_to_none_lists_the_keys_of_its_section() {
        let error = parse(MINIMAL, &["train.frobnicate=3"]).unwrap_err();
        let ConfigError::UnknownKey { hint: Hint::Valid { section, mut keys }, .. } = error else {
            panic!("{error}");
        };
        keys.sort();
        assert_eq!(
            (section.as_str(), keys),
            (
                "train",
                ["average", "batch_size", "epochs", "freeze_epochs", "from", "label_smoothing", "shards"]
                    .map(str::to_owned)
                    .to_vec()
            )
        );
    }

    #[test]
    fn a_key_of_another_kind_says_so() {
        let text = MINIMAL.replace("\"sgd\"", "\"adam\"\nmomentum = 0.9");
        assert_eq!(
            message(&text, &[]),
            "unknown key `optimizer.momentum` in configs/x.toml, line 11; \
             kind = \"adam\" does not have it, it belongs to \"sgd\""
        );
    }

    #[test]
    fn a_wrong_value_is_named_with_what_was_found_and_expected() {
        let cases = [
            ("train.epochs=few", "found string \"few\", expected a whole number of at least 0"),
            ("train.epochs=-1", "found integer `-1`, expected a whole number of at least 0"),
            ("train.epochs=1.5", "found floating point `1.5`, expected a whole number of at least 0"),
            ("optimizer.lr=fast", "found string \"fast\", expected a number"),
            ("model.head=flat", "found `flat`, expected `flatten` or `pooled`"),
            ("model.concat=1", "found integer `1`, expected true or false"),
            ("model.kind=transformer", "found \"transformer\", expected \"paper-classifier\""),
            ("optimizer.kind=lion", "found \"lion\", expected \"sgd\" or \"adam\" or \"adamw\""),
            ("schedule=cosine", "found \"cosine\", expected a section [schedule]"),
            ("augment.scale=[1, 2, 3]", "found [1, 2, 3], expected as many values as in [1.0, 1.0]"),
            ("model.dropout=1.0", "found 1, expected a number of at least 0 and below 1"),
        ];
        for (text, expected) in cases {
            let message = message(MINIMAL, &[text]);
            let key = text.split('=').next().unwrap();
            assert!(message.starts_with(&format!("key `{key}` in --set {text}: ")), "{message}");
            assert!(message.contains(expected), "{message}\nlacks {expected}");
        }
        let text = MINIMAL.replace("epochs = 3", "epochs = 0");
        assert_eq!(
            message(&text, &[]),
            "key `train.epochs` in configs/x.toml, line 14: found 0, expected at least 1"
        );
    }

    #[test]
    fn a_missing_key_is_named() {
        let cases = [
            ("name = \"shapes\"", "name"),
            ("root = \"datasets/shapes\"", "data.root"),
            ("lr = 1e-3", "optimizer.lr"),
            ("kind = \"sgd\"", "optimizer.kind"),
            ("epochs = 3", "train.epochs"),
            ("[train]\nepochs = 3", "train"),
        ];
        for (line, key) in cases {
            let error = parse(&MINIMAL.replace(line, ""), &[]).unwrap_err();
            assert!(matches!(error, ConfigError::MissingKey { .. }), "{error}");
            assert_eq!(error.key(), Some(key), "{error}");
        }
        assert_eq!(parse(MINIMAL, &["schedule.kind=step"]).unwrap_err().key(), Some("schedule.every_epochs"));
    }

    #[test]
    fn broken_toml_and_a_missing_file_name_the_place() {
        assert!(message("name = \"a\"\nseed = = 3\n", &[]).starts_with("configs/x.toml, line 2, column 8: "));
        let error = Config::load("no/such/file.toml", &[]).unwrap_err();
        assert_eq!(error.to_string(), "cannot read config no/such/file.toml");
    }
}
