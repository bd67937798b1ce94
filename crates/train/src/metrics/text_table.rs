//! An evaluation as text for the terminal: a row per class, the totals, the confusion matrix.

use std::fmt::Write;

use super::summary::{ClassMetrics, Evaluation};
use crate::network::Task;
use crate::text::{Align, columns, pad, width};

/// Longest class name, in terminal columns, that a row of the confusion matrix shows in full.
const LONGEST_NAME: usize = 16;

impl Evaluation {
    /// A row per class, then the overall and mean figures, in per cent. Ends in a line break.
    #[must_use]
    pub fn table(&self) -> String {
        let is_segmentation = self.task() == Task::Segmentation;
        let counted = if is_segmentation { "points" } else { "files" };
        let mut head = vec!["class", counted, "correct", "accuracy", "precision", "F1"];
        let mut aligns =
            vec![Align::Left, Align::Right, Align::Right, Align::Right, Align::Right, Align::Right];
        if is_segmentation {
            head.push("IoU");
            aligns.push(Align::Right);
        }
        let mut rows = vec![head.into_iter().map(str::to_owned).collect::<Vec<_>>()];
        for class in &self.per_class {
            let mut row = vec![class.name.clone(), class.count.to_string(), class.correct.to_string()];
            row.extend([class.accuracy, class.precision, class.f1].map(percent));
            if is_segmentation {
                row.push(class.iou_text());
            }
            rows.push(row);
        }
        let lines = columns(&rows, &aligns);
        let rule = "-".repeat(lines.iter().map(|line| width(line)).max().unwrap_or(0));

        let mut totals: Vec<(&str, String)> =
            self.values.iter().map(|(metric, value)| (metric.label, percent(value))).collect();
        totals.push(("loss", self.loss.map_or_else(|| "-".to_owned(), |loss| format!("{loss:.4}"))));
        let total_rows: Vec<Vec<String>> =
            totals.into_iter().map(|(name, value)| vec![name.to_owned(), value]).collect();

        let mut text = String::new();
        for (at, line) in lines.iter().enumerate() {
            let _ = writeln!(text, "{line}");
            if at == 0 {
                let _ = writeln!(text, "{rule}");
            }
        }
        let _ = writeln!(text, "{rule}");
        for line in columns(&total_rows, &[Align::Left, Align::Right]) {
            let _ = writeln!(text, "{line}");
        }
        let _ = writeln!(
            text,
            "split {}, {} weights, {} {}{}",
            self.split,
            self.weights.name(),
            self.files_seen,
            if self.files_seen == 1 { "file" } else { "files" },
            self.votes.map_or_else(String::new, |votes| format!(", with {votes} votes"))
        );
        text
    }

    /// The confusion matrix: a row per true class, with its number and name, a column per predicted
    /// class, headed by its number. Zeros are dots, so that the mistakes are easy to see. Ends in a line
    /// break.
    #[must_use]
    pub fn confusion_table(&self) -> String {
        let classes = self.classes.len();
        let digits = |number: u64| number.to_string().len();
        let number_width = digits(classes.saturating_sub(1) as u64);
        let largest = self.confusion.iter().flatten().copied().max().unwrap_or(0);
        let cell_width = digits(largest).max(number_width);
        let names: Vec<String> = self.classes.iter().map(|name| shorten(name, LONGEST_NAME)).collect();
        let name_width = names.iter().map(|name| width(name)).max().unwrap_or(0).max("truth".len());

        let mut text = format!("{} {}", " ".repeat(number_width), pad("truth", name_width, Align::Left));
        for class in 0..classes {
            let _ = write!(text, " {}", pad(&class.to_string(), cell_width, Align::Right));
        }
        text.push('\n');
        for (class, (name, row)) in names.iter().zip(&self.confusion).enumerate() {
            let number = pad(&class.to_string(), number_width, Align::Right);
            let _ = write!(text, "{number} {}", pad(name, name_width, Align::Left));
            for &count in row {
                let cell = if count == 0 { ".".to_owned() } else { count.to_string() };
                let _ = write!(text, " {}", pad(&cell, cell_width, Align::Right));
            }
            text.push('\n');
        }
        text
    }
}

