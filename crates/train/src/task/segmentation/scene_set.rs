//! Reads, checks and thins labelled scenes, and keeps them in memory.

use std::cell::Cell;
use std::path::{Path, PathBuf};

use pointcloud::io::Reader;
use pointcloud::scene::{IGNORED, LabelMap, SceneCache, Voxelized, voxelize};
use pointcloud::{Bounds, PointCloud, ScalarProperty, ScalarType};

use crate::config::{Attribute, DataConfig, ScenesConfig};
use crate::error::RunError;
use crate::task::{check_attributes, local_shape_columns};

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

/// The frame of a scene: the middle of its floor and half of its extents.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Frame {
    /// Middle along x and y, lowest z.
    pub floor: [f32; 3],
    /// Half of the extent along each axis; 1 if the extent is 0.
    pub half: [f32; 3],
}

impl Frame {
    /// The frame of `positions`.
    #[must_use]
    pub fn of(positions: &[[f32; 3]]) -> Self {
        let Some(bounds) = Bounds::of(positions) else {
            return Self { floor: [0.0; 3], half: [1.0; 3] };
        };
        let center = bounds.center();
        let half = bounds.extent().map(|extent| if extent > 0.0 { 0.5 * extent as f32 } else { 1.0 });
        Self { floor: [center[0] as f32, center[1] as f32, bounds.min[2] as f32], half }
    }
}

/// Reads `path` with `reader` and checks that it has the inputs of the network. With `labels`, it must also have a label for
/// every point, and the labels of the returned cloud are its classes.
///
/// # Errors
/// A file that cannot be read, without points, with positions that are not finite, or without the attributes.
pub fn read_scene(
    path: &Path,
    config: &ScenesConfig,
    reader: &Reader,
    labels: Option<&LabelMap>,
) -> Result<(PointCloud, usize), RunError> {
    let (mut cloud, dropped) = reader.read_counted(path)?;
    check(path, &cloud, config)?;
    if let Some(map) = labels {
        let classes = map.require(&cloud, path)?;
        cloud.set_labels(Some(classes))?;
    }
    Ok((cloud, dropped))
}

/// Checks that a network can read `cloud`.
///
/// # Errors
/// [`RunError::BadFile`] for what is missing.
pub fn check(path: &Path, cloud: &PointCloud, config: &ScenesConfig) -> Result<(), RunError> {
    if cloud.is_empty() {
        return Err(pointcloud::Error::EmptyCloud { path: Some(path.to_owned()), wanted: 1 }.into());
    }
    if let Err(pointcloud::Error::NotFinite { row, position, .. }) = cloud.check_finite() {
        return Err(pointcloud::Error::NotFinite { path: Some(path.to_owned()), row, position }.into());
    }
    check_attributes(path, cloud, &config.attributes(), "scenes.inputs")
}

/// A thinned cloud with only the columns that the network reads.
///
/// # Errors
/// As [`voxelize`].
pub fn thin(cloud: &PointCloud, config: &ScenesConfig) -> Result<Voxelized, RunError> {
    let attributes = config.attributes();
    let mut bare = PointCloud::new(cloud.positions().to_vec());
    bare.set_origin(cloud.origin());
    bare.set_labels(cloud.labels().map(<[i32]>::to_vec))?;
    for attribute in &attributes {
        match attribute {
            Attribute::Color => bare.set_colors(cloud.colors().map(<[[u8; 3]]>::to_vec))?,
            Attribute::Normal => bare.set_normals(cloud.normals().map(<[[f32; 3]]>::to_vec))?,
            Attribute::Property(name) => {
                if let Some(property) = cloud.property(name) {
                    // Under the name that the network uses, which may be another spelling.
                    bare.push_property(ScalarProperty { name: name.clone(), ..property.clone() })?;
                }
            }
            Attribute::Shape | Attribute::Vertical => {}
            Attribute::Xyz | Attribute::Room | Attribute::Height | Attribute::Radius | Attribute::One => {}
        }
    }
    let mut thinned = voxelize(&bare, config.voxel())?;
    for (name, values) in local_shape_columns(thinned.cloud.positions(), &attributes)? {
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
            let (cloud, count) = read_scene(path, config, &reader, Some(map))?;
            dropped.set(dropped.get() + count);
            Ok(thin(&cloud, config)?.cloud)
        };
        let cloud = match &cache {
            None => prepare(path),
            Some(cache) => cache.get_or_prepare(path, &settings, prepare),
        };
        match cloud {
            Ok(cloud) => {
                let frame = Frame::of(cloud.positions());
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
