//! Clouds of one point and of none, lonely points and duplicates: cases whose answer is known in closed form.

use burn::tensor::DType;
use neighbors::{KernelShape, PackedClouds};
use pointconv::Neighborhood;

use crate::common::{
    Inputs, Kind, Pass, Tracked, device, lists, packed, pass, precisions, random_clouds, round_off,
};

const SHAPES: [KernelShape; 3] = [
    KernelShape::Cells { size: [3; 3], cell: 0.1, dilation: [1; 3] },
    KernelShape::Cells { size: [5, 1, 3], cell: 0.1, dilation: [1, 2, 3] },
    KernelShape::Shells { radius: 0.1, shells: 3, dilation: 2 },
];

fn run(inputs: &Inputs, neighborhood: &Neighborhood, dtype: DType, tracked: Tracked) -> Pass {
    pass(inputs.kind.op(), inputs, neighborhood, dtype, &device(), tracked)
}

/// The sub-domain in which a centre finds itself.
fn own_subdomain(shape: &KernelShape) -> usize {
    shape.subdomain([0.0; 3], [0.0; 3]).expect("a point is its own neighbour")
}

/// What points without neighbours have to give: `y = b + x · W_c` with the central sub-domain c, `dL/dx = W_c · g`,
/// `dL/dW_c = sum x ⊗ g` and zero elsewhere, `dL/db = sum g`; for the depthwise operator channel by channel.
fn lonely(inputs: &Inputs, shape: &KernelShape) -> Pass {
    let (wide_in, wide_out, columns) = (inputs.channels_in, inputs.channels_out, inputs.columns);
    let centre = own_subdomain(shape) * wide_in * columns;
    let mut bias = vec![0.0; wide_out];
    let mut output = vec![0.0; inputs.points * wide_out];
    let mut features = vec![0.0; inputs.points * wide_in];
    let mut weight = vec![0.0; inputs.weight.len()];
    for p in 0..inputs.points {
        for o in 0..wide_out {
            output[p * wide_out + o] += inputs.bias.as_ref().map_or(0.0, |bias| bias[o]);
            bias[o] += inputs.grad[p * wide_out + o];
        }
        for c in 0..wide_in {
            for column in 0..columns {
                let (x, at) = (inputs.features[p * wide_in + c], centre + c * columns + column);
                let out = p * wide_out + inputs.kind.output(c, column, columns);
                let g = inputs.grad[out];
                output[out] += x * inputs.weight[at];
                features[p * wide_in + c] += g * inputs.weight[at];
                weight[at] += x * g;
            }
        }
    }
    let bias = inputs.bias.as_ref().map(|_| bias);
    Pass { output, features: Some(features), weight: Some(weight), bias }
}

fn check_lonely(what: &str, clouds: &PackedClouds, shapes: &[KernelShape]) {
    for shape in shapes {
        let neighborhood = lists(clouds, shape);
        assert_eq!(neighborhood.edges(), neighborhood.points(), "{what}: the points are alone");
        for kind in Kind::ALL {
            for widths in kind.narrow_and_wide() {
                let inputs = Inputs::random(kind, &neighborhood, widths, 1);
                for inputs in [inputs.clone(), inputs.without_bias()] {
                    let magnitude = lonely(&inputs.absolute(), shape);
                    for dtype in precisions(&device()) {
                        let got = run(&inputs, &neighborhood, dtype, Tracked::ALL);
                        let what = format!("{what}, {shape:?}, {kind:?}, {widths:?}, {dtype:?}");
                        got.assert_close(&what, &lonely(&inputs, shape), &magnitude, round_off(dtype));
                    }
                }
            }
        }
    }
}

#[test]
fn one_point() {
    check_lonely("one point", &packed([[0.3, -0.2, 0.7]], &[0, 1]), &SHAPES);
}

/// Neighbours are searched in the own cloud only, even in the same position.
#[test]
fn clouds_of_one_point_in_one_position() {
    check_lonely("one position", &packed([[0.3, -0.2, 0.7]; 3], &[0, 1, 2, 3]), &SHAPES);
}

#[test]
fn points_far_apart() {
    let positions: Vec<_> = (0..37).map(|i| [i as f32 * 10.0, 1.0, -2.0]).collect();
    check_lonely("far apart", &packed(positions, &[0, 14, 37]), &SHAPES);
}

/// All other points lie in the holes of the dilated kernels.
#[test]
fn neighbours_in_the_holes_only() {
    let clouds = packed([[0.0; 3], [0.1, 0.0, 0.0], [0.0, 0.1, 0.1]], &[0, 3]);
    check_lonely("holes", &clouds, &[KernelShape::cells(0.1).with_dilation([2; 3])]);
}

/// A batch is the same with empty clouds put in.
#[test]
fn empty_clouds() {
    let full = random_clouds(&[23, 37], 3);
    let gaps = packed(full.positions(), &[0, 0, 23, 23, 23, 60, 60]);
    for shape in SHAPES {
        let (full, gaps) = (lists(&full, &shape), lists(&gaps, &shape));
        for kind in Kind::ALL {
            for widths in kind.narrow_and_wide() {
                let inputs = Inputs::random(kind, &full, widths, 4);
                for dtype in precisions(&device()) {
                    let expected = run(&inputs, &full, dtype, Tracked::ALL);
                    run(&inputs, &gaps, dtype, Tracked::ALL).assert_same_bits("empty clouds", &expected);
                }
            }
        }
    }
}

