//! Reads, checks and thins labelled scenes, and keeps them in memory.

use std::cell::Cell;
use std::path::{Path, PathBuf};

use pointcloud::io::Reader;
use pointcloud::scene::{IGNORED, LabelMap, SceneCache, Voxelized, bounds_without_strays, voxelize};
use pointcloud::transform::Sampling;
use pointcloud::{Bounds, PointCloud, ScalarProperty, ScalarType};
use rayon::prelude::*;

use crate::config::{Attribute, DataConfig, ScenesConfig};
use crate::error::RunError;
use crate::task::{Merged, check_attributes, surroundings_columns};
use crate::terminal::note;

/// Property of a thinned scene: the points of the file in every voxel. Only with `scenes.count_points`.
pub(crate) const COUNT: &str = "points_in_voxel";

/// One thinned scene.
#[derive(Clone, Debug, PartialEq)]
pub struct Scene {
    /// The file.
    pub path: PathBuf,
    /// One point per voxel, with its class as label if the file has labels.
    pub cloud: PointCloud,
    /// The origin and the extents of the scene.
    pub frame: Frame,
}

/// Scenes, and what was left out.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct LoadedScenes {
    /// The scenes that can be used, in the order of their files.
    pub scenes: Vec<Scene>,
    /// The errors of the others.
    pub skipped: Vec<RunError>,
    /// Points that were left out because they are not finite (`data.drop_invalid`), over the files that were not in the
    /// cache.
    pub dropped: usize,
}

/// Voxels along the edge of a cell in which [`bounds_without_strays`] counts points.
const STRAY_VOXELS: f32 = 8.0;

/// The frame of a scene: the middle of its floor and half of its extents.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Frame {
    /// Middle along x and y, lowest z.
    pub floor: [f32; 3],
    /// Half of the extent along each axis; 1 if the extent is 0.
    pub half: [f32; 3],
    /// The box around the scene.
    pub bounds: Bounds,
}

impl Frame {
    /// The frame of `positions`, one for each voxel of edge `voxel`; a few points far from all others do not count.
    #[must_use]
    pub fn of(positions: &[[f32; 3]], voxel: f32) -> Self {
        let none = Bounds { min: [0.0; 3], max: [0.0; 3] };
        let bounds = bounds_without_strays(positions, STRAY_VOXELS * voxel).unwrap_or(none);
        let center = bounds.center();
        let half = bounds.extent().map(|extent| if extent > 0.0 { 0.5 * extent as f32 } else { 1.0 });
        Self { floor: [center[0] as f32, center[1] as f32, bounds.min[2] as f32], half, bounds }
    }
}

/// Reads the columns of `path` that the network is given and, where the file has them, the labels; returns how many points were
/// dropped, too. Checks that the inputs of the network are there.
///
/// # Errors
/// A file that cannot be read, without points, with positions that are not finite, or without the attributes.
pub fn read_scene(
    path: &Path,
    config: &ScenesConfig,
    reader: &Reader,
) -> Result<(PointCloud, usize), RunError> {
    let (cloud, dropped) = reader.clone().only(config.columns_of_files()).read_counted(path)?;
    check_points(path, &cloud)?;
    naming_all_columns(path, reader, &cloud, |cloud| {
        check_attributes(path, cloud, &config.attributes(), "scenes.inputs")
    })?;
    Ok((cloud, dropped))
}

/// As [`read_scene`]; every point must have a label. The labels of the returned cloud are its classes.
///
/// # Errors
/// As [`read_scene`], and a file without labels or with labels that are not known.
pub fn read_labelled_scene(
    path: &Path,
    config: &ScenesConfig,
    reader: &Reader,
    map: &LabelMap,
) -> Result<(PointCloud, usize), RunError> {
    let (mut cloud, dropped) = read_scene(path, config, reader)?;
    let classes = naming_all_columns(path, reader, &cloud, |cloud| Ok(map.require(cloud, path)?))?;
    cloud.set_labels(Some(classes))?;
    Ok((cloud, dropped))
}

