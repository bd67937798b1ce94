//! Which keys of a config the network does not use.
//!
//! A key that only one task uses is marked at its field, with `#[schemars(extend("x-task" = ..))]`; the marks are read from the
//! schema, in which sections and keys are those of the structs.

use serde_json::Value;
use toml::Table;

use super::experiment::Config;
use super::{reference, schema};
use crate::check::{ConfigError, KeySource};
use crate::network::Task;

/// The mark of a key or a section: the name of the only task that uses it.
const MARK: &str = "x-task";

/// The only task that uses `key` (dotted); `None` where all do.
pub(super) fn only_task(schema: &Value, key: &str) -> Option<Task> {
    let mut object = schema;
    for name in key.split('.') {
        let property = &object["properties"][name];
        if let Some(task) = property[MARK].as_str() {
            return [Task::Classification, Task::Segmentation].into_iter().find(|known| known.name() == task);
        }
        object = reference::target(schema, property);
    }
    None
}

/// Refuses the first key of `user` that networks for `task` do not use.
pub(super) fn refuse_unused(
    user: &Table,
    network: &str,
    task: Task,
    source: &dyn Fn(&str) -> KeySource,
) -> Result<(), ConfigError> {
    let schema = reference::json_schema();
    match first_unused(&schema, user, "", task) {
        None => Ok(()),
        Some((key, only)) => {
            let given = source(&key);
            let networks = schema::networks_of(only);
            Err(ConfigError::UnusedKey {
                key,
                given,
                network: network.to_owned(),
                task: only.name(),
                networks,
            })
        }
    }
}

fn first_unused(schema: &Value, table: &Table, prefix: &str, task: Task) -> Option<(String, Task)> {
    table.iter().find_map(|(name, value)| {
        let key = schema::join(prefix, name);
        match (only_task(schema, &key), value) {
            (Some(only), _) if only != task => Some((key, only)),
            (_, toml::Value::Table(section)) => first_unused(schema, section, &key, task),
            _ => None,
        }
    })
}

/// `table` without the keys that networks for `task` do not use.
pub(super) fn without_unused(mut table: Table, task: Task) -> Table {
    let schema = reference::json_schema();
    while let Some((key, _)) = first_unused(&schema, &table, "", task) {
        schema::remove(&mut table, &key);
    }
    table
}

/// The TOML `text` of a config without the keys that its network does not use.
pub(super) fn written(config: &Config, text: &str) -> String {
    let schema = reference::json_schema();
    let is_used = |key: &str| only_task(&schema, key).is_none_or(|only| only == config.model.task());
    let mut section = String::new();
    let mut lines = Vec::new();
    for line in text.lines() {
        let key = match line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            Some(name) => {
                section = name.to_owned();
                section.clone()
            }
            None => match line.split_once(" = ") {
                Some((name, _)) => schema::join(&section, name),
                None => String::new(),
            },
        };
        if key.is_empty() || is_used(&key) {
            lines.push(line);
        }
    }
    lines.join("\n") + "\n"
}
