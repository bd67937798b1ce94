//! Small files of other programs, and what a test says of them.

#![allow(dead_code, unreachable_pub)]

use std::path::{Path, PathBuf};

use pointcloud::PointCloud;
use pointcloud::io::{Contents, Reader};

pub fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(name)
}

pub fn open(name: &str) -> Contents {
    Reader::new().open(file(name)).unwrap_or_else(|error| panic!("{error}"))
}

pub fn parse(text: &str, name: &str) -> Contents {
    Reader::new().parse(text.as_bytes(), name).unwrap_or_else(|error| panic!("{text:?}: {error}"))
}

/// Columns by their uses: `intensity=17 colour=255,128,0 label=9 normal=0,0,1` of the first point, in that order.
pub fn first(cloud: &PointCloud) -> String {
    let list = |values: &[f64]| values.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    let mut parts = vec![list(&cloud.point(0))];
    if let Some(normals) = cloud.normals() {
        parts.push(format!("normal={}", list(&normals[0].map(f64::from))));
    }
    if let Some(colors) = cloud.colors() {
        parts.push(format!("colour={}", list(&colors[0].map(f64::from))));
    }
    if let Some(labels) = cloud.labels() {
        parts.push(format!("label={}", labels[0]));
    }
    parts.extend(
        cloud.properties().iter().map(|property| format!("{}={}", property.name, property.values[0])),
    );
    parts.join(" ")
}