/// Checks `cloud`, which has some of the columns of its file. An error names all of them.
fn naming_all_columns<T>(
    path: &Path,
    reader: &Reader,
    cloud: &PointCloud,
    check: impl Fn(&PointCloud) -> Result<T, RunError>,
) -> Result<T, RunError> {
    check(cloud).map_err(|error| {
        let one = reader.clone().points(1).sampling(Sampling::First).surfaces(false);
        let of_first = one.read(path).ok().and_then(|first| check(&first).err());
        of_first.unwrap_or(error)
    })
}

/// Checks that a network can read `cloud`.
///
/// # Errors
/// [`RunError::BadFile`] for what is missing.
pub fn check(path: &Path, cloud: &PointCloud, config: &ScenesConfig) -> Result<(), RunError> {
    check_points(path, cloud)?;
    check_attributes(path, cloud, &config.attributes(), "scenes.inputs")
}

fn check_points(path: &Path, cloud: &PointCloud) -> Result<(), RunError> {
    if cloud.is_empty() {
        return Err(pointcloud::Error::EmptyCloud { path: Some(path.to_owned()), wanted: 1 }.into());
    }
    if let Err(pointcloud::Error::NotFinite { row, position, .. }) = cloud.check_finite() {
        return Err(pointcloud::Error::NotFinite { path: Some(path.to_owned()), row, position }.into());
    }
    Ok(())
}

/// The largest part of a voxel that single precision may move a point by without a warning.
const ROUNDING: f32 = 0.1;

/// Warns of points of double precision that are so far from the origin of the cloud that single precision moves them.
fn rounding_warning(cloud: &PointCloud, voxel: f32) -> Option<String> {
    // The largest rounding error at a coordinate of this size.
    let rounding =
        |position: &[f32; 3]| position.iter().fold(0.0_f32, |m, v| m.max(v.abs())) * f32::EPSILON / 2.0;
    let moved = |position: &&[f32; 3]| rounding(position) > ROUNDING * voxel;
    if !cloud.has_wide_coordinates() {
        return None;
    }
    let points = cloud.positions().par_iter().filter(moved).count();
    let most = cloud.positions().par_iter().map(rounding).reduce(|| 0.0, f32::max);
    (points > 0).then(|| {
        format!(
            "single precision moves {points} of {} points by up to {most:.1e}, because they are far from the origin of the scene, {:?}; \
             scenes.voxel is {voxel}. Cut the scene into parts, or leave these points out",
            cloud.len(),
            cloud.origin()
        )
    })
}

/// A thinned cloud with only the columns that the network reads.
///
/// # Errors
/// As [`voxelize`], with the name of the file `path`.
pub fn thin(path: &Path, cloud: &PointCloud, config: &ScenesConfig) -> Result<Voxelized, RunError> {
    if let Some(warning) = rounding_warning(cloud, config.voxel()) {
        note(format_args!("warning: {}: {warning}", path.display()));
    }
    let attributes = config.attributes();
    let mut thinned = voxelize(cloud, config.voxel()).map_err(|error| match error {
        pointcloud::Error::VoxelEdge { .. } => {
            let extent = cloud.bounds().map_or([0.0; 3], |bounds| bounds.extent());
            let problem = format!("{error}; the points extend over {extent:?}");
            RunError::BadFile { path: path.to_owned(), problem }
        }
        other => other.into(),
    })?;
    let voxels = thinned.cloud;
    let mut kept = PointCloud::new(voxels.positions().to_vec());
    kept.set_origin(voxels.origin());
    kept.set_labels(voxels.labels().map(<[i32]>::to_vec))?;
    for attribute in &attributes {
        match attribute {
            Attribute::Color => kept.set_colors(voxels.colors().map(<[[u8; 3]]>::to_vec))?,
            Attribute::Normal => kept.set_normals(voxels.normals().map(<[[f32; 3]]>::to_vec))?,
            Attribute::Property(name) => {
                if let Some(property) = voxels.property(name) {
                    // Under the name that the network uses, which may be another spelling.
                    kept.push_property(ScalarProperty { name: name.clone(), ..property.clone() })?;
                }
            }
            Attribute::Computed(_)
            | Attribute::Xyz
            | Attribute::Room
            | Attribute::Height
            | Attribute::One => {}
        }
    }
    thinned.cloud = kept;
    let merged = Merged { counts: &thinned.counts, edge: config.voxel() };
    for (name, values) in surroundings_columns(thinned.cloud.positions(), Some(merged), &attributes)? {
        let values = values.into_iter().map(f64::from).collect();
        thinned.cloud.push_property(ScalarProperty { name, scalar_type: ScalarType::F32, values })?;
    }
    if config.count_points {
        let values = thinned.counts.iter().map(|&count| f64::from(count)).collect();
        let (name, scalar_type) = (COUNT.to_owned(), ScalarType::U32);
        // The name is free: the file's own property would only be kept as an input, and the config refuses an input of that name.
        thinned.cloud.push_property(ScalarProperty { name, scalar_type, values })?;
    }
    Ok(thinned)
}

