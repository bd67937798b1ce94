//! Calibration after the training: fits a temperature for each set of weights on the validation split.

use burn::data::dataloader::DataLoader;
use burn::tensor::Device;

use crate::config::Config;
use crate::error::RunError;
use crate::metrics::Weights;
use crate::network::{Network, NetworkSpec};
use crate::progress::{Progress, ProgressMode};
use crate::run::{Manifest, RunDirectory, load_weights};
use crate::task::{BatchSource, Loader};
use crate::temperature;

/// Most rows of logits for the fit of a temperature: more points of scenes do not change it.
const MOST_ROWS: usize = 200_000;

/// Writes a temperature for each set of weights into the `manifest` of `run`; does nothing without a validation split.
pub(super) fn calibrate<S: BatchSource>(
    config: &Config,
    spec: &NetworkSpec,
    validation: &Loader<S>,
    run: &RunDirectory,
    manifest: &mut Manifest,
    (device, progress): (&Device, ProgressMode),
) -> Result<(), RunError> {
    if validation.num_items() == 0 {
        return Ok(());
    }
    let mut network = config.model.init(spec, device);
    for weights in [Weights::Best, Weights::Last, Weights::Average] {
        let Some(entry) = manifest.weights.get_mut(weights.name()) else { continue };
        load_weights(&mut network, run, weights)?;
        let label = format!("calibrating the {} weights", weights.name());
        let bar = Progress::start(progress, &label, S::UNIT, validation.num_items());
        entry.temperature = fitted(&network, config, spec, validation, &bar)?;
    }
    manifest.write(run)
}

fn fitted<S: BatchSource>(
    network: &Network,
    config: &Config,
    spec: &NetworkSpec,
    validation: &Loader<S>,
    bar: &Progress,
) -> Result<Option<f64>, RunError> {
    let batches = validation.num_items().div_ceil(config.train.batch_size);
    let most = MOST_ROWS.div_ceil(batches);
    let (mut logits, mut targets) = (Vec::new(), Vec::new());
    for batch in validation.iter() {
        let batch = batch.map_err(|error| RunError::Learner(error.to_string()))?;
        let rows: Vec<f32> = network.logits(&batch.input).into_data().iter::<f32>().collect();
        let classes: Vec<i64> = batch.targets.into_data().iter::<i64>().collect();
        let stride = classes.len().div_ceil(most).max(1);
        let rows = rows.chunks_exact(spec.classes).zip(classes).step_by(stride);
        // A target that is not a class marks an ignored point.
        for (row, target) in rows.filter(|(_, target)| (*target as usize) < spec.classes) {
            logits.extend_from_slice(row);
            targets.push(target as usize);
        }
        bar.advance(batch.members.len());
    }
    Ok(temperature::fit(&logits, spec.classes, &targets))
}
