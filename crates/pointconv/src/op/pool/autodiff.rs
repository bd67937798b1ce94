//! The gradient of pooling: the winners are remembered, the features are not.

use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::backend::{Autodiff, Backend};

use super::{PoolBackend, Segments};
use crate::layer::Pooling;

/// What the backward pass needs.
#[derive(Clone, Debug)]
struct Saved<B: Backend> {
    winners: IntTensor<B>,
    segments: Segments,
    pooling: Pooling,
}

#[derive(Debug)]
struct SegmentPoolBackward;

impl<B: PoolBackend> Backward<B, 1> for SegmentPoolBackward {
    type State = Saved<B>;

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _checkpointer: &mut Checkpointer) {
        let grad = grads.consume::<B>(&ops.node);
        let [features] = ops.parents;
        if let Some(features) = features {
            let Saved { winners, segments, pooling } = ops.state;
            grads.register::<B>(features.id, B::segment_pool_backward(grad, winners, segments, pooling));
        }
    }
}

impl<B: PoolBackend, C: CheckpointStrategy> PoolBackend for Autodiff<B, C> {
    fn segment_pool(
        features: FloatTensor<Self>,
        segments: Segments,
        pooling: Pooling,
    ) -> (FloatTensor<Self>, IntTensor<Self>) {
        let (features, node) = features.into_parts();
        let (output, winners) = B::segment_pool(features, segments.clone(), pooling);
        let output = match SegmentPoolBackward.prepare::<C>([node]).compute_bound().stateful() {
            OpsKind::Tracked(prep) => {
                prep.finish(Saved::<B> { winners: winners.clone(), segments, pooling }, output)
            }
            OpsKind::UnTracked(prep) => prep.finish(output),
        };
        (output, winners)
    }

    fn segment_pool_backward(
        _grad: FloatTensor<Self>,
        _winners: IntTensor<Self>,
        _segments: Segments,
        _pooling: Pooling,
    ) -> FloatTensor<Self> {
        panic!("pooling: second derivatives are not supported")
    }
}
