//! The lists that a device makes are those of the CPU, and the operator does with them what it does with those.

mod common;

use common::{
    Batch, Inputs, Tracked, assert_close, device, kernels, magnitudes, pass, precisions, round_off,
};
use neighbors::{KernelShape, NeighborError, Neighborhood, Search};
use pointconv::{pointwise_conv, search};

fn on_device(batch: &Batch, shapes: &[KernelShape]) -> Vec<Neighborhood> {
    search(&batch.positions, &batch.offsets, shapes, Search::Auto, &device()).expect("the batch is sound")
}

/// All kernels at once, shells among them, against what the CPU builds.
fn check(what: &str, batch: &Batch) {
    let shapes = kernels();
    let expected = Neighborhood::build_all(&batch.positions, &batch.offsets, &shapes, Search::Auto)
        .expect("the batch is sound");
    let found = on_device(batch, &shapes);
    assert_eq!(found.len(), shapes.len(), "{what}");
    for (found, expected) in found.iter().zip(&expected) {
        let what = format!("{what}, {:?}", expected.shape());
        assert_eq!(found.edges(), expected.edges(), "{what}");
        assert_eq!(found.bytes(), expected.bytes(), "{what}");
        assert_eq!(found.occupied_per_point(), expected.occupied_per_point(), "{what}");
        assert!(found == expected, "{what}: the lists differ");
    }
}

#[test]
fn random_clouds() {
    check("two clouds", &Batch::random(&[23, 37], 1));
    check("uneven clouds", &Batch::random(&[0, 700, 1, 0, 90, 300], 2));
    check("sparse", &Batch::in_cube(&[500, 200], 8.0, 3));
}

#[test]
fn no_points_and_one() {
    for offsets in [vec![0], vec![0, 0, 0]] {
        check("no points", &Batch { positions: Vec::new(), offsets });
    }
    check("one point", &Batch { positions: vec![[0.3, -0.2, 0.7]], offsets: vec![0, 0, 1] });
}

#[test]
fn points_in_one_place_and_on_faces() {
    check("one place", &Batch { positions: vec![[0.3, -0.2, 0.7]; 90], offsets: vec![0, 20, 90] });
    let lattice = (0..343usize).map(|i| [i % 7, i / 7 % 7, i / 49].map(|n| n as f32 * 0.1 - 0.3)).collect();
    check("faces", &Batch { positions: lattice, offsets: vec![0, 150, 343] });
}

/// The same neighbours in the same order have the same sums, bit for bit. The gradient of the weights is summed over rows, of
/// which the order differs.
#[test]
fn the_operator_on_lists_from_anywhere() {
    let device = device();
    let batch = Batch::random(&[300, 1, 500], 4);
    for shape in kernels() {
        let here = Neighborhood::build(&batch.positions, &batch.offsets, &shape, Search::Auto)
            .expect("the batch is sound");
        let there = on_device(&batch, &[shape]).swap_remove(0);
        for channels in [(3, 5), (20, 33)] {
            let inputs = Inputs::random(&here, channels, 5);
            let magnitude = magnitudes(&inputs, &here);
            for dtype in precisions(&device) {
                let run = |lists| pass(pointwise_conv, &inputs, lists, dtype, &device, Tracked::ALL);
                let (mut here, mut there) = (run(&here), run(&there));
                let [expected, got] =
                    [&mut here, &mut there].map(|pass| pass.weight.take().expect("tracked"));
                let what = format!("{shape:?}, {channels:?}, {dtype:?}");
                there.assert_same_bits(&what, &here);
                let magnitude = magnitude.weight.as_deref().expect("tracked");
                assert_close(&what, &got, &expected, magnitude, round_off(dtype));
            }
        }
    }
}

/// Lists from the GPU on the CPU.
#[test]
fn lists_move_to_another_device() {
    let batch = Batch::random(&[40, 60], 6);
    let shape = KernelShape::cells(0.2);
    let lists = on_device(&batch, &[shape]).swap_remove(0);
    let built = Neighborhood::build(&batch.positions, &batch.offsets, &shape, Search::Auto).expect("sound");
    let inputs = Inputs::random(&built, (3, 5), 7);
    let cpu = burn::tensor::Device::flex();
    let run = |lists| pass(pointwise_conv, &inputs, lists, burn::tensor::DType::F64, &cpu, Tracked::ALL);
    let (expected, found) = (run(&built), run(&lists));
    found.assert_close(
        "on the CPU",
        &expected,
        &magnitudes(&inputs, &built),
        round_off(burn::tensor::DType::F64),
    );
}

#[test]
fn bad_batches_are_refused_everywhere() {
    let shapes = [KernelShape::cells(0.1)];
    let run = |positions: &[[f32; 3]], offsets: &[usize], shapes: &[KernelShape]| {
        search(positions, offsets, shapes, Search::Auto, &device()).map(|lists| lists.len())
    };
    let bad = [[0.0; 3], [0.0, f32::NAN, 0.0]];
    assert!(matches!(run(&bad, &[0, 2], &shapes), Err(NeighborError::NonFinite { index: 1, .. })));
    assert_eq!(run(&bad[..1], &[0, 2], &shapes), Err(NeighborError::OffsetsEnd { found: 2, points: 1 }));
    assert_eq!(run(&bad[..1], &[], &shapes), Err(NeighborError::OffsetsStart { found: None }));
    let even = shapes[0].with_size([2; 3]);
    assert_eq!(run(&bad[..1], &[0, 1], &[even]), Err(NeighborError::KernelSize { found: [2; 3] }));
    assert_eq!(run(&bad[..1], &[0, 1], &[]), Ok(0));
    assert_eq!(run(&bad[..1], &[0, 3], &[]), Err(NeighborError::OffsetsEnd { found: 3, points: 1 }));
}
