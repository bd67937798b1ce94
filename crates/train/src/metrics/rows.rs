//! The metrics: one row of a table each, which the files, the tables on the terminal, TensorBoard and the report read.

use serde::de::{MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserializer, Serialize, Serializer};

use super::{Confusion, Reliability};
use crate::network::Task;

/// A figure of predictions, a share in `[0, 1]`.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Metric {
    /// Its key in `evaluation.json`.
    pub name: &'static str,
    /// Its key in `metrics.jsonl`, and behind `epoch/` in TensorBoard.
    pub epoch_name: &'static str,
    /// What tables call it.
    pub label: &'static str,
    /// What the line of an epoch and the curves call it.
    pub short_label: &'static str,
    /// Whether the best epoch is chosen by it: by the last such row of the task.
    pub chooses: bool,
    /// Whether a lower value is the better one.
    pub lower_is_better: bool,
    /// The only task that has it; `None` for all.
    #[serde(skip)]
    pub task: Option<Task>,
    /// Computes it; `None` where it is not defined.
    #[serde(skip)]
    pub of: Figure,
}

/// What a metric is computed from.
#[derive(Clone, Copy, Debug)]
pub enum Figure {
    /// The confusion matrix, during training as well.
    Confusion(fn(&Confusion) -> Option<f64>),
    /// The confidences of an evaluation.
    Reliability(fn(&Reliability) -> Option<f64>),
}

/// All metrics, in the order in which they are written.
pub const METRICS: [Metric; 4] = [
    Metric {
        name: "overall_accuracy",
        epoch_name: "accuracy",
        label: "overall accuracy",
        short_label: "accuracy",
        chooses: true,
        lower_is_better: false,
        task: None,
        of: Figure::Confusion(Confusion::overall_accuracy),
    },
    Metric {
        name: "mean_class_accuracy",
        epoch_name: "mean_class_accuracy",
        label: "mean class accuracy",
        short_label: "mean class accuracy",
        chooses: false,
        lower_is_better: false,
        task: None,
        of: Figure::Confusion(Confusion::mean_class_accuracy),
    },
    Metric {
        name: "mean_iou",
        epoch_name: "mean_iou",
        label: "mean IoU",
        short_label: "mean IoU",
        chooses: true,
        lower_is_better: false,
        task: Some(Task::Segmentation),
        of: Figure::Confusion(Confusion::mean_iou),
    },
    Metric {
        name: "calibration_error",
        epoch_name: "calibration_error",
        label: "calibration error",
        short_label: "calibration error",
        chooses: false,
        lower_is_better: true,
        task: None,
        of: Figure::Reliability(Reliability::calibration_error),
    },
];

impl Metric {
    /// The metrics of a task.
    pub fn of_task(task: Task) -> impl Iterator<Item = &'static Self> {
        METRICS.iter().filter(move |metric| metric.task.is_none_or(|only| only == task))
    }

    fn known(key: impl Fn(&Self) -> bool) -> Option<&'static Self> {
        METRICS.iter().find(|metric| key(metric))
    }
}

/// The values of the metrics of one task.
///
/// A metric that only one task has is left out where it is not defined; the others are then `None`.
#[derive(Clone, Debug, Default)]
pub struct Values(Vec<(&'static Metric, Option<f64>)>);

impl PartialEq for Values {
    fn eq(&self, other: &Self) -> bool {
        let plain = |values: &Self| -> Vec<(&str, Option<f64>)> {
            values.0.iter().map(|(metric, value)| (metric.name, *value)).collect()
        };
        plain(self) == plain(other)
    }
}

impl Values {
    /// The values of the metrics of `task` for a confusion matrix.
    #[must_use]
    pub fn of(task: Task, confusion: &Confusion) -> Self {
        let value = |metric: &'static Metric| match metric.of {
            Figure::Confusion(of) => Some((metric, of(confusion))),
            Figure::Reliability(_) => None,
        };
        let values = Metric::of_task(task).filter_map(value);
        Self(values.filter(|(metric, value)| metric.task.is_none() || value.is_some()).collect())
    }

    /// These values and those of the metrics of confidences.
    #[must_use]
    pub(crate) fn with_reliability(mut self, reliability: &Reliability) -> Self {
        self.0.extend(METRICS.iter().filter_map(|metric| match metric.of {
            Figure::Confusion(_) => None,
            Figure::Reliability(of) => Some((metric, of(reliability))),
        }));
        self
    }

    /// The metrics with their values, in the order of the table.
    pub fn iter(&self) -> impl Iterator<Item = (&'static Metric, Option<f64>)> {
        self.0.iter().copied()
    }

    /// The value of the metric `name`, as `evaluation.json` calls it; `None` where it is not defined or not there.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<f64> {
        self.0.iter().find(|(metric, _)| metric.name == name).and_then(|(_, value)| *value)
    }

    /// The task whose own metrics are among the values: segmentation, or else classification.
    #[must_use]
    pub fn task(&self) -> Task {
        self.0.iter().find_map(|(metric, _)| metric.task).unwrap_or(Task::Classification)
    }

    /// The value that epochs are chosen by; 0 where there is none.
    #[must_use]
    pub fn score(&self) -> f64 {
        let chooses = |&&(metric, value): &&(&Metric, Option<f64>)| metric.chooses && value.is_some();
        self.0.iter().rev().find(chooses).and_then(|(_, value)| *value).unwrap_or(0.0)
    }

    /// The metrics of all tasks, none of which is defined.
    pub(crate) fn undefined() -> Self {
        Self(
            METRICS
                .iter()
                .filter(|metric| metric.task.is_none() && metric.chooses)
                .map(|metric| (metric, None))
                .collect(),
        )
    }

    /// The values that epochs are chosen by.
    pub(crate) fn choosing(&self) -> Self {
        Self(self.0.iter().filter(|(metric, _)| metric.chooses).copied().collect())
    }
}

