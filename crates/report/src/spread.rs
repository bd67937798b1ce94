//! Mean and spread over runs that differ in nothing but their seeds, as text for the terminal.

use std::fmt::Write;

use train::RunError;
use train::metrics::{Confusion, Evaluation, Metric, Weights};
use train::text::{Align, columns};

use super::compare::{differences, flat_config};
use super::contents::RunReport;

/// Tables of mean and sample standard deviation for every evaluation that all `runs` have: metrics, classes, and the confusion
/// matrix summed over the runs. If the configs differ in more than the seed, a line says in what, and there is no mean.
///
/// # Errors
/// [`ConfigError::Write`](train::config::ConfigError::Write) when a config cannot be written as TOML.
pub fn spread(runs: &[RunReport]) -> Result<String, RunError> {
    let configs = runs.iter().map(flat_config).collect::<Result<Vec<_>, _>>()?;
    let others: Vec<String> = differences(&configs)
        .into_iter()
        .map(|(key, _)| key)
        .filter(|key| key != "seed" && key != "name")
        .collect();
    if !others.is_empty() {
        return Ok(format!("no mean over the runs: their configs differ in {}\n", others.join(", ")));
    }
    let mut text = String::new();
    let [first, ..] = runs else { return Ok(text) };
    for evaluation in &first.record.evaluations {
        let (split, weights) = (&evaluation.figures.split, evaluation.figures.weights);
        let same: Vec<&Evaluation> = runs.iter().filter_map(|run| find(run, split, weights)).collect();
        if same.len() == runs.len() && same.iter().all(|one| one.classes == same[0].classes) {
            text += &tables(&same);
            text.push('\n');
        }
    }
    if text.is_empty() {
        text =
            "no mean over the runs: they have no evaluation of the same split, weights and classes\n".into();
    }
    Ok(text)
}

fn find<'a>(run: &'a RunReport, split: &str, weights: Weights) -> Option<&'a Evaluation> {
    let mut figures = run.record.evaluations.iter().map(|one| &one.figures);
    figures.find(|one| one.split == split && one.weights == weights)
}

/// The tables of one evaluation of several runs.
fn tables(runs: &[&Evaluation]) -> String {
    let first = runs[0];
    let head = |title: &str| {
        let words = [title, "mean", "std", "least", "most"];
        words.map(str::to_owned).to_vec()
    };
    let mut rows = vec![head("metric, %")];
    let metrics: Vec<(&Metric, Option<f64>)> = first.values.iter().collect();
    for (index, (metric, _)) in metrics.iter().enumerate() {
        let values = runs.iter().map(|run| run.values.iter().nth(index).and_then(|(_, value)| value));
        rows.extend(row(metric.label, values));
    }
    let is_segmentation = first.per_class.iter().any(|class| class.iou.is_some())
        && metrics.iter().any(|(metric, _)| metric.name == "mean_iou");
    let mut classes = vec![head(if is_segmentation { "class, IoU %" } else { "class, accuracy %" })];
    for (index, class) in first.per_class.iter().enumerate() {
        let values = runs.iter().map(|run| {
            let class = &run.per_class[index];
            if is_segmentation { class.iou } else { class.accuracy }
        });
        classes.extend(row(&class.name, values));
    }
    let mut sum = Confusion::new(first.classes.len());
    for run in runs {
        for (truth, counts) in run.confusion.iter().enumerate() {
            for (predicted, &count) in counts.iter().enumerate() {
                sum.add(truth, predicted, count);
            }
        }
    }
    let files = runs.iter().map(|run| run.files_seen).sum();
    let summed =
        Evaluation::new(first.task(), &*first.split, first.weights, &first.classes, &sum, f64::NAN, files);
    let mut text = format!("split {}, {} weights, {} runs\n", first.split, first.weights.name(), runs.len());
    let aligns = [Align::Left, Align::Right, Align::Right, Align::Right, Align::Right];
    for table in [rows, classes] {
        for line in columns(&table, &aligns) {
            let _ = writeln!(text, "{line}");
        }
        text.push('\n');
    }
    let _ = writeln!(text, "confusion, summed over the runs");
    text + &summed.confusion_table()
}

/// A row of a table; `None` if no run has a value.
fn row(name: &str, values: impl Iterator<Item = Option<f64>>) -> Option<Vec<String>> {
    let values: Vec<f64> = values.flatten().collect();
    let (mean, deviation) = mean_and_deviation(&values)?;
    let percent = |value: f64| format!("{:.2}", 100.0 * value);
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let deviation = deviation.map_or_else(|| "-".to_owned(), percent);
    Some(vec![name.to_owned(), percent(mean), deviation, percent(least), percent(most)])
}

/// Mean and sample standard deviation; the latter needs two values.
fn mean_and_deviation(values: &[f64]) -> Option<(f64, Option<f64>)> {
    let count = values.len() as f64;
    if values.is_empty() {
        return None;
    }
    let mean = values.iter().sum::<f64>() / count;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    Some((mean, (values.len() > 1).then(|| (squares / (count - 1.0)).sqrt())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mean_and_deviation_are_those_of_a_sample() {
        assert_eq!(mean_and_deviation(&[]), None);
        assert_eq!(mean_and_deviation(&[0.5]), Some((0.5, None)));
        let (mean, deviation) = mean_and_deviation(&[2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0]).unwrap();
        assert!((mean - 5.0).abs() < 1e-12 && (deviation.unwrap() - (32.0_f64 / 7.0).sqrt()).abs() < 1e-12);
    }

    #[test]
    fn figures_and_counts_of_the_runs_are_joined() {
        let evaluation = |right: u64| {
            let mut confusion = Confusion::new(2);
            confusion.add(0, 0, right);
            confusion.add(0, 1, 4 - right);
            confusion.add(1, 1, 4);
            let classes = ["bed", "chair"].map(str::to_owned);
            let task = train::config::Task::Classification;
            Evaluation::new(task, "test", Weights::Best, &classes, &confusion, 1.0, 8)
        };
        let text = tables(&[&evaluation(2), &evaluation(4)]);
        let line = |start: &str| {
            let line = text.lines().find(|line| line.starts_with(start)).unwrap();
            line.split_whitespace().rev().take(4).map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(line("overall accuracy"), ["100.00", "75.00", "17.68", "87.50"]);
        assert_eq!(line("bed"), ["100.00", "50.00", "35.36", "75.00"]);
        assert_eq!(line("chair"), ["100.00", "100.00", "0.00", "100.00"]);
        assert!(text.contains("0 bed   6 2\n1 chair . 8\n"), "{text}");
    }
}
