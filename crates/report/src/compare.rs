//! Several runs on one page.

use std::collections::BTreeSet;

use serde::Serialize;
use toml::{Table, Value};
use train::RunError;
use train::metrics::{EpochMetrics, Evaluation, METRICS, Metric};

use super::contents::{Fact, RunReport};
use super::page;

/// The data of the page; its script reads these keys.
#[derive(Serialize)]
struct ComparisonPage<'a> {
    kind: &'static str,
    /// The metrics of the tasks of the runs.
    metrics: Vec<&'static Metric>,
    runs: Vec<ComparedRun<'a>>,
    /// Keys of the configs whose values differ, with the value of every run; `None` where a run lacks the key.
    differences: Vec<(String, Vec<Option<String>>)>,
}

#[derive(Serialize)]
struct ComparedRun<'a> {
    name: String,
    path: String,
    segmentation: bool,
    seed: u64,
    best_epoch: Option<usize>,
    epochs: &'a [EpochMetrics],
    evaluations: Vec<Compared<'a>>,
    protocol: Vec<Fact>,
}

#[derive(Serialize)]
struct Compared<'a> {
    figures: &'a Evaluation,
    data: &'a str,
    epoch: Option<usize>,
}

/// One page that sets `runs` side by side: learning curves, results, classes, and where their configs differ.
///
/// # Errors
/// [`ConfigError::Write`](train::config::ConfigError::Write) when a config cannot be written as TOML.
pub fn comparison(runs: &[RunReport]) -> Result<String, RunError> {
    let configs = runs.iter().map(flat_config).collect::<Result<Vec<_>, _>>()?;
    let names = names(runs);
    let compared = runs.iter().zip(names).map(|(run, name)| ComparedRun {
        name,
        path: run.path.display().to_string(),
        segmentation: run.is_segmentation(),
        seed: run.manifest.seed,
        best_epoch: run.best_epoch(),
        epochs: &run.epochs,
        evaluations: run
            .record
            .evaluations
            .iter()
            .map(|one| Compared { figures: &one.figures, data: &one.data, epoch: one.epoch })
            .collect(),
        protocol: run.protocol(),
    });
    let tasks: Vec<_> = runs.iter().map(|run| run.config.model.task()).collect();
    let is_used = |metric: &&Metric| metric.task.is_none_or(|only| tasks.contains(&only));
    let contents = ComparisonPage {
        kind: "comparison",
        metrics: METRICS.iter().filter(is_used).collect(),
        runs: compared.collect(),
        differences: differences(&configs),
    };
    Ok(page::html(&format!("{} runs compared", runs.len()), &contents))
}

/// The last part of every path, or the whole path where two runs would have one name.
fn names(runs: &[RunReport]) -> Vec<String> {
    let last = |run: &RunReport| run.path.file_name().map(|name| name.to_string_lossy().into_owned());
    let whole = |run: &RunReport| run.path.display().to_string();
    let short: Vec<String> = runs.iter().map(|run| last(run).unwrap_or_else(|| whole(run))).collect();
    let unique = |name: &String| short.iter().filter(|other| *other == name).count() == 1;
    if short.iter().all(unique) { short } else { runs.iter().map(whole).collect() }
}

/// The config as pairs of dotted key and value.
pub(super) fn flat_config(run: &RunReport) -> Result<Vec<(String, String)>, RunError> {
    let text = run.config.to_toml()?;
    let table: Table = toml::from_str(&text).expect("what was written as TOML is TOML");
    let mut pairs = Vec::new();
    flatten(&table, "", &mut pairs);
    Ok(pairs)
}

fn flatten(table: &Table, prefix: &str, pairs: &mut Vec<(String, String)>) {
    for (key, value) in table {
        let key = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
        match value {
            Value::Table(table) => flatten(table, &key, pairs),
            Value::String(text) => pairs.push((key, text.clone())),
            _ => pairs.push((key, value.to_string())),
        }
    }
}

/// The keys whose values differ, with the value of every config.
pub(super) fn differences(configs: &[Vec<(String, String)>]) -> Vec<(String, Vec<Option<String>>)> {
    let keys: BTreeSet<&String> = configs.iter().flatten().map(|(key, _)| key).collect();
    let value = |config: &[(String, String)], key| {
        config.iter().find(|(other, _)| other == key).map(|(_, value)| value.clone())
    };
    keys.into_iter()
        .map(|key| (key.clone(), configs.iter().map(|config| value(config, key)).collect::<Vec<_>>()))
        .filter(|(_, values)| values.iter().any(|value| *value != values[0]))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flat(text: &str) -> Vec<(String, String)> {
        let mut pairs = Vec::new();
        flatten(&toml::from_str(text).unwrap(), "", &mut pairs);
        pairs
    }

    #[test]
    fn keys_that_differ_are_listed_with_all_values() {
        let configs = [
            flat("seed = 1\n[model]\nkind = 'a'\ncells = [0.1, 0.2]\n[train]\nepochs = 3"),
            flat("seed = 2\n[model]\nkind = 'a'\ncells = [0.1, 0.3]\nnew = true\n[train]\nepochs = 3"),
        ];
        let some = |text: &str| Some(text.to_owned());
        let expected = [
            ("model.cells".to_owned(), vec![some("[0.1, 0.2]"), some("[0.1, 0.3]")]),
            ("model.new".to_owned(), vec![None, some("true")]),
            ("seed".to_owned(), vec![some("1"), some("2")]),
        ];
        assert_eq!(differences(&configs), expected);
        assert_eq!(differences(&configs[..1]), []);
    }
}
