//! `report.md`: what a run did and how well, for people who did not watch it.

use std::fmt::Write;

use crate::config::{Config, ConfigError};
use crate::evaluation::Evaluation;
use crate::metrics_log::EpochMetrics;

/// About as many rows the table of epochs has at most.
const EPOCH_ROWS: usize = 20;

/// Mistakes that are listed.
const CONFUSED_PAIRS: usize = 10;

/// What a report needs to know beside the config and the figures.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunFacts {
    /// Version of this program.
    pub version: String,
    /// Version of burn.
    pub burn_version: String,
    /// Where the network ran, for instance `cpu (flex)`.
    pub device: String,
    /// Threads of the processor that were used.
    pub threads: usize,
    /// Weights of the network that are learnt.
    pub parameters: usize,
    /// Files that were trained on.
    pub train_files: usize,
    /// Files that were held back for validation.
    pub validation_files: usize,
    /// Files that were left out because they could not be read.
    pub skipped_files: usize,
    /// Epoch whose weights did best on the validation files, from 1; `None` without validation.
    pub best_epoch: Option<usize>,
    /// Wall-clock time of the training, in seconds.
    pub train_seconds: f64,
}

/// The parts of a report.
#[derive(Clone, Copy, Debug)]
pub struct Report<'a> {
    /// The resolved config.
    pub config: &'a Config,
    /// Data counts, versions, device and time.
    pub facts: &'a RunFacts,
    /// Results, in the order in which they are shown.
    pub evaluations: &'a [Evaluation],
    /// Rows of `metrics.jsonl`.
    pub epochs: &'a [EpochMetrics],
}

/// The report as Markdown: results, protocol, per-class figures, confusion matrices, most confused
/// pairs, epochs.
///
/// # Errors
/// [`ConfigError::Write`] when the config cannot be written as TOML.
pub fn markdown(report: &Report<'_>) -> Result<String, ConfigError> {
    let config = report.config.to_toml()?;
    let mut text = format!("# {}\n\n", report.config.name);
    results(&mut text, report.evaluations);
    protocol(&mut text, report);
    for evaluation in report.evaluations {
        details(&mut text, evaluation);
    }
    epochs(&mut text, report.epochs, report.facts.best_epoch);
    let _ = write!(text, "## Config\n\n```toml\n{}\n```\n", config.trim_end());
    Ok(text)
}

fn results(text: &mut String, evaluations: &[Evaluation]) {
    text.push_str("## Results\n\n");
    if evaluations.is_empty() {
        text.push_str("The run has not been evaluated.\n\n");
        return;
    }
    let segmentation = evaluations.iter().any(|evaluation| evaluation.mean_iou.is_some());
    let mut head = vec!["split", "weights", "files", "overall accuracy %", "mean class accuracy %", "loss"];
    if segmentation {
        head.insert(5, "mean IoU %");
    }
    let rows = evaluations.iter().map(|evaluation| {
        let mut row = vec![
            evaluation.split.clone(),
            evaluation.weights.name().to_owned(),
            evaluation.files_seen.to_string(),
            percent(evaluation.overall_accuracy),
            percent(evaluation.mean_class_accuracy),
            evaluation.loss.map_or_else(|| "-".to_owned(), |loss| format!("{loss:.4}")),
        ];
        if segmentation {
            row.insert(5, percent(evaluation.mean_iou));
        }
        row
    });
    table(text, &head, 2, rows);
}

fn protocol(text: &mut String, report: &Report<'_>) {
    let Report { config, facts, .. } = report;
    let chosen = match facts.best_epoch {
        Some(epoch) => {
            format!("epoch {epoch}, by the validation files; the test files had no part in it")
        }
        None => "the last epoch; there was no validation".to_owned(),
    };
    let root = config.data.root.display();
    let (data, items) = match &config.scenes {
        None => (format!("`{root}`, {} points per cloud", config.data.points), "files".to_owned()),
        Some(scenes) => (
            format!("`{root}`, voxels of {}, {} of {}", scenes.voxel, scenes.region.plural(), scenes.size),
            format!("{} regions", scenes.regions),
        ),
    };
    let rows = [
        ("network", format!("{}, {} parameters", config.model.kind(), facts.parameters)),
        ("seed", config.seed.to_string()),
        ("data", data),
        ("training files", facts.train_files.to_string()),
        ("validation files", facts.validation_files.to_string()),
        ("files left out", facts.skipped_files.to_string()),
        ("epochs", format!("{} of {items}, batches of {}", config.train.epochs, config.train.batch_size)),
        ("best weights", chosen),
        ("training time", duration(facts.train_seconds)),
        ("device", format!("{}, {} threads", facts.device, facts.threads)),
        ("versions", format!("pointwise {}, burn {}", facts.version, facts.burn_version)),
    ];
    text.push_str("## Protocol\n\n");
    table(text, &["", ""], 2, rows.into_iter().map(|(name, value)| vec![name.to_owned(), value]));
}

