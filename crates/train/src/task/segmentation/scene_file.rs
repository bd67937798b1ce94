//! Writes labelled scenes as files.

use std::path::Path;

use pointcloud::io::{PlyFormat, write_ply};
use pointcloud::{PointCloud, ScalarProperty, ScalarType};

use super::Votes;
use crate::error::RunError;

/// The prefix for existing properties whose names the prediction uses.
const ORIGINAL: &str = "original_";

/// The colour of points without a label.
const REJECTED_COLOR: [u8; 3] = [0, 0, 0];

/// Writes `cloud` with its `votes` as binary PLY: all its properties, then `label` (the class as a number, -1 and
/// black if the confidence is below [`Votes::reject_below`]), `confidence` (its probability, from 0 to 1) and the colour of the
/// class. If the cloud already has labels, colours or a confidence, they are kept under names that begin with `original_`.
///
/// # Errors
/// When the file cannot be written.
///
/// # Panics
/// When there is not one vote per point.
pub fn write_labelled(path: &Path, cloud: PointCloud, votes: &Votes) -> Result<(), RunError> {
    assert_eq!(cloud.len(), votes.len(), "write_labelled: points and votes differ in number");
    let mut labelled = cloud.bare();
    labelled.set_normals(cloud.normals().map(<[[f32; 3]]>::to_vec))?;
    if let (Some(labels), Some(name), Some(scalar_type)) =
        (cloud.labels(), cloud.label_name(), cloud.label_type())
    {
        let values = labels.iter().map(|&label| f64::from(label)).collect();
        add_property(&mut labelled, name, scalar_type, values)?;
    }
    for (channel, name) in ["red", "green", "blue"].into_iter().enumerate() {
        if let Some(colors) = cloud.colors() {
            let values = colors.iter().map(|color| f64::from(color[channel])).collect();
            add_property(&mut labelled, name, ScalarType::U8, values)?;
        }
    }
    for property in cloud.properties() {
        add_property(&mut labelled, &property.name, property.scalar_type, property.values.clone())?;
    }
    drop(cloud);
    let labels: Vec<i32> = (0..votes.len()).map(|point| votes.label(point)).collect();
    let color = |&label: &i32| usize::try_from(label).map_or(REJECTED_COLOR, class_color);
    labelled.set_colors(Some(labels.iter().map(color).collect()))?;
    labelled.set_labels(Some(labels))?;
    let values = (0..votes.len()).map(|point| f64::from(votes.confidence(point))).collect();
    let (name, scalar_type) = ("confidence".into(), ScalarType::F32);
    labelled.push_property(ScalarProperty { name, scalar_type, values })?;
    Ok(write_ply(path, &labelled, PlyFormat::BinaryLittleEndian)?)
}

/// Adds a property under its own name. If the name is taken, adds the prefix `original_` until it is free.
fn add_property(
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
    fn colours_differ() {
        let colors: HashSet<[u8; 3]> = (0..60).map(class_color).collect();
        assert_eq!(colors.len(), 60);
    }
}
