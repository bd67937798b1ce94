//! Weights as safetensors.

use burn::store::{ModuleSnapshot, SafetensorsStore};

use super::{Manifest, RunDirectory};
use crate::error::RunError;
use crate::metrics::Weights;

/// Writes the weights of `network`, named by their path in the network without the kinds of layers, in one step. The header identifies
/// the network.
///
/// # Errors
/// [`RunError::BadFile`] with the reason of the store.
pub fn save_weights(
    network: &impl ModuleSnapshot,
    run: &RunDirectory,
    weights: Weights,
    manifest: &Manifest,
) -> Result<(), RunError> {
    let path = run.weights(weights);
    let identity = serde_json::json!({
        "format_version": manifest.format_version,
        "architecture": manifest.architecture,
        "classes": manifest.classes,
        "burn_version": manifest.burn_version,
    });
    let mut store = SafetensorsStore::from_file(&path)
        // The store writes several keys in a random order; with one, the same weights are the same bytes.
        .clear_metadata()
        .metadata("pointwise", identity.to_string())
        .skip_enum_variants(true)
        .overwrite(true);
    network
        .save_into(&mut store)
        .map_err(|error| RunError::BadFile { path, problem: format!("cannot write the weights: {error}") })
}

/// Reads weights into `network`, whose tensors must all be there with the same shapes.
///
/// # Errors
/// [`RunError::NoWeights`] when there are none, [`RunError::BadFile`] when they do not fit.
pub fn load_weights(
    network: &mut impl ModuleSnapshot,
    run: &RunDirectory,
    weights: Weights,
) -> Result<(), RunError> {
    let path = run.weights(weights);
    if !path.exists() {
        let hint = match run.last_checkpoint() {
            Ok(None) => "the run has not finished an epoch yet",
            Ok(Some(position)) if position.epochs == 0 => "the run has not finished an epoch yet",
            _ => "choose others with --weights, or write them anew with `pointwise train .. --resume`",
        };
        return Err(RunError::NoWeights { path, hint });
    }
    let bad = |problem| RunError::BadFile { path: path.clone(), problem };
    let mut store = SafetensorsStore::from_file(&path).skip_enum_variants(true);
    let result =
        network.load_from(&mut store).map_err(|error| bad(format!("cannot read the weights: {error}")))?;
    if !result.errors.is_empty() || !result.missing.is_empty() {
        return Err(bad(format!("the weights do not fit the network: {result}")));
    }
    Ok(())
}
