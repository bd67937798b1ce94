//! Arguments and gradients that are views (transposed, broadcast) count for what they show.

use burn::tensor::Tensor;
use neighbors::KernelShape;
use pointconv::depthwise_point_conv;

use crate::common::{Batch, Inputs, assert_same_bits, device, precisions, values};

/// A tensor with the values of `t` and the columns in memory one after the other.
fn by_columns(t: Tensor<2>) -> Tensor<2> {
    // The product makes the transposed order the one in memory.
    (t.transpose() * 1.0).transpose()
}

#[test]
fn transposed() {
    let neighborhood = Batch::random(&[23, 37], 1).neighborhood(&KernelShape::cells(0.2));
    let inputs = Inputs::depthwise(&neighborhood, (3, 2), 2);
    let device = device().autodiff();
    for dtype in precisions(&device) {
        let run = |view: fn(Tensor<2>) -> Tensor<2>, weight_view: fn(Tensor<3>) -> Tensor<3>| {
            let features = inputs.features(dtype, &device).require_grad();
            let weight = inputs.weight(dtype, &device).require_grad();
            let bias = inputs.bias(dtype, &device);
            let (seen, seen_weight) = (view(features.clone()), weight_view(weight.clone()));
            let output = depthwise_point_conv(seen, seen_weight, bias, &neighborhood);
            let gradients = (view(output.clone()) * inputs.grad(dtype, &device)).sum().backward();
            [
                values(output),
                values(features.grad(&gradients).expect("tracked")),
                values(weight.grad(&gradients).expect("tracked")),
            ]
        };
        let expected = run(|t| t, |t| t);
        let got = run(by_columns, |t| (t.swap_dims(0, 2) * 1.0).swap_dims(0, 2));
        for (got, expected) in got.iter().zip(&expected) {
            assert_same_bits(&format!("{dtype:?}"), got, expected);
        }
    }
}

/// A sum alone sends back one number for all outputs, broadcast features lie in memory once.
#[test]
fn broadcast() {
    let neighborhood = Batch::random(&[23, 37], 1).neighborhood(&KernelShape::cells(0.2));
    let inputs = Inputs::depthwise(&neighborhood, (3, 2), 2);
    for dtype in precisions(&device()) {
        let device = device().autodiff();
        let row = || inputs.features(dtype, &device).narrow(0, 4, 1);
        let run = |features: Tensor<2>, factor: Option<Tensor<2>>| {
            let features = features.require_grad();
            let weight = inputs.weight(dtype, &device).require_grad();
            let output = depthwise_point_conv(features.clone(), weight.clone(), None, &neighborhood);
            let loss = match factor {
                Some(factor) => output * factor,
                None => output,
            };
            let gradients = loss.sum().backward();
            [
                values(features.grad(&gradients).expect("tracked")),
                values(weight.grad(&gradients).expect("tracked")),
            ]
        };
        let broadcast = run(row().expand([60, 3]), None);
        let repeated = run(row().repeat_dim(0, 60), Some(Tensor::ones([60, 6], (&device, dtype))));
        for (got, expected) in broadcast.iter().zip(&repeated) {
            assert_same_bits(&format!("{dtype:?}"), got, expected);
        }
    }
}
