//! The same bits for any number of threads, and for a cloud in any batch.

mod common;

use burn::tensor::DType;
use common::{
    Batch, Inputs, Pass, Tracked, assert_close, assert_same_bits, device, kernels, magnitudes, pass,
};
use common::{precisions, round_off};
use neighbors::KernelShape;
use pointconv::pointwise_conv;

/// Lists and operator in a pool of its own.
fn in_pool(
    threads: usize,
    batch: &Batch,
    shape: &KernelShape,
    channels: (usize, usize),
    dtype: DType,
) -> Pass {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads can be started");
    pool.install(|| {
        let neighborhood = batch.neighborhood(shape);
        let inputs = Inputs::random(&neighborhood, channels, 7);
        pass(pointwise_conv, &inputs, &neighborhood, dtype, &device(), Tracked::ALL)
    })
}

fn check(batch: &Batch, shape: &KernelShape, channels: (usize, usize)) {
    for dtype in precisions(&device()) {
        let one = in_pool(1, batch, shape, channels, dtype);
        for threads in [2, 8] {
            let many = in_pool(threads, batch, shape, channels, dtype);
            many.assert_same_bits(&format!("{shape:?}, {channels:?}, {dtype:?}, {threads} threads"), &one);
        }
    }
}

#[test]
fn threads_and_few_points() {
    let batch = Batch::random(&[23, 37], 1);
    for shape in kernels() {
        check(&batch, &shape, (3, 5));
        check(&batch, &shape, (20, 33));
    }
}

#[test]
fn threads_and_some_thousand_points() {
    let batch = Batch::in_cube(&[2100, 1700], 3.0, 2);
    check(&batch, &KernelShape::cells(0.2), (3, 9));
    check(&batch, &KernelShape::cells(0.2), (9, 9));
    check(&batch, &KernelShape::shells(0.3, 3), (34, 40));
}

/// More than 64 pieces of 512 points: from there on the pieces grow with the batch.
#[test]
fn threads_and_forty_thousand_points() {
    let batch = Batch::in_cube(&[12_345, 0, 27_656], 4.0, 3);
    assert!(batch.positions.len() > 64 * 512);
    check(&batch, &KernelShape::cells(0.1), (3, 9));
}

/// Output and feature gradient of a cloud do not depend on its neighbours in the batch. The parameters' gradients are
/// sums over the batch, equal up to round-off.
#[test]
fn a_cloud_alone_and_in_a_batch() {
    const SIZES: [usize; 4] = [23, 700, 1, 600];
    let device = device();
    let batch = Batch::random(&SIZES, 4);
    for shape in kernels() {
        for channels in [(3, 5), (34, 40)] {
            for dtype in precisions(&device) {
                let what = format!("{shape:?}, {channels:?}, {dtype:?}");
                let neighborhood = batch.neighborhood(&shape);
                let inputs = Inputs::random(&neighborhood, channels, 5);
                let run = |inputs: &Inputs, neighborhood: &_| {
                    pass(pointwise_conv, inputs, neighborhood, dtype, &device, Tracked::ALL)
                };
                let together = run(&inputs, &neighborhood);
                let features = together.features.as_deref().expect("tracked");
                let mut sums = [vec![0.0; inputs.weight.len()], vec![0.0; channels.1]];
                for bounds in batch.offsets.windows(2) {
                    let rows = |width: usize| bounds[0] * width..bounds[1] * width;
                    let (wide_in, wide_out) = (rows(channels.0), rows(channels.1));
                    let cloud = Batch {
                        positions: batch.positions[bounds[0]..bounds[1]].to_vec(),
                        offsets: vec![0, bounds[1] - bounds[0]],
                    };
                    let own = Inputs {
                        points: cloud.positions.len(),
                        features: inputs.features[wide_in.clone()].to_vec(),
                        grad: inputs.grad[wide_out.clone()].to_vec(),
                        ..inputs.clone()
                    };
                    let alone = run(&own, &cloud.neighborhood(&shape));
                    assert_same_bits(&format!("{what}: output"), &together.output[wide_out], &alone.output);
                    let alone_features = alone.features.expect("tracked");
                    assert_same_bits(&format!("{what}: features"), &features[wide_in], &alone_features);
                    for (sum, part) in sums.iter_mut().zip([alone.weight, alone.bias]) {
                        for (sum, part) in sum.iter_mut().zip(part.expect("tracked")) {
                            *sum += part;
                        }
                    }
                }
                let magnitude = magnitudes(&inputs, &neighborhood);
                for (name, got, expected, magnitude) in [
                    ("weight", &together.weight, &sums[0], &magnitude.weight),
                    ("bias", &together.bias, &sums[1], &magnitude.bias),
                ] {
                    let (got, magnitude) =
                        (got.as_deref().expect("tracked"), magnitude.as_deref().expect("tracked"));
                    assert_close(&format!("{what}: {name}"), got, expected, magnitude, round_off(dtype));
                }
            }
        }
    }
}

#[test]
fn with_other_instruction_sets() {
    common::run_again_with_other_instruction_sets("with_other_instruction_sets");
}
