//! What leaves the geometry unchanged leaves the output unchanged.

use burn::tensor::DType;
use neighbors::KernelShape;
use pointconv::Neighborhood;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::common::{
    Inputs, Kind, Pass, Tracked, device, kernels, lists, magnitudes, packed, pass, precisions, random_clouds,
    round_off, uses_instruction_sets,
};

fn run(inputs: &Inputs, neighborhood: &Neighborhood, dtype: DType) -> Pass {
    pass(inputs.kind.op(), inputs, neighborhood, dtype, &device(), Tracked::ALL)
}

/// The rows of `values` in the order of `from`.
fn rows(values: &[f64], width: usize, from: &[usize]) -> Vec<f64> {
    from.iter().flat_map(|&row| &values[row * width..(row + 1) * width]).copied().collect()
}

/// The points of each cloud in another order: rows move along, parameters' gradients stay. Sums run in another order, so
/// the bits may differ.
#[test]
fn permutation() {
    let clouds = random_clouds(&[23, 37], 1);
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let mut from: Vec<usize> = (0..60).collect();
    from[..23].shuffle(&mut rng);
    from[23..].shuffle(&mut rng);
    let moved: Vec<_> = from.iter().map(|&i| clouds.positions()[i]).collect();
    let moved = packed(moved, clouds.offsets());
    for shape in kernels() {
        let (neighborhood, moved) = (lists(&clouds, &shape), lists(&moved, &shape));
        for kind in Kind::ALL {
            for widths in kind.choose([(3, 5), (18, 20)], [(3, 2), (18, 3)]) {
                let inputs = Inputs::random(kind, &neighborhood, widths, 3);
                let (wide_in, wide_out) = (inputs.channels_in, inputs.channels_out);
                let moved_inputs = Inputs {
                    features: rows(&inputs.features, wide_in, &from),
                    grad: rows(&inputs.grad, wide_out, &from),
                    ..inputs.clone()
                };
                let permuted = |pass: Pass| Pass {
                    output: rows(&pass.output, wide_out, &from),
                    features: pass.features.map(|grad| rows(&grad, wide_in, &from)),
                    ..pass
                };
                let magnitude = permuted(magnitudes(&inputs, &neighborhood));
                for dtype in precisions(&device()) {
                    let got = run(&moved_inputs, &moved, dtype);
                    let expected = permuted(run(&inputs, &neighborhood, dtype));
                    let what = format!("{shape:?}, {kind:?}, {widths:?}, {dtype:?}");
                    got.assert_close(&what, &expected, &magnitude, round_off(dtype));
                }
            }
        }
    }
}

/// Coordinates on a grid of 2^-12, moved by powers of two: every difference is exact, so nothing changes but the
/// order of a sum.
#[test]
fn translation() {
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    let here: Vec<[f32; 3]> =
        (0..60).map(|_| [(); 3].map(|()| rng.random_range(0..4096u16) as f32 / 4096.0)).collect();
    let there: Vec<_> = here.iter().map(|p| [p[0] + 64.0, p[1] - 8.0, p[2] + 1.0]).collect();
    let [here, there] = [here, there].map(|positions| packed(positions, &[0, 23, 60]));
    for shape in kernels() {
        let (near, far) = (lists(&here, &shape), lists(&there, &shape));
        for kind in Kind::ALL {
            let inputs = Inputs::random(kind, &near, kind.narrow(), 5);
            let magnitude = magnitudes(&inputs, &near);
            for dtype in precisions(&device()) {
                let what = format!("{shape:?}, {kind:?}, {dtype:?}");
                let (mut got, mut expected) = (run(&inputs, &far, dtype), run(&inputs, &near, dtype));
                // A GPU that searches has its rows in an order that follows the position, and adds the weight
                // gradients of rows in this order.
                if !uses_instruction_sets() && matches!(shape, KernelShape::Cells { .. }) {
                    got.assert_close(&what, &expected, &magnitude, round_off(dtype));
                    (got.weight, expected.weight) = (None, None);
                }
                got.assert_same_bits(&what, &expected);
            }
        }
    }
}

/// The mirror image of the clouds with the mirrored kernel: sub-domain k becomes mirror(k).
#[test]
fn point_reflection() {
    let clouds = random_clouds(&[23, 37], 6);
    let reflected: Vec<_> = clouds.positions().iter().map(|p| p.map(|v| -v)).collect();
    let reflected = packed(reflected, clouds.offsets());
    for shape in kernels() {
        let (neighborhood, reflected) = (lists(&clouds, &shape), lists(&reflected, &shape));
        for kind in Kind::ALL {
            let inputs = Inputs::random(kind, &neighborhood, kind.narrow(), 7);
            let from: Vec<usize> = (0..inputs.subdomains).map(|k| shape.mirror(k)).collect();
            let mirrored = |weight: &[f64]| rows(weight, inputs.channels_in * inputs.columns, &from);
            let other = Inputs { weight: mirrored(&inputs.weight), ..inputs.clone() };
            let flipped = |pass: Pass| Pass { weight: pass.weight.map(|grad| mirrored(&grad)), ..pass };
            let magnitude = flipped(magnitudes(&inputs, &neighborhood));
            for dtype in precisions(&device()) {
                let got = run(&other, &reflected, dtype);
                let expected = flipped(run(&inputs, &neighborhood, dtype));
                let what = format!("{shape:?}, {kind:?}, {dtype:?}");
                got.assert_close(&what, &expected, &magnitude, round_off(dtype));
            }
        }
    }
}
