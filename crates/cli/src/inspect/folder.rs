//! What is in a dataset folder.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

use super::warning::Warning;
use train::text::{Align, columns, files as counted};

/// Contents of a dataset folder.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct FolderInspection {
    /// The folder.
    pub(crate) root: PathBuf,
    /// How the files say which class and split they belong to, such as `<class>/<split>/<file>`.
    pub(crate) layout: &'static str,
    /// Whether the split `test` was drawn, because the layout has no splits.
    pub(crate) drawn: bool,
    /// Names of the classes, sorted; their indices are the class numbers.
    pub(crate) classes: Vec<String>,
    /// The splits, sorted by name.
    pub(crate) splits: Vec<SplitInfo>,
    /// Files of all splits.
    pub(crate) files: usize,
    /// Files with faces, from which any number of points can be drawn.
    pub(crate) meshes: usize,
    /// Points or vertices per readable file; `None` when there is none.
    pub(crate) points: Option<Spread<usize>>,
    /// Distance of the farthest point from the mean of the points, per readable file, in the unit
    /// of the files.
    pub(crate) radius: Option<Spread<f64>>,
    /// What may go wrong in training, and how to fix it.
    pub(crate) warnings: Vec<Warning>,
}

/// Files of one split.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct SplitInfo {
    /// Its name.
    pub(crate) name: String,
    /// Its number of files.
    pub(crate) files: usize,
    /// Number of files by class name, zeros included.
    pub(crate) per_class: BTreeMap<String, usize>,
}

/// Least, middle and greatest of some values.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Spread<T> {
    /// The least.
    pub(crate) min: T,
    /// The middle one, the lower of two.
    pub(crate) median: T,
    /// The greatest.
    pub(crate) max: T,
}

impl<T: Copy + PartialOrd> Spread<T> {
    /// `None` without values. They must be comparable: no NaN.
    pub(super) fn of(values: impl Iterator<Item = T>) -> Option<Self> {
        let mut values: Vec<T> = values.collect();
        values.sort_by(|a, b| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal));
        Some(Self { min: *values.first()?, median: values[(values.len() - 1) / 2], max: *values.last()? })
    }
}

impl fmt::Display for FolderInspection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{}: {} classes, {}, {} of them meshes",
            self.root.display(),
            self.classes.len(),
            counted(self.files),
            self.meshes
        )?;
        write!(f, "layout: {}", self.layout)?;
        writeln!(
            f,
            "{}",
            if self.drawn { ", without splits: test is drawn (data.test_fraction)" } else { "" }
        )?;
        let mut head = vec!["class".to_owned()];
        head.extend(self.splits.iter().map(|split| split.name.clone()));
        let mut rows = vec![head];
        for class in &self.classes {
            let mut row = vec![class.clone()];
            row.extend(
                self.splits.iter().map(|split| split.per_class.get(class).copied().unwrap_or(0).to_string()),
            );
            rows.push(row);
        }
        let mut total = vec!["all".to_owned()];
        total.extend(self.splits.iter().map(|split| split.files.to_string()));
        rows.push(total);
        let mut aligns = vec![Align::Right; self.splits.len() + 1];
        aligns[0] = Align::Left;
        for line in columns(&rows, &aligns) {
            writeln!(f, "  {line}")?;
        }
        if let Some(Spread { min, median, max }) = self.points {
            writeln!(f, "points per file: {min} to {max}, median {median}")?;
        }
        if let Some(Spread { min, median, max }) = self.radius {
            writeln!(f, "radius: {min:.4} to {max:.4}, median {median:.4}")?;
        }
        if self.warnings.is_empty() {
            writeln!(f, "no warnings")?;
        }
        for warning in &self.warnings {
            write!(f, "{warning}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spread_takes_the_lower_middle() {
        assert_eq!(Spread::of([4, 1, 3, 2].into_iter()), Some(Spread { min: 1, median: 2, max: 4 }));
        assert_eq!(Spread::of([0.5].into_iter()), Some(Spread { min: 0.5, median: 0.5, max: 0.5 }));
        assert_eq!(Spread::<usize>::of(std::iter::empty()), None);
    }
}
