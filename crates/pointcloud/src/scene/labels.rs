//! From the numbers of a file to classes.

use std::collections::BTreeMap;
use std::path::Path;

use crate::cloud::PointCloud;
use crate::error::{Error, Malformed, Result};
use crate::names;

/// The label of points that belong to no class: they have no part in training and figures.
pub const IGNORED: i32 = -1;

/// Which number of a file is which class.
#[derive(Clone, Debug, PartialEq)]
pub struct LabelMap {
    /// Name of the property that holds the labels.
    property: String,
    classes: usize,
    classes_from_labels: BTreeMap<i64, i32>,
    /// Names of the classes, for files whose labels are words.
    names: Vec<String>,
}

impl LabelMap {
    /// Labels in `property` that are the classes `0..classes` themselves, except the labels `ignored`.
    #[must_use]
    pub fn identity(property: impl Into<String>, classes: usize, ignored: &[i64]) -> Self {
        let pairs: Vec<(i64, usize)> = (0..classes).map(|class| (class as i64, class)).collect();
        Self::new(property, classes, &pairs, ignored)
    }

    /// Labels in `property` that mean the classes that `pairs` of label and class name; those in `ignored` mean no class, even if
    /// `pairs` have them.
    ///
    /// # Panics
    /// When a class is not below `classes`.
    #[must_use]
    pub fn new(property: impl Into<String>, classes: usize, pairs: &[(i64, usize)], ignored: &[i64]) -> Self {
        let mut map = BTreeMap::new();
        for &(label, class) in pairs {
            assert!(
                class < classes,
                "LabelMap: class {class} for label {label}, expected one below {classes}"
            );
            map.insert(label, class as i32);
        }
        map.extend(ignored.iter().map(|&label| (label, IGNORED)));
        Self { property: property.into(), classes, classes_from_labels: map, names: Vec::new() }
    }

    /// Adds the names of the classes: labels of files that are words mean the class of that name, in any case.
    #[must_use]
    pub fn named(mut self, names: &[String]) -> Self {
        self.names = names.to_vec();
        self
    }

    /// Name of the property that holds the labels.
    #[must_use]
    pub fn property(&self) -> &str {
        &self.property
    }