/// Reads, checks and thins `files`, using the cache if there is one; with `data.skip_bad`, leaves out files that cannot be used.
///
/// # Errors
/// The first file that cannot be used.
pub fn load_scenes(
    files: &[PathBuf],
    config: &ScenesConfig,
    map: &LabelMap,
    data: &DataConfig,
    progress: &dyn Fn(usize),
) -> Result<LoadedScenes, RunError> {
    let (reader, dropped) = (data.reader(), Cell::new(0));
    // Increase the first number whenever the preparation of scenes changes.
    let settings = format!(
        "2 {:?} {:?} {:?} {:?} {:?} {:?} {:?} {map:?} {reader:?}",
        config.count_points,
        config.inputs,
        config.voxel(),
        config.label,
        config.label_map,
        config.ignore,
        config.classes
    );
    let cache = (!config.cache.as_os_str().is_empty()).then(|| SceneCache::new(&config.cache));
    let mut loaded = LoadedScenes::default();
    for (index, path) in files.iter().enumerate() {
        let prepare = |path: &Path| -> Result<PointCloud, RunError> {
            let (cloud, count) = read_labelled_scene(path, config, &reader, map)?;
            dropped.set(dropped.get() + count);
            Ok(thin(path, &cloud, config)?.cloud)
        };
        let cloud = match &cache {
            None => prepare(path),
            Some(cache) => cache.get_or_prepare(path, &settings, prepare),
        };
        match cloud {
            Ok(cloud) => {
                let frame = Frame::of(cloud.positions(), config.voxel());
                loaded.scenes.push(Scene { path: path.clone(), cloud, frame });
            }
            Err(error) if data.skip_bad => loaded.skipped.push(error),
            Err(error) => return Err(error),
        }
        progress(index + 1);
    }
    loaded.dropped = dropped.get();
    Ok(loaded)
}

/// Number of points of every class in `scenes`: voxels, or points of the files with `scenes.count_points`.
#[must_use]
pub fn class_counts(scenes: &[Scene], classes: usize) -> Vec<u64> {
    let mut counts = vec![0; classes];
    for cloud in scenes.iter().map(|scene| &scene.cloud) {
        let points = cloud.property(COUNT).map(|property| property.values.as_slice());
        for (index, &label) in cloud.labels().into_iter().flatten().enumerate() {
            if label != IGNORED {
                counts[label as usize] += points.map_or(1, |points| points[index] as u64);
            }
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_that_single_precision_moves_are_warned_of() {
        let tile = (0..50).map(|i| [500_000.13 + f64::from(i), 5_400_000.7, 3.1]);
        let cloud = PointCloud::from_coordinates(tile.clone().collect());
        assert_eq!(rounding_warning(&cloud, 0.04), None);
        // The stray point alone is moved.
        let cloud = PointCloud::from_coordinates(tile.chain([[0.1; 3]]).collect());
        let warning = rounding_warning(&cloud, 0.04).unwrap();
        assert!(warning.contains("moves 1 of 51 points by up to 3.2e-1"), "{warning}");
        let country = (0..50).map(|i| [0.0, 5e6 + 1e4 * f64::from(i) + 0.3, 0.0]).collect();
        assert!(rounding_warning(&PointCloud::from_coordinates(country), 0.04).is_some());
        // A file of singles says no more.
        assert_eq!(rounding_warning(&PointCloud::new(vec![[5e6, 0.0, 0.0]]), 0.04), None);
    }
}
