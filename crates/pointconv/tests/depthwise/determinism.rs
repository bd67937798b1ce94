//! The same bits for any number of threads.

use burn::tensor::DType;
use neighbors::KernelShape;
use pointconv::depthwise_point_conv;

use crate::common::{Batch, Inputs, Pass, Tracked, device, kernels, pass, precisions};

/// Lists and operator in a pool of its own.
fn in_pool(threads: usize, batch: &Batch, shape: &KernelShape, sizes: (usize, usize), dtype: DType) -> Pass {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads can be started");
    pool.install(|| {
        let neighborhood = batch.neighborhood(shape);
        let inputs = Inputs::depthwise(&neighborhood, sizes, 7);
        pass(depthwise_point_conv, &inputs, &neighborhood, dtype, &device(), Tracked::ALL)
    })
}

fn check(batch: &Batch, shape: &KernelShape, sizes: (usize, usize)) {
    for dtype in precisions(&device()) {
        let one = in_pool(1, batch, shape, sizes, dtype);
        for threads in [2, 8] {
            let many = in_pool(threads, batch, shape, sizes, dtype);
            many.assert_same_bits(&format!("{shape:?}, {sizes:?}, {dtype:?}, {threads} threads"), &one);
        }
    }
}

#[test]
fn threads_and_few_points() {
    let batch = Batch::random(&[23, 37], 1);
    for shape in kernels() {
        check(&batch, &shape, (3, 2));
        check(&batch, &shape, (20, 3));
    }
}

#[test]
fn threads_and_some_thousand_points() {
    let batch = Batch::in_cube(&[2100, 1700], 3.0, 2);
    check(&batch, &KernelShape::cells(0.2), (3, 1));
    check(&batch, &KernelShape::cells(0.2), (9, 1));
    check(&batch, &KernelShape::shells(0.3, 3), (33, 2));
}

/// More than 64 pieces of 512 points: from there on the pieces grow with the batch.
#[test]
fn threads_and_forty_thousand_points() {
    let batch = Batch::in_cube(&[12_345, 0, 27_656], 4.0, 3);
    assert!(batch.positions.len() > 64 * 512);
    check(&batch, &KernelShape::cells(0.1), (9, 1));
    check(&batch, &KernelShape::cells(0.1), (3, 2));
}