impl ClassMetrics {
    /// The intersection over union in per cent, or that the class is absent.
    pub(crate) fn iou_text(&self) -> String {
        if self.count == 0 { "absent".to_owned() } else { percent(self.iou) }
    }
}

/// A fraction in per cent with one decimal, or a dash where it is not defined.
fn percent(fraction: Option<f64>) -> String {
    fraction.map_or_else(|| "-".to_owned(), |fraction| format!("{:.1}", 100.0 * fraction))
}

/// `name` in at most `columns` terminal columns, with an ellipsis where it is cut.
fn shorten(name: &str, columns: usize) -> String {
    if width(name) <= columns {
        return name.to_owned();
    }
    let mut short = String::new();
    for character in name.chars() {
        short.push(character);
        if width(&short) + 1 > columns {
            short.pop();
            break;
        }
    }
    short + "…"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::{Confusion, Weights};

    fn evaluation(names: &[&str]) -> Evaluation {
        let mut confusion = Confusion::new(names.len());
        for class in 0..names.len() {
            for _ in 0..=class {
                confusion.record(class, class);
            }
        }
        confusion.record(0, names.len() - 1);
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        Evaluation::new(
            Task::Classification,
            "test",
            Weights::Best,
            &names,
            &confusion,
            0.5,
            confusion.total() as usize,
        )
    }

    #[test]
    fn the_table_by_eye() {
        let expected = "\
class  files  correct  accuracy  precision     F1
------------------------------------------------
椅子       2        1      50.0      100.0   66.7
bed        2        2     100.0       66.7   80.0
------------------------------------------------
overall accuracy     75.0
mean class accuracy  75.0
loss                 0.5000
split test, best weights, 4 files
";
        let table = evaluation(&["椅子", "bed"]).table();
        // The last column of the totals is right-aligned: compare without the runs of spaces there.
        let squeeze = |text: &str| {
            text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect::<Vec<_>>()
        };
        assert_eq!(squeeze(&table), squeeze(expected));
        let rows: Vec<usize> = table.lines().take(4).map(width).collect();
        assert!(rows.iter().all(|&columns| columns == rows[0]), "{table}");
    }

    #[test]
    fn an_absent_class_has_dashes() {
        let names = ["a".to_owned(), "b".to_owned()];
        let mut confusion = Confusion::new(2);
        confusion.record(0, 0);
        let table =
            Evaluation::new(Task::Classification, "test", Weights::Last, &names, &confusion, f64::NAN, 1)
                .table();
        let row: Vec<&str> = table.lines().nth(3).unwrap().split_whitespace().collect();
        assert_eq!(row, ["b", "0", "0", "-", "-", "-"]);
        // In segmentation it says so, and stays out of the mean.
        let segmentation =
            Evaluation::new(Task::Segmentation, "test", Weights::Last, &names, &confusion, 0.5, 1);
        assert_eq!(segmentation.values.get("mean_iou"), Some(1.0));
        let table = segmentation.table();
        let row: Vec<&str> = table.lines().nth(3).unwrap().split_whitespace().collect();
        assert_eq!(row, ["b", "0", "0", "-", "-", "-", "absent"]);
    }

    #[test]
    fn the_matrix_of_forty_classes_fits_and_lines_up() {
        let names: Vec<String> = (0..40).map(|class| format!("class_with_a_long_name_{class}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let text = evaluation(&names).confusion_table();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 41);
        assert!(lines.iter().all(|line| width(line) == width(lines[0]) && width(line) <= 140), "{text}");
        // Class 0: one right, one taken for class 39, the rest zeros.
        let cells: Vec<&str> = lines[1].split_whitespace().skip(2).collect();
        assert_eq!((cells[0], cells[1], cells[39]), ("1", ".", "1"));
        assert_eq!(cells.iter().filter(|cell| **cell == ".").count(), 38);
    }

    #[test]
    fn names_are_cut_by_columns_not_bytes() {
        assert_eq!(shorten("abcdef", 6), "abcdef");
        assert_eq!(shorten("abcdefg", 6), "abcde…");
        assert_eq!(width(&shorten("椅子椅子椅子", 6)), 5);
    }
}
