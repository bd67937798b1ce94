//! What is in an HDF5 file: all its clouds together, and every array as an element.

use super::arrays::{Source as Arrays, listed};
use super::clouds::Hdf5Clouds;
use crate::error::Result;
use crate::io::columns::column_types;
use crate::io::contents::Source;
use crate::io::summary::{Element, Summary};

/// Name of the format.
pub(super) const NAME: &str = "hdf5";

pub(super) fn inspect(source: &Source<'_>) -> Result<Summary> {
    let arrays = listed(Arrays::of_bytes(source.path, source.bytes)?);
    let clouds = Hdf5Clouds::parse(source.bytes, source.path)?;
    let elements = arrays.into_iter().map(|array| {
        let of_one = format!("{} {:?}", array.kind, array.shape.get(1..).unwrap_or_default());
        Element::new(&array.name, array.shape.first().copied().unwrap_or(1), vec![of_one])
    });
    let mut summary = Summary {
        format: NAME.to_owned(),
        points: clouds.len() * clouds.points(),
        elements: elements.collect(),
        comments: vec![format!("{} clouds of {} points", clouds.len(), clouds.points())],
        ..Summary::default()
    };
    if let Some(classes) = clouds.classes() {
        let (least, most) = (classes.iter().min(), classes.iter().max());
        let range = least.zip(most).map(|(least, most)| format!("classes {least} to {most}, by cloud"));
        summary.comments.extend(range);
    }
    for index in 0..clouds.len() {
        let cloud = clouds.cloud(index)?;
        if summary.properties.is_empty() && !cloud.is_empty() {
            summary.properties = column_types(&cloud).iter().map(|&(name, _)| name.to_owned()).collect();
        }
        summary.add_points(&cloud);
    }
    Ok(summary)
}
