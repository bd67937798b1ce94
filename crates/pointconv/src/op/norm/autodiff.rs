//! The gradients of the normalisations. Both save their input and recompute the normalised values.

use burn::backend::autodiff::NodeId;
use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, AutodiffBackend, Backend};

use super::NormBackend;

#[derive(Clone, Debug)]
struct BatchSaved<B: Backend> {
    features: FloatTensor<B>,
    gamma: FloatTensor<B>,
    mean: FloatTensor<B>,
    variance: FloatTensor<B>,
    epsilon: f64,
}

#[derive(Clone, Debug)]
struct LayerSaved<B: Backend> {
    features: FloatTensor<B>,
    gamma: FloatTensor<B>,
    epsilon: f64,
}

#[derive(Debug)]
struct BatchNormBackward;

#[derive(Debug)]
struct LayerNormBackward;

impl<B: NormBackend> Backward<B, 3> for BatchNormBackward {
    type State = BatchSaved<B>;

    fn backward(self, ops: Ops<Self::State, 3>, grads: &mut Gradients, _checkpointer: &mut Checkpointer) {
        let grad = grads.consume::<B>(&ops.node);
        let BatchSaved { features, gamma, mean, variance, epsilon } = ops.state;
        let found = B::point_batch_norm_backward(features, gamma, mean, variance, grad, epsilon);
        register::<B>(grads, ops.parents.map(|parent| parent.map(|node| node.id)), found);
    }
}

impl<B: NormBackend> Backward<B, 3> for LayerNormBackward {
    type State = LayerSaved<B>;

    fn backward(self, ops: Ops<Self::State, 3>, grads: &mut Gradients, _checkpointer: &mut Checkpointer) {
        let grad = grads.consume::<B>(&ops.node);
        let LayerSaved { features, gamma, epsilon } = ops.state;
        let found = B::point_layer_norm_backward(features, gamma, grad, epsilon);
        register::<B>(grads, ops.parents.map(|parent| parent.map(|node| node.id)), found);
    }
}

/// Registers the gradients of those parents that ask for one.
fn register<B: Backend>(
    grads: &mut Gradients,
    parents: [Option<NodeId>; 3],
    (features, gamma, beta): (FloatTensor<B>, FloatTensor<B>, FloatTensor<B>),
) {
    for (parent, grad) in parents.into_iter().zip([features, gamma, beta]) {
        if let Some(parent) = parent {
            grads.register::<B>(parent, grad);
        }
    }
}

impl<B: NormBackend, C: CheckpointStrategy> NormBackend for Autodiff<B, C> {
    fn point_batch_norm(
        features: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        epsilon: f64,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let (features, features_node) = features.into_parts();
        let (gamma, gamma_node) = gamma.into_parts();
        let (beta, beta_node) = beta.into_parts();
        let (output, mean, variance) = B::point_batch_norm(features.clone(), gamma.clone(), beta, epsilon);
        let nodes = [features_node, gamma_node, beta_node];
        let output = match BatchNormBackward.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prep) => {
                let (mean, variance) = (mean.clone(), variance.clone());
                prep.finish(BatchSaved::<B> { features, gamma, mean, variance, epsilon }, output)
            }
            OpsKind::UnTracked(prep) => prep.finish(output),
        };
        (output, Self::from_inner(mean), Self::from_inner(variance))
    }

    fn point_batch_norm_backward(
        _features: FloatTensor<Self>,
        _gamma: FloatTensor<Self>,
        _mean: FloatTensor<Self>,
        _variance: FloatTensor<Self>,
        _grad: FloatTensor<Self>,
        _epsilon: f64,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        panic!("batch normalisation: second derivatives are not supported")
    }

    fn point_layer_norm(
        features: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        epsilon: f64,
    ) -> FloatTensor<Self> {
        let (features, features_node) = features.into_parts();
        let (gamma, gamma_node) = gamma.into_parts();
        let (beta, beta_node) = beta.into_parts();
        let output = B::point_layer_norm(features.clone(), gamma.clone(), beta, epsilon);
        let nodes = [features_node, gamma_node, beta_node];
        match LayerNormBackward.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish(LayerSaved::<B> { features, gamma, epsilon }, output),
            OpsKind::UnTracked(prep) => prep.finish(output),
        }
    }

    fn point_layer_norm_backward(
        _features: FloatTensor<Self>,
        _gamma: FloatTensor<Self>,
        _grad: FloatTensor<Self>,
        _epsilon: f64,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        panic!("layer normalisation: second derivatives are not supported")
    }
}
