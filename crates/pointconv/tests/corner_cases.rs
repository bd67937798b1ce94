//! Clouds of one point and of none, lonely points and duplicates: cases whose answer is known in closed form.

mod common;

use burn::tensor::DType;
use common::{Batch, Inputs, Pass, Tracked, device, pass, precisions, round_off};
use neighbors::{KernelShape, Neighborhood};
use pointconv::pointwise_conv;

const SHAPES: [KernelShape; 3] = [
    KernelShape::Cells { size: [3; 3], cell: 0.1, dilation: [1; 3] },
    KernelShape::Cells { size: [5, 1, 3], cell: 0.1, dilation: [1, 2, 3] },
    KernelShape::Shells { radius: 0.1, shells: 3, dilation: 2 },
];

const WIDTHS: [(usize, usize); 2] = [(3, 5), (20, 33)];

fn run(inputs: &Inputs, neighborhood: &Neighborhood, dtype: DType, tracked: Tracked) -> Pass {
    pass(pointwise_conv, inputs, neighborhood, dtype, &device(), tracked)
}

/// The sub-domain in which a centre finds itself.
fn own_subdomain(shape: &KernelShape) -> usize {
    shape.subdomain([0.0; 3], [0.0; 3]).expect("a point is its own neighbour")
}

/// What points without neighbours have to give: `y = b + x · W_c` with the central sub-domain c, `dL/dx = W_c · g`,
/// `dL/dW_c = sum x ⊗ g` and zero elsewhere, `dL/db = sum g`.
fn lonely(inputs: &Inputs, shape: &KernelShape) -> Pass {
    let (wide_in, wide_out) = (inputs.channels_in, inputs.channels_out);
    let centre = own_subdomain(shape) * wide_in * wide_out;
    let mut bias = vec![0.0; wide_out];
    let mut output = vec![0.0; inputs.points * wide_out];
    let mut features = vec![0.0; inputs.points * wide_in];
    let mut weight = vec![0.0; inputs.weight.len()];
    for p in 0..inputs.points {
        for o in 0..wide_out {
            let g = inputs.grad[p * wide_out + o];
            output[p * wide_out + o] += inputs.bias.as_ref().map_or(0.0, |bias| bias[o]);
            bias[o] += g;
            for c in 0..wide_in {
                let (x, at) = (inputs.features[p * wide_in + c], centre + c * wide_out + o);
                output[p * wide_out + o] += x * inputs.weight[at];
                features[p * wide_in + c] += g * inputs.weight[at];
                weight[at] += x * g;
            }
        }
    }
    let bias = inputs.bias.as_ref().map(|_| bias);
    Pass { output, features: Some(features), weight: Some(weight), bias }
}

fn check_lonely(what: &str, batch: &Batch) {
    for shape in SHAPES {
        let neighborhood = batch.neighborhood(&shape);
        assert_eq!(neighborhood.edges(), neighborhood.points(), "{what}: the points are alone");
        for channels in WIDTHS {
            let inputs = Inputs::random(&neighborhood, channels, 1);
            for inputs in [inputs.clone(), inputs.without_bias()] {
                let magnitude = lonely(&inputs.absolute(), &shape);
                for dtype in precisions(&device()) {
                    let got = run(&inputs, &neighborhood, dtype, Tracked::ALL);
                    let what = format!("{what}, {shape:?}, {channels:?}, {dtype:?}");
                    got.assert_close(&what, &lonely(&inputs, &shape), &magnitude, round_off(dtype));
                }
            }
        }
    }
}

#[test]
fn one_point() {
    check_lonely("one point", &Batch { positions: vec![[0.3, -0.2, 0.7]], offsets: vec![0, 1] });
}

/// Neighbours are looked for in the own cloud only, even in the same place.
#[test]
fn clouds_of_one_point_in_one_place() {
    check_lonely("one place", &Batch { positions: vec![[0.3, -0.2, 0.7]; 3], offsets: vec![0, 1, 2, 3] });
}

#[test]
fn points_far_apart() {
    let positions = (0..37).map(|i| [i as f32 * 10.0, 1.0, -2.0]).collect();
    check_lonely("far apart", &Batch { positions, offsets: vec![0, 14, 37] });
}

/// All other points lie in the holes of the dilated kernels.
#[test]
fn neighbours_in_the_holes_only() {
    let batch = Batch { positions: vec![[0.0; 3], [0.1, 0.0, 0.0], [0.0, 0.1, 0.1]], offsets: vec![0, 3] };
    let shape = KernelShape::cells(0.1).with_dilation([2; 3]);
    let neighborhood = batch.neighborhood(&shape);
    assert_eq!(neighborhood.edges(), 3);
    let inputs = Inputs::random(&neighborhood, (3, 5), 2);
    for dtype in precisions(&device()) {
        let got = run(&inputs, &neighborhood, dtype, Tracked::ALL);
        let magnitude = lonely(&inputs.absolute(), &shape);
        got.assert_close("holes", &lonely(&inputs, &shape), &magnitude, round_off(dtype));
    }
}

