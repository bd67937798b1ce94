//! The loss of both tasks: cross-entropy over clouds, or over points, some of which may be ignored.

use burn::nn::loss::CrossEntropyLossConfig;
use burn::tensor::activation::log_softmax;
use burn::tensor::{Int, Tensor};
use burn::train::ClassificationOutput;

use super::CloudBatch;
use crate::config::ClassWeights;
use crate::network::{Network, Task, mean_of_members};

/// How logits and targets are compared.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Loss {
    /// Whether there is a target for every cloud or for every point.
    pub task: Task,
    /// Label smoothing, in `[0, 1)`: the probability that is moved from the true class to all classes in equal parts.
    pub label_smoothing: f32,
}

impl Loss {
    fn of(self, logits: Tensor<2>, targets: Tensor<1, Int>, weights: Option<Tensor<1>>) -> Tensor<1> {
        match (self.task, &weights) {
            (Task::Classification, None) => CrossEntropyLossConfig::new()
                .with_smoothing((self.label_smoothing > 0.0).then_some(self.label_smoothing))
                .init(&logits.device())
                .forward(logits, targets),
            _ => weighted_loss(logits, targets, weights, self.label_smoothing),
        }
    }
}

/// The weighted sum of the losses of a shard, from which the mean of a batch is computed.
pub(crate) struct LossSum {
    /// `sum_i w_i · l_i`, as in the mean.
    pub(crate) sum: Tensor<1>,
    /// `sum_i w_i`.
    pub(crate) weight: f32,
    pub(crate) logits: Tensor<2>,
    pub(crate) targets: Tensor<1, Int>,
}

/// The weight of each class in the loss, from the numbers of items (clouds or points) `counts` per class; 0 for a class
/// without items.
#[must_use]
pub fn class_weights(kind: ClassWeights, counts: &[u64]) -> Option<Vec<f32>> {
    let present = counts.iter().filter(|&&count| count > 0).count() as f64;
    let all = counts.iter().sum::<u64>() as f64;
    let balanced = |count: u64| if count == 0 { 0.0 } else { all / (present * count as f64) };
    match kind {
        ClassWeights::None => None,
        ClassWeights::Balanced => Some(counts.iter().map(|&count| balanced(count) as f32).collect()),
        ClassWeights::Root => Some(counts.iter().map(|&count| balanced(count).sqrt() as f32).collect()),
    }
}

/// The logits of a batch and their loss.
///
/// # Panics
/// When the batch was made for another network.
#[must_use]
pub fn forward_loss(network: &Network, batch: CloudBatch) -> ClassificationOutput {
    let logits = network.logits(&batch.input);
    let loss = batch.loss.of(logits.clone(), batch.targets.clone(), batch.weights);
    ClassificationOutput::new(loss, logits, batch.targets)
}

/// The logits of a batch and the loss to train with: of an ensemble, the value is the mean of the losses of its networks, and
/// every network gets the gradients of its own loss.
///
/// # Panics
/// As [`forward_loss`].
pub(crate) fn training_loss(network: &Network, batch: CloudBatch) -> ClassificationOutput {
    let members = network.member_logits(&batch.input);
    let loss =
        |logits: &Tensor<2>| batch.loss.of(logits.clone(), batch.targets.clone(), batch.weights.clone());
    let loss = mean_with_own_gradients(members.iter().map(loss).collect());
    ClassificationOutput::new(loss, mean_of_members(members), batch.targets)
}

/// The mean of `losses`; its gradients are those of their sum.
fn mean_with_own_gradients(losses: Vec<Tensor<1>>) -> Tensor<1> {
    let count = losses.len();
    let sum = losses.into_iter().reduce(|sum, loss| sum + loss).expect("there is a network");
    if count == 1 {
        return sum;
    }
    let excess = sum.clone().detach() * (1.0 - 1.0 / count as f32);
    sum - excess
}

/// The logits of a shard and the sum of their losses.
pub(crate) fn forward_sum(network: &Network, batch: CloudBatch) -> LossSum {
    let CloudBatch { input, targets, weights, loss, .. } = batch;
    let members = network.member_logits(&input);
    let mut weight = 0.0;
    let sum = |logits: &Tensor<2>| {
        let (losses, weights) =
            losses(logits.clone(), targets.clone(), weights.clone(), loss.label_smoothing);
        weight = weights.clone().sum().into_scalar();
        (losses * weights).sum().neg()
    };
    let sum = mean_with_own_gradients(members.iter().map(sum).collect());
    LossSum { sum, weight, logits: mean_of_members(members), targets }
}

