//! Optimizer and schedule from the config.

use burn::lr_scheduler::cosine::CosineAnnealingLrSchedulerConfig;
use burn::lr_scheduler::module_lr_scheduler::ModuleLrScheduler;
use burn::lr_scheduler::step::StepLrSchedulerConfig;
use burn::optim::decay::WeightDecayConfig;
use burn::optim::momentum::MomentumConfig;
use burn::optim::{AdamConfig, AdamWConfig, ModuleOptimizer, SgdConfig};

use crate::config::{OptimizerConfig, ScheduleConfig};

pub(super) fn optimizer(config: &OptimizerConfig) -> ModuleOptimizer {
    let decay = |penalty: f64| (penalty > 0.0).then(|| WeightDecayConfig::new(penalty as f32));
    match config {
        OptimizerConfig::Sgd { momentum, weight_decay, .. } => {
            // Without dampening this is the momentum of the paper's framework: v = m · v + g.
            let momentum = MomentumConfig::new().with_momentum(*momentum).with_dampening(0.0);
            SgdConfig::new().with_momentum(Some(momentum)).with_weight_decay(decay(*weight_decay)).init()
        }
        OptimizerConfig::Adam { weight_decay, .. } => {
            AdamConfig::new().with_epsilon(1e-8).with_weight_decay(decay(*weight_decay)).init()
        }
        OptimizerConfig::AdamW { weight_decay, .. } => {
            AdamWConfig::new().with_epsilon(1e-8).with_weight_decay(*weight_decay as f32).init()
        }
    }
}

/// The schedule over all `epochs` of `steps` steps each.
pub(super) fn schedule(config: &ScheduleConfig, lr: f64, epochs: usize, steps: usize) -> ModuleLrScheduler {
    let built = match config {
        ScheduleConfig::Constant => return ModuleLrScheduler::from(lr),
        ScheduleConfig::Cosine { min_lr } => {
            CosineAnnealingLrSchedulerConfig::new(lr, epochs * steps).with_min_lr(*min_lr).init()
        }
        ScheduleConfig::Step { every_epochs, gamma } => {
            StepLrSchedulerConfig::new(lr, every_epochs * steps).with_gamma(*gamma).init()
        }
    };
    built.expect("the config was validated")
}
