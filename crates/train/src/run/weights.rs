//! Weights as safetensors.

use std::fmt;
use std::path::Path;

use burn::store::{ApplyError, FloatCastAdapter, ModuleSnapshot, SafetensorsStore};
use burn::tensor::DType;
use pointcloud::io::exists;

use super::{Manifest, RunDirectory};
use crate::error::RunError;
use crate::metrics::Weights;

/// The bytes of a file with the weights of `network`. Their names are their paths in the network without the kinds of layers. The
/// header identifies the network.
///
/// # Errors
/// [`RunError::BadFile`] with the reason of the store.
pub(crate) fn weights_file(
    network: &impl ModuleSnapshot,
    run: &RunDirectory,
    weights: Weights,
    manifest: &Manifest,
) -> Result<Vec<u8>, RunError> {
    let identity = serde_json::json!({
        "format_version": manifest.format_version,
        "architecture": manifest.architecture,
        "classes": manifest.classes,
        "burn_version": manifest.burn_version,
    });
    let mut store = SafetensorsStore::from_bytes(None)
        // The store writes several keys in random order. With one key, the same weights give the same bytes.
        .clear_metadata()
        .metadata("pointwise", identity.to_string())
        .skip_enum_variants(true);
    let saved = network.save_into(&mut store).map_err(|error| error.to_string());
    let bytes = saved.and_then(|()| store.get_bytes().map_err(|error| error.to_string()));
    bytes.map_err(|error| RunError::BadFile {
        path: run.weights(weights),
        problem: format!("cannot write the weights: {error}"),
    })
}

/// The result of loading a file of weights into a network: which tensors were used.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fitted {
    /// Number of tensors of the network that were loaded from the file.
    pub taken: usize,
    /// Number of all tensors of the network.
    pub all: usize,
    /// Tensors of the network that were not loaded: their names, and the reasons.
    pub anew: Vec<(String, String)>,
    /// Tensors of the file that are not in the network.
    pub unused: Vec<String>,
}

impl fmt::Display for Fitted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} tensors of the network are taken", self.taken, self.all)?;
        for (name, reason) in &self.anew {
            write!(f, "\n  {name} starts anew: {reason}")?;
        }
        for name in &self.unused {
            write!(f, "\n  {name} is not used: the network has no such tensor")?;
        }
        Ok(())
    }
}

/// Loads those weights of `bytes`, the contents of `path`, into `network` whose names and shapes agree.
///
/// # Errors
/// [`RunError::BadFile`] when they cannot be read.
pub(crate) fn load_fitting_weights(
    network: &mut impl ModuleSnapshot,
    bytes: Vec<u8>,
    path: &Path,
) -> Result<Fitted, RunError> {
    let bad = |problem| RunError::BadFile { path: path.to_owned(), problem };
    let mut store = SafetensorsStore::from_bytes(Some(bytes))
        .skip_enum_variants(true)
        .with_from_adapter(FloatCastAdapter::to(DType::F32))
        .allow_partial(true)
        .validate(false);
    let result =
        network.load_from(&mut store).map_err(|error| bad(format!("cannot read the weights: {error}")))?;
    let mut anew = Vec::new();
    for error in &result.errors {
        match error {
            ApplyError::ShapeMismatch { path, expected, found } => {
                let reason = format!("found shape {found}, expected {expected}");
                anew.push((path.clone(), reason));
            }
            error => return Err(bad(format!("cannot read the weights: {error}"))),
        }
    }
    anew.extend(result.missing.iter().map(|(name, _)| (name.clone(), "the file has no such tensor".into())));
    let taken = result.applied.len();
    Ok(Fitted { taken, all: taken + anew.len(), anew, unused: result.unused })
}

/// Loads weights into `network`. The file must have all of its tensors, with the same shapes.
///
/// # Errors
/// [`RunError::NoWeights`] if there are none, [`RunError::BadFile`] if they do not fit.
pub fn load_weights(
    network: &mut impl ModuleSnapshot,
    run: &RunDirectory,
    weights: Weights,
) -> Result<(), RunError> {
    let path = run.weights(weights);
    if !exists(&path)? {
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

/// Loads weights of any precision from `bytes` into `network`. They must have all of its tensors; `name` is for messages.
///
/// # Errors
/// [`RunError::BadFile`] if they do not fit.
pub(crate) fn load_weights_from(
    network: &mut impl ModuleSnapshot,
    bytes: &[u8],
    name: &Path,
) -> Result<(), RunError> {
    let fitted = load_fitting_weights(network, bytes.to_vec(), name)?;
    if fitted.anew.is_empty() {
        return Ok(());
    }
    let problem = format!("the weights do not fit the network: {fitted}");
    Err(RunError::BadFile { path: name.to_owned(), problem })
}
