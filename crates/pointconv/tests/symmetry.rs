//! What leaves the geometry unchanged leaves the output unchanged.

mod common;

use burn::tensor::DType;
use common::{Batch, Inputs, Pass, Tracked, device, kernels, magnitudes, pass, precisions, round_off};
use neighbors::Neighborhood;
use pointconv::pointwise_conv;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

fn run(inputs: &Inputs, neighborhood: &Neighborhood, dtype: DType) -> Pass {
    pass(pointwise_conv, inputs, neighborhood, dtype, &device(), Tracked::ALL)
}

/// The rows of `values` in the order of `from`.
fn rows(values: &[f64], width: usize, from: &[usize]) -> Vec<f64> {
    from.iter().flat_map(|&row| &values[row * width..(row + 1) * width]).copied().collect()
}

/// The points of each cloud in another order: rows move along, parameters' gradients stay. Sums run in another order, so
/// the bits may differ.
#[test]
fn permutation() {
    let batch = Batch::random(&[23, 37], 1);
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let mut from: Vec<usize> = (0..60).collect();
    from[..23].shuffle(&mut rng);
    from[23..].shuffle(&mut rng);
    let moved = Batch {
        positions: from.iter().map(|&i| batch.positions[i]).collect(),
        offsets: batch.offsets.clone(),
    };
    for shape in kernels() {
        let neighborhood = batch.neighborhood(&shape);
        for channels in [(3, 5), (18, 20)] {
            let inputs = Inputs::random(&neighborhood, channels, 3);
            let moved_inputs = Inputs {
                features: rows(&inputs.features, channels.0, &from),
                grad: rows(&inputs.grad, channels.1, &from),
                ..inputs.clone()
            };
            let permuted = |pass: Pass| Pass {
                output: rows(&pass.output, channels.1, &from),
                features: pass.features.map(|grad| rows(&grad, channels.0, &from)),
                ..pass
            };
            let magnitude = permuted(magnitudes(&inputs, &neighborhood));
            for dtype in precisions(&device()) {
                let got = run(&moved_inputs, &moved.neighborhood(&shape), dtype);
                let expected = permuted(run(&inputs, &neighborhood, dtype));
                got.assert_close(&format!("{shape:?}, {dtype:?}"), &expected, &magnitude, round_off(dtype));
            }
        }
    }
}

/// Coordinates on a grid of 2^-12, moved by powers of two: every difference is exact, so nothing changes but the
/// order of a sum.
#[test]
fn translation() {
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    let positions: Vec<[f32; 3]> =
        (0..60).map(|_| [(); 3].map(|()| rng.random_range(0..4096u16) as f32 / 4096.0)).collect();
    let here = Batch { positions, offsets: vec![0, 23, 60] };
    let there = Batch {
        positions: here.positions.iter().map(|p| [p[0] + 64.0, p[1] - 8.0, p[2] + 1.0]).collect(),
        offsets: here.offsets.clone(),
    };
    for shape in kernels() {
        let (near, far) = (here.neighborhood(&shape), there.neighborhood(&shape));
        let inputs = Inputs::random(&near, (3, 5), 5);
        let magnitude = magnitudes(&inputs, &near);
        for dtype in precisions(&device()) {
            let what = format!("{shape:?}, {dtype:?}");
            let (mut got, mut expected) = (run(&inputs, &far, dtype), run(&inputs, &near, dtype));
            // A GPU that searches has its rows in an order that the place decides, and sums over rows in theirs.
            if near.centres() != far.centres() {
                got.assert_close(&what, &expected, &magnitude, round_off(dtype));
                (got.weight, expected.weight) = (None, None);
            }
            got.assert_same_bits(&what, &expected);
        }
    }
}

/// The mirror image of the clouds with the mirrored kernel: sub-domain k becomes mirror(k).
#[test]
fn point_reflection() {
    let batch = Batch::random(&[23, 37], 6);
    let reflected = Batch {
        positions: batch.positions.iter().map(|p| p.map(|v| -v)).collect(),
        offsets: batch.offsets.clone(),
    };
    for shape in kernels() {
        let neighborhood = batch.neighborhood(&shape);
        let inputs = Inputs::random(&neighborhood, (3, 5), 7);
        let from: Vec<usize> = (0..inputs.subdomains).map(|k| shape.mirror(k)).collect();
        let mirrored = |weight: &[f64]| rows(weight, 15, &from);
        let other = Inputs { weight: mirrored(&inputs.weight), ..inputs.clone() };
        let flipped = |pass: Pass| Pass { weight: pass.weight.map(|grad| mirrored(&grad)), ..pass };
        let magnitude = flipped(magnitudes(&inputs, &neighborhood));
        for dtype in precisions(&device()) {
            let got = run(&other, &reflected.neighborhood(&shape), dtype);
            let expected = flipped(run(&inputs, &neighborhood, dtype));
            got.assert_close(&format!("{shape:?}, {dtype:?}"), &expected, &magnitude, round_off(dtype));
        }
    }
}
