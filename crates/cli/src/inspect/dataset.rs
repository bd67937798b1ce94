//! Looks at a dataset folder: reads every file, then says what may go wrong.

use std::path::Path;

use pointcloud::dataset::{FolderDataset, FolderOptions};
use pointcloud::io::Reader;

use super::folder::{FolderInspection, SplitInfo, Spread};
use super::ignored::ignored;
use super::survey::{Surveyed, survey};
use super::warnings::warnings;

/// Reads every file of the dataset at `root`.
pub(super) fn inspect_folder(
    root: &Path,
    points: usize,
    reader: &Reader,
    options: &FolderOptions,
    progress: &(dyn Fn(usize) + Sync),
) -> pointcloud::Result<FolderInspection> {
    let dataset = FolderDataset::open_with(root, options)?;
    let files = survey(&dataset, reader, progress)?;
    let classes = dataset.classes().to_vec();
    let splits = dataset.splits().map(|split| split_info(split, &classes, &files)).collect();
    let shapes = || files.iter().filter_map(|file| file.shape.as_ref().ok());
    let mut inspection = FolderInspection {
        root: root.to_owned(),
        layout: dataset.layout().pattern(),
        drawn: dataset.drawn_test_files().is_some(),
        splits,
        classes,
        files: files.len(),
        meshes: shapes().filter(|shape| shape.is_mesh).count(),
        points: Spread::of(shapes().map(|shape| shape.points)),
        radius: Spread::of(shapes().filter_map(|shape| shape.radius)),
        warnings: Vec::new(),
    };
    inspection.warnings = warnings(&inspection, &dataset, &files, points);
    inspection.warnings.extend(ignored(root, &inspection.classes, dataset.layout(), &files)?);
    Ok(inspection)
}

fn split_info(split: &str, classes: &[String], files: &[Surveyed]) -> SplitInfo {
    let mut counts = vec![0; classes.len()];
    for file in files.iter().filter(|file| file.split == split) {
        counts[file.class] += 1;
    }
    SplitInfo {
        name: split.to_owned(),
        files: counts.iter().sum(),
        per_class: classes.iter().cloned().zip(counts).collect(),
    }
}
