//! Batch and layer normalisation.

use burn::module::{Module, Param};
use burn::tensor::{DType, Device, Tensor, TensorData};
use pointconv::{PackedBatchNorm, PackedBatchNormConfig, PackedLayerNorm, PackedLayerNormConfig};

use super::harness::{Matrix, check_differences, check_reference, check_threads, pass};
use crate::common::{device, precisions, values};

const EPSILON: f64 = 1e-3;

/// Some roundings of values of magnitude 1, of which thousands are averaged.
fn tolerance(dtype: DType) -> f64 {
    if dtype == DType::F64 { 1e-12 } else { 1e-4 }
}

fn vector(values: &[f64], dtype: DType, device: &Device) -> Tensor<1> {
    let data = TensorData::new(values.to_vec(), [values.len()]).convert_dtype(dtype);
    Tensor::from_data(data, (device, dtype))
}

/// `γ` and `β` of a test.
fn parameters(channels: usize) -> [Vec<f64>; 2] {
    [Matrix::random(1, channels, 100).map(|v| v + 1.5).values, Matrix::random(1, channels, 101).values]
}

fn batch_norm(channels: usize, dtype: DType, device: &Device) -> PackedBatchNorm {
    let mut norm = PackedBatchNormConfig::new(channels).with_epsilon(EPSILON).init(device);
    let [gamma, beta] = parameters(channels);
    norm.gamma = Param::from_tensor(vector(&gamma, dtype, device));
    norm.beta = Param::from_tensor(vector(&beta, dtype, device));
    norm.running_mean.update(vector(&vec![0.0; channels], dtype, device));
    norm.running_var.update(vector(&vec![1.0; channels], dtype, device));
    norm
}

fn layer_norm(channels: usize, dtype: DType, device: &Device) -> PackedLayerNorm {
    let mut norm = PackedLayerNormConfig::new(channels).with_epsilon(EPSILON).init(device);
    let [gamma, beta] = parameters(channels);
    norm.gamma = Param::from_tensor(vector(&gamma, dtype, device));
    norm.beta = Param::from_tensor(vector(&beta, dtype, device));
    norm
}

fn run_batch(features: Tensor<2>) -> Tensor<2> {
    batch_norm(features.dims()[1], features.dtype(), &features.device()).forward(features)
}

fn run_layer(features: Tensor<2>) -> Tensor<2> {
    layer_norm(features.dims()[1], features.dtype(), &features.device()).forward(features)
}

/// The formula in tensor operations, with statistics over the given axis.
fn reference(features: Tensor<2>, axis: usize) -> Tensor<2> {
    let [gamma, beta] = parameters(features.dims()[1]);
    let (dtype, device) = (features.dtype(), features.device());
    let centred = features.clone() - features.mean_dim(axis);
    let variance = (centred.clone() * centred.clone()).mean_dim(axis);
    centred / (variance + EPSILON).sqrt() * vector(&gamma, dtype, &device).unsqueeze()
        + vector(&beta, dtype, &device).unsqueeze()
}

#[test]
fn agree_with_the_formula() {
    for (points, channels) in [(1, 3), (2, 1), (37, 5), (1300, 21), (700, 64)] {
        let features = Matrix::random(points, channels, 1).map(|v| 3.0 * v + 2.0);
        let grad = Matrix::random(points, channels, 2);
        let what = format!("{points} points, {channels} channels");
        check_reference(&what, run_batch, |x| reference(x, 0), &features, &grad, tolerance);
        check_reference(&what, run_layer, |x| reference(x, 1), &features, &grad, tolerance);
    }
}

#[test]
fn gradients_are_difference_quotients() {
    let (features, weights) = (Matrix::random(11, 4, 3), Matrix::random(11, 4, 4));
    check_differences("batch normalisation", run_batch, &features, &weights);
    check_differences("layer normalisation", run_layer, &features, &weights);
}

/// The gradients of the parameters, against the formula differentiated by burn.
#[test]
fn gradients_of_the_parameters() {
    let device = device().autodiff();
    for dtype in precisions(&device) {
        let (features, grad) = (Matrix::random(700, 5, 5), Matrix::random(700, 5, 6));
        let [gamma, beta] = parameters(5);
        for axis in [0, 1] {
            let x = features.tensor(dtype, &device);
            let upstream = grad.tensor(dtype, &device);
            let (output, gamma_found, beta_found) = if axis == 0 {
                let norm = batch_norm(5, dtype, &device);
                (norm.forward(x.clone()), norm.gamma.val(), norm.beta.val())
            } else {
                let norm = layer_norm(5, dtype, &device);
                (norm.forward(x.clone()), norm.gamma.val(), norm.beta.val())
            };
            let gradients = (output * upstream.clone()).sum().backward();
            let (gamma, beta) =
                (vector(&gamma, dtype, &device).require_grad(), vector(&beta, dtype, &device).require_grad());
            let centred = x.clone() - x.mean_dim(axis);
            let variance = (centred.clone() * centred.clone()).mean_dim(axis);
            let expected =
                centred / (variance + EPSILON).sqrt() * gamma.clone().unsqueeze() + beta.clone().unsqueeze();
            let expected = (expected * upstream).sum().backward();
            for (name, found, wanted) in [("gamma", gamma_found, gamma), ("beta", beta_found, beta)] {
                let found = values(found.grad(&gradients).expect("a parameter has a gradient"));
                let wanted = values(wanted.grad(&expected).expect("it asks for one"));
                for (a, b) in found.iter().zip(&wanted) {
                    // Sums of 700 terms.
                    assert!((a - b).abs() < 10.0 * tolerance(dtype), "{name}, axis {axis}: {a} and {b}");
                }
            }
        }
    }
}