fn details(text: &mut String, evaluation: &Evaluation) {
    let title = format!("{}, {} weights", evaluation.split, evaluation.weights.name());
    let _ = write!(text, "## Classes: {title}\n\n");
    let segmentation = evaluation.mean_iou.is_some();
    let counted = if segmentation { "points" } else { "files" };
    let mut head = vec!["class", counted, "correct", "accuracy %", "precision %", "F1 %"];
    if segmentation {
        head.push("IoU %");
    }
    let rows = evaluation.per_class.iter().map(|class| {
        let mut row = vec![class.name.clone(), class.count.to_string(), class.correct.to_string()];
        row.extend([class.accuracy, class.precision, class.f1].map(percent));
        if segmentation {
            row.push(class.iou_text());
        }
        row
    });
    table(text, &head, 1, rows);
    let _ = write!(
        text,
        "## Confusion matrix: {title}\n\nRows are the true classes, columns the predicted ones.\n\n"
    );
    let _ = write!(text, "```text\n{}```\n\n", evaluation.confusion_table());
    let pairs = evaluation.most_confused(CONFUSED_PAIRS);
    if !pairs.is_empty() {
        let _ = write!(text, "## Most confused: {title}\n\n");
        let rows = pairs.into_iter().map(|(truth, predicted, count)| {
            let of =
                evaluation.per_class.iter().find(|class| class.name == truth).map_or(0, |class| class.count);
            vec![truth.to_owned(), predicted.to_owned(), format!("{count} of {of}")]
        });
        table(text, &["truth", "predicted", "times"], 2, rows);
    }
}

fn epochs(text: &mut String, rows: &[EpochMetrics], best: Option<usize>) {
    text.push_str("## Epochs\n\n");
    let mut numbers: Vec<usize> = rows.iter().map(|row| row.epoch).collect();
    numbers.sort_unstable();
    numbers.dedup();
    if numbers.is_empty() {
        text.push_str("No epoch has ended.\n\n");
        return;
    }
    let shown = thinned(&numbers, best);
    if shown.len() < numbers.len() {
        let _ = write!(text, "{} of {} epochs; all are in `metrics.jsonl`.\n\n", shown.len(), numbers.len());
    }
    let segmentation = rows.iter().any(|row| row.mean_iou.is_some());
    let head = [
        "epoch",
        "train loss",
        "train accuracy %",
        "valid loss",
        "valid accuracy %",
        if segmentation { "valid mean IoU %" } else { "valid mean class %" },
        "lr",
        "seconds",
    ];
    let lines = shown.into_iter().map(|epoch| {
        let find = |split: &str| rows.iter().rfind(|row| row.epoch == epoch && row.split == split);
        let (train, valid) = (find("train"), find("valid"));
        let loss =
            |row: Option<&EpochMetrics>| row.map_or_else(|| "-".to_owned(), |row| format!("{:.4}", row.loss));
        let lr = train.or(valid).and_then(|row| row.lr);
        let seconds: f64 = train.iter().chain(&valid).map(|row| row.seconds).sum();
        let mark = if Some(epoch) == best { " (best)" } else { "" };
        vec![
            format!("{epoch}{mark}"),
            loss(train),
            percent(train.map(|row| row.accuracy)),
            loss(valid),
            percent(valid.map(|row| row.accuracy)),
            percent(valid.and_then(|row| if segmentation { row.mean_iou } else { row.mean_class_accuracy })),
            lr.map_or_else(|| "-".to_owned(), |lr| format!("{lr:.2e}")),
            format!("{seconds:.1}"),
        ]
    });
    table(text, &head, 0, lines);
}

/// About [`EPOCH_ROWS`] of `epochs`, evenly, with the first, the last and the best among them.
fn thinned(epochs: &[usize], best: Option<usize>) -> Vec<usize> {
    let step = epochs.len().div_ceil(EPOCH_ROWS).max(1);
    let keep =
        |(at, epoch): &(usize, usize)| at % step == 0 || at + 1 == epochs.len() || Some(*epoch) == best;
    epochs.iter().copied().enumerate().filter(keep).map(|(_, epoch)| epoch).collect()
}