    /// Number of classes.
    #[must_use]
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// The class of every point, [`IGNORED`] where there is none. The property may have any scalar type; values must be whole.
    /// `None` when `cloud` has no such property.
    ///
    /// # Errors
    /// [`Error::Label`] for the first label that is neither mapped nor ignored; `path` names the file in it.
    pub fn classes_of(&self, cloud: &PointCloud, path: &Path) -> Result<Option<Vec<i32>>> {
        let reserved = cloud.label_name().is_some_and(|name| names::same(name, &self.property));
        if let Some(property) = cloud.property(&self.property)
            && !(reserved && property.name != self.property)
        {
            return self.map(property.values.iter().copied(), path).map(Some);
        }
        if let (true, Some(words), Some(labels)) = (reserved, cloud.label_words(), cloud.labels()) {
            return self.map_words(words, labels, path).map(Some);
        }
        match cloud.labels() {
            Some(labels) if reserved => {
                self.map(labels.iter().map(|&label| f64::from(label)), path).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// As [`classes_of`](Self::classes_of), for files that must have labels.
    ///
    /// # Errors
    /// [`Error::MissingLabel`] if there are no labels, else as [`classes_of`](Self::classes_of).
    pub fn require(&self, cloud: &PointCloud, path: &Path) -> Result<Vec<i32>> {
        self.classes_of(cloud, path)?.ok_or_else(|| {
            let label = cloud.label_name().map(str::to_owned);
            let names: Vec<String> =
                label.into_iter().chain(cloud.properties().iter().map(|p| p.name.clone())).collect();
            Error::MissingLabel {
                path: path.to_owned(),
                expected: self.property.clone(),
                found: if names.is_empty() { "none".into() } else { names.join(", ") },
            }
        })
    }

    fn map_words(&self, words: &[String], labels: &[i32], path: &Path) -> Result<Vec<i32>> {
        let class_of = |word: &String| {
            let class = self.names.iter().position(|name| name.eq_ignore_ascii_case(word));
            class.map(|class| class as i32).ok_or_else(|| {
                let expected = format!("the name of a class, one of {}", self.names.join(", "));
                Malformed::new(path, format!("label '{word}'"), expected).into()
            })
        };
        let classes: Vec<i32> = words.iter().map(class_of).collect::<Result<_>>()?;
        Ok(labels.iter().map(|&label| classes[label as usize]).collect())
    }

    fn map(&self, values: impl Iterator<Item = f64>, path: &Path) -> Result<Vec<i32>> {
        let class = |(row, value): (usize, f64)| {
            // Every whole number of every scalar type is exact here.
            let whole = value.fract() == 0.0 && value.abs() < 9e15;
            let class = if whole { self.classes_from_labels.get(&(value as i64)) } else { None };
            class.copied().ok_or_else(|| Error::Label {
                path: path.to_owned(),
                property: self.property.clone(),
                row,
                found: value,
                expected: self.known(),
            })
        };
        values.enumerate().map(class).collect()
    }

    /// `0 to 12, 255`: the labels that are known, in runs.
    fn known(&self) -> String {
        let labels: Vec<i64> = self.classes_from_labels.keys().copied().collect();
        let runs = labels.chunk_by(|a, b| a + 1 == *b).map(|run| match run {
            [only] => only.to_string(),
            [first, .., last] => format!("{first} to {last}"),
            [] => String::new(),
        });
        runs.collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::Reader;
    use crate::scalar::ScalarProperty;
    use crate::scalar::ScalarType;

    fn cloud(name: &str, scalar_type: ScalarType, values: &[f64]) -> PointCloud {
        let mut cloud = PointCloud::new(vec![[0.0; 3]; values.len()]);
        let values = values.to_vec();
        cloud.push_property(ScalarProperty { name: name.into(), scalar_type, values }).unwrap();
        cloud
    }

    #[test]
    fn maps_and_ignores() {
        let map = LabelMap::new("kind", 3, &[(40, 2), (41, 2), (7, 0)], &[255, -1]);
        for scalar_type in [ScalarType::U8, ScalarType::I32, ScalarType::F32, ScalarType::F64] {
            let cloud = cloud("kind", scalar_type, &[40.0, 255.0, 7.0, 41.0]);
            assert_eq!(map.require(&cloud, Path::new("a.ply")).unwrap(), [2, IGNORED, 0, 2]);
        }
        let other = cloud("sort", ScalarType::U8, &[40.0]);
        assert_eq!(map.classes_of(&other, Path::new("a.ply")).unwrap(), None);
    }

    #[test]
    fn words_mean_the_class_of_that_name() {
        let cloud = Reader::new().parse(b"x,y,z,Class\n1,2,3,Tree\n1,2,3,ground\n", "a.csv").unwrap().cloud;
        let names = ["wall", "ground", "tree"].map(str::to_owned);
        let map = LabelMap::identity("class", 3, &[]).named(&names);
        assert_eq!(map.require(&cloud, Path::new("a.csv")).unwrap(), [2, 1]);
        let other = LabelMap::identity("class", 2, &[]).named(&names[..2]);
        let error = other.require(&cloud, Path::new("a.csv")).unwrap_err().to_string();
        assert_eq!(error, "a.csv: found label 'Tree', expected the name of a class, one of wall, ground");
    }

    #[test]
    fn a_label_out_of_range_names_file_and_row() {
        let map = LabelMap::identity("label", 13, &[255]);
        for (value, shown) in [(13.0, "13"), (0.5, "0.5"), (-1.0, "-1"), (f64::NAN, "NaN")] {
            let error =
                map.require(&cloud("label", ScalarType::F32, &[1.0, 12.0, value]), Path::new("rooms/a.ply"));
            let text = error.unwrap_err().to_string();
            let expected =
                format!("rooms/a.ply: point 2: found 'label' {shown}, expected one of 0 to 12, 255");
            assert!(text.starts_with(&expected), "{text}");
        }
    }

    #[test]
    fn a_missing_property_names_those_that_are_there() {
        let map = LabelMap::identity("class", 2, &[]);
        let error =
            map.require(&cloud("intensity", ScalarType::F32, &[1.0]), Path::new("a.ply")).unwrap_err();
        let text = error.to_string();
        assert!(text.starts_with("a.ply: no label property 'class'; the points have intensity"), "{text}");
    }

    #[test]
    fn labels_are_found_by_the_name_in_the_file() {
        let text = |name: &str, ty: &str, value: &str| {
            format!(
                "ply\nformat ascii 1.0\nelement vertex 2\nproperty float x\nproperty float y\nproperty float z\n\
                 property {ty} {name}\nend_header\n0 0 0 1\n0 0 0 {value}\n"
            )
        };
        for (name, ty) in
            [("label", "uchar"), ("class", "float"), ("scalar_Label", "double"), ("mine", "short")]
        {
            let cloud = Reader::new().parse(text(name, ty, "0").as_bytes(), "a.ply").unwrap().cloud;
            let map = LabelMap::identity(name, 2, &[]);
            assert_eq!(map.require(&cloud, Path::new("a.ply")).unwrap(), [1, 0], "{name}");
            let other = LabelMap::identity("else", 2, &[]);
            assert!(other.require(&cloud, Path::new("a.ply")).is_err(), "{name}");
        }
        // Labels that are not whole stay numbers, and are refused by their row.
        let cloud = Reader::new().parse(text("label", "float", "0.5").as_bytes(), "a.ply").unwrap().cloud;
        let error = LabelMap::identity("label", 2, &[]).require(&cloud, Path::new("a.ply")).unwrap_err();
        assert!(error.to_string().contains("point 1: found 'label' 0.5"), "{error}");
    }
}
