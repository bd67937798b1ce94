//! What is in a folder of labelled scenes.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use pointcloud::io::Reader;
use pointcloud::scene::SceneFolder;
use serde::Serialize;

use train::text::{Align, columns, files as counted};

/// Contents of a folder of labelled scenes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct ScenesInspection {
    /// The folder.
    pub(crate) root: PathBuf,
    /// Names in `classes.txt`; empty without that file.
    pub(crate) classes: Vec<String>,
    /// The splits, sorted by name.
    pub(crate) splits: Vec<SceneSplit>,
    /// What may go wrong in training.
    pub(crate) warnings: Vec<String>,
}

/// Scenes of one split.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct SceneSplit {
    /// Its name.
    pub(crate) name: String,
    /// Its files.
    pub(crate) files: usize,
    /// Points of all of them.
    pub(crate) points: usize,
    /// Points of every label.
    pub(crate) labels: BTreeMap<i32, usize>,
}

impl ScenesInspection {
    /// Reads every scene of `folder`.
    pub(super) fn of(
        folder: &SceneFolder,
        reader: &Reader,
        progress: &(dyn Fn(usize) + Sync),
    ) -> pointcloud::Result<Self> {
        let classes = SceneFolder::class_names(folder.root())?.unwrap_or_default();
        let (mut splits, mut warnings, mut done) = (Vec::new(), Vec::new(), 0);
        if classes.is_empty() {
            warnings.push("no classes.txt: name the classes in scenes.classes".to_owned());
        }
        for wanted in ["train", "test"] {
            if folder.split(wanted).map_or(true, <[_]>::is_empty) {
                warnings.push(format!("no split '{wanted}' with files"));
            }
        }
        for name in folder.splits() {
            let files = folder.split(name)?;
            let mut split =
                SceneSplit { name: name.to_owned(), files: files.len(), points: 0, labels: BTreeMap::new() };
            for path in files {
                match reader.read(path) {
                    Err(error) => warnings.push(error.to_string()),
                    Ok(cloud) => {
                        split.points += cloud.len();
                        if let Err(error) = cloud.check_finite() {
                            warnings.push(format!("{}: {error}", path.display()));
                        }
                        match cloud.labels() {
                            None => {
                                let names: Vec<&str> =
                                    cloud.properties().iter().map(|p| p.name.as_str()).collect();
                                let found =
                                    if names.is_empty() { "none".to_owned() } else { names.join(", ") };
                                warnings.push(format!(
                                    "{}: no labels under a usual name; the other properties are {found}, one of them may be \
                                     scenes.label",
                                    path.display()
                                ));
                            }
                            Some(labels) => {
                                for &label in labels {
                                    *split.labels.entry(label).or_default() += 1;
                                }
                            }
                        }
                    }
                }
                done += 1;
                progress(done);
            }
            for (&label, count) in &split.labels {
                let known = usize::try_from(label).is_ok_and(|label| label < classes.len());
                if !known && !classes.is_empty() {
                    warnings.push(format!(
                        "split '{name}': {count} points have label {label}, which is none of the {} classes; say in \
                         scenes.label_map or scenes.ignore what it is",
                        classes.len()
                    ));
                }
            }
            splits.push(split);
        }
        Ok(Self { root: folder.root().to_owned(), classes, splits, warnings })
    }
}

impl fmt::Display for ScenesInspection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let files: usize = self.splits.iter().map(|split| split.files).sum();
        writeln!(
            f,
            "{}: labelled scenes, {}, {} classes",
            self.root.display(),
            counted(files),
            self.classes.len()
        )?;
        let mut head = vec!["label".to_owned(), "class".to_owned()];
        head.extend(self.splits.iter().map(|split| split.name.clone()));
        let mut labels: Vec<i32> = (0..self.classes.len() as i32).collect();
        labels.extend(self.splits.iter().flat_map(|split| split.labels.keys()));
        labels.sort_unstable();
        labels.dedup();
        let mut rows = vec![head];
        for label in labels {
            let name = usize::try_from(label).ok().and_then(|label| self.classes.get(label));
            let mut row = vec![label.to_string(), name.map_or("?", String::as_str).to_owned()];
            row.extend(
                self.splits.iter().map(|split| split.labels.get(&label).copied().unwrap_or(0).to_string()),
            );
            rows.push(row);
        }
        for (name, count) in
            [("points", (|split| split.points) as fn(&SceneSplit) -> usize), ("files", |split| split.files)]
        {
            let mut row = vec![String::new(), name.to_owned()];
            row.extend(self.splits.iter().map(|split| count(split).to_string()));
            rows.push(row);
        }
        let mut aligns = vec![Align::Right; self.splits.len() + 2];
        aligns[1] = Align::Left;
        for line in columns(&rows, &aligns) {
            writeln!(f, "  {line}")?;
        }
        if self.warnings.is_empty() {
            writeln!(f, "no warnings")?;
        }
        for warning in &self.warnings {
            writeln!(f, "warning: {warning}")?;
        }
        Ok(())
    }
}
