//! What the tests of the layers share: a layer is a function of its features.

use burn::tensor::{DType, Device, Tensor, TensorData};
use neighbors::PackedClouds;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::common::{assert_same_bits, device, precisions, random_clouds, values};

/// Values in row-major order.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Matrix {
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    pub(crate) values: Vec<f64>,
}

impl Matrix {
    /// Uniform values in -1..1 that are exact in single precision.
    pub(crate) fn random(rows: usize, columns: usize, seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut value = || f64::from(rng.random_range(-1.0..1.0f32));
        Self { rows, columns, values: (0..rows * columns).map(|_| value()).collect() }
    }

    pub(crate) fn map(&self, f: impl Fn(f64) -> f64) -> Self {
        Self { values: self.values.iter().map(|&v| f(v)).collect(), ..*self }
    }

    pub(crate) fn tensor(&self, dtype: DType, device: &Device) -> Tensor<2> {
        let data = TensorData::new(self.values.clone(), [self.rows, self.columns]);
        Tensor::from_data(data.convert_dtype(dtype), (device, dtype))
    }

    fn dot(&self, other: &Self) -> f64 {
        assert_eq!((self.rows, self.columns), (other.rows, other.columns));
        self.values.iter().zip(&other.values).map(|(a, b)| a * b).sum()
    }
}

fn matrix(tensor: Tensor<2>) -> Matrix {
    let [rows, columns] = tensor.dims();
    Matrix { rows, columns, values: values(tensor) }
}

/// The output of `layer`, and the gradient of `sum(y · grad)` for the features.
pub(crate) fn pass(
    layer: &impl Fn(Tensor<2>) -> Tensor<2>,
    features: &Matrix,
    grad: &Matrix,
    dtype: DType,
) -> (Matrix, Matrix) {
    pass_on(&device(), layer, features, grad, dtype)
}

fn pass_on(
    device: &Device,
    layer: &impl Fn(Tensor<2>) -> Tensor<2>,
    features: &Matrix,
    grad: &Matrix,
    dtype: DType,
) -> (Matrix, Matrix) {
    let device = device.clone().autodiff();
    let input = features.tensor(dtype, &device).require_grad();
    let output = layer(input.clone());
    assert_eq!(output.dims(), [grad.rows, grad.columns]);
    assert_eq!(output.dtype(), dtype);
    let gradients = (output.clone() * grad.tensor(dtype, &device)).sum().backward();
    let gradient = input.grad(&gradients).expect("the features ask for a gradient");
    assert_eq!(gradient.dims(), input.dims());
    (matrix(output), matrix(gradient))
}

/// Output and gradient are those of `reference` on the CPU, up to `tolerance` of values of magnitude 1.
pub(crate) fn check_reference(
    what: &str,
    layer: impl Fn(Tensor<2>) -> Tensor<2>,
    reference: impl Fn(Tensor<2>) -> Tensor<2>,
    features: &Matrix,
    grad: &Matrix,
    tolerance: impl Fn(DType) -> f64,
) {
    for dtype in precisions(&device()) {
        let (output, gradient) = pass(&layer, features, grad, dtype);
        let (expected_output, expected_gradient) =
            pass_on(&Device::flex(), &reference, features, grad, dtype);
        for (name, got, expected) in
            [("output", &output, &expected_output), ("gradient", &gradient, &expected_gradient)]
        {
            for (i, (a, b)) in got.values.iter().zip(&expected.values).enumerate() {
                assert!(
                    (a - b).abs() <= tolerance(dtype),
                    "{what}, {dtype:?}: {name} {i} is {a}, expected {b}"
                );
            }
        }
    }
}

/// `<A x, g> = <x, Aᵀ g>`, for a layer that is linear.
pub(crate) fn check_adjoint(
    what: &str,
    layer: impl Fn(Tensor<2>) -> Tensor<2>,
    features: &Matrix,
    grad: &Matrix,
) {
    for dtype in precisions(&device()) {
        let elsewhere = Matrix::random(features.rows, features.columns, 99);
        let (output, _) = pass(&layer, features, grad, dtype);
        let (_, gradient) = pass(&layer, &elsewhere, grad, dtype);
        let (left, right) = (output.dot(grad), features.dot(&gradient));
        let absolute = pass(&layer, &features.map(f64::abs), &grad.map(f64::abs), dtype).0;
        let magnitude = absolute.dot(&grad.map(f64::abs));
        let error = (left - right).abs();
        assert!(
            error <= crate::common::round_off(dtype) * magnitude,
            "{what}, {dtype:?}: <y, g> is {left}, <x, dL/dx> is {right}, of {magnitude}"
        );
    }
}

/// The gradient for every feature against central differences of `1/2 sum(c · y²)`, in double precision.
pub(crate) fn check_differences(
    what: &str,
    layer: impl Fn(Tensor<2>) -> Tensor<2>,
    features: &Matrix,
    weights: &Matrix,
) {
    const STEP: f64 = 1e-4;
    let device = device();
    if !precisions(&device).contains(&DType::F64) {
        eprintln!("SKIPPED: difference quotients, {device:?} has no double precision");
        return;
    }
    let device = device.autodiff();
    let loss = |features: &Matrix| -> f64 {
        let output = matrix(layer(features.tensor(DType::F64, &device)));
        output.values.iter().zip(&weights.values).map(|(y, c)| 0.5 * c * y * y).sum()
    };
    let output = matrix(layer(features.tensor(DType::F64, &device)));
    let grad =
        Matrix { values: output.values.iter().zip(&weights.values).map(|(y, c)| c * y).collect(), ..output };
    let (_, gradient) = pass(&layer, features, &grad, DType::F64);
    for i in 0..features.values.len() {
        let at = |step: f64| {
            let mut moved = features.clone();
            moved.values[i] += step;
            loss(&moved)
        };
        let difference = (at(STEP) - at(-STEP)) / (2.0 * STEP);
        // The third derivative times the square of the step, and the round-off of the loss divided by the step.
        assert!(
            (difference - gradient.values[i]).abs() <= 1e-5,
            "{what}: dL/dx[{i}] is {}, the difference quotient {difference}",
            gradient.values[i]
        );
    }
}

/// `make` builds a layer and its maps; output and gradient have the same bits with 1, 2 and 8 threads.
pub(crate) fn check_threads<L: Fn(Tensor<2>) -> Tensor<2>>(
    what: &str,
    make: impl Fn() -> L + Sync,
    features: &Matrix,
    grad: &Matrix,
) {
    for dtype in precisions(&device()) {
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads start");
            pool.install(|| pass(&make(), features, grad, dtype))
        };
        let one = run(1);
        for threads in [2, 8] {
            let many = run(threads);
            let what = format!("{what}, {dtype:?}, {threads} threads");
            assert_same_bits(&what, &many.0.values, &one.0.values);
            assert_same_bits(&what, &many.1.values, &one.1.values);
        }
    }
}

/// Clouds of the given sizes, uniform in a cube of edge 1.
pub(crate) fn clouds(sizes: &[usize], seed: u64) -> PackedClouds {
    random_clouds(sizes, seed)
}
