//! Fine-tuning: starts a training with the weights of another network.

use std::fs;
use std::path::{Path, PathBuf};

use burn::module::{Module, ModuleVisitor, Param, ParamId};
use burn::optim::GradientsParams;
use burn::store::ModuleSnapshot;
use burn::tensor::Tensor;
use pointcloud::io::{exists, is_folder};

use crate::error::RunError;
use crate::metrics::Weights;
use crate::models::Model;
use crate::network::Network;
use crate::run::{Fitted, RunDirectory, load_fitting_weights};

/// Loads those weights at `from` into `network` whose names and shapes agree. `from` is a run (its best epoch is used), a file,
/// or the name of a model.
///
/// # Errors
/// [`RunError::NoWeights`] or [`RunError::BadFile`] if there are no weights, if they cannot be read, or if none of them fit.
pub(super) fn load_from(network: &mut Network, from: &Path) -> Result<Fitted, RunError> {
    let (bytes, name) = weights(from)?;
    let fitted = load_fitting_weights(network, bytes, &name)?;
    if fitted.taken == 0 {
        // One example is enough: every tensor has a reason of this kind.
        let example = fitted.anew.first().map(|(name, reason)| format!(", for instance {name}: {reason}"));
        let problem = format!(
            "none of its weights fit the {} tensors of the network{}",
            fitted.all,
            example.unwrap_or_default()
        );
        return Err(RunError::BadFile { path: name, problem });
    }
    Ok(fitted)
}

/// The weights at `from`, and their name for messages.
fn weights(from: &Path) -> Result<(Vec<u8>, PathBuf), RunError> {
    if let Some(model) = Model::in_place_of_run(from) {
        return Ok((model.weights().to_vec(), from.to_owned()));
    }
    if !exists(from)? {
        let names: Vec<&str> = Model::all().iter().map(|model| model.name).collect();
        let problem = format!(
            "there is no such file or folder; expected a run, a file of weights (*.safetensors), or one of the models {}",
            names.join(", ")
        );
        return Err(RunError::BadFile { path: from.to_owned(), problem });
    }
    let file =
        if is_folder(from)? { RunDirectory::open(from)?.weights(Weights::Best) } else { from.to_owned() };
    let bytes = fs::read(&file).map_err(RunError::io(&file, "read"))?;
    Ok((bytes, file))
}

/// The layers at the end of every network, which are not frozen at the start of a fine-tuning.
const HEAD: [&str; 2] = ["hidden.", "output."];

/// The parameters of the head of `network`.
pub(super) fn head(network: &Network) -> Vec<ParamId> {
    let is_head = |name: &str| {
        // The further networks of an ensemble are named "others.0", "others.1", ….
        let layer = name.strip_prefix("others.").and_then(|rest| rest.split_once('.'));
        HEAD.iter().any(|head| layer.map_or(name, |(_, layer)| layer).starts_with(head))
    };
    let snapshots = network.collect(None, None, true);
    let ids = snapshots.iter().filter(|tensor| is_head(&tensor.name)).filter_map(|tensor| tensor.param_id);
    ids.map(ParamId::from).collect()
}

/// Only the `gradients` of the parameters `head`: the optimizer does not change the others.
pub(super) fn of_head(network: &Network, head: &[ParamId], gradients: GradientsParams) -> GradientsParams {
    let mut chosen = Chosen { head, gradients, kept: GradientsParams::new() };
    network.visit(&mut chosen);
    chosen.kept
}

struct Chosen<'a> {
    head: &'a [ParamId],
    gradients: GradientsParams,
    kept: GradientsParams,
}

impl ModuleVisitor for Chosen<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if self.head.contains(&param.id)
            && let Some(gradient) = self.gradients.remove::<D>(param.id)
        {
            self.kept.register(param.id, gradient);
        }
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;
    use crate::config::ModelConfig;
    use crate::network::{NetworkSpec, PointwiseClassifierConfig, PointwiseNetConfig};

    #[test]
    fn the_head_of_an_ensemble_is_that_of_all_its_networks() {
        let spec = NetworkSpec { points: 64, channels_in: 3, classes: 4 };
        for ensemble in [1, 3] {
            let config = PointwiseNetConfig { ensemble, ..PointwiseNetConfig::default() };
            let network = ModelConfig::PointwiseClassifier(PointwiseClassifierConfig(config))
                .init(&spec, &Device::flex());
            let head = head(&network);
            // The hidden layer, its normalisation with the running statistics, and the output layer.
            assert_eq!(head.len(), ensemble * (1 + 4 + 2));
            let names: Vec<String> = network
                .collect(None, None, true)
                .into_iter()
                .filter(|tensor| tensor.param_id.is_some_and(|id| head.contains(&ParamId::from(id))))
                .map(|tensor| tensor.name.clone())
                .collect();
            assert!(names.iter().all(|name| !name.contains("encoder")), "{names:?}");
        }
    }
}
