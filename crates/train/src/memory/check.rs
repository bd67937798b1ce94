//! Refuses a training that does not fit into memory.

use super::machine::available_memory;
use super::training::{FLOAT, TrainingMemory};
use crate::config::{Config, Task};
use crate::error::RunError;
use crate::network::NetworkSpec;
use crate::task::BatchSource;

/// Clouds whose neighbour lists are counted; the other clouds of a batch are expected to be like them.
const COUNTED: usize = 8;

/// A part of the memory that a training needs.
struct Part {
    bytes: u64,
    /// What it is for.
    what: String,
    /// The keys that make it smaller.
    keys: String,
}

/// Before anything is read: refuses a config whose weights, training clouds and activations do not fit together, as far as the
/// config alone tells. `files` is the number of training files of a classifier.
///
/// # Errors
/// [`RunError::Memory`].
pub(crate) fn ensure_fits(config: &Config, files: usize, classes: usize) -> Result<(), RunError> {
    let points = config.scenes.as_ref().map_or(config.data.points, |scenes| scenes.points);
    let channels_in = config.channels_in();
    let spec = NetworkSpec { points, channels_in, classes };
    let mut parts = vec![of_weights(config, &spec)];
    if config.model.task() == Task::Classification {
        let bytes =
            (files as u64).saturating_mul(points as u64).saturating_mul(FLOAT * (3 + channels_in as u64));
        parts.push(Part {
            bytes,
            what: format!("{files} training clouds of {points} points"),
            keys: "data.points".into(),
        });
        let values = config.model.activations(&spec).training_per_point as u64;
        let batch = config.train.batch_size;
        parts.push(Part {
            bytes: (batch as u64).saturating_mul(points as u64).saturating_mul(FLOAT * values.max(1)),
            what: format!("the activations of {batch} clouds of {points} points"),
            keys: "data.points or train.batch_size".into(),
        });
    }
    compare(parts)
}

/// After the data is read, before the first step: refuses a training whose step does not fit into the memory that is left. Each of
/// `processes` computes its part of a batch.
///
/// # Errors
/// [`RunError::Memory`], and those of [`TrainingMemory`].
pub(crate) fn ensure_step_fits<S: BatchSource>(
    config: &Config,
    spec: &NetworkSpec,
    source: &S,
    processes: usize,
) -> Result<(), RunError> {
    let mut config = config.clone();
    config.train.shards = config.train.shards.div_ceil(processes);
    config.train.batch_size = config.train.batch_size.div_ceil(processes);
    let config = &config;
    let batch = config.train.batch_size;
    let counted = batch.min(source.len()).min(COUNTED);
    let clouds: Vec<Vec<[f32; 3]>> =
        (0..counted).map(|item| thinned(source.points(item * source.len() / counted), spec.points)).collect();
    let step = TrainingMemory::of_packed(config, spec, &clouds, batch)?;
    let points = clouds.iter().map(Vec::len).sum::<usize>() / counted.max(1);
    let unit = S::UNIT;
    let size = if config.scenes.is_some() { "scenes.points" } else { "data.points" };
    compare(vec![
        of_weights(config, spec),
        Part {
            bytes: step.activations,
            what: format!("the activations of {batch} {unit} of {points} points"),
            keys: format!("train.batch_size or {size}"),
        },
        Part {
            bytes: step.neighbors.saturating_add(step.waiting),
            what: format!("the neighbour lists of batches of {batch} {unit}"),
            keys: format!("train.batch_size, {size} or {}", config.model.kernel_key()),
        },
    ])
}

/// At most `most` of the points, evenly spread over their order.
fn thinned(points: Vec<[f32; 3]>, most: usize) -> Vec<[f32; 3]> {
    let len = points.len();
    if len <= most {
        return points;
    }
    (0..most).map(|index| points[(index as u128 * len as u128 / most as u128) as usize]).collect()
}

/// Weights, their gradients, the state of the optimizer and its update.
fn of_weights(config: &Config, spec: &NetworkSpec) -> Part {
    let parameters = config.model.parameters(spec);
    let (lasting, passing) = config.optimizer.copies_of_weights();
    Part {
        bytes: FLOAT.saturating_mul(parameters).saturating_mul(2 + lasting + passing),
        what: format!("a network of {parameters} weights with its optimizer"),
        keys: "the widths in [model]".into(),
    }
}

fn compare(parts: Vec<Part>) -> Result<(), RunError> {
    let needed = parts.iter().fold(0u64, |sum, part| sum.saturating_add(part.bytes));
    let largest = parts.into_iter().max_by_key(|part| part.bytes).expect("there is a part");
    match available_memory() {
        Some(available) if needed > available.bytes => Err(RunError::Memory {
            needed,
            available: available.bytes,
            limit: available.limit,
            largest: largest.bytes,
            what: largest.what,
            keys: largest.keys,
        }),
        _ => Ok(()),
    }
}
