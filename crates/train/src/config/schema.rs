//! The known keys, learnt from the structs, and the check of a parsed file against them.
//!
//! A complete config of every kind is written as a table: its keys are the known keys. To check one
//! value it resources the one in such a table and the table is read as a config: the error of serde
//! is then about that key alone.

use toml::{Table, Value};

use super::augment::AugmentConfig;
use super::data::{DataConfig, SynthData};
use super::experiment::{Config, TrainConfig};
use super::lists::Lists;
use super::optimize::{OptimizerConfig, ScheduleConfig};
use super::scene_synth::SceneSynthData;
use super::scenes::ScenesConfig;
use crate::check::{ConfigError, Hint, KeySource};
use crate::network::{ModelConfig, Task};

/// The key that chooses between the kinds of a section.
const KIND: &str = "kind";

/// Complete tables, one per kind of the section with most kinds.
struct Schema {
    examples: Vec<Table>,
}

/// Reads `user` as a config; `source` says where a dotted key was given.
pub(super) fn resolve(user: &Table, source: &dyn Fn(&str) -> KeySource) -> Result<Config, ConfigError> {
    let schema = Schema::new();
    let known = schema.chosen(user, source)?;
    Check { schema: &schema, known: &known, source }.section(user, &known, "")?;
    Value::Table(user.clone()).try_into().map_err(|error: toml::de::Error| {
        missing(user, &known, &known, "", source).unwrap_or_else(|| ConfigError::Value {
            key: "name".to_owned(),
            given: source("name"),
            found: error.message().to_owned(),
            expected: "a complete config".to_owned(),
        })
    })
}

/// The task of the network that `user` chooses; `None` where it chooses none that is known.
pub(super) fn task(user: &Table) -> Option<Task> {
    let kind = user.get("model")?.get(KIND)?.as_str()?;
    ModelConfig::examples().iter().find(|model| model.kind() == kind).map(ModelConfig::task)
}

/// The networks for `task`, as `model.kind`, separated by commas.
pub(super) fn networks_of(task: Task) -> String {
    let models = ModelConfig::examples();
    let names = models.iter().filter(|model| model.task() == task).map(ModelConfig::kind);
    names.collect::<Vec<_>>().join(", ")
}

/// Whether `key` (dotted) takes a string, for the kinds that `user` chooses.
pub(super) fn takes_string(user: &Table, key: &str) -> bool {
    let schema = Schema::new();
    schema
        .chosen(user, &|_| KeySource::Unknown)
        .is_ok_and(|known| matches!(get(&known, key), Some(Value::String(_))))
}

/// All known keys with their sections, dotted, in the order of the structs.
pub(super) fn keys_in_order() -> Vec<String> {
    let mut keys: Vec<String> = Vec::new();
    for config in Schema::configs() {
        let text = toml::to_string(&config).expect("the example config is plain TOML");
        let (mut section, mut last) = ("", None);
        for line in text.lines() {
            if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
                section = name;
            } else if let Some((name, _)) = line.split_once(" = ") {
                let key = join(section, name);
                // One that only other kinds have comes after the key that it follows there.
                let index = keys.iter().position(|known| *known == key).unwrap_or_else(|| {
                    let index = last.map_or(0, |last: usize| last + 1);
                    keys.insert(index, key);
                    index
                });
                last = Some(index);
            }
        }
    }
    keys
}

impl Schema {
    fn new() -> Self {
        let table = |config| Table::try_from(config).expect("the example config is plain TOML");
        Self { examples: Self::configs().map(table).collect() }
    }

    /// Complete configs, one per kind of the section with most kinds.
    fn configs() -> impl Iterator<Item = Config> {
        let models = ModelConfig::examples();
        let optimizers = OptimizerConfig::examples();
        let schedules = ScheduleConfig::examples();
        let count = models.len().max(optimizers.len()).max(schedules.len());
        (0..count).map(move |i| Config {
            name: "example".to_owned(),
            seed: 0,
            data: DataConfig {
                lists: Some(Lists::Pair(["train.txt", "test.txt"].map(str::to_owned))),
                synth: Some(SynthData::default()),
                ..DataConfig::new("datasets/example")
            },
            model: models[i % models.len()].clone(),
            optimizer: optimizers[i % optimizers.len()].clone(),
            schedule: schedules[i % schedules.len()].clone(),
            augment: AugmentConfig::default(),
            train: TrainConfig::new(1),
            scenes: Some(ScenesConfig { synth: Some(SceneSynthData::default()), ..ScenesConfig::default() }),
        })
    }

    /// The tables that the section `name` can be, by kind; none when it has no kinds.
    fn kinds(&self, name: &str) -> Vec<(&str, &Table)> {
        let mut kinds: Vec<(&str, &Table)> = Vec::new();
        for example in &self.examples {
            if let Some(section) = example.get(name).and_then(Value::as_table)
                && let Some(kind) = section.get(KIND).and_then(Value::as_str)
                && kinds.iter().all(|(seen, _)| *seen != kind)
            {
                kinds.push((kind, section));
            }
        }
        kinds
    }

