//! Sections `[optimizer]` and `[schedule]`: how the weights move.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::check::{ConfigError, ensure, ensure_fraction, ensure_not_negative, ensure_positive, ensure_some};

/// Section `[optimizer]`: the key `kind` chooses the rule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
#[non_exhaustive]
pub enum OptimizerConfig {
    /// `kind = "sgd"`: stochastic gradient descent, the rule of the paper.
    Sgd {
        /// Learning rate at the start.
        lr: f64,
        /// Momentum, in `[0, 1)`; 0 switches it off. Default 0.9.
        #[serde(default = "default_momentum")]
        momentum: f64,
        /// Weight decay as an L2 penalty on the gradient. Default 0.
        #[serde(default)]
        weight_decay: f64,
    },
    /// `kind = "adam"`: Adam (Kingma and Ba, 2015).
    Adam {
        /// Learning rate at the start.
        lr: f64,
        /// Weight decay as an L2 penalty on the gradient. Default 0.
        #[serde(default)]
        weight_decay: f64,
    },
    /// `kind = "adamw"`: Adam with weight decay apart from the gradient (Loshchilov and Hutter, 2019).
    AdamW {
        /// Learning rate at the start.
        lr: f64,
        /// Weight decay, multiplied by the learning rate. Default 0.01.
        #[serde(default = "default_adamw_weight_decay")]
        weight_decay: f64,
    },
}

/// Section `[schedule]`: how the learning rate changes; the key `kind` chooses the rule.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
#[non_exhaustive]
pub enum ScheduleConfig {
    /// `kind = "constant"`: stays at `optimizer.lr`.
    #[default]
    Constant,
    /// `kind = "cosine"`: half a cosine from `optimizer.lr` at the first step to `min_lr` at the
    /// last.
    Cosine {
        /// Learning rate at the end. Default 0.
        #[serde(default)]
        min_lr: f64,
        /// Epochs at the start in which the learning rate is multiplied by a factor that grows from 0 to 1. Default 0.
        #[serde(default)]
        warmup_epochs: usize,
    },
    /// `kind = "step"`: multiplied by `gamma` every `every_epochs` epochs.
    Step {
        /// Epochs between two changes.
        every_epochs: usize,
        /// Factor of a change. Default 0.1.
        #[serde(default = "default_gamma")]
        gamma: f64,
    },
}

fn default_momentum() -> f64 {
    0.9
}

fn default_adamw_weight_decay() -> f64 {
    0.01
}

fn default_gamma() -> f64 {
    0.1
}

impl OptimizerConfig {
    /// Learning rate at the start.
    #[must_use]
    pub fn lr(&self) -> f64 {
        match self {
            Self::Sgd { lr, .. } | Self::Adam { lr, .. } | Self::AdamW { lr, .. } => *lr,
        }
    }

    /// Weight decay.
    #[must_use]
    pub fn weight_decay(&self) -> f64 {
        match self {
            Self::Sgd { weight_decay, .. }
            | Self::Adam { weight_decay, .. }
            | Self::AdamW { weight_decay, .. } => *weight_decay,
        }
    }

    /// Tensors as large as the weights that the optimizer needs: those that stay between steps, and those that come and go
    /// within an update.
    pub(crate) fn copies_of_weights(&self) -> (u64, u64) {
        match self {
            Self::Sgd { momentum: 0.0, .. } => (0, 2),
            Self::Sgd { .. } => (1, 2),
            Self::Adam { .. } | Self::AdamW { .. } => (2, 4),
        }
    }

    /// One of each kind, from which the known keys are learnt.
    pub(super) fn examples() -> Vec<Self> {
        vec![
            Self::Sgd { lr: 1e-3, momentum: default_momentum(), weight_decay: 0.0 },
            Self::Adam { lr: 1e-3, weight_decay: 0.0 },
            Self::AdamW { lr: 1e-3, weight_decay: default_adamw_weight_decay() },
        ]
    }

    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        ensure_positive(self.lr(), "optimizer.lr")?;
        ensure_not_negative(self.weight_decay(), "optimizer.weight_decay")?;
        match self {
            Self::Sgd { momentum, .. } => ensure_fraction(*momentum, "optimizer.momentum"),
            Self::Adam { .. } | Self::AdamW { .. } => Ok(()),
        }
    }
}

impl ScheduleConfig {
    /// One of each kind, from which the known keys are learnt.
    pub(super) fn examples() -> Vec<Self> {
        vec![
            Self::Constant,
            Self::Cosine { min_lr: 0.0, warmup_epochs: 0 },
            Self::Step { every_epochs: 20, gamma: default_gamma() },
        ]
    }

    pub(super) fn validate(&self, lr: f64) -> Result<(), ConfigError> {
        match self {
            Self::Constant => Ok(()),
            Self::Cosine { min_lr, .. } => {
                ensure(
                    lr <= 1.0,
                    "optimizer.lr",
                    lr,
                    "a number above 0 and at most 1, for schedule.kind = \"cosine\"",
                )?;
                ensure(
                    (0.0..=lr).contains(min_lr),
                    "schedule.min_lr",
                    min_lr,
                    &format!("a number from 0 to optimizer.lr, which is {lr}"),
                )
            }
            Self::Step { every_epochs, gamma } => {
                ensure_some(*every_epochs, "schedule.every_epochs")?;
                ensure_positive(*gamma, "schedule.gamma")
            }
        }
    }
}
