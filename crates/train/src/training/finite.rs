//! Finds the layer of a network that has values that are not finite.

use burn::module::{Module, ModuleVisitor, Param, ParamId};
use burn::store::ModuleSnapshot;
use burn::tensor::Tensor;

use crate::network::Network;
use crate::task::CloudBatch;

/// The first layer with weights that are not finite; if there is none, the first with such outputs for `batch`.
pub(super) fn first_bad_layer(model: &Network, batch: &CloudBatch) -> String {
    let of_outputs = || {
        let outputs = model.named_outputs(&batch.input);
        outputs.into_iter().find(|(_, output)| !is_finite(output.clone())).map(|(name, _)| name)
    };
    first_bad_parameter(model).or_else(of_outputs).unwrap_or_else(|| "loss".into())
}

fn is_finite<const D: usize>(tensor: Tensor<D>) -> bool {
    // NaN and infinity times zero give NaN, and a sum keeps it.
    let sum: f32 = (tensor * 0.0).sum().into_scalar();
    sum == 0.0
}

/// The name of the first parameter with a value that is not finite.
pub(super) fn first_bad_parameter(model: &Network) -> Option<String> {
    struct Search(Option<ParamId>);
    impl ModuleVisitor for Search {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            if self.0.is_none() && !is_finite(param.val()) {
                self.0 = Some(param.id);
            }
        }
    }
    let mut search = Search(None);
    model.visit(&mut search);
    search.0.map(|id| name_of(model, id))
}

/// The name of a parameter.
pub(super) fn name_of(model: &Network, id: ParamId) -> String {
    let snapshots = model.collect(None, None, true);
    let found = snapshots.iter().find(|tensor| tensor.param_id == Some(id.val()));
    found.map_or_else(|| id.to_string(), |tensor| tensor.name.clone())
}