#[test]
fn threads() {
    let (features, grad) = (Matrix::random(9000, 19, 7), Matrix::random(9000, 19, 8));
    check_threads("batch normalisation", || run_batch, &features, &grad);
    check_threads("layer normalisation", || run_layer, &features, &grad);
}

/// A mean of a million beside deviations of one.
#[test]
fn a_large_mean_does_not_hide_the_variance() {
    let features = Matrix::random(5000, 2, 9).map(|v| f64::from((v * 8.0).round() as f32 + 1e6));
    let device = device().autodiff();
    let norm = PackedBatchNormConfig::new(2).with_momentum(1.0).init(&device);
    let _ = norm.forward(features.tensor(DType::F32, &device));
    let found = values(norm.running_var.value_sync());
    for (channel, found) in found.into_iter().enumerate() {
        let own: Vec<f64> = features.values.iter().skip(channel).step_by(2).copied().collect();
        let mean = own.iter().sum::<f64>() / 5000.0;
        let variance = own.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / 5000.0;
        let error = (found - variance).abs() / variance;
        assert!(error < 1e-2, "{found} and {variance}");
    }
}

/// Running statistics in training, their use in evaluation, and burn's layer beside ours.
#[test]
fn running_statistics_are_those_of_burn() {
    let device = device().autodiff();
    let ours = PackedBatchNormConfig::new(3).init(&device);
    let theirs = burn::nn::BatchNormConfig::new(3).init(&device);
    for seed in 0..3 {
        let features = Matrix::random(50, 3, seed).map(|v| v * 2.0 + 1.0).tensor(DType::F32, &device);
        let (a, b) = (values(ours.forward(features.clone())), values(theirs.forward(features)));
        assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-5));
    }
    for (a, b) in [
        (ours.running_mean.value_sync(), theirs.running_mean.value_sync()),
        (ours.running_var.value_sync(), theirs.running_var.value_sync()),
    ] {
        assert!(values(a).iter().zip(&values(b)).all(|(a, b)| (a - b).abs() < 1e-6));
    }
    let features = Matrix::random(4, 3, 9).tensor(DType::F32, &crate::common::device());
    let (ours, theirs) = (ours.valid(), theirs.valid());
    let before = values(ours.running_mean.value_sync());
    let (a, b) = (values(ours.forward(features.clone())), values(theirs.forward(features)));
    assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-5));
    assert_eq!(values(ours.running_mean.value_sync()), before, "evaluation changes nothing");
}

/// A frozen layer takes the running statistics and leaves them alone, on a device with autodiff too.
#[test]
fn frozen() {
    let device = device().autodiff();
    let norm = PackedBatchNormConfig::new(3).init(&device).freeze();
    let features = Matrix::random(40, 3, 1).map(|v| v + 5.0).tensor(DType::F32, &device);
    let output = values(norm.forward(features.clone()));
    assert!(output.iter().zip(&values(features)).all(|(a, b)| (a - b).abs() < 1e-3));
    assert_eq!(values(norm.running_mean.value_sync()), [0.0; 3]);
}

/// No points and one point: nothing is NaN, and no points change nothing.
#[test]
fn nothing_and_one_point() {
    for dtype in precisions(&device()) {
        let device = device().autodiff();
        let norm = batch_norm(3, dtype, &device);
        let empty = Matrix::random(0, 3, 1);
        let (output, _) = pass(&|x| norm.forward(x), &empty, &empty, dtype);
        assert_eq!((output.rows, output.columns), (0, 3));
        assert_eq!(values(norm.running_mean.value_sync()), [0.0; 3]);
        assert_eq!(values(norm.running_var.value_sync()), [1.0; 3]);
        let one = Matrix::random(1, 3, 2);
        let (output, gradient) = pass(&|x| norm.forward(x), &one, &one, dtype);
        assert_eq!(output.values, values(norm.beta.val()));
        assert_eq!(gradient.values, [0.0; 3]);
        assert!(values(norm.running_var.value_sync()).iter().all(|v| (v - 0.9).abs() < 1e-6));
        let (output, _) = pass(&run_layer, &empty, &empty, dtype);
        assert_eq!((output.rows, output.columns), (0, 3));
        let alone = Matrix::random(5, 1, 3);
        let (output, gradient) = pass(&run_layer, &alone, &alone, dtype);
        assert!(output.values.iter().all(|v| (v - parameters(1)[1][0]).abs() < 1e-6));
        assert!(gradient.values.iter().all(|v| v.abs() < 1e-6));
    }
}

#[test]
#[should_panic(expected = "PackedBatchNorm: features have 4 channels, the layer has 3")]
fn other_channels() {
    PackedBatchNormConfig::new(3).init(&device()).forward(Tensor::zeros([2, 4], &device()));
}

#[test]
#[should_panic(expected = "PackedLayerNorm: epsilon must be finite and positive, found 0")]
fn no_epsilon() {
    let _ = PackedLayerNormConfig::new(3).with_epsilon(0.0).init(&device());
}
