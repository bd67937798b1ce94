//! The lists that a device makes are those of the CPU, and the operator does with them what it does with those.

use burn::tensor::{DType, Device};
use neighbors::{KernelShape, NeighborError, PackedClouds, Search, SubdomainLists};
use pointconv::Neighborhood;

use crate::common::{
    Inputs, Kind, Tracked, assert_close, clouds_in_cube, device, kernels, lists, magnitudes, packed, pass,
    precisions, random_clouds, round_off,
};

/// All kernels at once, shells among them, against what the CPU builds.
fn check(what: &str, clouds: &PackedClouds) {
    let shapes = kernels();
    let expected = SubdomainLists::build_all(clouds, &shapes, Search::Auto).expect("sound shapes");
    let found = Neighborhood::build_all(clouds, &shapes, &device()).expect("sound shapes");
    assert_eq!(found.len(), shapes.len(), "{what}");
    for (found, expected) in found.iter().zip(&expected) {
        let what = format!("{what}, {:?}", expected.shape());
        assert_eq!(found.shape(), expected.shape(), "{what}");
        assert_eq!((found.clouds(), found.centres()), (clouds, clouds), "{what}");
        assert_eq!(found.points(), expected.points(), "{what}");
        assert_eq!(found.edges(), expected.edges(), "{what}");
        assert_eq!(found.run_count(), expected.run_count(), "{what}");
        assert_eq!(found.edges_per_point(), expected.edges_per_point(), "{what}");
        assert_eq!(found.occupied_per_point(), expected.occupied_per_point(), "{what}");
        assert_eq!(found.mean_occupancy(), expected.mean_occupancy(), "{what}");
        assert!(found.lists() == expected, "{what}: the lists differ");
    }
}

#[test]
fn clouds_at_random() {
    check("two clouds", &random_clouds(&[23, 37], 1));
    check("uneven clouds", &random_clouds(&[0, 700, 1, 0, 90, 300], 2));
    check("sparse", &clouds_in_cube(&[500, 200], 8.0, 3));
}

#[test]
fn no_points_and_one() {
    for offsets in [&[0][..], &[0, 0, 0]] {
        check("no points", &packed([], offsets));
    }
    check("one point", &packed([[0.3, -0.2, 0.7]], &[0, 0, 1]));
}

#[test]
fn points_in_one_position_and_on_faces() {
    check("one position", &packed([[0.3, -0.2, 0.7]; 90], &[0, 20, 90]));
    let lattice: Vec<[f32; 3]> =
        (0..343usize).map(|i| [i % 7, i / 7 % 7, i / 49].map(|n| n as f32 * 0.1 - 0.3)).collect();
    check("faces", &packed(lattice, &[0, 150, 343]));
}

/// The same neighbours in the same order have the same sums, bit for bit. The gradient of the weights is summed over rows, of
/// which the order differs.
#[test]
fn the_operator_on_lists_from_anywhere() {
    let device = device();
    let clouds = random_clouds(&[300, 1, 500], 4);
    for shape in kernels() {
        let here = Neighborhood::build(&clouds, &shape, (&device, Search::Grid)).expect("a sound shape");
        let there = lists(&clouds, &shape);
        for kind in Kind::ALL {
            for widths in kind.narrow_and_wide() {
                let inputs = Inputs::random(kind, &here, widths, 5);
                let magnitude = magnitudes(&inputs, &here);
                for dtype in precisions(&device) {
                    let run = |lists| pass(kind.op(), &inputs, lists, dtype, &device, Tracked::ALL);
                    let (mut here, mut there) = (run(&here), run(&there));
                    let [expected, got] =
                        [&mut here, &mut there].map(|pass| pass.weight.take().expect("tracked"));
                    let what = format!("{shape:?}, {kind:?}, {widths:?}, {dtype:?}");
                    there.assert_same_bits(&what, &here);
                    let magnitude = magnitude.weight.as_deref().expect("tracked");
                    assert_close(&what, &got, &expected, magnitude, round_off(dtype));
                }
            }
        }
    }
}

/// Lists from the GPU on the CPU.
#[test]
fn lists_move_to_another_device() {
    let clouds = random_clouds(&[40, 60], 6);
    let shape = KernelShape::cells(0.2);
    let cpu = Device::flex();
    let built = Neighborhood::build(&clouds, &shape, &cpu).expect("a sound shape");
    for kind in Kind::ALL {
        let inputs = Inputs::random(kind, &built, kind.narrow(), 7);
        let run = |lists: &_| pass(kind.op(), &inputs, lists, DType::F64, &cpu, Tracked::ALL);
        let (expected, found) = (run(&built), run(&lists(&clouds, &shape)));
        let magnitude = magnitudes(&inputs, &built);
        found.assert_close("on the CPU", &expected, &magnitude, round_off(DType::F64));
    }
}

#[test]
fn bad_shapes_are_refused_everywhere() {
    let clouds = random_clouds(&[20], 1);
    let shape = KernelShape::cells(0.1);
    let even = shape.with_size([2; 3]);
    let expected = NeighborError::KernelSize { found: [2; 3] };
    for search in [Search::Auto, Search::Grid, Search::KdTree] {
        let device = device();
        let build = |shapes: &[KernelShape]| {
            Neighborhood::build_all(&clouds, shapes, (&device, search)).map(|lists| lists.len())
        };
        assert_eq!(build(&[shape, even]), Err(expected.clone()));
        assert_eq!(build(&[]), Ok(0));
        let between = Neighborhood::between(&clouds, &clouds, &even, (&device, search));
        assert_eq!(between.err(), Some(expected.clone()));
    }
}