/// The weighted mean of the cross-entropy over the items (clouds or points) of a batch: `sum_i w_i · l_i / sum_i w_i`. If all weights are 0, the
/// loss and its gradient are 0.
///
/// `l_i = -(1 - s) · log p_i[t_i] - s · mean_c log p_i[c]` with the label smoothing `s`. A target that is not a class has the
/// weight 0, whatever `weights` has for it; without `weights`, all others have the weight 1.
///
/// # Shapes
/// - logits `[N, classes]`, targets `[N]`, weights `[N]`
fn weighted_loss(
    logits: Tensor<2>,
    targets: Tensor<1, Int>,
    weights: Option<Tensor<1>>,
    smoothing: f32,
) -> Tensor<1> {
    let device = logits.device();
    let (losses, weights) = losses(logits, targets, weights, smoothing);
    let total: f32 = weights.clone().sum().into_scalar();
    if total <= 0.0 {
        // Zero, but still connected to the weights of the network, so that all of their gradients are zero.
        return losses.sum() * Tensor::zeros([1], &device);
    }
    (losses * weights).sum().neg() / total
}

/// `-l_i` and `w_i` of [`weighted_loss`].
fn losses(
    logits: Tensor<2>,
    targets: Tensor<1, Int>,
    weights: Option<Tensor<1>>,
    smoothing: f32,
) -> (Tensor<1>, Tensor<1>) {
    let [items, classes] = logits.dims();
    let counted = targets.clone().lower_elem(classes as i64).float();
    let weights = match weights {
        Some(weights) => weights * counted,
        None => counted,
    };
    let log_probabilities = log_softmax(logits, 1);
    let indices = targets.clamp(0, classes as i64 - 1).reshape([items, 1]);
    let mut losses = log_probabilities.clone().gather(1, indices).reshape([items]);
    if smoothing > 0.0 {
        losses = losses * (1.0 - smoothing) + log_probabilities.mean_dim(1).reshape([items]) * smoothing;
    }
    (losses, weights)
}

#[cfg(test)]
mod tests {
    use burn::nn::loss::CrossEntropyLossConfig;
    use burn::tensor::{Device, TensorData, Tolerance};
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;
    use rand_distr::StandardNormal;

    use super::*;

    const CLASSES: usize = 4;

    fn logits(device: &Device) -> Tensor<2> {
        // Not drawn on the device: other tests use its only generator at the same time.
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        let values: Vec<f32> = (0..5 * CLASSES).map(|_| 2.0 * rng.sample::<f32, _>(StandardNormal)).collect();
        Tensor::from_data(TensorData::new(values, [5, CLASSES]), device)
    }

    fn ints(values: [i32; 5], device: &Device) -> Tensor<1, Int> {
        Tensor::from_ints(values, device)
    }

    #[test]
    fn agrees_with_burn_where_nothing_is_ignored() {
        let device = Device::flex();
        let targets = ints([0, 3, 1, 1, 2], &device);
        for smoothing in [None, Some(0.2)] {
            let expected = CrossEntropyLossConfig::new()
                .with_smoothing(smoothing)
                .init(&device)
                .forward(logits(&device), targets.clone());
            let found = weighted_loss(logits(&device), targets.clone(), None, smoothing.unwrap_or(0.0));
            // Allows for a few roundings.
            found.into_data().assert_approx_eq(&expected.into_data(), Tolerance::<f32>::absolute(1e-5));
        }
    }

    #[test]
    fn ignored_points_change_neither_loss_nor_gradient() {
        let device = Device::flex().autodiff();
        let weights = Tensor::<1>::from_floats([1.0, 2.0, 0.5, 9.0, 1.0], &device);
        let run = |rows: usize, targets: Tensor<1, Int>| {
            let logits = logits(&device).slice_dim(0, 0..rows).require_grad();
            let weights = weights.clone().slice_dim(0, 0..rows);
            let loss = weighted_loss(logits.clone(), targets, Some(weights), 0.1);
            let gradient = logits.grad(&loss.backward()).unwrap().slice_dim(0, 0..3);
            (loss.into_scalar::<f32>(), gradient.into_data())
        };
        let all = ints([0, 3, 1, CLASSES as i32, CLASSES as i32], &device);
        let (loss, gradient) = run(5, all.clone());
        let (expected, expected_gradient) = run(3, all.slice_dim(0, 0..3));
        assert!((loss - expected).abs() < 1e-6, "{loss} {expected}");
        gradient.assert_approx_eq(&expected_gradient, Tolerance::<f32>::absolute(1e-6));
    }

    #[test]
    fn nothing_but_ignored_points_have_no_loss_and_no_gradient() {
        let device = Device::flex().autodiff();
        let logits = logits(&device).require_grad();
        let loss = weighted_loss(logits.clone(), ints([CLASSES as i32; 5], &device), None, 0.1);
        let gradient = logits.grad(&loss.backward()).unwrap();
        assert_eq!(loss.into_scalar::<f32>(), 0.0);
        assert!(gradient.into_data().iter::<f32>().all(|value| value == 0.0));
    }
}