    /// The complete table with the kinds that `user` chooses.
    fn chosen(&self, user: &Table, source: &dyn Fn(&str) -> KeySource) -> Result<Table, ConfigError> {
        let mut known = self.examples[0].clone();
        for (name, section) in user {
            let kinds = self.kinds(name);
            let (false, Some(section)) = (kinds.is_empty(), section.as_table()) else { continue };
            let key = format!("{name}.{KIND}");
            let names: Vec<String> = kinds.iter().map(|(kind, _)| format!("\"{kind}\"")).collect();
            let expected = names.join(" or ");
            let Some(found) = section.get(KIND) else {
                return Err(ConfigError::MissingKey { given: source(name), key, expected });
            };
            let Some((_, table)) = kinds.iter().find(|(kind, _)| found.as_str() == Some(kind)) else {
                return Err(ConfigError::Value {
                    given: source(&key),
                    key,
                    found: found.to_string(),
                    expected,
                });
            };
            known.insert(name.clone(), Value::Table((*table).clone()));
        }
        Ok(known)
    }
}

/// The check of a file's keys and values, one after the other.
struct Check<'a> {
    schema: &'a Schema,
    known: &'a Table,
    source: &'a dyn Fn(&str) -> KeySource,
}

impl Check<'_> {
    /// Checks the section `user`, known as `known`, whose dotted name is `prefix`.
    fn section(&self, user: &Table, known: &Table, prefix: &str) -> Result<(), ConfigError> {
        for (name, value) in user {
            let key = join(prefix, name);
            match (known.get(name), value) {
                (None, _) => return Err(self.unknown(key, prefix, name, known)),
                (Some(Value::Table(known)), Value::Table(user)) => self.section(user, known, &key)?,
                (Some(Value::Table(_)), _) => {
                    return Err(ConfigError::Value {
                        given: (self.source)(&key),
                        found: value.to_string(),
                        expected: format!("a section [{key}]"),
                        key,
                    });
                }
                (Some(_), _) => self.value(key, value)?,
            }
        }
        Ok(())
    }

    fn value(&self, key: String, value: &Value) -> Result<(), ConfigError> {
        let mut probe = self.known.clone();
        let slot = get_mut(&mut probe, &key).expect("the key was just found in this table");
        let example = std::mem::replace(slot, value.clone());
        Value::Table(probe).try_into::<Config>().map(drop).map_err(|error| {
            let (found, expected) = found_and_expected(error.message(), value, &example);
            ConfigError::Value { given: (self.source)(&key), key, found, expected }
        })
    }

    fn unknown(&self, key: String, prefix: &str, name: &str, known: &Table) -> ConfigError {
        let kinds = self.schema.kinds(prefix);
        let having: Vec<String> = kinds
            .iter()
            .filter(|(_, table)| table.contains_key(name))
            .map(|(kind, _)| (*kind).to_owned())
            .collect();
        let hint = if !having.is_empty() {
            let chosen = known.get(KIND).and_then(Value::as_str).unwrap_or_default().to_owned();
            Hint::OtherKind { chosen, kinds: having }
        } else if let Some(nearest) = nearest(name, known, prefix, self.known) {
            Hint::Nearest(nearest)
        } else {
            Hint::Valid { section: prefix.to_owned(), keys: known.keys().cloned().collect() }
        };
        ConfigError::UnknownKey { given: (self.source)(&key), key, hint }
    }
}

/// The first key that `known` has, `user` lacks and a config cannot do without. `whole` is the
/// table of which `known` is the section `prefix`.
fn missing(
    user: &Table,
    known: &Table,
    whole: &Table,
    prefix: &str,
    source: &dyn Fn(&str) -> KeySource,
) -> Option<ConfigError> {
    for (name, value) in known {
        let key = join(prefix, name);
        match (user.get(name), value) {
            (Some(Value::Table(user)), Value::Table(known)) => {
                if let Some(error) = missing(user, known, whole, &key, source) {
                    return Some(error);
                }
            }
            (Some(_), _) => {}
            (None, _) => {
                let mut probe = whole.clone();
                remove(&mut probe, &key);
                if Value::Table(probe).try_into::<Config>().is_err() {
                    let expected = match value {
                        Value::Table(_) => format!("a section [{key}]"),
                        value => format!("for instance `{name} = {value}`"),
                    };
                    return Some(ConfigError::MissingKey { given: source(prefix), key, expected });
                }
            }
        }
    }
    None
}