/// Appends a Markdown table and an empty line. The first `left` columns are left-aligned, the
/// others right-aligned.
fn table(text: &mut String, head: &[&str], left: usize, rows: impl Iterator<Item = Vec<String>>) {
    let _ = writeln!(text, "| {} |", head.join(" | "));
    let rule = (0..head.len()).map(|column| if column < left { "---" } else { "---:" });
    let _ = writeln!(text, "| {} |", rule.collect::<Vec<_>>().join(" | "));
    for row in rows {
        let cells: Vec<String> = row.iter().map(|cell| cell.replace('|', "\\|").replace('\n', " ")).collect();
        let _ = writeln!(text, "| {} |", cells.join(" | "));
    }
    text.push('\n');
}

fn percent(fraction: Option<f64>) -> String {
    fraction.map_or_else(|| "-".to_owned(), |fraction| format!("{:.1}", 100.0 * fraction))
}

/// Seconds as `1 h 02 min 03 s`, without leading zero parts.
fn duration(seconds: f64) -> String {
    if seconds < 60.0 {
        return format!("{seconds:.1} s");
    }
    let seconds = seconds.round() as u64;
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 {
        format!("{hours} h {minutes:02} min {seconds:02} s")
    } else {
        format!("{minutes} min {seconds:02} s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::{Confusion, Weights};

    fn config() -> Config {
        let text = "name = 'shapes'\nseed = 5\n[data]\nroot = 'datasets/shapes'\n[model]\nkind = 'paper-classifier'\n\
                    [optimizer]\nkind = 'adam'\nlr = 1e-3\n[train]\nepochs = 200\n";
        Config::parse(text, "x.toml", &[]).unwrap()
    }

    fn evaluation() -> Evaluation {
        let mut confusion = Confusion::new(2);
        for (truth, predicted) in [(0, 0), (0, 1), (0, 1), (1, 1)] {
            confusion.record(truth, predicted);
        }
        let names = ["a|b", "cube"].map(str::to_owned);
        Evaluation::classification("test", Weights::Best, &names, &confusion, 0.5)
    }

    fn rows(epochs: usize) -> Vec<EpochMetrics> {
        let row = |epoch: usize, split: &str| EpochMetrics {
            epoch,
            split: split.to_owned(),
            loss: 1.0 / epoch as f64,
            accuracy: 0.5,
            mean_class_accuracy: None,
            mean_iou: None,
            lr: Some(1e-3),
            seconds: 2.0,
        };
        (1..=epochs).flat_map(|epoch| [row(epoch, "train"), row(epoch, "valid")]).collect()
    }

    #[test]
    fn says_what_was_done_and_how_well() {
        let (config, facts) =
            (config(), RunFacts { best_epoch: Some(47), train_seconds: 3723.0, ..RunFacts::default() });
        let (evaluations, epochs) = ([evaluation()], rows(200));
        let report = Report { config: &config, facts: &facts, evaluations: &evaluations, epochs: &epochs };
        let text = markdown(&report).unwrap();
        for line in [
            "# shapes",
            "| test | best | 4 | 50.0 | 66.7 | 0.5000 |",
            "| seed | 5 |",
            "| training time | 1 h 02 min 03 s |",
            "| a\\|b | 3 | 1 | 33.3 | 100.0 | 50.0 |",
            "| a\\|b | cube | 2 of 3 |",
            "| 47 (best) | 0.0213 | 50.0 | 0.0213 | 50.0 | - | 1.00e-3 | 4.0 |",
            "epochs = 200",
        ] {
            assert!(text.lines().any(|found| found == line), "lacks {line}\n{text}");
        }
        // Every table has as many cells in each row as in its head.
        let cells = |line: &str| line.replace("\\|", "").matches('|').count();
        for pair in text.lines().collect::<Vec<_>>().windows(2) {
            if pair.iter().all(|line| line.starts_with('|')) {
                assert_eq!(cells(pair[0]), cells(pair[1]), "{pair:?}");
            }
        }
    }

    #[test]
    fn epochs_are_thinned_but_keep_first_last_and_best() {
        let epochs: Vec<usize> = (1..=200).collect();
        let shown = thinned(&epochs, Some(47));
        assert!(shown.len() <= EPOCH_ROWS + 2, "{shown:?}");
        assert!([1, 47, 200].iter().all(|epoch| shown.contains(epoch)), "{shown:?}");
        assert_eq!(thinned(&epochs[..7], None), epochs[..7]);
        assert!(thinned(&[], None).is_empty());
    }

    #[test]
    fn a_run_without_results_has_a_report() {
        let (config, facts) = (config(), RunFacts::default());
        let report = Report { config: &config, facts: &facts, evaluations: &[], epochs: &[] };
        let text = markdown(&report).unwrap();
        assert!(text.contains("has not been evaluated") && text.contains("No epoch has ended"));
    }
}
