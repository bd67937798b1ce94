//! The gradient of a product with a sparse table is the product with its transpose.

use burn::backend::Autodiff;
use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;

use super::{InterpolateBackend, Rows};

#[derive(Debug)]
struct InterpolateBackward;

impl<B: InterpolateBackend> Backward<B, 1> for InterpolateBackward {
    type State = Rows;

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _checkpointer: &mut Checkpointer) {
        let grad = grads.consume::<B>(&ops.node);
        let [features] = ops.parents;
        if let Some(features) = features {
            grads.register::<B>(features.id, B::interpolate_rows(grad, ops.state.transposed()));
        }
    }
}

impl<B: InterpolateBackend, C: CheckpointStrategy> InterpolateBackend for Autodiff<B, C> {
    fn interpolate_rows(features: FloatTensor<Self>, rows: Rows) -> FloatTensor<Self> {
        let (features, node) = features.into_parts();
        let output = B::interpolate_rows(features, rows.clone());
        match InterpolateBackward.prepare::<C>([node]).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish(rows, output),
            OpsKind::UnTracked(prep) => prep.finish(output),
        }
    }
}