/// The known key that reads most like `name`: first in its own section, then in the whole file.
fn nearest(name: &str, section: &Table, prefix: &str, whole: &Table) -> Option<String> {
    let own = section.keys().map(|key| join(prefix, key)).collect::<Vec<_>>();
    let mut all = Vec::new();
    dotted_keys(whole, "", &mut all);
    [own, all].into_iter().find_map(|keys| {
        let distance = |key: &String| {
            let last = key.rsplit('.').next().unwrap_or(key);
            strsim::damerau_levenshtein(&name.to_lowercase(), last)
        };
        let allowed = (name.chars().count() / 3).max(1);
        keys.into_iter()
            .map(|key| (distance(&key), key))
            .filter(|(d, _)| *d <= allowed)
            .min()
            .map(|(_, key)| key)
    })
}

fn dotted_keys(table: &Table, prefix: &str, keys: &mut Vec<String>) {
    for (name, value) in table {
        let key = join(prefix, name);
        if let Value::Table(section) = value {
            dotted_keys(section, &key, keys);
        }
        keys.push(key);
    }
}

/// Takes serde's `... X, expected Y` apart and puts Rust's type names into words.
fn found_and_expected(message: &str, value: &Value, example: &Value) -> (String, String) {
    if message.starts_with("invalid length") {
        return (value.to_string(), format!("as many values as in {example}"));
    }
    let Some((found, expected)) = message.trim_end().rsplit_once(", expected ") else {
        return (value.to_string(), message.trim_end().to_owned());
    };
    let found = ["invalid type: ", "invalid value: ", "unknown variant "]
        .iter()
        .find_map(|prefix| found.strip_prefix(prefix))
        .unwrap_or(found);
    let expected = match expected {
        "f32" | "f64" => "a number",
        "usize" | "u64" => "a whole number of at least 0",
        "a boolean" => "true or false",
        "path string" => "a path",
        other => other,
    };
    (found.to_owned(), expected.to_owned())
}

pub(super) fn join(prefix: &str, name: &str) -> String {
    if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") }
}

fn get<'a>(table: &'a Table, key: &str) -> Option<&'a Value> {
    match key.split_once('.') {
        None => table.get(key),
        Some((section, rest)) => get(table.get(section)?.as_table()?, rest),
    }
}

fn get_mut<'a>(table: &'a mut Table, key: &str) -> Option<&'a mut Value> {
    match key.split_once('.') {
        None => table.get_mut(key),
        Some((section, rest)) => get_mut(table.get_mut(section)?.as_table_mut()?, rest),
    }
}

pub(super) fn remove(table: &mut Table, key: &str) {
    match key.split_once('.') {
        None => drop(table.remove(key)),
        Some((section, rest)) => {
            if let Some(section) = table.get_mut(section).and_then(Value::as_table_mut) {
                remove(section, rest);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde::de::DeserializeOwned;

    use super::*;

    /// The kinds that serde itself names when it is given one that does not exist.
    fn kinds_of<T: DeserializeOwned>() -> usize {
        let table = toml::from_str::<Table>("kind = '?'").unwrap();
        let error = Value::Table(table).try_into::<T>().err().unwrap();
        let expected = error.message().split_once("expected").unwrap().1.to_owned();
        expected.matches('`').count() / 2
    }

    #[test]
    fn every_kind_has_an_example() {
        assert_eq!(kinds_of::<ModelConfig>(), ModelConfig::examples().len());
        assert_eq!(kinds_of::<OptimizerConfig>(), OptimizerConfig::examples().len());
        assert_eq!(kinds_of::<ScheduleConfig>(), ScheduleConfig::examples().len());
        let schema = Schema::new();
        assert_eq!(schema.kinds("optimizer").len(), OptimizerConfig::examples().len());
        assert_eq!(schema.kinds("schedule").len(), ScheduleConfig::examples().len());
        assert_eq!(schema.kinds("model").len(), ModelConfig::examples().len());
        assert!(schema.kinds("data").is_empty());
    }

    #[test]
    fn serde_knows_no_key_that_the_examples_lack() {
        // serde names the fields of a struct when it meets one that is not there.
        let schema = Schema::new();
        let sections = ["", "data", "data.synth", "augment", "train", "scenes", "scenes.synth"];
        let has_shells = |example: &&Table| get(example, "model.shells").is_some_and(Value::is_table);
        let models = schema.examples.iter().map(|example| (example, "model"));
        let models =
            models.chain(schema.examples.iter().filter(has_shells).map(|example| (example, "model.shells")));
        let others = sections.into_iter().map(|section| (&schema.examples[0], section));
        for (example, section) in others.chain(models) {
            let mut probe = example.clone();
            let table = if section.is_empty() {
                &mut probe
            } else {
                get_mut(&mut probe, section).unwrap().as_table_mut().unwrap()
            };
            // serde does not count the key that chose the kind.
            let keys = table.len() - usize::from(table.contains_key(KIND) && section == "model");
            table.insert("unheard_of".to_owned(), Value::Integer(1));
            let error = Value::Table(probe).try_into::<Config>().unwrap_err();
            let fields = error.message().split_once("expected").unwrap().1.matches('`').count() / 2;
            assert_eq!(fields, keys, "{section}: {error}");
        }
    }
}