/// A batch is the same with empty clouds put in.
#[test]
fn empty_clouds() {
    let full = Batch::random(&[23, 37], 3);
    let gaps = Batch { positions: full.positions.clone(), offsets: vec![0, 0, 23, 23, 23, 60, 60] };
    for shape in SHAPES {
        let (full, gaps) = (full.neighborhood(&shape), gaps.neighborhood(&shape));
        for channels in WIDTHS {
            let inputs = Inputs::random(&full, channels, 4);
            for dtype in precisions(&device()) {
                let expected = run(&inputs, &full, dtype, Tracked::ALL);
                run(&inputs, &gaps, dtype, Tracked::ALL).assert_same_bits("empty clouds", &expected);
            }
        }
    }
}

/// Without points there is no output, and the parameters' gradients are zero.
#[test]
fn no_points() {
    for offsets in [vec![0], vec![0, 0], vec![0, 0, 0]] {
        let batch = Batch { positions: Vec::new(), offsets };
        for shape in SHAPES {
            let neighborhood = batch.neighborhood(&shape);
            assert_eq!(neighborhood.edges(), 0);
            for channels in WIDTHS {
                let inputs = Inputs::random(&neighborhood, channels, 5);
                for dtype in precisions(&device()) {
                    for tracked in [Tracked::ALL, Tracked::PARAMETERS] {
                        let got = run(&inputs, &neighborhood, dtype, tracked);
                        assert!(got.output.is_empty());
                        assert_eq!(got.features, tracked.features.then(Vec::new));
                        assert_eq!(got.weight, Some(vec![0.0; inputs.weight.len()]));
                        assert_eq!(got.bias, Some(vec![0.0; channels.1]));
                    }
                }
            }
        }
    }
}

/// Points that all lie in one place have one mean: `y = b + mean(x) · W_c` for each of them.
#[test]
fn duplicates() {
    const COUNT: usize = 37;
    let batch = Batch { positions: vec![[0.1, 0.2, 0.3]; COUNT], offsets: vec![0, COUNT] };
    for shape in SHAPES {
        let neighborhood = batch.neighborhood(&shape);
        let inputs = Inputs::random(&neighborhood, (3, 5), 6);
        let averaged = |values: &[f64], width: usize| -> Vec<f64> {
            let mean = |c: usize| values.iter().skip(c).step_by(width).sum::<f64>() / COUNT as f64;
            (0..COUNT).flat_map(|_| (0..width).map(mean)).collect()
        };
        let mean = |inputs: &Inputs| {
            let x = Inputs { features: averaged(&inputs.features, 3), ..inputs.clone() };
            let g = Inputs { grad: averaged(&inputs.grad, 5), ..inputs.clone() };
            Pass { features: lonely(&g, &shape).features, ..lonely(&x, &shape) }
        };
        let magnitude = mean(&inputs.absolute());
        for dtype in precisions(&device()) {
            let got = run(&inputs, &neighborhood, dtype, Tracked::ALL);
            let what = format!("{shape:?}, {dtype:?}");
            got.assert_close(&what, &mean(&inputs), &magnitude, round_off(dtype));
        }
    }
}

/// No channels in leaves the bias; no channels out leave nothing.
#[test]
fn no_channels() {
    let neighborhood = Batch::random(&[23, 37], 7).neighborhood(&SHAPES[0]);
    for dtype in precisions(&device()) {
        for tracked in [Tracked::ALL, Tracked::PARAMETERS] {
            let inputs = Inputs::random(&neighborhood, (0, 5), 8);
            let got = run(&inputs, &neighborhood, dtype, tracked);
            let expected =
                Pass { features: got.features.as_ref().map(|_| Vec::new()), ..lonely(&inputs, &SHAPES[0]) };
            let magnitude = lonely(&inputs.absolute(), &SHAPES[0]);
            got.assert_close("no channels in", &expected, &magnitude, round_off(dtype));

            let inputs = Inputs::random(&neighborhood, (3, 0), 9);
            let got = run(&inputs, &neighborhood, dtype, tracked);
            assert!(got.output.is_empty());
            assert_eq!(got.features, tracked.features.then(|| vec![0.0; 60 * 3]));
        }
    }
}

/// The kernels read rows ahead of the run that they sum: what is not a neighbour must not get in, not even as 0 · NaN.
#[test]
fn not_a_number_reaches_neighbours_only() {
    let neighborhood = Batch::random(&[37, 23], 9).neighborhood(&KernelShape::cells(0.15));
    const POINT: usize = 20;
    for channels in [(3, 5), (9, 9), (20, 33)] {
        let mut inputs = Inputs::random(&neighborhood, channels, 8);
        inputs.features[POINT * channels.0..(POINT + 1) * channels.0].fill(f64::NAN);
        inputs.grad[POINT * channels.1..(POINT + 1) * channels.1].fill(f64::NAN);
        for dtype in precisions(&device()) {
            let found = run(&inputs, &neighborhood, dtype, Tracked::ALL);
            let features = found.features.expect("tracked");
            for centre in 0..neighborhood.points() {
                let near = neighborhood.runs(centre).any(|(_, members)| members.contains(&(POINT as u32)));
                for (what, values, width) in
                    [("output", &found.output, channels.1), ("features", &features, channels.0)]
                {
                    let row = &values[centre * width..(centre + 1) * width];
                    assert!(
                        row.iter().all(|value| value.is_nan() == near),
                        "{what} of point {centre}, {channels:?} channels, {dtype:?}: neighbour {near}, {row:?}"
                    );
                }
            }
        }
    }
}

#[test]
fn with_other_instruction_sets() {
    common::run_again_with_other_instruction_sets("with_other_instruction_sets");
}
