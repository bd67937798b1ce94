//! Ensembles: networks of the same layers that are trained together, each with a loss of its own, and whose mean probabilities
//! are the prediction.

use burn::tensor::Tensor;
use burn::tensor::activation::log_softmax;

use super::{Forward, NetworkInput};

/// The logits of each network of an ensemble, or of the only network.
pub(super) fn member_logits<N: Forward>(network: &N, input: &NetworkInput) -> Vec<Tensor<2>> {
    std::iter::once(network).chain(network.others()).map(|member| member.logits(input)).collect()
}

/// The output of every layer of all networks with its name, as its weights are named.
pub(super) fn member_outputs<N: Forward>(network: &N, input: &NetworkInput) -> Vec<(String, Tensor<2>)> {
    let mut outputs = network.named_outputs(input);
    for (index, other) in network.others().iter().enumerate() {
        let named = other.named_outputs(input).into_iter();
        outputs.extend(named.map(|(name, output)| (format!("others.{index}.{name}"), output)));
    }
    outputs
}

/// Logits whose softmax is the mean of the softmaxes of `members`: `log(mean_m softmax(z_m))`. The logits of a single network
/// stay as they are.
pub(crate) fn mean_of_members(members: Vec<Tensor<2>>) -> Tensor<2> {
    if members.len() == 1 {
        return members.into_iter().next().expect("there is a member");
    }
    let count = members.len() as f32;
    let logs: Vec<Tensor<2>> = members.into_iter().map(|logits| log_softmax(logits, 1)).collect();
    // The largest is subtracted, so that the logarithm is not that of zero.
    let largest = logs[1..].iter().fold(logs[0].clone(), |largest, log| largest.max_pair(log.clone()));
    let exponentials = logs.into_iter().map(|log| (log - largest.clone()).exp());
    let sum = exponentials.reduce(|sum, exponential| sum + exponential).expect("there is a member");
    largest + (sum / count).log()
}

#[cfg(test)]
mod tests {
    use burn::tensor::activation::softmax;
    use burn::tensor::{Device, Tolerance};

    use super::*;

    #[test]
    fn the_mean_is_that_of_the_probabilities() {
        let device = Device::flex();
        // The second has a probability that is zero in single precision.
        let members = [[[1.0, -2.0, 0.5], [0.0, 3.0, 0.0]], [[0.0, 200.0, -1.0], [5.0, 5.0, 4.0]]]
            .map(|logits| Tensor::<2>::from_floats(logits, &device));
        let expected = (softmax(members[0].clone(), 1) + softmax(members[1].clone(), 1)) / 2.0;
        let found = mean_of_members(members.to_vec());
        assert!(found.to_data().iter::<f32>().all(f32::is_finite));
        softmax(found, 1)
            .into_data()
            .assert_approx_eq(&expected.into_data(), Tolerance::<f32>::absolute(1e-6));
    }

    #[test]
    fn a_single_network_keeps_its_logits() {
        let logits = Tensor::<2>::from_floats([[1.0, -2.0], [0.5, 7.0]], &Device::flex());
        assert_eq!(mean_of_members(vec![logits.clone()]).into_data(), logits.into_data());
    }
}