/// The keys of `evaluation.json`, for `#[serde(with)]` beside `flatten`.
pub(crate) mod named {
    use super::{Deserializer, Metric, Serializer, Values, read, write};

    pub(crate) fn serialize<S: Serializer>(values: &Values, serializer: S) -> Result<S::Ok, S::Error> {
        write(values, |metric| metric.name.to_owned(), serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Values, D::Error> {
        read(deserializer, |key| Metric::known(|metric| metric.name == key))
    }
}

/// The keys of `metrics.jsonl`.
pub(crate) mod epoch_named {
    use super::{Deserializer, Metric, Serializer, Values, read, write};

    pub(crate) fn serialize<S: Serializer>(values: &Values, serializer: S) -> Result<S::Ok, S::Error> {
        write(values, |metric| metric.epoch_name.to_owned(), serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Values, D::Error> {
        read(deserializer, |key| Metric::known(|metric| metric.epoch_name == key))
    }
}

/// The keys of `manifest.json`: those of `metrics.jsonl` with `validation_` before them.
pub(crate) mod validation_named {
    use super::{Deserializer, Metric, Serializer, Values, read, write};

    const PREFIX: &str = "validation_";

    pub(crate) fn serialize<S: Serializer>(values: &Values, serializer: S) -> Result<S::Ok, S::Error> {
        write(values, |metric| format!("{PREFIX}{}", metric.epoch_name), serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Values, D::Error> {
        read(deserializer, |key| {
            let name = key.strip_prefix(PREFIX)?;
            Metric::known(|metric| metric.epoch_name == name)
        })
    }
}

fn write<S: Serializer>(
    values: &Values,
    key: impl Fn(&Metric) -> String,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(values.0.len()))?;
    for (metric, value) in &values.0 {
        map.serialize_entry(&key(metric), value)?;
    }
    map.end()
}

fn read<'de, D: Deserializer<'de>>(
    deserializer: D,
    metric: impl Fn(&str) -> Option<&'static Metric>,
) -> Result<Values, D::Error> {
    struct Entries<F>(F);
    impl<'de, F: Fn(&str) -> Option<&'static Metric>> Visitor<'de> for Entries<F> {
        type Value = Vec<(&'static Metric, Option<f64>)>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("metrics by name")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut values = Vec::new();
            while let Some(key) = map.next_key::<String>()? {
                match (self.0)(&key) {
                    Some(metric)
                        if values.iter().any(|(known, _): &(&Metric, _)| known.name == metric.name) =>
                    {
                        return Err(serde::de::Error::custom(format_args!(
                            "found {key} twice, expected it once"
                        )));
                    }
                    Some(metric) => values.push((metric, map.next_value()?)),
                    None => drop(map.next_value::<serde::de::IgnoredAny>()?),
                }
            }
            Ok(values)
        }
    }
    let mut values = deserializer.deserialize_map(Entries(metric))?;
    let position = |metric: &Metric| METRICS.iter().position(|other| other.name == metric.name);
    values.sort_by_key(|(metric, _)| position(metric));
    Ok(Values(values))
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Row {
        split: String,
        #[serde(flatten, with = "epoch_named")]
        values: Values,
        seconds: f64,
    }

    #[test]
    fn values_are_written_among_other_keys_and_read_back() {
        let mut confusion = Confusion::new(2);
        confusion.record(0, 0);
        confusion.record(1, 0);
        let row = |task| Row { split: "train".into(), values: Values::of(task, &confusion), seconds: 1.0 };
        let text = serde_json::to_string(&row(Task::Segmentation)).unwrap();
        let expected =
            r#"{"split":"train","accuracy":0.5,"mean_class_accuracy":0.5,"mean_iou":0.25,"seconds":1.0}"#;
        assert_eq!(text, expected);
        for task in [Task::Classification, Task::Segmentation] {
            let text = serde_json::to_string(&row(task)).unwrap();
            assert_eq!(serde_json::from_str::<Row>(&text).unwrap(), row(task), "{text}");
            assert_eq!(row(task).values.task(), task);
        }
    }

    #[test]
    fn a_metric_that_is_given_twice_is_refused() {
        let row =
            r#"{"split":"train","accuracy":0.5,"mean_class_accuracy":0.5,"accuracy":0.25,"seconds":1.0}"#;
        let error = serde_json::from_str::<Row>(row).unwrap_err().to_string();
        assert!(error.contains("found accuracy twice, expected it once"), "{error}");
    }

    #[test]
    fn epochs_are_chosen_by_the_last_choosing_metric_of_the_task() {
        let mut confusion = Confusion::new(2);
        confusion.record(0, 0);
        confusion.record(1, 0);
        assert_eq!(Values::of(Task::Classification, &confusion).score(), 0.5);
        assert_eq!(Values::of(Task::Segmentation, &confusion).score(), 0.25);
        assert_eq!(Values::of(Task::Segmentation, &Confusion::new(2)).score(), 0.0);
    }

    #[test]
    fn names_are_unique() {
        for (index, metric) in METRICS.iter().enumerate() {
            let others = &METRICS[..index];
            assert!(others.iter().all(|other| other.name != metric.name));
            assert!(others.iter().all(|other| other.epoch_name != metric.epoch_name));
        }
    }
}
