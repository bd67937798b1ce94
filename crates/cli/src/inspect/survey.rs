//! Every file of a dataset read once, for its size, its extent and its content.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use pointcloud::dataset::{FolderDataset, Sample};
use pointcloud::io::Reader;
use pointcloud::transform::Normalizer;
use rayon::prelude::*;

/// One file of a dataset.
#[derive(Debug)]
pub(super) struct Surveyed {
    pub(super) path: PathBuf,
    pub(super) split: String,
    pub(super) class: usize,
    /// What is in it, or why it cannot be read.
    pub(super) shape: Result<Shape, String>,
    /// Length in bytes and hash of the content; `None` when it cannot be read.
    pub(super) content: Option<(usize, u64)>,
}

/// Size and extent of one file.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Shape {
    /// Points or vertices.
    pub(super) points: usize,
    /// Whether it has faces, from which any number of points can be drawn.
    pub(super) is_mesh: bool,
    /// Points with a coordinate that is not finite.
    pub(super) non_finite: usize,
    /// Distance of the farthest point from the mean, which normalising divides by; `None` without
    /// finite points.
    pub(super) radius: Option<f64>,
}

/// Reads all files of `dataset`, in the order of splits, classes and names.
pub(super) fn survey(
    dataset: &FolderDataset,
    reader: &Reader,
    progress: &(dyn Fn(usize) + Sync),
) -> pointcloud::Result<Vec<Surveyed>> {
    let mut files: Vec<(String, &Sample)> = Vec::new();
    for split in dataset.splits() {
        files.extend(dataset.split(split)?.iter().map(|sample| (split.to_owned(), sample)));
    }
    let done = AtomicUsize::new(0);
    Ok(files
        .into_par_iter()
        .map(|(split, sample)| {
            let surveyed = Surveyed {
                path: sample.path.clone(),
                split,
                class: sample.class,
                shape: shape(&sample.path, reader).map_err(|error| error.to_string()),
                content: content(&sample.path),
            };
            progress(done.fetch_add(1, Ordering::Relaxed) + 1);
            surveyed
        })
        .collect())
}

fn shape(path: &Path, reader: &Reader) -> pointcloud::Result<Shape> {
    let mesh = reader.read_mesh(path)?;
    let (positions, is_mesh) = (mesh.vertices(), !mesh.faces().is_empty());
    let finite = |position: &&[f32; 3]| position.iter().all(|value| value.is_finite());
    let non_finite = positions.iter().filter(|position| !finite(position)).count();
    let radius = if non_finite == 0 {
        radius(positions)
    } else {
        radius(&positions.iter().filter(finite).copied().collect::<Vec<_>>())
    };
    Ok(Shape { points: positions.len(), is_mesh, non_finite, radius })
}

fn radius(positions: &[[f32; 3]]) -> Option<f64> {
    let first = positions.first()?;
    if positions.iter().all(|position| position == first) {
        return Some(0.0);
    }
    Some(f64::from(Normalizer::unit_sphere(positions).scale))
}

fn content(path: &Path) -> Option<(usize, u64)> {
    let bytes = fs::read(path).ok()?;
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    Some((bytes.len(), hasher.finish()))
}