/// Without points there is no output, and the parameters' gradients are zero.
#[test]
fn no_points() {
    for (offsets, shape) in [&[0][..], &[0, 0], &[0, 0, 0]].into_iter().flat_map(|o| SHAPES.map(|s| (o, s))) {
        let neighborhood = lists(&packed([], offsets), &shape);
        assert_eq!(neighborhood.edges(), 0);
        for kind in Kind::ALL {
            for widths in kind.narrow_and_wide() {
                let inputs = Inputs::random(kind, &neighborhood, widths, 5);
                for dtype in precisions(&device()) {
                    for tracked in [Tracked::ALL, Tracked::PARAMETERS] {
                        let got = run(&inputs, &neighborhood, dtype, tracked);
                        assert!(got.output.is_empty());
                        assert_eq!(got.features, tracked.features.then(Vec::new));
                        assert_eq!(got.weight, Some(vec![0.0; inputs.weight.len()]));
                        assert_eq!(got.bias, Some(vec![0.0; inputs.channels_out]));
                    }
                }
            }
        }
    }
}

/// Points that all lie in one position have one mean: `y = b + mean(x) · W_c` for each of them.
#[test]
fn duplicates() {
    const COUNT: usize = 37;
    let clouds = packed([[0.1, 0.2, 0.3]; COUNT], &[0, COUNT]);
    for (shape, kind) in SHAPES.into_iter().flat_map(|shape| Kind::ALL.map(|kind| (shape, kind))) {
        let neighborhood = lists(&clouds, &shape);
        let inputs = Inputs::random(kind, &neighborhood, kind.narrow(), 6);
        let averaged = |values: &[f64], width: usize| -> Vec<f64> {
            let mean = |c: usize| values.iter().skip(c).step_by(width).sum::<f64>() / COUNT as f64;
            (0..COUNT).flat_map(|_| (0..width).map(mean)).collect()
        };
        let mean = |inputs: &Inputs| {
            let x = Inputs { features: averaged(&inputs.features, inputs.channels_in), ..inputs.clone() };
            let g = Inputs { grad: averaged(&inputs.grad, inputs.channels_out), ..inputs.clone() };
            Pass { features: lonely(&g, &shape).features, ..lonely(&x, &shape) }
        };
        let magnitude = mean(&inputs.absolute());
        for dtype in precisions(&device()) {
            let got = run(&inputs, &neighborhood, dtype, Tracked::ALL);
            let what = format!("{shape:?}, {kind:?}, {dtype:?}");
            got.assert_close(&what, &mean(&inputs), &magnitude, round_off(dtype));
        }
    }
}

/// No channels in leave the bias of the full operator and nothing of the depthwise one; no columns leave nothing.
#[test]
fn no_channels() {
    let neighborhood = lists(&random_clouds(&[23, 37], 7), &SHAPES[0]);
    for kind in Kind::ALL {
        for dtype in precisions(&device()) {
            for tracked in [Tracked::ALL, Tracked::PARAMETERS] {
                let inputs = Inputs::random(kind, &neighborhood, (0, kind.narrow().1), 8);
                let got = run(&inputs, &neighborhood, dtype, tracked);
                let features = tracked.features.then(Vec::new);
                let expected = Pass { features, ..lonely(&inputs, &SHAPES[0]) };
                assert_eq!(expected.output.len(), kind.choose(60 * 5, 0));
                let magnitude = lonely(&inputs.absolute(), &SHAPES[0]);
                got.assert_close("no channels in", &expected, &magnitude, round_off(dtype));

                let inputs = Inputs::random(kind, &neighborhood, (3, 0), 9);
                let got = run(&inputs, &neighborhood, dtype, tracked);
                assert!(got.output.is_empty());
                assert_eq!(got.features, tracked.features.then(|| vec![0.0; 60 * 3]));
            }
        }
    }
}

/// The kernels read rows ahead of the run that they sum: what is not a neighbour must not get in, not even as 0 · NaN.
fn check_not_a_number(kind: Kind, widths: (usize, usize)) {
    const POINT: usize = 20;
    let neighborhood = lists(&random_clouds(&[37, 23], 9), &KernelShape::cells(0.15));
    let mut inputs = Inputs::random(kind, &neighborhood, widths, 8);
    let (wide_in, wide_out) = (inputs.channels_in, inputs.channels_out);
    inputs.features[POINT * wide_in..(POINT + 1) * wide_in].fill(f64::NAN);
    inputs.grad[POINT * wide_out..(POINT + 1) * wide_out].fill(f64::NAN);
    for dtype in precisions(&device()) {
        let found = run(&inputs, &neighborhood, dtype, Tracked::ALL);
        let features = found.features.expect("tracked");
        for row in neighborhood.lists().rows() {
            let (centre, near) =
                (row.centre(), row.runs().any(|(_, mut run)| run.any(|j| j as usize == POINT)));
            for (what, values, width) in
                [("output", &found.output, wide_out), ("features", &features, wide_in)]
            {
                let row = &values[centre * width..(centre + 1) * width];
                assert!(
                    row.iter().all(|value| value.is_nan() == near),
                    "{what} of point {centre}, {kind:?}, {widths:?}, {dtype:?}: neighbour {near}, {row:?}"
                );
            }
        }
    }
}

#[test]
fn not_a_number_reaches_neighbours_only() {
    for kind in Kind::ALL {
        for widths in kind.choose([(3, 5), (9, 9), (20, 33)], [(3, 2), (9, 1), (20, 3)]) {
            check_not_a_number(kind, widths);
        }
    }
}
