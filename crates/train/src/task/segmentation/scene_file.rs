//! The columns of labelled scenes in files.

use pointcloud::{PointCloud, ScalarProperty, ScalarType};

use super::Votes;
use crate::error::RunError;

/// The prefix for existing properties whose names the prediction uses.
const ORIGINAL: &str = "original_";

/// The colour of points without a label.
const REJECTED_COLOR: [u8; 3] = [0, 0, 0];

/// Numbers of a LAS file for points without a label, of which the first is taken that no class has: unclassified, never classified, and
/// the largest ones that 5 and 8 bits hold.
const REJECTED_CODES: [i32; 4] = [1, 0, 31, 255];

/// The numbers that the classes have in LAS files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassCodes {
    of_class: Vec<i32>,
    rejected: i32,
}

impl ClassCodes {
    /// The first number in `label_map` that means the class, see `scenes.label_map`; its position among `classes` where there is none.
    pub(super) fn new(classes: &[String], label_map: &[(i64, String)]) -> Self {
        let named = |class: &String| {
            let mut numbers = label_map.iter().filter(|(_, name)| name == class);
            numbers.find_map(|(number, _)| i32::try_from(*number).ok())
        };
        let of_class: Vec<i32> =
            (0..).zip(classes).map(|(index, class)| named(class).unwrap_or(index)).collect();
        let mut free = REJECTED_CODES.into_iter().chain(2..).filter(|code| !of_class.contains(code));
        let rejected = free.next().unwrap_or_default();
        Self { of_class, rejected }
    }

    /// The number of a class.
    ///
    /// # Panics
    /// When there is no such class.
    #[must_use]
    pub fn of_class(&self, class: usize) -> i32 {
        self.of_class[class]
    }

    /// The number of points without a label.
    #[must_use]
    pub fn rejected(&self) -> i32 {
        self.rejected
    }

    fn scalar_type(&self) -> ScalarType {
        let fits = self.of_class.iter().chain([&self.rejected]).all(|code| u8::try_from(*code).is_ok());
        if fits { ScalarType::U8 } else { ScalarType::I32 }
    }

    fn of_label(&self, label: i32) -> i32 {
        usize::try_from(label).map_or(self.rejected, |class| self.of_class[class])
    }
}

/// How the votes for a scene become columns of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LabelColumns {
    /// As [`labelled`] says.
    Own,
    /// The classes become the classification of a LAS file, and nothing else changes.
    Classification(ClassCodes),
    /// The classes become a further dimension of this name, and their probabilities one whose name ends in `_confidence`. Nothing
    /// else changes.
    Dimension(String, ClassCodes),
}

impl LabelColumns {
    /// `cloud`, whose points have the votes from `first` on, with these columns.
    pub(super) fn added(
        &self,
        mut cloud: PointCloud,
        votes: &Votes,
        first: usize,
    ) -> pointcloud::Result<PointCloud> {
        let points = first..first + cloud.len();
        let labels = points.clone().map(|point| votes.label(point));
        let confidence = || points.clone().map(|point| f64::from(votes.confidence(point))).collect();
        match self {
            Self::Own => {
                rename_taken(&mut cloud)?;
                let labels: Vec<i32> = labels.collect();
                let color = |&label: &i32| usize::try_from(label).map_or(REJECTED_COLOR, class_color);
                cloud.set_colors(Some(labels.iter().map(color).collect()))?;
                cloud.set_labels(Some(labels))?;
                push(&mut cloud, CONFIDENCE.to_owned(), ScalarType::F32, confidence())?;
            }
            Self::Classification(codes) => {
                let labels = labels.map(|label| codes.of_label(label)).collect();
                cloud.set_classification(labels)?;
            }
            Self::Dimension(name, codes) => {
                let values = labels.map(|label| f64::from(codes.of_label(label))).collect();
                push(&mut cloud, name.clone(), codes.scalar_type(), values)?;
                push(&mut cloud, format!("{name}_{CONFIDENCE}"), ScalarType::F32, confidence())?;
            }
        }
        Ok(cloud)
    }
}

/// The name of the column with the probability of the class.
const CONFIDENCE: &str = "confidence";

