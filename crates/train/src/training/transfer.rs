//! Fine-tuning: a training that begins with the weights of another network.

use std::path::{Path, PathBuf};

use burn::module::{Module, ModuleVisitor, Param, ParamId};
use burn::optim::GradientsParams;
use burn::store::ModuleSnapshot;
use burn::tensor::Tensor;

use crate::error::RunError;
use crate::metrics::Weights;
use crate::network::Network;
use crate::run::{Fitted, RunDirectory, load_fitting_weights};

/// Gives `network` the weights at `from` whose names and shapes it has: those of a run (its best epoch), or of a file.
///
/// # Errors
/// [`RunError::NoWeights`], [`RunError::BadFile`] when there is nothing, when it cannot be read, or when none of its weights
/// fit.
pub(super) fn load_from(network: &mut Network, from: &Path) -> Result<Fitted, RunError> {
    let file = weights_file(from)?;
    let fitted = load_fitting_weights(network, &file)?;
    if fitted.taken == 0 {
        let problem = format!("none of its weights fit the network; {fitted}");
        return Err(RunError::BadFile { path: file, problem });
    }
    Ok(fitted)
}

fn weights_file(from: &Path) -> Result<PathBuf, RunError> {
    if from.is_dir() {
        let run = RunDirectory::open(from)?;
        return Ok(run.weights(Weights::Best));
    }
    if !from.exists() {
        let problem =
            "there is no such file or folder; expected a run or a file of weights, *.safetensors".into();
        return Err(RunError::BadFile { path: from.to_owned(), problem });
    }
    Ok(from.to_owned())
}

/// The layers at the end of every network: what is not frozen at the start of a fine-tuning.
const HEAD: [&str; 2] = ["hidden.", "output."];

/// The parameters of `network` in its head.
pub(super) fn head(network: &Network) -> Vec<ParamId> {
    let is_head = |name: &str| HEAD.iter().any(|layer| name.starts_with(layer));
    let snapshots = network.collect(None, None, true);
    let ids = snapshots.iter().filter(|tensor| is_head(&tensor.name)).filter_map(|tensor| tensor.param_id);
    ids.map(ParamId::from).collect()
}

/// The `gradients` of the parameters `head` alone: the optimizer leaves the others as they are.
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
