//! What a config asks for, before anything is trained.

use std::path::Path;

use burn::tensor::Device;
use pointcloud::dataset::Sample;
use pointcloud::synth::{SceneSynthConfig, scene};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use crate::config::{AugmentConfig, Config, DataConfig, ScenesConfig};
use crate::error::RunError;
use crate::memory::{TrainingMemory, ensure_fits};
use crate::network::NetworkSpec;
use crate::synthetic::{surfaces, with_columns};
use crate::task::Columns;
use crate::task::classification::{CloudSet, validation_share};
use crate::task::segmentation::{
    Frame, RegionBuilder, RegionSource, Scene, decide_lengths, load_scenes, scene_bytes, thin,
};
use crate::training::Sense;

/// Batches of regions from which the largest regions are taken.
const SAMPLED_BATCHES: usize = 4;

/// Classes of the synthetic shapes.
const SYNTHETIC_CLASSES: usize = 10;

/// The memory of a training, and warnings about its config.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Preview {
    /// The memory.
    pub memory: TrainingMemory,
    /// A sentence for every setting that makes no sense for the data, as the training prints it.
    pub warnings: Vec<String>,
}

impl Preview {
    /// The preview of the training that `config` describes, from the first files of `data.root`; from synthetic shapes or a
    /// synthetic room when there are no such files yet.
    ///
    /// # Errors
    /// Files that cannot be used, a training that does not fit into memory.
    pub fn of(config: &Config) -> Result<Self, RunError> {
        match &config.scenes {
            Some(scenes) => Self::of_scenes(config, scenes),
            None => Self::of_clouds(config),
        }
    }

    fn of_clouds(config: &Config) -> Result<Self, RunError> {
        let dataset = config.data.dataset(&config.data.root, config.seed, None).ok();
        let samples = dataset.as_ref().and_then(|dataset| dataset.split("train").ok()).unwrap_or_default();
        let batch = config.train.batch_size;
        let (clouds, files, classes) = match &dataset {
            Some(dataset) if !samples.is_empty() => {
                ensure_fits(config, samples.len(), dataset.classes().len())?;
                // Files are listed class by class.
                let stride = (samples.len() / batch).max(1);
                let some: Vec<Sample> = samples.iter().step_by(stride).take(batch).cloned().collect();
                let (set, _) = CloudSet::load_alike(&some, &config.data, config.seed, &|_| ())?;
                (set.clouds, counts(samples, dataset.classes().len()), dataset.classes().len())
            }
            _ => {
                let per_class = config.data.synth.as_ref().map_or(0, |synth| synth.train_per_class);
                ensure_fits(config, SYNTHETIC_CLASSES * per_class, SYNTHETIC_CLASSES)?;
                let clouds = surfaces(batch.min(SYNTHETIC_CLASSES), config.data.points);
                let clouds = with_columns(clouds, &config.data.attributes());
                (clouds, vec![per_class; SYNTHETIC_CLASSES], SYNTHETIC_CLASSES)
            }
        };
        let data = match config.data.resample && !samples.is_empty() {
            // All points of the files stay in memory.
            true => samples.iter().map(|sample| file_bytes(&sample.path)).sum(),
            false => mean_bytes(&clouds) * files.iter().sum::<usize>() as u64,
        };
        let memory = TrainingMemory::of_clouds(config, classes, &clouds)?.with_data(2 * data);
        let fraction = config.data.validation_fraction;
        let validation_files = files.iter().map(|&files| validation_share(files, fraction)).sum();
        let positions: Vec<Vec<[f32; 3]>> = clouds.into_iter().map(|cloud| cloud.positions).collect();
        let config = &config.scaled(positions.par_iter().map(Vec::as_slice))?;
        let warnings = Sense { config, clouds: &positions, classes, validation_files }.warnings()?;
        Ok(Self { memory, warnings })
    }

    /// From the largest regions of some batches, cut from the first training scene.
    fn of_scenes(config: &Config, scenes: &ScenesConfig) -> Result<Self, RunError> {
        let mut scenes = scenes.clone();
        let files = scenes.folder(&config.data.root).and_then(|folder| Ok(folder.split("train")?.to_vec()));
        let files = files.unwrap_or_default();
        if !files.is_empty() {
            decide_lengths(&mut scenes, &config.data)?;
        }
        let scenes = &scenes;
        let (scene, classes, copies) = match files.first() {
            Some(path) => {
                let names = scenes.class_names(&config.data.root)?;
                ensure_fits(config, files.len(), names.len())?;
                let map = scenes.label_map(&names);
                // A bad file is an error here.
                let data = DataConfig { skip_bad: false, ..config.data.clone() };
                let mut found = load_scenes(std::slice::from_ref(path), scenes, &map, &data, &|_| ())?.scenes;
                let all: u64 = files.iter().map(|path| file_bytes(path)).sum();
                (found.swap_remove(0), names.len(), all as f64 / file_bytes(path).max(1) as f64)
            }
            None => synthetic_scene(scenes)?,
        };
        let data = (copies * scene_bytes(&scene.cloud) as f64) as u64;
        let config = &config.scaled([scene.cloud.positions()])?;
        let builder = RegionBuilder::of(&config.model, scenes, classes, 0.0, &Device::flex());
        // A region without dropped points is the largest.
        let augment = AugmentConfig { drop: 0.0, ..config.augment.clone() };
        let source = RegionSource::for_training(vec![scene], builder, scenes, &augment, config.seed);
        let batch = config.train.batch_size.min(scenes.regions);
        let members: Vec<usize> = (0..scenes.regions.min(SAMPLED_BATCHES * batch)).collect();
        let regions = source.regions(1, &members).into_iter();
        let mut clouds: Vec<Vec<[f32; 3]>> = regions.map(|region| region.positions).collect();
        // The largest batch of an epoch decides.
        clouds.sort_by_key(|cloud| std::cmp::Reverse(cloud.len()));
        clouds.truncate(batch);
        let spec = NetworkSpec { points: scenes.points, channels_in: scenes.channels_in(), classes };
        let memory = TrainingMemory::of_packed(config, &spec, &clouds, batch)?.with_data(data);
        let warnings = Sense { config, clouds: &clouds, classes, validation_files: 0 }.warnings()?;
        Ok(Self { memory, warnings })
    }
}

/// A synthetic scene, the number of its classes, and how many scenes there will be.
fn synthetic_scene(scenes: &ScenesConfig) -> Result<(Scene, usize, f64), RunError> {
    let settings = scenes.synth.as_ref().map_or_else(SceneSynthConfig::default, |synth| synth.settings());
    let whole = scene(&settings, &mut ChaCha8Rng::seed_from_u64(1));
    let cloud = thin("synthetic".as_ref(), &whole, scenes)?.cloud;
    let frame = Frame::of(cloud.positions(), scenes.voxel());
    let count = scenes.synth.as_ref().map_or(0, |synth| synth.train);
    let scene = Scene { path: "synthetic".into(), cloud, frame };
    Ok((scene, settings.kind.classes().len(), count as f64))
}

/// Files of each class.
fn counts(samples: &[Sample], classes: usize) -> Vec<usize> {
    let mut counts = vec![0; classes];
    samples.iter().for_each(|sample| counts[sample.class] += 1);
    counts
}

/// The size of a file; 0 where it is unknown.
fn file_bytes(path: &Path) -> u64 {
    path.metadata().map_or(0, |file| file.len())
}

/// The memory of a cloud, on average.
fn mean_bytes(clouds: &[Columns]) -> u64 {
    clouds.iter().map(Columns::bytes).sum::<u64>() / clouds.len().max(1) as u64
}
