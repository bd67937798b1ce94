//! Labelled scenes as files.

use std::path::Path;

use pointcloud::{PlyFormat, PointCloud, ScalarProperty, ScalarType, write_ply};

use crate::error::RunError;
use crate::segmenter::Votes;

/// Begins the names of properties that made room for a prediction.
const ORIGINAL: &str = "original_";

/// Writes `cloud` with what `votes` say of it, as binary PLY: all its properties, then `label` (the class as a number),
/// `confidence` (its probability, from 0 to 1) and the colour of the class. Labels, colours and a confidence that the cloud has
/// already stay in it, with `original_` before their names.
///
/// # Errors
/// When the file cannot be written.
///
/// # Panics
/// When there is not one vote per point.
pub fn write_labelled(path: &Path, cloud: PointCloud, votes: &Votes) -> Result<(), RunError> {
    assert_eq!(cloud.len(), votes.len(), "write_labelled: points and votes differ in number");
    let mut labelled = PointCloud::new(cloud.positions().to_vec());
    labelled.set_origin(cloud.origin());
    labelled.set_normals(cloud.normals().map(<[[f32; 3]]>::to_vec))?;
    if let (Some(labels), Some(name), Some(scalar_type)) =
        (cloud.labels(), cloud.label_name(), cloud.label_type())
    {
        let values = labels.iter().map(|&label| f64::from(label)).collect();
        keep(&mut labelled, name, scalar_type, values)?;
    }
    for (channel, name) in ["red", "green", "blue"].into_iter().enumerate() {
        if let Some(colors) = cloud.colors() {
            let values = colors.iter().map(|color| f64::from(color[channel])).collect();
            keep(&mut labelled, name, ScalarType::U8, values)?;
        }
    }
    for property in cloud.properties() {
        keep(&mut labelled, &property.name, property.scalar_type, property.values.clone())?;
    }
    drop(cloud);
    let classes: Vec<usize> = (0..votes.len()).map(|point| votes.class(point)).collect();
    labelled.set_labels(Some(classes.iter().map(|&class| class as i32).collect()))?;
    labelled.set_colors(Some(classes.iter().map(|&class| class_color(class)).collect()))?;
    let values = (0..votes.len()).map(|point| f64::from(votes.confidence(point))).collect();
    let (name, scalar_type) = ("confidence".into(), ScalarType::F32);
    labelled.push_property(ScalarProperty { name, scalar_type, values })?;
    Ok(write_ply(path, &labelled, PlyFormat::BinaryLittleEndian)?)
}

/// Keeps a property under its own name, or under the first one with `original_` before it that is free.
fn keep(
    cloud: &mut PointCloud,
    name: &str,
    scalar_type: ScalarType,
    values: Vec<f64>,
) -> pointcloud::Result<()> {
    let mut name = name.to_owned();
    while ["label", "confidence", "red", "green", "blue", "nx", "ny", "nz"].contains(&name.as_str())
        || cloud.property(&name).is_some()
    {
        name.insert_str(0, ORIGINAL);
    }
    cloud.push_property(ScalarProperty { name, scalar_type, values })
}

/// The colour of a class: twenty that are told apart easily (those of Kelly, 1965, without black and white), again and darker
/// after that.
#[must_use]
pub fn class_color(class: usize) -> [u8; 3] {
    const COLORS: [[u8; 3]; 20] = [
        [243, 195, 0],
        [135, 86, 146],
        [243, 132, 0],
        [161, 202, 241],
        [190, 0, 50],
        [194, 178, 128],
        [132, 132, 130],
        [0, 136, 86],
        [230, 143, 172],
        [0, 103, 165],
        [249, 147, 121],
        [96, 78, 151],
        [246, 166, 0],
        [179, 68, 108],
        [220, 211, 0],
        [136, 45, 23],
        [141, 182, 0],
        [101, 69, 34],
        [226, 88, 34],
        [43, 61, 38],
    ];
    let round = (class / COLORS.len()).min(3) as u8;
    COLORS[class % COLORS.len()].map(|channel| channel - round * (channel / 4))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn colours_differ() {
        let colors: HashSet<[u8; 3]> = (0..60).map(class_color).collect();
        assert_eq!(colors.len(), 60);
    }
}