/// `cloud` with its `votes`: all its columns, then `label` (the class as a number, -1 and
/// black if the confidence is below [`Votes::reject_below`]), `confidence` (its probability, from 0 to 1) and the colour of the
/// class. If the cloud already has labels, colours or a confidence, they are kept under names that begin with `original_`.
///
/// # Errors
/// When the properties do not fit the cloud.
///
/// # Panics
/// When there is not one vote per point.
pub fn labelled(cloud: PointCloud, votes: &Votes) -> Result<PointCloud, RunError> {
    assert_eq!(cloud.len(), votes.len(), "labelled: points and votes differ in number");
    Ok(LabelColumns::Own.added(cloud, votes, 0)?)
}

/// Gives labels, colours and properties with names of [`LabelColumns::Own`] names that begin with `original_`.
fn rename_taken(cloud: &mut PointCloud) -> pointcloud::Result<()> {
    let mut columns: Vec<ScalarProperty> = cloud.take_labels().into_iter().collect();
    for (channel, name) in ["red", "green", "blue"].into_iter().enumerate() {
        if let Some((scalar_type, colors)) = cloud.stored_colors() {
            let values = colors.iter().map(|color| f64::from(color[channel])).collect();
            columns.push(ScalarProperty { name: name.to_owned(), scalar_type, values });
        } else if let Some(colors) = cloud.colors() {
            let values = colors.iter().map(|color| f64::from(color[channel])).collect();
            columns.push(ScalarProperty { name: name.to_owned(), scalar_type: ScalarType::U8, values });
        }
    }
    cloud.set_colors(None)?;
    let names: Vec<String> = cloud.properties().iter().map(|property| property.name.clone()).collect();
    columns.extend(names.iter().filter_map(|name| cloud.remove_property(name)));
    for mut column in columns {
        let name = &mut column.name;
        while ["label", CONFIDENCE, "red", "green", "blue", "nx", "ny", "nz"].contains(&name.as_str())
            || cloud.property(name).is_some()
        {
            name.insert_str(0, ORIGINAL);
        }
        cloud.push_property(column)?;
    }
    Ok(())
}

fn push(
    cloud: &mut PointCloud,
    name: String,
    scalar_type: ScalarType,
    values: Vec<f64>,
) -> pointcloud::Result<()> {
    cloud.push_property(ScalarProperty { name, scalar_type, values })
}

/// The colour of a class, the same in files and in the report. The first seven are those of Okabe and Ito, which everyone can
/// tell apart, including people with colour blindness. Then come those of the palettes `muted` and `safe` (Tol, CARTO) that
/// differ from them. After these nineteen, the colours repeat in darker shades.
#[must_use]
pub fn class_color(class: usize) -> [u8; 3] {
    const COLORS: [[u8; 3]; 19] = [
        [230, 159, 0],
        [86, 180, 233],
        [0, 158, 115],
        [240, 228, 66],
        [0, 114, 178],
        [213, 94, 0],
        [204, 121, 167],
        [170, 68, 153],
        [153, 153, 51],
        [221, 204, 119],
        [136, 34, 85],
        [17, 119, 51],
        [68, 170, 153],
        [204, 102, 119],
        [102, 153, 204],
        [51, 34, 136],
        [102, 17, 0],
        [136, 204, 238],
        [136, 136, 136],
    ];
    let round = (class / COLORS.len()).min(3) as u8;
    COLORS[class % COLORS.len()].map(|channel| channel - round * (channel / 4))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn codes_are_the_first_numbers_of_the_label_map() {
        let classes = ["ground", "plant", "building"].map(str::to_owned);
        let codes = |pairs: &[(i64, &str)]| {
            let pairs: Vec<_> = pairs.iter().map(|&(number, name)| (number, name.to_owned())).collect();
            let codes = ClassCodes::new(&classes, &pairs);
            ((0..3).map(|class| codes.of_class(class)).collect::<Vec<_>>(), codes.rejected())
        };
        assert_eq!(codes(&[]), (vec![0, 1, 2], 31));
        let map = [(2, "ground"), (5, "plant"), (3, "plant"), (6, "building")];
        assert_eq!(codes(&map), (vec![2, 5, 6], 1));
        assert_eq!(codes(&[(1, "ground"), (0, "plant"), (31, "building")]), (vec![1, 0, 31], 255));
        assert_eq!(codes(&[(i64::MAX, "ground")]), (vec![0, 1, 2], 31));
    }

    #[test]
    fn colours_differ() {
        let colors: HashSet<[u8; 3]> = (0..60).map(class_color).collect();
        assert_eq!(colors.len(), 60);
    }
}
