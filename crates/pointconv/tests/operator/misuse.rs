//! Shapes that do not agree panic and name both values.

use burn::tensor::{DType, Device, Tensor};
use neighbors::{KernelShape, PackedClouds};
use pointconv::{DepthwisePointConvConfig, Neighborhood, PointwiseConvConfig, SeparablePointConvConfig};

use crate::common::{Kind, Op, assert_panics, device, lists, random_clouds};

/// Clouds of 23 and 37 points with 27 sub-domains.
fn neighborhood() -> Neighborhood {
    lists(&random_clouds(&[23, 37], 1), &KernelShape::cells(0.2))
}

fn call(op: Op, features: [usize; 2], weight: [usize; 3], bias: Option<usize>) {
    let device = device();
    let bias = bias.map(|bias| Tensor::zeros([bias], &device));
    op(Tensor::zeros(features, &device), Tensor::zeros(weight, &device), bias, &neighborhood());
}

#[test]
fn shapes_that_disagree() {
    for kind in Kind::ALL {
        let (columns, out) = kind.choose((5, 5), (2, 6));
        let [name, _] = kind.names();
        for op in [kind.op(), kind.reference()] {
            call(op, [60, 3], [27, 3, columns], Some(out));
            let refused = |message: &str, features, weight, bias| {
                assert_panics(&format!("{name}: {message}"), || call(op, features, weight, bias));
            };
            let weight = [27, 3, columns];
            refused("features have 59 rows, the neighborhood has 60 points", [59, 3], weight, Some(out));
            let message = "the weight has 15 sub-domains, the neighborhood's kernel has 27";
            refused(message, [60, 3], [15, 3, columns], Some(out));
            refused("features have 4 channels, the weight expects 3", [60, 4], weight, None);
            let given = kind.choose("5", "3 x 2 = 6");
            let message = format!("the bias has 3 channels, the weight gives {given}");
            refused(&message, [60, 3], weight, Some(3));
        }
    }
}

#[test]
fn element_types() {
    for kind in Kind::ALL {
        let [name, _] = kind.names();
        let run = |device: &Device, [features, weight, bias]: [DType; 3]| {
            let (features, weight) =
                (Tensor::zeros([60, 3], (device, features)), Tensor::zeros([27, 3, 1], (device, weight)));
            let bias = Tensor::zeros([kind.channels_out((3, 1))], (device, bias));
            kind.op()(features, weight, Some(bias), &neighborhood())
        };
        let (single, double) = (DType::F32, DType::F64);
        assert_panics(&format!("{name}: features are F32, the weight is F64"), || {
            run(&device(), [single, double, single])
        });
        assert_panics(&format!("{name}: features are F32, the bias is F64"), || {
            run(&device(), [single, single, double])
        });
        // The kernels of the CPU compute in two precisions; others are refused, not converted.
        assert_panics(&format!("{name}: the CPU computes in F32 or F64, found F16"), || {
            run(&Device::flex(), [DType::F16; 3])
        });
    }
}

/// The layers, by name: channels and sub-domains as the arguments say, applied to a packed and to a dense batch.
type Packed = fn(usize, Tensor<2>, &Neighborhood) -> Tensor<2>;
type Dense = fn(usize, Tensor<3>, &Neighborhood) -> Tensor<3>;

const LAYERS: [(&str, Packed, Dense); 3] = [
    (
        "PointwiseConv",
        |k, x, lists| PointwiseConvConfig::new(3, 5, k).init(&device()).forward(x, lists),
        |k, x, lists| PointwiseConvConfig::new(3, 5, k).init(&device()).forward_dense(x, lists),
    ),
    (
        "DepthwisePointConv",
        |k, x, lists| DepthwisePointConvConfig::new(3, k).init(&device()).forward(x, lists),
        |k, x, lists| DepthwisePointConvConfig::new(3, k).init(&device()).forward_dense(x, lists),
    ),
    (
        "SeparablePointConv",
        |k, x, lists| SeparablePointConvConfig::new(3, 5, k).init(&device()).forward(x, lists),
        |k, x, lists| SeparablePointConvConfig::new(3, 5, k).init(&device()).forward_dense(x, lists),
    ),
];

#[test]
fn layers_with_other_channels_or_another_kernel() {
    for (_, packed, _) in LAYERS {
        assert_panics("features have 4 channels, the weight expects 3", || {
            packed(27, Tensor::zeros([60, 4], &device()), &neighborhood())
        });
        assert_panics("the weight has 4 sub-domains, the neighborhood's kernel has 27", || {
            packed(4, Tensor::zeros([60, 3], &device()), &neighborhood())
        });
    }
}

#[test]
fn dense_features_over_other_clouds() {
    let even = lists(&random_clouds(&[30, 30], 1), &KernelShape::cells(0.2));
    for (name, _, dense) in LAYERS {
        let message = "features are 2 clouds of 30 points, the neighborhood has clouds at [0, 23, 60]";
        assert_panics(&format!("{name}: {message}"), || {
            dense(27, Tensor::zeros([2, 30, 3], &device()), &neighborhood())
        });
        // As many points in all, but cut otherwise.
        let message = "features are 3 clouds of 20 points, the neighborhood has clouds at [0, 30, 60]";
        assert_panics(&format!("{name}: {message}"), || {
            dense(27, Tensor::zeros([3, 20, 3], &device()), &even)
        });
    }
}

#[test]
fn dense_features_and_centres_that_are_not_the_points() {
    let points = random_clouds(&[30, 30], 1);
    let centres = PackedClouds::new(points.positions(), points.offsets()).expect("the same batch");
    let between = Neighborhood::between(&centres, &points, &KernelShape::cells(0.2), &device());
    let between = between.expect("as many clouds");
    for (name, packed, dense) in LAYERS {
        let message = "a dense batch has the centres for points, this neighborhood lies between two sets; \
                       use `forward`";
        assert_panics(&format!("{name}: {message}"), || {
            dense(27, Tensor::zeros([2, 30, 3], &device()), &between)
        });
        assert_eq!(packed(27, Tensor::zeros([60, 3], &device()), &between).dims()[0], 60);
    }
}
