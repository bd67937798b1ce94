//! The exponential moving average of the weights during a training.

use std::collections::HashMap;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param, ParamId};
use burn::tensor::{Tensor, TensorData};

use crate::network::Network;

/// Offset in the decay `(1 + t) / (10 + t)`, which is smaller during the first steps.
const WARMUP: f64 = 10.0;

/// `a ← d a + (1 - d) w` after every step `t`, with the decay `d = min(decay, (1 + t) / (10 + t))`, over all weights and
/// running statistics `w` (Polyak, Juditsky, *Acceleration of Stochastic Approximation by Averaging*, 1992; the growing decay
/// is that of TensorFlow).
#[derive(Debug)]
pub(super) struct Average {
    network: Network,
    decay: f64,
}

impl Average {
    /// Starts the average with `network`, which has no gradients.
    pub(super) fn new(network: Network, decay: f64) -> Self {
        Self { network, decay }
    }

    /// Adds the weights after step `step` of the training, counted from 1.
    pub(super) fn add(&mut self, weights: &Network, step: usize) {
        let step = step as f64;
        let decay = self.decay.min((1.0 + step) / (WARMUP + step));
        let mut found = Found::default();
        weights.visit(&mut found);
        let mut mix = Mix { found: found.0, decay };
        self.network = self.network.clone().map(&mut mix);
    }

    /// The network with the averaged weights.
    pub(super) fn network(&self) -> &Network {
        &self.network
    }
}

/// The values of all tensors of a network.
#[derive(Default)]
struct Found(HashMap<ParamId, TensorData>);

impl ModuleVisitor for Found {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.0.insert(param.id, param.val().into_data());
    }
}

/// Moves the tensors of a network towards the collected ones.
struct Mix {
    found: HashMap<ParamId, TensorData>,
    decay: f64,
}

impl ModuleMapper for Mix {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let Some(data) = self.found.remove(&param.id) else { return param };
        let decay = self.decay;
        param.map(|average| {
            let new = Tensor::from_data(data, &average.device());
            average * decay + new * (1.0 - decay)
        })
    }
}
