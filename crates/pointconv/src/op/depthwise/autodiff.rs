//! The gradients, hand-written: what to save, and which kernel gives which gradient.

use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend};
use neighbors::Neighborhood;

use super::DepthwisePointConvBackend;

/// What the backward pass needs: the inputs (the means are not kept, see the formula of the backward kernel).
#[derive(Clone, Debug)]
struct Saved<B: Backend> {
    features: FloatTensor<B>,
    weight: FloatTensor<B>,
    neighborhood: Neighborhood,
}

/// The backward step; its parents are features, weight and bias.
#[derive(Debug)]
struct DepthwisePointConvBackward;

impl<B: DepthwisePointConvBackend> Backward<B, 3> for DepthwisePointConvBackward {
    type State = Saved<B>;

    fn backward(self, ops: Ops<Self::State, 3>, grads: &mut Gradients, _checkpointer: &mut Checkpointer) {
        let grad = grads.consume::<B>(&ops.node);
        let [features_node, weight_node, bias_node] = ops.parents;
        let Saved { features, weight, neighborhood } = ops.state;

        let (grad_weight, grad_bias) = match features_node {
            Some(node) => {
                let (grad_features, grad_weight, grad_bias) =
                    B::depthwise_point_conv_backward(features, weight, grad, neighborhood);
                grads.register::<B>(node.id, grad_features);
                (grad_weight, grad_bias)
            }
            None => B::depthwise_point_conv_weight_backward(features, weight, grad, neighborhood),
        };
        if let Some(node) = weight_node {
            grads.register::<B>(node.id, grad_weight);
        }
        if let Some(node) = bias_node {
            grads.register::<B>(node.id, grad_bias);
        }
    }
}

impl<B: DepthwisePointConvBackend, C: CheckpointStrategy> DepthwisePointConvBackend for Autodiff<B, C> {
    fn depthwise_point_conv(
        features: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        neighborhood: Neighborhood,
    ) -> FloatTensor<Self> {
        let (features, features_node) = features.into_parts();
        let (weight, weight_node) = weight.into_parts();
        let (bias, bias_node) = bias.into_parts();
        let nodes = [features_node, weight_node, bias_node];
        match DepthwisePointConvBackward.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prep) => {
                let saved = Saved::<B> {
                    features: features.clone(),
                    weight: weight.clone(),
                    neighborhood: neighborhood.clone(),
                };
                prep.finish(saved, B::depthwise_point_conv(features, weight, bias, neighborhood))
            }
            OpsKind::UnTracked(prep) => {
                prep.finish(B::depthwise_point_conv(features, weight, bias, neighborhood))
            }
        }
    }

    // The gradients are registered on the inner backend. They are not differentiated a second time.

    fn depthwise_point_conv_backward(
        _features: FloatTensor<Self>,
        _weight: FloatTensor<Self>,
        _grad: FloatTensor<Self>,
        _neighborhood: Neighborhood,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        panic!("depthwise_point_conv: second derivatives are not supported")
    }

    fn depthwise_point_conv_weight_backward(
        _features: FloatTensor<Self>,
        _weight: FloatTensor<Self>,
        _grad: FloatTensor<Self>,
        _neighborhood: Neighborhood,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        panic!("depthwise_point_conv: second derivatives are not supported")
    }
}
