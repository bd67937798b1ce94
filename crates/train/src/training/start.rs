//! The network, optimizer and schedule that a training begins or goes on with.

use burn::lr_scheduler::module_lr_scheduler::ModuleLrScheduler;
use burn::optim::ModuleOptimizer;

use super::average::Average;
use super::step::average;
use super::transfer::load_from;
use crate::config::Config;
use crate::error::RunError;
use crate::network::Network;
use crate::progress::ProgressMode;
use crate::run::RunDirectory;
use crate::terminal::line;

/// A network with its optimizer and schedule.
pub(super) type Learning = (Network, ModuleOptimizer, ModuleLrScheduler);

/// The state after `steps` steps, and the averaged weights if the config asks for them: that of the checkpoint or, before the first
/// step, `first` with the weights that `train.from` names.
pub(super) fn started_or_resumed(
    config: &Config,
    run: &RunDirectory,
    steps: usize,
    (network, optimizer, schedule): Learning,
    progress: ProgressMode,
) -> Result<(Learning, Option<Average>), RunError> {
    if steps == 0 {
        let network = with_other_weights(network, config, progress)?;
        let averaged = average(config, &network);
        return Ok(((network, optimizer, schedule), averaged));
    }
    let averaged = match average(config, &network) {
        Some(before) => {
            let loaded = run.load_average(steps, before.network().clone())?;
            Some(Average::new(loaded, config.train.average))
        }
        None => None,
    };
    Ok((run.load_checkpoint(steps, network, optimizer, schedule)?, averaged))
}

/// `network` with the weights that `train.from` names, where there are some and they fit.
fn with_other_weights(
    mut network: Network,
    config: &Config,
    progress: ProgressMode,
) -> Result<Network, RunError> {
    let from = &config.train.from;
    if from.as_os_str().is_empty() {
        return Ok(network);
    }
    let fitted = load_from(&mut network, from)?;
    if !matches!(progress, ProgressMode::Quiet) {
        // Ignore a closed pipe: it is no reason to stop the training.
        let _ = line(format_args!("weights from {}: {fitted}", from.display()));
    }
    Ok(network)
}
