//! Arguments and gradients that are views (transposed, sliced, broadcast) count for what they show.

use burn::tensor::{DType, Tensor};
use neighbors::KernelShape;
use pointconv::Neighborhood;

use crate::common::{Inputs, Kind, assert_same_bits, device, lists, precisions, random_clouds, values};

fn problem(kind: Kind) -> (Inputs, Neighborhood) {
    let neighborhood = lists(&random_clouds(&[23, 37], 1), &KernelShape::cells(0.2));
    (Inputs::random(kind, &neighborhood, kind.narrow(), 2), neighborhood)
}

/// Output and gradients with every tensor sent through `features`, `weight`, `bias` and `output`.
fn run(
    kind: Kind,
    dtype: DType,
    [features_view, output_view]: [fn(Tensor<2>) -> Tensor<2>; 2],
    weight_view: fn(Tensor<3>) -> Tensor<3>,
    bias_view: fn(Tensor<1>) -> Tensor<1>,
) -> [Vec<f64>; 4] {
    let (inputs, neighborhood) = problem(kind);
    let device = device().autodiff();
    let features = inputs.features(dtype, &device).require_grad();
    let weight = inputs.weight(dtype, &device).require_grad();
    let bias = inputs.bias(dtype, &device).expect("the inputs have a bias").require_grad();
    let output = kind.op()(
        features_view(features.clone()),
        weight_view(weight.clone()),
        Some(bias_view(bias.clone())),
        &neighborhood,
    );
    let gradients = (output_view(output.clone()) * inputs.grad(dtype, &device)).sum().backward();
    [
        values(output),
        values(features.grad(&gradients).expect("tracked")),
        values(weight.grad(&gradients).expect("tracked")),
        values(bias.grad(&gradients).expect("tracked")),
    ]
}

fn check(
    features: [fn(Tensor<2>) -> Tensor<2>; 2],
    weight: fn(Tensor<3>) -> Tensor<3>,
    bias: fn(Tensor<1>) -> Tensor<1>,
) {
    for kind in Kind::ALL {
        for dtype in precisions(&device()) {
            let expected = run(kind, dtype, [|t| t, |t| t], |t| t, |t| t);
            for (got, expected) in run(kind, dtype, features, weight, bias).iter().zip(&expected) {
                assert_same_bits(&format!("{kind:?}, {dtype:?}"), got, expected);
            }
        }
    }
}

/// A tensor with the values of `t` and the columns in memory one after the other.
fn by_columns(t: Tensor<2>) -> Tensor<2> {
    // The product makes the transposed order the one in memory.
    (t.transpose() * 1.0).transpose()
}

#[test]
fn transposed() {
    let weight = |t: Tensor<3>| (t.swap_dims(0, 2) * 1.0).swap_dims(0, 2);
    check([by_columns, by_columns], weight, |t| t);
}

#[test]
fn sliced() {
    let rows = |t: Tensor<2>| {
        let [points, channels] = t.dims();
        let padded = Tensor::cat(vec![t.clone(), t.clone() * 3.0, t], 1);
        let padded = Tensor::cat(vec![padded.clone() * 2.0, padded], 0);
        padded.slice([points..2 * points, 2 * channels..3 * channels])
    };
    let weight = |t: Tensor<3>| {
        let [subdomains, channels, _] = t.dims();
        let padded = Tensor::cat(vec![t.clone() * 5.0, t], 1);
        padded.slice([0..subdomains, channels..2 * channels])
    };
    let bias = |t: Tensor<1>| {
        let [channels] = t.dims();
        Tensor::cat(vec![t.clone() * 5.0, t], 0).narrow(0, channels, channels)
    };
    check([rows, |t| t], weight, bias);
}

/// A sum alone sends back one number for all outputs, broadcast features lie in memory once.
#[test]
fn broadcast() {
    for kind in Kind::ALL {
        let (inputs, neighborhood) = problem(kind);
        for dtype in precisions(&device()) {
            let device = device().autodiff();
            let row = || inputs.features(dtype, &device).narrow(0, 4, 1);
            let run = |features: Tensor<2>, ones: Option<Tensor<2>>| {
                let features = features.require_grad();
                let weight = inputs.weight(dtype, &device).require_grad();
                let output = kind.op()(features.clone(), weight.clone(), None, &neighborhood);
                let loss = match ones {
                    Some(ones) => output * ones,
                    None => output,
                };
                let gradients = loss.sum().backward();
                [
                    values(features.grad(&gradients).expect("tracked")),
                    values(weight.grad(&gradients).expect("tracked")),
                ]
            };
            let broadcast = run(row().expand([inputs.points, inputs.channels_in]), None);
            let ones = Tensor::ones([inputs.points, inputs.channels_out], (&device, dtype));
            let repeated = run(row().repeat_dim(0, inputs.points), Some(ones));
            for (got, expected) in broadcast.iter().zip(&repeated) {
                assert_same_bits(&format!("{kind:?}, {dtype:?}"), got, expected);
            }
        }
    }
}
