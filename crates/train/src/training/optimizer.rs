//! The optimizer from the config.

use burn::optim::decay::WeightDecayConfig;
use burn::optim::momentum::MomentumConfig;
use burn::optim::{AdamConfig, AdamWConfig, ModuleOptimizer, SgdConfig};

use crate::config::OptimizerConfig;

pub(super) fn optimizer(config: &OptimizerConfig) -> ModuleOptimizer {
    let decay = |penalty: f64| (penalty > 0.0).then(|| WeightDecayConfig::new(penalty as f32));
    match config {
        OptimizerConfig::Sgd { momentum, weight_decay, .. } => {
            // Without dampening, this is the momentum of the framework that the paper used: v = m · v + g.
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
