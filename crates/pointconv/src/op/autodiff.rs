//! The gradients, hand-written: what to save, and which kernel gives which gradient.

use super::PointConvBackend;
use super::kind::Convolution;
use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend};

/// What the backward pass needs: the inputs (the means are not kept, see the formula of the backward kernel).
#[derive(Clone, Debug)]
struct Saved<B: Backend> {
    features: FloatTensor<B>,
    weight: FloatTensor<B>,
    convolution: Convolution,
}

/// The backward step; its parents are features, weight and bias.
#[derive(Debug)]
struct PointConvBackward;

impl<B: PointConvBackend> Backward<B, 3> for PointConvBackward {
    type State = Saved<B>;

    fn backward(self, ops: Ops<Self::State, 3>, grads: &mut Gradients, _checkpointer: &mut Checkpointer) {
        let grad = grads.consume::<B>(&ops.node);
        let [features_node, weight_node, bias_node] = ops.parents;
        let Saved { features, weight, convolution } = ops.state;

        let (grad_weight, grad_bias) = match features_node {
            Some(node) => {
                let (grad_features, grad_weight, grad_bias) =
                    B::point_conv_backward(features, weight, grad, convolution);
                grads.register::<B>(node.id, grad_features);
                (grad_weight, grad_bias)
            }
            None => B::point_conv_weight_backward(features, weight, grad, convolution),
        };
        if let Some(node) = weight_node {
            grads.register::<B>(node.id, grad_weight);
        }
        if let Some(node) = bias_node {
            grads.register::<B>(node.id, grad_bias);
        }
    }
}

impl<B: PointConvBackend, C: CheckpointStrategy> PointConvBackend for Autodiff<B, C> {
    fn point_conv(
        features: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        convolution: Convolution,
    ) -> FloatTensor<Self> {
        let (features, features_node) = features.into_parts();
        let (weight, weight_node) = weight.into_parts();
        let (bias, bias_node) = bias.into_parts();
        let nodes = [features_node, weight_node, bias_node];
        match PointConvBackward.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prep) => {
                let saved = Saved::<B> {
                    features: features.clone(),
                    weight: weight.clone(),
                    convolution: convolution.clone(),
                };
                prep.finish(saved, B::point_conv(features, weight, bias, convolution))
            }
            OpsKind::UnTracked(prep) => prep.finish(B::point_conv(features, weight, bias, convolution)),
        }
    }

    // The gradients are registered on the inner backend. They are not differentiated a second time.

    fn point_conv_backward(
        _features: FloatTensor<Self>,
        _weight: FloatTensor<Self>,
        _grad: FloatTensor<Self>,
        convolution: Convolution,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        panic!("{}: second derivatives are not supported", convolution.kind.op())
    }

    fn point_conv_weight_backward(
        _features: FloatTensor<Self>,
        _weight: FloatTensor<Self>,
        _grad: FloatTensor<Self>,
        convolution: Convolution,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        panic!("{}: second derivatives are not supported", convolution.kind.op())
    }
}
