//! One pass forward and backward.

use burn::tensor::{DType, Device, Tensor, TensorData};
use pointconv::Neighborhood;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{Kind, Widths};

/// [`pointconv::pointwise_conv`], [`pointconv::depthwise_point_conv`], or the reference of one of them.
pub(crate) type Op = fn(Tensor<2>, Tensor<3>, Option<Tensor<1>>, &Neighborhood) -> Tensor<2>;

/// The arguments of the operator and the gradient of its output, row major. Random ones are exact in single precision.
#[derive(Clone, Debug)]
pub(crate) struct Inputs {
    pub(crate) kind: Kind,
    pub(crate) points: usize,
    pub(crate) centres: usize,
    pub(crate) subdomains: usize,
    pub(crate) channels_in: usize,
    pub(crate) channels_out: usize,
    /// Last dimension of the weight: `C_out`, or the multiplier `M` of a depthwise kernel.
    pub(crate) columns: usize,
    /// `[P, C_in]`.
    pub(crate) features: Vec<f64>,
    /// `[K, C_in, C_out]`, or `[K, C_in, M]`.
    pub(crate) weight: Vec<f64>,
    /// `[C_out]`.
    pub(crate) bias: Option<Vec<f64>>,
    /// `dL/dy [Q, C_out]`.
    pub(crate) grad: Vec<f64>,
}

impl Inputs {
    /// Uniform values in -1..1.
    pub(crate) fn random(kind: Kind, neighborhood: &Neighborhood, widths: Widths, seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut uniform = |count: usize| -> Vec<f64> {
            (0..count).map(|_| f64::from(rng.random_range(-1.0..1.0f32))).collect()
        };
        let (points, subdomains) = (neighborhood.points(), neighborhood.shape().subdomains());
        let centres = neighborhood.centres().points();
        let ((channels_in, columns), channels_out) = (widths, kind.channels_out(widths));
        Self {
            kind,
            points,
            centres,
            subdomains,
            channels_in,
            channels_out,
            columns,
            features: uniform(points * channels_in),
            weight: uniform(subdomains * channels_in * columns),
            bias: Some(uniform(channels_out)),
            grad: uniform(centres * channels_out),
        }
    }

    pub(crate) fn without_bias(self) -> Self {
        Self { bias: None, ..self }
    }

    /// The same with all values positive.
    pub(crate) fn absolute(&self) -> Self {
        let absolute = |values: &[f64]| values.iter().map(|v| v.abs()).collect();
        Self {
            features: absolute(&self.features),
            weight: absolute(&self.weight),
            bias: self.bias.as_deref().map(absolute),
            grad: absolute(&self.grad),
            ..*self
        }
    }

    pub(crate) fn features(&self, dtype: DType, device: &Device) -> Tensor<2> {
        tensor(&self.features, [self.points, self.channels_in], dtype, device)
    }

    pub(crate) fn weight(&self, dtype: DType, device: &Device) -> Tensor<3> {
        tensor(&self.weight, [self.subdomains, self.channels_in, self.columns], dtype, device)
    }

    pub(crate) fn bias(&self, dtype: DType, device: &Device) -> Option<Tensor<1>> {
        self.bias.as_deref().map(|bias| tensor(bias, [self.channels_out], dtype, device))
    }

    pub(crate) fn grad(&self, dtype: DType, device: &Device) -> Tensor<2> {
        tensor(&self.grad, [self.centres, self.channels_out], dtype, device)
    }
}

fn tensor<const D: usize>(values: &[f64], shape: [usize; D], dtype: DType, device: &Device) -> Tensor<D> {
    Tensor::from_data(TensorData::new(values.to_vec(), shape).convert_dtype(dtype), (device, dtype))
}

/// The elements of a tensor; single precision widens without loss, so that equal bits stay equal bits.
pub(crate) fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    tensor.into_data().convert::<f64>().try_to_vec().expect("converted to f64")
}

/// Which arguments ask for a gradient.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Tracked {
    pub(crate) features: bool,
    pub(crate) weight: bool,
    pub(crate) bias: bool,
}

impl Tracked {
    pub(crate) const ALL: Self = Self { features: true, weight: true, bias: true };
    pub(crate) const PARAMETERS: Self = Self { features: false, weight: true, bias: true };
}

/// What came out: the output, and the gradients that were asked for and exist.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Pass {
    pub(crate) output: Vec<f64>,
    pub(crate) features: Option<Vec<f64>>,
    pub(crate) weight: Option<Vec<f64>>,
    pub(crate) bias: Option<Vec<f64>>,
}

/// Forward and backward of `L = sum(y · grad)`, whose gradient at the output is `grad`.
pub(crate) fn pass(
    op: Op,
    inputs: &Inputs,
    neighborhood: &Neighborhood,
    dtype: DType,
    device: &Device,
    tracked: Tracked,
) -> Pass {
    let device = device.clone().autodiff();
    let features = inputs.features(dtype, &device).set_require_grad(tracked.features);
    let weight = inputs.weight(dtype, &device).set_require_grad(tracked.weight);
    let bias = inputs.bias(dtype, &device).map(|bias| bias.set_require_grad(tracked.bias));
    let output = op(features.clone(), weight.clone(), bias.clone(), neighborhood);
    assert_eq!(output.dims(), [inputs.centres, inputs.channels_out]);
    assert_eq!(output.dtype(), dtype);
    let gradients = (output.clone() * inputs.grad(dtype, &device)).sum().backward();
    Pass {
        output: values(output),
        features: features.grad(&gradients).map(|grad| {
            assert_eq!(grad.dims(), features.dims());
            values(grad)
        }),
        weight: weight.grad(&gradients).map(|grad| {
            assert_eq!(grad.dims(), weight.dims());
            values(grad)
        }),
        bias: bias.and_then(|bias| bias.grad(&gradients)).map(values),
    }
}
